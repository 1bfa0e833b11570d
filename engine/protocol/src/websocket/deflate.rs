//! Compression of message payloads (RFC 7692 section 7.2): raw DEFLATE, each message ended by an empty stored block of
//! which the last four bytes are left out.
//!
//! The decoder inflates; the gateway compresses a broadcast frame once for everybody ([`compress_message`], or a
//! [`Deflater`] kept by a shard), and a connection with context takeover may have a [`Deflater`] of its own.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{
    DecodeError, DeflateParameters, Role,
    negotiation::{MAX_WINDOW_BITS, MIN_WINDOW_BITS},
};

/// What a sender leaves out at the end of a message and a receiver adds.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The least room given to the compressor or decompressor at a time, in bytes.
const STEP_BYTES: usize = 256;

/// Compresses messages of one connection, or of many with the same window.
///
/// It holds about 300 KB at 15 bits; use one per thread and not one per connection where context takeover is not wanted.
#[derive(Debug)]
pub struct Deflater {
    compress: Compress,
    context_takeover: bool,
}

impl Deflater {
    /// A compressor with a window of 2^`window_bits` bytes (9 to 15; other values are moved into that range). Without
    /// `context_takeover` every message stands for itself.
    pub fn new(window_bits: u8, context_takeover: bool) -> Self {
        let window_bits = window_bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        let compress = Compress::new_with_window_bits(Compression::default(), false, window_bits);
        Self {
            compress,
            context_takeover,
        }
    }

    /// The compressor for what `role` sends on a connection with these parameters.
    pub fn for_connection(role: Role, parameters: DeflateParameters) -> Self {
        match role {
            Role::Server => Self::new(
                parameters.server_max_window_bits,
                !parameters.server_no_context_takeover,
            ),
            Role::Client => Self::new(
                parameters.client_max_window_bits,
                !parameters.client_no_context_takeover,
            ),
        }
    }

    /// The compressed payload of one message, for a frame with RSV1.
    ///
    /// With context takeover every result must be sent, in order: the other side's window follows it.
    pub fn compress(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(payload.len() / 2 + STEP_BYTES);
        let mut rest = payload;
        loop {
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(rest, &mut out, FlushCompress::Sync);
            rest = &rest[(self.compress.total_in() - before) as usize..];
            // Deflating fails only for a broken state, which a value built and driven in this file never has.
            if status.is_err() || (rest.is_empty() && out.len() < out.capacity()) {
                break;
            }
            out.reserve(STEP_BYTES.max(rest.len() / 2));
        }
        if !self.context_takeover {
            self.compress.reset();
        }
        without_tail(out)
    }
}

/// Compresses one message that stands for itself, so that it can be sent to every connection whose agreed window is
/// at least 2^`window_bits` bytes (9 to 15), or for which [`DeflateParameters::server_window_holds`] is true.
pub fn compress_message(payload: &[u8], window_bits: u8) -> Vec<u8> {
    Deflater::new(window_bits, false).compress(payload)
}

/// Flushing twice without new data adds nothing, so an empty message may come out empty; one byte then stands for the
/// empty stored block (RFC 7692 section 7.2.3.6).
fn without_tail(mut out: Vec<u8>) -> Vec<u8> {
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    if out.is_empty() {
        out.push(0);
    }
    out
}

/// What was agreed for the messages that a decoder receives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inbound {
    window_bits: u8,
    pub(super) context_takeover: bool,
}

impl Inbound {
    /// The half of the parameters that binds the sender opposite of `role`.
    pub(super) fn new(role: Role, parameters: DeflateParameters) -> Self {
        let (window_bits, no_context_takeover) = match role {
            Role::Server => (parameters.client_max_window_bits, parameters.client_no_context_takeover),
            Role::Client => (parameters.server_max_window_bits, parameters.server_no_context_takeover),
        };
        Self {
            window_bits: window_bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS),
            context_takeover: !no_context_takeover,
        }
    }
}

/// Inflates the messages of one connection, piece by piece.
#[derive(Debug)]
pub(super) struct Inflater {
    decompress: Decompress,
}

impl Inflater {
    pub(super) fn new(inbound: Inbound) -> Self {
        Self {
            decompress: Decompress::new_with_window_bits(false, inbound.window_bits),
        }
    }

    /// Appends what `piece` inflates to; stops soon after `out` has grown beyond `limit_bytes`.
    pub(super) fn inflate(&mut self, piece: &[u8], out: &mut Vec<u8>, limit_bytes: usize) -> Result<(), DecodeError> {
        let mut rest = piece;
        loop {
            if out.capacity() == out.len() {
                out.reserve(STEP_BYTES.max(rest.len()).min(limit_bytes + 1));
            }
            let (consumed, written) = (self.decompress.total_in(), out.len());
            let status = self.decompress.decompress_vec(rest, out, FlushDecompress::None);
            let status = status.map_err(|_| DecodeError::InvalidDeflate)?;
            let consumed = (self.decompress.total_in() - consumed) as usize;
            rest = &rest[consumed..];
            if out.len() > limit_bytes {
                return Err(DecodeError::MessageTooLarge);
            }
            if status == Status::StreamEnd {
                // A block with BFINAL (RFC 7692 section 7.2.3.4): what follows is a new stream. Who ends a stream starts
                // with an empty window, so nothing is carried over.
                self.decompress.reset(false);
            } else if rest.is_empty() && out.len() < out.capacity() {
                return Ok(());
            } else if consumed == 0 && out.len() == written {
                return Err(DecodeError::InvalidDeflate);
            }
            if rest.is_empty() && status == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    /// Ends a message: appends what was held back.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, limit_bytes: usize) -> Result<(), DecodeError> {
        self.inflate(&TAIL, out, limit_bytes)
    }
}
