//! Frames of the CQL binary protocol, version 4 (Apache Cassandra, `native_protocol_v4.spec`), as far as a wire that loses some of them
//! has to know them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Version, flags, stream, opcode, length.
const HEADER_BYTES: usize = 9;
/// The longest frame of a test.
const BODY_BYTES_MAX: usize = 256 << 20;

const ERROR: u8 = 0x00;
pub const STARTUP: u8 = 0x01;
const AUTHENTICATE: u8 = 0x03;
pub const AUTH_RESPONSE: u8 = 0x0F;
pub const RESULT: u8 = 0x08;
pub const PREPARE: u8 = 0x09;
pub const EXECUTE: u8 = 0x0A;
pub const BATCH: u8 = 0x0D;
/// The body of a RESULT begins with this when it answers a PREPARE.
const PREPARED: i32 = 4;
/// A warning stands before the body.
const WARNING: u8 = 0x08;

/// LOCAL_QUORUM, as errors name it.
const LOCAL_QUORUM: u16 = 0x0006;
/// LOCAL_SERIAL.
const LOCAL_SERIAL: u16 = 0x0009;

/// One frame, header and body.
pub struct Frame(Vec<u8>);

impl Frame {
    /// Reads the next one; None: the other side has ended.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = vec![0; HEADER_BYTES];
        from.read_exact(&mut bytes).await.ok()?;
        let length = u32::from_be_bytes(bytes[5..9].try_into().ok()?) as usize;
        assert!(length <= BODY_BYTES_MAX, "a frame of {length} bytes");
        bytes.resize(HEADER_BYTES + length, 0);
        from.read_exact(&mut bytes[HEADER_BYTES..]).await.ok()?;
        Some(Self(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn opcode(&self) -> u8 {
        self.0[4]
    }

    pub fn stream(&self) -> i16 {
        i16::from_be_bytes([self.0[2], self.0[3]])
    }

    fn body(&self) -> Reader<'_> {
        Reader(&self.0[HEADER_BYTES..])
    }

    /// The text of a PREPARE.
    pub fn prepared_text(&self) -> io::Result<String> {
        let mut body = self.body();
        let length = body.int()?;
        let text = body.take(usize::try_from(length).map_err(|_| cut())?)?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// The id that an answer to a PREPARE gives.
    pub fn prepared_id(&self) -> io::Result<Option<Vec<u8>>> {
        let mut body = self.body();
        if self.opcode() != RESULT {
            return Ok(None);
        }
        if self.0[1] & WARNING != 0 {
            for _ in 0..body.short()? {
                body.short_bytes()?;
            }
        }
        Ok((body.int()? == PREPARED)
            .then(|| body.short_bytes())
            .transpose()?
            .map(<[u8]>::to_vec))
    }

    /// The id of what is executed: of a batch, of its first statement.
    pub fn executed_id(&self) -> io::Result<Option<Vec<u8>>> {
        let mut body = self.body();
        if self.opcode() == BATCH {
            // Kind of batch, count of statements, kind of the first one: 1 is a prepared one.
            body.take(1)?;
            if body.short()? == 0 || body.take(1)? != [1] {
                return Ok(None);
            }
        }
        Ok(Some(body.short_bytes()?.to_vec()))
    }

    /// The answer of a server that could not do what was asked on this stream.
    pub fn error(stream: i16, answer: Answer) -> Self {
        let mut body = Vec::new();
        body.extend(answer.code().to_be_bytes());
        let words = b"made by a test";
        body.extend((words.len() as u16).to_be_bytes());
        body.extend(words);
        body.extend(answer.details());
        Self::answer(stream, ERROR, &body)
    }

    /// The answer of a server that wants to know who is there.
    pub fn who_are_you(stream: i16) -> Self {
        let name = b"org.apache.cassandra.auth.PasswordAuthenticator";
        let body = [&(name.len() as u16).to_be_bytes()[..], name].concat();
        Self::answer(stream, AUTHENTICATE, &body)
    }

    fn answer(stream: i16, opcode: u8, body: &[u8]) -> Self {
        let mut bytes = vec![0x84, 0];
        bytes.extend(stream.to_be_bytes());
        bytes.push(opcode);
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(body);
        Self(bytes)
    }
}

/// What a server says when it can not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    ServerError,
    Unavailable,
    Overloaded,
    WriteTimeout,
    CasTimeout,
    ReadTimeout,
    /// To a login only.
    BadCredentials,
}

impl Answer {
    /// What a server may say to a statement.
    pub const TO_STATEMENTS: [Self; 6] = [
        Self::ServerError,
        Self::Unavailable,
        Self::Overloaded,
        Self::WriteTimeout,
        Self::CasTimeout,
        Self::ReadTimeout,
    ];

    fn code(self) -> i32 {
        match self {
            Self::ServerError => 0x0000,
            Self::BadCredentials => 0x0100,
            Self::Unavailable => 0x1000,
            Self::Overloaded => 0x1001,
            Self::WriteTimeout | Self::CasTimeout => 0x1100,
            Self::ReadTimeout => 0x1200,
        }
    }

    fn details(self) -> Vec<u8> {
        let counts = |consistency: u16, received: i32| {
            let mut bytes = consistency.to_be_bytes().to_vec();
            bytes.extend(received.to_be_bytes());
            bytes.extend(2_i32.to_be_bytes());
            bytes
        };
        let kind = |kind: &str| [&(kind.len() as u16).to_be_bytes(), kind.as_bytes()].concat();
        match self {
            Self::ServerError | Self::Overloaded | Self::BadCredentials => Vec::new(),
            Self::Unavailable => [
                &LOCAL_QUORUM.to_be_bytes()[..],
                &2_i32.to_be_bytes(),
                &1_i32.to_be_bytes(),
            ]
            .concat(),
            Self::WriteTimeout => [counts(LOCAL_QUORUM, 1), kind("SIMPLE")].concat(),
            Self::CasTimeout => [counts(LOCAL_SERIAL, 1), kind("CAS")].concat(),
            Self::ReadTimeout => [counts(LOCAL_QUORUM, 1), vec![0]].concat(),
        }
    }
}

fn cut() -> io::Error {
    io::Error::other("the frame ends too early")
}

/// What is left of a body.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn short(&mut self) -> io::Result<u16> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into().map_err(|_| cut())?))
    }

    fn int(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.take(4)?.try_into().map_err(|_| cut())?))
    }

    fn short_bytes(&mut self) -> io::Result<&'a [u8]> {
        let length = self.short()?;
        self.take(usize::from(length))
    }
}
