//! The grammar of JSON text (RFC 8259), walked once without recursion: depth costs one byte of a list, never stack.
//!
//! Written by hand because the usual parsers accept what must be refused here (duplicate keys, integers that are not
//! exact) and would build or rewrite values where a look at each byte is enough.

use super::{
    PayloadError, number,
    string::{self, Literal},
};

/// What the walk meets, in the order of the text.
pub(super) trait Sink<'a> {
    /// White space between tokens: the bytes from `start` to `end`.
    fn gap(&mut self, start: usize, end: usize);
    /// `[` or, with keys to come, `{`.
    fn open(&mut self, object: bool);
    /// `]` or `}`.
    fn close(&mut self, object: bool) -> Result<(), PayloadError>;
    /// The key of the next value.
    fn key(&mut self, key: Literal<'a>);
    /// A string.
    fn string(&mut self, text: Literal<'a>);
    /// A number.
    fn number(&mut self, number: number::Literal<'a>) -> Result<(), PayloadError>;
    /// `true`, `false`, or nothing for `null`.
    fn constant(&mut self, truth: Option<bool>);
}

/// Walks through exactly one value with at most `depth_max` containers around its innermost part.
pub(super) fn walk<'a>(text: &'a str, depth_max: usize, sink: &mut impl Sink<'a>) -> Result<(), PayloadError> {
    let mut walk = Walk {
        text,
        at: 0,
        open: Vec::new(),
        depth_max,
        sink,
    };
    walk.value()?;
    while let Some(object) = walk.open.last().copied() {
        walk.next_element(object)?;
    }
    walk.skip_gap();
    if walk.at == text.len() {
        Ok(())
    } else {
        Err(PayloadError::Malformed)
    }
}

struct Walk<'a, 's, S> {
    text: &'a str,
    at: usize,
    /// The containers around the current place: whether each is an object.
    open: Vec<bool>,
    depth_max: usize,
    sink: &'s mut S,
}

impl<'a, S: Sink<'a>> Walk<'a, '_, S> {
    fn peek(&self) -> Result<u8, PayloadError> {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .ok_or(PayloadError::Malformed)
    }

    fn skip_gap(&mut self) {
        let start = self.at;
        while matches!(self.peek(), Ok(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        if self.at > start {
            self.sink.gap(start, self.at);
        }
    }

    /// A whole scalar, or the opening of a container and its first value.
    fn value(&mut self) -> Result<(), PayloadError> {
        loop {
            self.skip_gap();
            match self.peek()? {
                b'{' => {
                    if self.open_container(true)? {
                        return Ok(());
                    }
                    self.key()?;
                }
                b'[' => {
                    if self.open_container(false)? {
                        return Ok(());
                    }
                }
                _ => return self.scalar(),
            }
        }
    }

    /// Enters a container; tells whether it is empty, in which case it is left already.
    fn open_container(&mut self, object: bool) -> Result<bool, PayloadError> {
        if self.open.len() >= self.depth_max {
            return Err(PayloadError::TooDeep);
        }
        self.open.push(object);
        self.sink.open(object);
        self.at += 1;
        self.skip_gap();
        let empty = self.peek()? == closing(object);
        if empty {
            self.close(object)?;
        }
        Ok(empty)
    }

    fn close(&mut self, object: bool) -> Result<(), PayloadError> {
        self.at += 1;
        self.open.pop();
        self.sink.close(object)
    }

    /// After a value inside a container: the next value, or the container's end.
    fn next_element(&mut self, object: bool) -> Result<(), PayloadError> {
        self.skip_gap();
        match self.peek()? {
            b',' => self.at += 1,
            end if end == closing(object) => return self.close(object),
            _ => return Err(PayloadError::Malformed),
        }
        if object {
            self.skip_gap();
            self.key()?;
        }
        self.value()
    }

    fn key(&mut self) -> Result<(), PayloadError> {
        if self.peek()? != b'"' {
            return Err(PayloadError::Malformed);
        }
        let (key, after) = string::read(self.text, self.at)?;
        self.at = after;
        self.sink.key(key);
        self.skip_gap();
        if self.peek()? != b':' {
            return Err(PayloadError::Malformed);
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), PayloadError> {
        match self.peek()? {
            b'"' => {
                let (text, after) = string::read(self.text, self.at)?;
                self.at = after;
                self.sink.string(text);
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let (number, after) = number::read(self.text, self.at)?;
                self.at = after;
                self.sink.number(number)
            }
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Result<(), PayloadError> {
        for (word, truth) in [("true", Some(true)), ("false", Some(false)), ("null", None)] {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                self.sink.constant(truth);
                return Ok(());
            }
        }
        Err(PayloadError::Malformed)
    }
}

const fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}
