//! Reads MessagePack token by token. A declared length only ever bounds a slice of bytes that are there.

/// One token: a scalar, or the head of a container whose elements follow as tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Below zero.
    Negative(i64),
    Double(f64),
    Str(&'a str),
    /// So many values follow.
    Array(u32),
    /// So many pairs of key and value follow.
    Map(u32),
    /// Binary or an extension: nothing that JSON has.
    Foreign,
}

/// The bytes end inside a value, hold the one marker that means nothing, or text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A place in MessagePack bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    /// A big-endian number of `N` bytes, at most eight.
    fn number<const N: usize>(&mut self) -> Result<u64, Malformed> {
        Ok(self
            .bytes::<N>()?
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn str(&mut self, length: u64) -> Result<Token<'a>, Malformed> {
        let text = self.take(usize::try_from(length).map_err(|_| Malformed)?)?;
        std::str::from_utf8(text).map(Token::Str).map_err(|_| Malformed)
    }

    fn foreign(&mut self, length: u64) -> Result<Token<'a>, Malformed> {
        self.take(usize::try_from(length).map_err(|_| Malformed)?)
            .map(|_| Token::Foreign)
    }

    pub(crate) fn token(&mut self) -> Result<Token<'a>, Malformed> {
        let marker = self.take(1)?[0];
        let low = u64::from(marker);
        match marker {
            0x00..=0x7f => Ok(Token::Unsigned(low)),
            0x80..=0x8f => Ok(Token::Map(u32::from(marker & 0x0f))),
            0x90..=0x9f => Ok(Token::Array(u32::from(marker & 0x0f))),
            0xa0..=0xbf => self.str(low & 0x1f),
            0xc0 => Ok(Token::Nil),
            0xc1 => Err(Malformed),
            0xc2 | 0xc3 => Ok(Token::Bool(marker == 0xc3)),
            0xca => Ok(Token::Double(f32::from_be_bytes(self.bytes()?).into())),
            0xcb => Ok(Token::Double(f64::from_be_bytes(self.bytes()?))),
            0xcc => self.number::<1>().map(Token::Unsigned),
            0xcd => self.number::<2>().map(Token::Unsigned),
            0xce => self.number::<4>().map(Token::Unsigned),
            0xcf => self.number::<8>().map(Token::Unsigned),
            0xd0 => self.bytes().map(|bytes| signed(i8::from_be_bytes(bytes).into())),
            0xd1 => self.bytes().map(|bytes| signed(i16::from_be_bytes(bytes).into())),
            0xd2 => self.bytes().map(|bytes| signed(i32::from_be_bytes(bytes).into())),
            0xd3 => self.bytes().map(|bytes| signed(i64::from_be_bytes(bytes))),
            0xe0..=0xff => Ok(Token::Negative((marker as i8).into())),
            _ => self.sized(marker),
        }
    }

    /// The kinds whose length stands in bytes of its own.
    fn sized(&mut self, marker: u8) -> Result<Token<'a>, Malformed> {
        let length = match marker {
            0xc4 | 0xc7 | 0xd9 => self.number::<1>()?,
            0xc5 | 0xc8 | 0xda | 0xdc | 0xde => self.number::<2>()?,
            0xc6 | 0xc9 | 0xdb | 0xdd | 0xdf => self.number::<4>()?,
            // Fixed extensions of 1, 2, 4, 8 and 16 bytes.
            _ => 1 << (marker - 0xd4),
        };
        match marker {
            0xd9..=0xdb => self.str(length),
            0xdc | 0xdd => Ok(Token::Array(length as u32)),
            0xde | 0xdf => Ok(Token::Map(length as u32)),
            0xc4..=0xc6 => self.foreign(length),
            // An extension has one more byte: its type.
            _ => self.foreign(length + 1),
        }
    }

    /// Skips one whole value, whatever it holds, and gives its bytes.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        let mut pending: u64 = 1;
        while pending > 0 {
            pending = pending - 1
                + match self.token()? {
                    Token::Array(count) => u64::from(count),
                    Token::Map(count) => 2 * u64::from(count),
                    _ => 0,
                };
        }
        Ok(&start[..start.len() - self.rest.len()])
    }
}

fn signed<'a>(number: i64) -> Token<'a> {
    u64::try_from(number).map_or(Token::Negative(number), Token::Unsigned)
}
