//! Masking of client frames (RFC 6455 section 5.3), eight bytes at a time; used by decoder and encoder alike.

/// XORs `bytes` with the repeated `mask`, starting at the mask's first byte. Doing it twice restores the original.
pub fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for chunk in words {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= key;
    }
}

/// The mask that goes on after `count` bytes of a payload were treated.
pub(super) fn advance_mask(mut mask: [u8; 4], count: usize) -> [u8; 4] {
    mask.rotate_left(count % 4);
    mask
}
