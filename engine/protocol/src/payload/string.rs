//! String literals of JSON text (RFC 8259, section 7): finding their end, checking their escapes, decoding them.

use std::borrow::Cow;

use super::PayloadError;

/// A string literal without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal<'a> {
    pub(super) raw: &'a str,
    pub(super) escaped: bool,
}

impl<'a> Literal<'a> {
    /// The characters that the literal stands for.
    pub(super) fn decode(self) -> Cow<'a, str> {
        if self.escaped {
            decode(self.raw).into()
        } else {
            self.raw.into()
        }
    }
}

/// Reads the literal whose opening quote stands at `start`; gives it and the place after its closing quote.
pub(super) fn read(text: &str, start: usize) -> Result<(Literal<'_>, usize), PayloadError> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    let mut escaped = false;
    loop {
        match *bytes.get(at).ok_or(PayloadError::Malformed)? {
            b'"' => break,
            b'\\' => {
                escaped = true;
                at += escape(&bytes[at..])?.1;
            }
            0..0x20 => return Err(PayloadError::Malformed),
            _ => at += 1,
        }
    }
    let raw = &text[start + 1..at];
    Ok((Literal { raw, escaped }, at + 1))
}

/// The character of the escape at the start of `bytes`, and the escape's length in bytes.
fn escape(bytes: &[u8]) -> Result<(char, usize), PayloadError> {
    let character = match bytes.get(1).ok_or(PayloadError::Malformed)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(bytes),
        _ => return Err(PayloadError::Malformed),
    };
    Ok((character, 2))
}

/// `\uXXXX`, or a pair of them where the first is a high surrogate.
fn unicode(bytes: &[u8]) -> Result<(char, usize), PayloadError> {
    let first = code_unit(bytes)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, 6));
    }
    let rest = &bytes[6..];
    if first >= 0xdc00 || !rest.starts_with(b"\\u") {
        return Err(PayloadError::LoneSurrogate);
    }
    let second = code_unit(rest)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Err(PayloadError::LoneSurrogate);
    }
    let scalar = 0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00));
    char::from_u32(scalar)
        .map(|character| (character, 12))
        .ok_or(PayloadError::LoneSurrogate)
}

fn code_unit(bytes: &[u8]) -> Result<u32, PayloadError> {
    let digits = bytes.get(2..6).ok_or(PayloadError::Malformed)?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(PayloadError::Malformed)?;
        Ok(unit << 4 | digit)
    })
}

/// The text of a literal that [`read`] has checked.
fn decode(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('\\') {
        text.push_str(&rest[..start]);
        let Ok((character, length)) = escape(&rest.as_bytes()[start..]) else {
            break;
        };
        text.push(character);
        rest = &rest[start + length..];
    }
    text.push_str(rest);
    text
}

/// Appends `text` as a string literal: what JSON demands is escaped, all else stays UTF-8.
pub(crate) fn append(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[copied..at]);
        copied = at + 1;
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            out.extend_from_slice(&[b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
    out.push(b'"');
}
