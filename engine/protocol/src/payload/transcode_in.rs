//! Turns a native MessagePack value into compact JSON, refusing what JSON can't hold.

use std::io::Write;

use super::{
    INTEGER_MAX, PayloadError, PayloadLimits,
    keys::Keys,
    msgpack::{Reader, Token},
    string,
};

/// The compact JSON text of the one value in `value`.
pub(super) fn to_json(value: &[u8], limits: &PayloadLimits) -> Result<Box<[u8]>, PayloadError> {
    if value.len() > limits.bytes {
        return Err(PayloadError::TooLarge);
    }
    let mut transcoder = Transcoder {
        reader: Reader::new(value),
        open: Vec::new(),
        out: Vec::with_capacity(value.len()),
        keys: Keys::default(),
        depth_max: limits.depth,
    };
    transcoder.value()?;
    while let Some(container) = transcoder.open.pop() {
        transcoder.next_element(container)?;
        if transcoder.out.len() > limits.bytes {
            return Err(PayloadError::TooLarge);
        }
    }
    if !transcoder.reader.is_at_end() {
        return Err(PayloadError::Malformed);
    }
    if transcoder.out.len() > limits.bytes {
        return Err(PayloadError::TooLarge);
    }
    Ok(transcoder.out.into_boxed_slice())
}

/// A container that is being read.
struct Container {
    map: bool,
    /// Elements, or pairs, that are still to come.
    left: u32,
    first: bool,
}

struct Transcoder<'a> {
    reader: Reader<'a>,
    open: Vec<Container>,
    out: Vec<u8>,
    keys: Keys<'a>,
    depth_max: usize,
}

impl Transcoder<'_> {
    fn next_element(&mut self, mut container: Container) -> Result<(), PayloadError> {
        if container.left == 0 {
            self.out.push(if container.map { b'}' } else { b']' });
            return if container.map { self.keys.close() } else { Ok(()) };
        }
        if !container.first {
            self.out.push(b',');
        }
        container.left -= 1;
        container.first = false;
        let map = container.map;
        self.open.push(container);
        if map {
            self.key()?;
        }
        self.value()
    }

    fn key(&mut self) -> Result<(), PayloadError> {
        let Token::Str(key) = self.reader.token().map_err(|_| PayloadError::Malformed)? else {
            return Err(PayloadError::NotJson);
        };
        self.keys.add(key.into());
        string::append(key, &mut self.out);
        self.out.push(b':');
        Ok(())
    }

    fn value(&mut self) -> Result<(), PayloadError> {
        match self.reader.token().map_err(|_| PayloadError::Malformed)? {
            Token::Nil => self.out.extend_from_slice(b"null"),
            Token::Bool(true) => self.out.extend_from_slice(b"true"),
            Token::Bool(false) => self.out.extend_from_slice(b"false"),
            Token::Unsigned(number) if number <= INTEGER_MAX => self.text(format_args!("{number}")),
            Token::Negative(number) if number.unsigned_abs() <= INTEGER_MAX => self.text(format_args!("{number}")),
            Token::Unsigned(_) | Token::Negative(_) => return Err(PayloadError::NumberOutOfRange),
            // The shortest text that reads back as the same double.
            Token::Double(number) if number.is_finite() => self.text(format_args!("{number:?}")),
            Token::Double(_) | Token::Foreign => return Err(PayloadError::NotJson),
            Token::Str(text) => string::append(text, &mut self.out),
            Token::Array(count) => self.open(false, count)?,
            Token::Map(count) => self.open(true, count)?,
        }
        Ok(())
    }

    fn text(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("writing to memory does not fail");
    }

    fn open(&mut self, map: bool, left: u32) -> Result<(), PayloadError> {
        if self.open.len() >= self.depth_max {
            return Err(PayloadError::TooDeep);
        }
        self.out.push(if map { b'{' } else { b'[' });
        if map {
            self.keys.open();
        }
        let first = true;
        self.open.push(Container { map, left, first });
        Ok(())
    }
}
