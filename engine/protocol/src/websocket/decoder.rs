//! Turns received bytes into messages and control frames, for either role.

use super::{
    CloseFrame, DecodeError, DeflateParameters, Opcode, apply_mask,
    deflate::{Inbound, Inflater},
    header::{Header, HeaderReader, Rules},
    mask::advance_mask,
    message::{Message, inflater_of},
};

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Accepts connections: expects masked frames and sends plain ones.
    Server,
    /// Opens connections: expects plain frames and sends masked ones.
    Client,
}

/// What has been received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// To be answered by a pong with the same payload, of at most 125 bytes.
    Ping(Vec<u8>),
    /// The answer to a ping, or unasked for; at most 125 bytes.
    Pong(Vec<u8>),
    /// The other side's last frame: answer it with the same code unless a close frame was sent before.
    Close(Option<CloseFrame>),
}

/// The receiving half of a connection.
///
/// Between messages it holds no buffer; with context takeover it holds the inflater from the first compressed message on
/// (2^window bits and some kilobytes), without it only while such a message is unfinished.
#[derive(Debug)]
pub struct Decoder {
    unfinished: Option<Box<Unfinished>>,
    inflater: Option<Box<Inflater>>,
    message_limit_bytes: u32,
    inbound: Option<Inbound>,
    role: Role,
    ended: bool,
}

/// What is kept between two reads.
#[derive(Debug, Default)]
struct Unfinished {
    header: HeaderReader,
    frame: Option<Frame>,
    message: Option<Message>,
    /// The payload of a control frame, which may stand between the fragments of a message.
    control: Vec<u8>,
}

/// A frame of which the header is complete.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    /// Turned to the next byte of the payload.
    mask: Option<[u8; 4]>,
    missing_bytes: u64,
}

impl Decoder {
    /// A decoder for `role` that fails messages of more than `message_limit_bytes` (after inflating) with 1009;
    /// `deflate` is what the handshake agreed on.
    pub fn new(role: Role, message_limit_bytes: u32, deflate: Option<DeflateParameters>) -> Self {
        Self {
            unfinished: None,
            inflater: None,
            message_limit_bytes,
            inbound: deflate.map(|parameters| Inbound::new(role, parameters)),
            role,
            ended: false,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next message or control frame, and returns that; `None`
    /// means that all of `input` was taken and more is needed. To be called until it returns `None`.
    ///
    /// After an error and after [`Event::Close`] all further bytes are dropped.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Event>, DecodeError> {
        if self.ended {
            *input = &[];
            return Ok(None);
        }
        let mut kept = self.unfinished.take();
        let mut fresh = Unfinished::default();
        let state = kept.as_deref_mut().unwrap_or(&mut fresh);
        let result = self.advance(state, input);
        if matches!(result, Err(_) | Ok(Some(Event::Close(_)))) {
            self.end(input);
        } else if !state.is_idle() {
            self.unfinished = Some(kept.unwrap_or_else(|| Box::new(fresh)));
        }
        result
    }

    /// Whether nothing of a frame or message is held back, so that the connection costs no buffer.
    pub fn is_idle(&self) -> bool {
        self.unfinished.is_none()
    }

    fn end(&mut self, input: &mut &[u8]) {
        self.ended = true;
        self.inflater = None;
        *input = &[];
    }

    fn advance(&mut self, state: &mut Unfinished, input: &mut &[u8]) -> Result<Option<Event>, DecodeError> {
        loop {
            let frame = match state.frame.take() {
                Some(frame) => frame,
                None => match state.header.read(input, self.rules(state))? {
                    Some(header) => self.begin(state, header)?,
                    None => return Ok(None),
                },
            };
            let (piece, frame) = frame.take_payload(input);
            let event = if frame.opcode.is_control() {
                state.control_payload(frame, piece)?
            } else {
                self.data_payload(state, frame, piece)?
            };
            if frame.missing_bytes > 0 {
                state.frame = Some(frame.after(piece.len()));
                return Ok(None);
            }
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn rules(&self, state: &Unfinished) -> Rules {
        Rules {
            role: self.role,
            deflate: self.inbound.is_some(),
            message_open: state.message.is_some(),
        }
    }

    fn begin(&self, state: &mut Unfinished, header: Header) -> Result<Frame, DecodeError> {
        if !header.opcode.is_control() {
            let text = header.opcode == Opcode::Text;
            let message = state
                .message
                .get_or_insert_with(|| Message::new(text, header.compressed));
            message.announce(header.payload_bytes, self.message_limit_bytes as usize)?;
        }
        Ok(Frame {
            opcode: header.opcode,
            fin: header.fin,
            mask: header.mask,
            missing_bytes: header.payload_bytes,
        })
    }

    fn data_payload(
        &mut self,
        state: &mut Unfinished,
        frame: Frame,
        piece: &[u8],
    ) -> Result<Option<Event>, DecodeError> {
        let Some(mut message) = state.message.take() else {
            return Err(DecodeError::UnexpectedContinuation);
        };
        let last = frame.fin && frame.missing_bytes == 0;
        match self.inbound {
            Some(inbound) if message.is_compressed() => self.inflate(&mut message, inbound, frame.mask, piece, last)?,
            _ => message.append_plain(piece, frame.mask),
        }
        if last {
            return message.finish().map(Some);
        }
        message.check_text()?;
        state.message = Some(message);
        Ok(None)
    }

    fn inflate(
        &mut self,
        message: &mut Message,
        inbound: Inbound,
        mask: Option<[u8; 4]>,
        piece: &[u8],
        last: bool,
    ) -> Result<(), DecodeError> {
        let limit_bytes = self.message_limit_bytes as usize;
        let inflater = inflater_of(&mut self.inflater, inbound);
        message.append_compressed(piece, mask, inflater, limit_bytes)?;
        if last {
            message.append_tail(inflater, limit_bytes)?;
            if !inbound.context_takeover {
                self.inflater = None;
            }
        }
        Ok(())
    }
}

impl Unfinished {
    fn is_idle(&self) -> bool {
        self.header.is_empty() && self.frame.is_none() && self.message.is_none()
    }

    fn control_payload(&mut self, frame: Frame, piece: &[u8]) -> Result<Option<Event>, DecodeError> {
        let start = self.control.len();
        self.control.extend_from_slice(piece);
        if let Some(mask) = frame.mask {
            apply_mask(&mut self.control[start..], mask);
        }
        if frame.missing_bytes > 0 {
            return Ok(None);
        }
        let payload = std::mem::take(&mut self.control);
        Ok(Some(match frame.opcode {
            Opcode::Ping => Event::Ping(payload),
            Opcode::Pong => Event::Pong(payload),
            _ => Event::Close(CloseFrame::parse(&payload)?),
        }))
    }
}

impl Frame {
    /// Takes what belongs to this frame; the mask still fits the piece's first byte.
    fn take_payload<'a>(mut self, input: &mut &'a [u8]) -> (&'a [u8], Self) {
        let count = usize::try_from(self.missing_bytes).map_or(input.len(), |missing| missing.min(input.len()));
        let (piece, rest) = input.split_at(count);
        *input = rest;
        self.missing_bytes -= count as u64;
        (piece, self)
    }

    /// The same frame with its mask turned past `count` bytes.
    fn after(mut self, count: usize) -> Self {
        self.mask = self.mask.map(|mask| advance_mask(mask, count));
        self
    }
}
