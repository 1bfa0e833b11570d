//! What a client has to say and has not written yet.

use protocol::{
    client::{Command, EmulationRequest, Encoding, encode_command, encode_pong, opcode},
    websocket::{Opcode, write_close, write_frame},
};

use super::Ended;
use crate::random::Random;

/// Commands that wait to be written.
#[derive(Debug)]
pub struct Outbox {
    encoding: Encoding,
    way: Way,
    /// For a WebSocket masked frames, ready for the socket; else one frame of commands, ready for a request.
    pub bytes: Vec<u8>,
}

/// Where the bytes go.
#[derive(Debug)]
enum Way {
    /// Down the connection itself.
    Socket {
        /// Of masks.
        random: Random,
        scratch: Vec<u8>,
    },
    /// Beside a stream, in requests of their own that name the session.
    Requests {
        /// From the answer to the connect command.
        session: String,
        /// From the same answer.
        node: String,
    },
}

impl Outbox {
    /// An empty one of a WebSocket.
    pub const fn new(encoding: Encoding, random: Random) -> Self {
        Self {
            encoding,
            way: Way::Socket {
                random,
                scratch: Vec::new(),
            },
            bytes: Vec::new(),
        }
    }

    /// An empty one beside a stream.
    pub const fn beside_stream(encoding: Encoding) -> Self {
        Self {
            encoding,
            way: Way::Requests {
                session: String::new(),
                node: String::new(),
            },
            bytes: Vec::new(),
        }
    }

    /// Takes note of what the server calls the session and itself.
    pub fn opened(&mut self, session_name: String, node_name: String) {
        if let Way::Requests { session, node } = &mut self.way {
            (*session, *node) = (session_name, node_name);
        }
    }

    /// Appends a command: as a frame of its own on a WebSocket.
    pub fn command(&mut self, command: &Command) {
        self.append(|encoding, out| encode_command(encoding, command, out));
    }

    /// Appends the answer to the server's ping.
    pub fn pong(&mut self) {
        self.append(encode_pong);
    }

    /// Appends the answer to a ping of WebSocket.
    pub fn websocket_pong(&mut self, payload: &[u8]) {
        if let Way::Socket { random, .. } = &mut self.way {
            write_frame(&mut self.bytes, Opcode::Pong, true, payload, Some(random.mask()));
        }
    }

    /// Appends a goodbye; a stream is left without one.
    pub fn close(&mut self) {
        if let Way::Socket { random, .. } = &mut self.way {
            write_close(&mut self.bytes, 1000, "", Some(random.mask()));
        }
    }

    fn append(&mut self, encode: impl FnOnce(Encoding, &mut Vec<u8>)) {
        match &mut self.way {
            Way::Socket { random, scratch } => {
                scratch.clear();
                encode(self.encoding, scratch);
                let opcode = opcode(self.encoding);
                write_frame(&mut self.bytes, opcode, true, scratch, Some(random.mask()));
            }
            Way::Requests { .. } => {
                if self.encoding == Encoding::Json && !self.bytes.is_empty() {
                    self.bytes.push(b'\n');
                }
                encode(self.encoding, &mut self.bytes);
            }
        }
    }

    /// Takes everything that waits as one request; `None` when nothing does, or when it goes down a WebSocket.
    ///
    /// # Errors
    /// When the server has not said what it calls the session.
    pub fn take_request(&mut self) -> Result<Option<EmulationRequest>, Ended> {
        let Way::Requests { session, node } = &self.way else {
            return Ok(None);
        };
        if self.bytes.is_empty() {
            return Ok(None);
        }
        if session.is_empty() {
            return Err(Ended::Protocol(
                "no name of the session for further commands".to_owned(),
            ));
        }
        Ok(Some(EmulationRequest {
            node: node.clone(),
            session: session.clone(),
            data: std::mem::take(&mut self.bytes).into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        client::{Incoming, PublishRequest, Request, decode_commands},
        payload::{Payload, PayloadLimits},
    };

    use super::*;

    fn command(id: u32) -> Command {
        let request = PublishRequest {
            channel: "room".to_owned(),
            data: Ok(Payload::from_value("text").expect("JSON")),
            kind: 0,
        };
        Command {
            id,
            request: Request::Publish(request),
        }
    }

    #[test]
    fn what_waits_beside_a_stream_is_one_request() {
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let mut outbox = Outbox::beside_stream(encoding);
            outbox.command(&command(1));
            assert!(outbox.take_request().is_err(), "nobody knows for whom");
            outbox.opened("secret".to_owned(), "node".to_owned());
            outbox.pong();
            outbox.command(&command(2));
            let request = outbox.take_request().expect("a name").expect("a request");
            assert_eq!((&*request.session, &*request.node), ("secret", "node"));
            let limits = PayloadLimits::default();
            let read: Result<Vec<_>, _> = decode_commands(encoding, &request.data, &limits).collect();
            let read = read.expect("commands");
            assert!(
                matches!(&read[..], [Incoming::Command(one), _, Incoming::Command(two)] if (one.id, two.id) == (1, 2))
            );
            assert_eq!(outbox.take_request(), Ok(None));
        }
    }
}
