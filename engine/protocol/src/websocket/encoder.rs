//! Writes frames. A server passes no mask; a client passes a fresh random one for every frame (RFC 6455 section 5.3).

use super::{
    Opcode, apply_mask,
    close::fitting_reason,
    header::{FIN, HEADER_LIMIT_BYTES, LENGTH_IS_16_BITS, LENGTH_IS_64_BITS, MASKED, RSV1},
};

/// An encoded frame header: 2 to 14 bytes, by [`AsRef`].
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    bytes: [u8; HEADER_LIMIT_BYTES],
    len: u8,
}

impl FrameHeader {
    fn push(&mut self, bytes: &[u8]) {
        let len = usize::from(self.len);
        self.bytes[len..len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8; // at most HEADER_LIMIT_BYTES
    }
}

impl AsRef<[u8]> for FrameHeader {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The header of a frame with a payload of `payload_bytes`; `compressed` sets RSV1 and belongs to the first frame of a
/// message from [`super::Deflater`] or [`super::compress_message`], on connections that negotiated it.
pub fn frame_header(
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    payload_bytes: usize,
    mask: Option<[u8; 4]>,
) -> FrameHeader {
    let first = opcode as u8 | if fin { FIN } else { 0 } | if compressed { RSV1 } else { 0 };
    let masked = if mask.is_some() { MASKED } else { 0 };
    let mut header = FrameHeader {
        bytes: [0; HEADER_LIMIT_BYTES],
        len: 0,
    };
    if payload_bytes < usize::from(LENGTH_IS_16_BITS) {
        header.push(&[first, masked | payload_bytes as u8]);
    } else if let Ok(length) = u16::try_from(payload_bytes) {
        header.push(&[first, masked | LENGTH_IS_16_BITS]);
        header.push(&length.to_be_bytes());
    } else {
        header.push(&[first, masked | LENGTH_IS_64_BITS]);
        header.push(&(payload_bytes as u64).to_be_bytes());
    }
    if let Some(mask) = mask {
        header.push(&mask);
    }
    header
}

/// Appends a plain frame to `out`.
pub fn write_frame(out: &mut Vec<u8>, opcode: Opcode, fin: bool, payload: &[u8], mask: Option<[u8; 4]>) {
    write(
        out,
        frame_header(opcode, fin, false, payload.len(), mask),
        payload,
        mask,
    );
}

/// Appends a whole message as one frame with RSV1 to `out`; `compressed` is what [`super::Deflater`] or
/// [`super::compress_message`] gave.
pub fn write_compressed_frame(out: &mut Vec<u8>, opcode: Opcode, compressed: &[u8], mask: Option<[u8; 4]>) {
    write(
        out,
        frame_header(opcode, true, true, compressed.len(), mask),
        compressed,
        mask,
    );
}

/// Appends a close frame to `out`. A reason of more than [`super::CLOSE_REASON_LIMIT_BYTES`] is cut between characters.
pub fn write_close(out: &mut Vec<u8>, code: u16, reason: &str, mask: Option<[u8; 4]>) {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(fitting_reason(reason).as_bytes());
    write_frame(out, Opcode::Close, true, &payload, mask);
}

fn write(out: &mut Vec<u8>, header: FrameHeader, payload: &[u8], mask: Option<[u8; 4]>) {
    out.reserve(header.as_ref().len() + payload.len());
    out.extend_from_slice(header.as_ref());
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(mask) = mask {
        apply_mask(&mut out[start..], mask);
    }
}
