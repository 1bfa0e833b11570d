//! Appends MessagePack values, each in its shortest form.

/// Appends `marker` and the low `size` bytes of `number`, most significant first.
fn append_sized(marker: u8, number: u64, size: usize, out: &mut Vec<u8>) {
    out.push(marker);
    out.extend_from_slice(&number.to_be_bytes()[8 - size..]);
}

pub(crate) fn append_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

pub(crate) fn append_bool(truth: bool, out: &mut Vec<u8>) {
    out.push(0xc2 + u8::from(truth));
}

pub(crate) fn append_double(number: f64, out: &mut Vec<u8>) {
    append_sized(0xcb, number.to_bits(), 8, out);
}

pub(crate) fn append_integer(number: i64, out: &mut Vec<u8>) {
    // The two's complement of the low bytes is the number itself in fewer bytes.
    let bits = number as u64;
    match number {
        -0x20..=0x7f => out.push(bits as u8),
        0x80..=0xff => append_sized(0xcc, bits, 1, out),
        0x100..=0xffff => append_sized(0xcd, bits, 2, out),
        0x1_0000..=0xffff_ffff => append_sized(0xce, bits, 4, out),
        0x1_0000_0000.. => append_sized(0xcf, bits, 8, out),
        -0x80..=-0x21 => append_sized(0xd0, bits, 1, out),
        -0x8000..=-0x81 => append_sized(0xd1, bits, 2, out),
        -0x8000_0000..=-0x8001 => append_sized(0xd2, bits, 4, out),
        _ => append_sized(0xd3, bits, 8, out),
    }
}

pub(crate) fn append_str(text: &str, out: &mut Vec<u8>) {
    let length = text.len() as u64;
    match length {
        0..=0x1f => out.push(0xa0 | length as u8),
        0x20..=0xff => append_sized(0xd9, length, 1, out),
        0x100..=0xffff => append_sized(0xda, length, 2, out),
        _ => append_sized(0xdb, length, 4, out),
    }
    out.extend_from_slice(text.as_bytes());
}

/// The head of an array; its elements follow.
pub(crate) fn append_array(count: usize, out: &mut Vec<u8>) {
    append_head([0x90, 0xdc, 0xdd], count, out);
}

/// The head of a map; its pairs follow.
pub(crate) fn append_map(count: usize, out: &mut Vec<u8>) {
    append_head([0x80, 0xde, 0xdf], count, out);
}

fn append_head([small, medium, large]: [u8; 3], count: usize, out: &mut Vec<u8>) {
    match count {
        0..=0x0f => out.push(small | count as u8),
        0x10..=0xffff => append_sized(medium, count as u64, 2, out),
        _ => append_sized(large, count as u64, 4, out),
    }
}
