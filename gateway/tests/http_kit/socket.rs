//! A WebSocket client that is small enough to be trusted: text, ping and close frames (<https://www.rfc-editor.org/rfc/rfc6455#section-5.2>).

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// What the server sent.
#[derive(Debug, PartialEq)]
pub enum Frame {
    Text(String),
    Ping,
    /// Code and reason.
    Close(u16, String),
    /// The connection ended without a close frame.
    End,
}

pub struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Opens a socket; the status of the refusal otherwise.
    pub fn open(host: &str, path: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(host).expect("the node listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a timeout");
        let more: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        stream.write_all(head.as_bytes()).expect("written");
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a head");
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_ascii_lowercase());
        }
        let status: u16 = lines[0]
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        if status != 101 {
            return Err(status);
        }
        // The accept value of RFC 6455 §1.3 for the key above.
        assert!(
            lines.contains(&"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=".to_owned()),
            "{lines:?}"
        );
        Ok(Self(reader))
    }

    /// Sends a text frame of up to 125 bytes or 64 KiB.
    pub fn sends(&mut self, text: &str) {
        self.sends_frame(0x81, text.as_bytes());
    }

    /// Sends any frame, masked with zeros.
    pub fn sends_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | length),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload.len()).expect("a short payload").to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.0.get_mut().write_all(&frame).expect("written");
    }

    /// The next frame.
    pub fn next(&mut self) -> Frame {
        let mut head = [0; 2];
        if self.0.read_exact(&mut head).is_err() {
            return Frame::End;
        }
        let length = match head[1] {
            126 => self.number(2),
            127 => self.number(8),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).expect("a length")];
        self.0.read_exact(&mut payload).expect("the whole frame");
        match head[0] {
            0x81 => Frame::Text(String::from_utf8(payload).expect("UTF-8")),
            0x89 => Frame::Ping,
            0x88 => {
                let code = payload
                    .get(..2)
                    .map_or(1_005, |code| u16::from_be_bytes([code[0], code[1]]));
                Frame::Close(
                    code,
                    String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned(),
                )
            }
            other => panic!("a frame that begins with {other:#x}"),
        }
    }

    /// The next text as JSON.
    pub fn receives(&mut self) -> Value {
        loop {
            match self.next() {
                Frame::Ping => {}
                Frame::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The close code, whatever comes before.
    pub fn is_closed(&mut self) -> u16 {
        loop {
            match self.next() {
                Frame::Close(code, _) => return code,
                Frame::End => panic!("no close frame came"),
                Frame::Text(_) | Frame::Ping => {}
            }
        }
    }

    fn number(&mut self, bytes: usize) -> u64 {
        let mut number = [0; 8];
        self.0.read_exact(&mut number[8 - bytes..]).expect("a length");
        u64::from_be_bytes(number)
    }
}
