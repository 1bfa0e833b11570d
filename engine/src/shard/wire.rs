//! The wire formats that a shard frames for.

use protocol::{
    client::{Encoding, Push, Transport, Variant, append_payload, encode_push, frame},
    websocket::{Opcode, compress_message, write_compressed_frame},
};

/// Broadcast messages above this size are compressed, for those who can take it: 1 KB.
const COMPRESS_ABOVE_BYTES: usize = 1_024;
/// The window that broadcast frames are compressed with; a session whose agreed window is smaller gets them plain.
pub(super) const WINDOW_BITS: u8 = 15;

/// What a session's frames look like: its variant, and whether large frames may come compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wire {
    /// Encoding and transport.
    pub variant: Variant,
    /// Compressed frames are understood (permessage-deflate with a window of 15 bits).
    pub is_deflated: bool,
}

impl Wire {
    /// A session's wire format; `deflate_window_bits` as agreed in the handshake.
    pub fn new(variant: Variant, deflate_window_bits: Option<u8>) -> Self {
        Self {
            variant,
            is_deflated: deflate_window_bits.is_some_and(|bits| bits >= WINDOW_BITS),
        }
    }

    /// Appends one message for one session. Personal messages are never compressed: secrets do not share a
    /// dictionary with other people's text.
    pub fn frame_personal(self, message: &[u8], out: &mut Vec<u8>) {
        frame(self.variant, message, out);
    }

    /// Appends a push for everybody of this wire format.
    pub(super) fn frame_push(self, push: &Push, out: &mut Vec<u8>) {
        let mut message = Vec::with_capacity(256);
        encode_push(self.variant.encoding(), push, &mut message);
        if !self.is_deflated || message.len() <= COMPRESS_ABOVE_BYTES || !self.is_websocket() {
            return frame(self.variant, &message, out);
        }
        let mut payload = Vec::with_capacity(message.len() + 4);
        append_payload(self.variant.encoding(), &message, &mut payload);
        let compressed = compress_message(&payload, WINDOW_BITS);
        write_compressed_frame(out, self.opcode(), &compressed, None);
    }

    fn is_websocket(self) -> bool {
        self.variant.transport() == Transport::WebSocket
    }

    fn opcode(self) -> Opcode {
        if self.variant.encoding() == Encoding::Json {
            Opcode::Text
        } else {
            Opcode::Binary
        }
    }
}
