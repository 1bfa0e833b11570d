//! The message that is being received: gathers the payload of its frames and checks it as it comes.

use super::{
    DecodeError, Event, apply_mask,
    deflate::{Inbound, Inflater},
};

/// Compressed bytes are unmasked in pieces of this size on the stack.
const PIECE_BYTES: usize = 2048;

/// A message of which the first frame's header has arrived.
#[derive(Debug)]
pub(super) struct Message {
    text: bool,
    compressed: bool,
    payload: Vec<u8>,
    /// For text: how much of `payload` is known to be whole characters.
    valid_bytes: usize,
    /// Payload bytes announced by the headers so far.
    wire_bytes: u64,
}

impl Message {
    pub(super) fn new(text: bool, compressed: bool) -> Self {
        Self {
            text,
            compressed,
            payload: Vec::new(),
            valid_bytes: 0,
            wire_bytes: 0,
        }
    }

    /// A further frame has begun: refuses it if the message would exceed the limit. A compressed one may be a little
    /// larger on the wire, since what can't be compressed grows by DEFLATE's block headers.
    pub(super) fn announce(&mut self, payload_bytes: u64, limit_bytes: usize) -> Result<(), DecodeError> {
        let limit = limit_bytes as u64;
        let limit = if self.compressed { limit + limit / 8 + 64 } else { limit };
        self.wire_bytes = self.wire_bytes.saturating_add(payload_bytes);
        if self.wire_bytes > limit {
            return Err(DecodeError::MessageTooLarge);
        }
        Ok(())
    }

    /// Whether [`Message::append_compressed`] is the one to call.
    pub(super) fn is_compressed(&self) -> bool {
        self.compressed
    }

    pub(super) fn append_plain(&mut self, piece: &[u8], mask: Option<[u8; 4]>) {
        let start = self.payload.len();
        self.payload.extend_from_slice(piece);
        if let Some(mask) = mask {
            apply_mask(&mut self.payload[start..], mask);
        }
    }

    pub(super) fn append_compressed(
        &mut self,
        piece: &[u8],
        mask: Option<[u8; 4]>,
        inflater: &mut Inflater,
        limit_bytes: usize,
    ) -> Result<(), DecodeError> {
        // The size is a multiple of four, so every part starts at the mask's first byte.
        for part in piece.chunks(PIECE_BYTES) {
            let mut plain = [0; PIECE_BYTES];
            let plain = &mut plain[..part.len()];
            plain.copy_from_slice(part);
            if let Some(mask) = mask {
                apply_mask(plain, mask);
            }
            inflater.inflate(plain, &mut self.payload, limit_bytes)?;
        }
        Ok(())
    }

    /// Appends what the inflater held back, after the last compressed byte.
    pub(super) fn append_tail(&mut self, inflater: &mut Inflater, limit_bytes: usize) -> Result<(), DecodeError> {
        inflater.finish(&mut self.payload, limit_bytes)
    }

    /// Fails a text message at the first byte that can't be part of UTF-8, without waiting for its end.
    pub(super) fn check_text(&mut self) -> Result<(), DecodeError> {
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.payload[self.valid_bytes..]) {
            Ok(valid) => self.valid_bytes += valid.len(),
            Err(error) if error.error_len().is_some() => return Err(DecodeError::InvalidUtf8),
            Err(error) => self.valid_bytes += error.valid_up_to(),
        }
        Ok(())
    }

    /// The whole message, after its last frame.
    pub(super) fn finish(self) -> Result<Event, DecodeError> {
        if self.text {
            let text = String::from_utf8(self.payload).map_err(|_| DecodeError::InvalidUtf8)?;
            Ok(Event::Text(text))
        } else {
            Ok(Event::Binary(self.payload))
        }
    }
}

/// The inflater of a connection, made with the first compressed message.
pub(super) fn inflater_of(inflater: &mut Option<Box<Inflater>>, inbound: Inbound) -> &mut Inflater {
    inflater.get_or_insert_with(|| Box::new(Inflater::new(inbound)))
}
