//! A realtime client for the stories about sockets: well-behaved if asked to be, and able to send any bytes at all.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use protocol::{
    client::Encoding,
    websocket::{ClientHandshake, Decoder, Event, Opcode, Role, write_frame},
};
use serde_json::{Value, json};

use crate::http_kit::{Folder, Node};

/// Signs the tokens of these stories' people.
pub const SECRET: &str = "the secret of these stories";
/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);
const MASK: [u8; 4] = [0x5a, 0x00, 0xff, 0x13];

/// A node that takes tokens of [`SECRET`], with more variables.
pub fn node(environment: &[(&str, &str)]) -> Node {
    let mut all = vec![("PLENUM_AUTH__JWT__HMAC_SECRET", SECRET)];
    all.extend(environment);
    Node::start_in(Folder::new(), &all)
}

/// A token for this person that does not expire.
pub fn token(name: &str) -> String {
    signed(&json!({ "sub": name }), SECRET)
}

/// A token with these claims under this key.
pub fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).expect("signed")
}

/// Now, Unix seconds.
pub fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("a time")
}

/// What the server does.
#[derive(Debug, PartialEq)]
pub enum Came {
    /// A whole WebSocket message.
    Message(Vec<u8>),
    /// A close frame: code and reason.
    Close(u16, String),
    /// The connection is gone without a close frame.
    Gone,
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    decoder: Decoder,
    came: VecDeque<Came>,
    waiting: VecDeque<Value>,
    next_id: u32,
    /// Bytes that came so far.
    pub taken: usize,
}

impl Client {
    /// A socket without a connect command.
    pub fn opens(node: &Node, encoding: Encoding) -> Self {
        let handshake = ClientHandshake::new(
            node.host(),
            "/connection/websocket",
            [7; 16],
            &[encoding.subprotocol()],
            false,
            &[],
        );
        let mut stream = TcpStream::connect(node.host()).expect("the node listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        stream.write_all(handshake.request().as_bytes()).expect("written");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(&head).expect("an HTTP answer");
        let lines = response.headers.iter().map(|header| (header.name, header.value));
        let accepted = handshake.check_response(response.code.expect("a status"), lines);
        let protocol = accepted.expect("a WebSocket").protocol;
        assert_eq!(protocol.as_deref(), Some(encoding.subprotocol()));
        Self {
            stream,
            decoder: Decoder::new(Role::Client, 64 << 20, None),
            came: VecDeque::new(),
            waiting: VecDeque::new(),
            next_id: 0,
            taken: 0,
        }
    }

    /// Somebody who is connected, in JSON.
    pub fn connects(node: &Node, name: &str) -> Self {
        let mut client = Self::opens(node, Encoding::Json);
        let reply = client.asks("connect", json!({ "token": token(name) }));
        assert!(reply["connect"]["client"].is_string(), "{reply}");
        client
    }

    /// Sends bytes as they are; whether the server still takes them.
    pub fn sends_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends one frame.
    pub fn sends(&mut self, opcode: Opcode, fin: bool, payload: &[u8]) -> bool {
        let mut frame = Vec::new();
        write_frame(&mut frame, opcode, fin, payload, Some(MASK));
        self.sends_bytes(&frame)
    }

    /// Sends a text message.
    pub fn says(&mut self, text: &str) -> bool {
        self.sends(Opcode::Text, true, text.as_bytes())
    }

    /// Sends a command; its id.
    pub fn commands(&mut self, name: &str, request: Value) -> u32 {
        self.next_id += 1;
        let id = self.next_id;
        assert!(self.says(&json!({ "id": id, name: request }).to_string()), "taken");
        id
    }

    /// Sends a command and gives its reply; pushes that come before it are kept.
    #[track_caller]
    pub fn asks(&mut self, name: &str, request: Value) -> Value {
        let id = self.commands(name, request);
        self.hears(id)
    }

    /// The reply to a command.
    #[track_caller]
    pub fn hears(&mut self, id: u32) -> Value {
        if let Some(place) = self.waiting.iter().position(|message| message["id"] == id) {
            return self.waiting.remove(place).expect("it is there");
        }
        loop {
            let message = self.next_message();
            if message["id"] == id {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// The error code of a command that is refused.
    #[track_caller]
    pub fn is_refused(&mut self, name: &str, request: Value) -> u64 {
        let reply = self.asks(name, request.clone());
        let code = reply["error"]["code"].as_u64();
        code.unwrap_or_else(|| panic!("{name} {request} was answered with {reply}"))
    }

    /// Calls a function that succeeds.
    #[track_caller]
    pub fn calls(&mut self, method: &str, params: Value) -> Value {
        let reply = self.asks("rpc", json!({ "method": method, "data": params }));
        assert!(reply.get("error").is_none(), "{method}: {reply}");
        reply["rpc"]["data"].clone()
    }

    /// The next publication of a channel.
    #[track_caller]
    pub fn publication(&mut self, channel: &str) -> Value {
        let is_it = |message: &Value| message["push"]["channel"] == channel && message["push"].get("pub").is_some();
        if let Some(place) = self.waiting.iter().position(is_it) {
            return self.waiting.remove(place).expect("it is there")["push"]["pub"].clone();
        }
        loop {
            let message = self.next_message();
            if is_it(&message) {
                return message["push"]["pub"].clone();
            }
            self.waiting.push_back(message);
        }
    }

    #[track_caller]
    fn next_message(&mut self) -> Value {
        loop {
            let payload = match self.next() {
                Came::Message(payload) => payload,
                other => panic!("in place of a message: {other:?}"),
            };
            if payload == b"{}" {
                self.says("{}");
                continue;
            }
            return serde_json::from_slice(&payload).expect("one JSON message in a frame");
        }
    }

    /// The next thing that the server does.
    #[track_caller]
    pub fn next(&mut self) -> Came {
        loop {
            if let Some(came) = self.came.pop_front() {
                return came;
            }
            let mut buffer = vec![0; 64 << 10];
            let count = match self.stream.read(&mut buffer) {
                Ok(0) => return Came::Gone,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Came::Gone,
                Err(error) => panic!("the server is silent: {error}"),
            };
            self.taken += count;
            let mut input = &buffer[..count];
            while let Some(event) = self.decoder.decode(&mut input).expect("the server's stream parses") {
                self.came.push_back(match event {
                    Event::Text(text) => Came::Message(text.into_bytes()),
                    Event::Binary(payload) => Came::Message(payload),
                    Event::Close(frame) => {
                        let frame = frame.expect("a close frame with a code");
                        Came::Close(frame.code, frame.reason)
                    }
                    Event::Ping(_) | Event::Pong(_) => continue,
                });
            }
        }
    }

    /// The code of the close frame, whatever comes before it; then the connection ends.
    #[track_caller]
    pub fn close_code(&mut self) -> u16 {
        loop {
            match self.next() {
                Came::Message(_) => {}
                Came::Close(code, _) => {
                    assert_eq!(self.next(), Came::Gone, "nothing follows a close frame");
                    return code;
                }
                Came::Gone => panic!("the connection ended without a close frame"),
            }
        }
    }
}

/// A well-behaved client finds everything as it should be.
#[track_caller]
pub fn still_serves(node: &Node) {
    let mut good = Client::connects(node, "good");
    let chat = good.calls("room.create", json!({ "name": "good", "kind": "group" }));
    let channel = format!("room:{}", chat["chat_id"].as_str().expect("an id"));
    let reply = good.asks("subscribe", json!({ "channel": channel }));
    assert_eq!(reply["subscribe"]["positioned"], true, "{reply}");
    let reply = good.asks("publish", json!({ "channel": channel, "data": { "content": "hello" } }));
    assert!(reply.get("error").is_none(), "{reply}");
    assert_eq!(good.publication(&channel)["data"]["data"]["content"], "hello");
}
