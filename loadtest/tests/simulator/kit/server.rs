//! The server's sockets.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use protocol::{
    ErrorCode,
    client::{
        CommandResult, Encoding, Incoming, PublishRequest, Reply, Request, Transport, Variant, decode_commands,
        encode_reply, frame,
    },
    payload::PayloadLimits,
    websocket::{Decoder, Event, Role, Upgrade},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};

use super::room::{Behaviour, Room};

/// After so many messages a server that dies is dead.
const LIVES_FOR: u64 = 10;

/// A server on a port of its own, until it is dropped.
pub struct Server {
    address: SocketAddr,
    _alive: watch::Sender<bool>,
}

impl Server {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let alive = watch::channel(true).0;
        tokio::spawn(accept(listener, behaviour, alive.clone()));
        Self { address, _alive: alive }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

async fn accept(listener: TcpListener, behaviour: Behaviour, alive: watch::Sender<bool>) {
    let room = Arc::new(Mutex::new(Room::new(behaviour)));
    let mut ends = alive.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                let connection = Connection { stream, room: room.clone(), alive: alive.clone() };
                tokio::spawn(connection.serve());
            }
            _ = ends.wait_for(|alive| !*alive) => return,
        }
    }
}

struct Connection {
    stream: TcpStream,
    room: Arc<Mutex<Room>>,
    alive: watch::Sender<bool>,
}

impl Connection {
    /// Until the client leaves or the server dies.
    async fn serve(mut self) {
        let mut ends = self.alive.subscribe();
        tokio::select! {
            _ = self.talk() => {}
            _ = ends.wait_for(|alive| !*alive) => {}
        }
    }

    async fn talk(&mut self) -> Option<()> {
        let rest = self.shake_hands().await?;
        let mut decoder = Decoder::new(Role::Server, 1 << 20, None);
        let (sender, mut pushes) = mpsc::channel(10_000);
        let mut received = rest;
        loop {
            let mut input = &received[..];
            let mut out = Vec::new();
            while let Some(event) = decoder.decode(&mut input).ok()? {
                match event {
                    Event::Text(text) => self.answer(&text, &sender, &mut out),
                    Event::Close(_) => return None,
                    _ => {}
                }
            }
            self.stream.write_all(&out).await.ok()?;
            received.clear();
            tokio::select! {
                biased; // an answer is written before the pushes that follow it
                push = pushes.recv() => self.stream.write_all(&push?).await.ok()?,
                read = self.stream.read_buf(&mut received) => if read.ok()? == 0 { return None },
            }
        }
    }

    async fn shake_hands(&mut self) -> Option<Vec<u8>> {
        let mut received = Vec::new();
        let end = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if self.stream.read_buf(&mut received).await.ok()? == 0 {
                return None;
            }
        };
        let rest = received.split_off(end + 4);
        let head = String::from_utf8(received).ok()?;
        let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        let headers: Vec<_> = lines.map(|(name, value)| (name, value.as_bytes())).collect();
        let upgrade = Upgrade::check("GET", (1, 1), headers).ok()?;
        let protocol = upgrade.choose_protocol(&[Encoding::Json.subprotocol()]);
        self.stream
            .write_all(upgrade.response(protocol, None).as_bytes())
            .await
            .ok()?;
        Some(rest)
    }

    fn answer(&self, text: &str, sender: &mpsc::Sender<Vec<u8>>, out: &mut Vec<u8>) {
        for incoming in decode_commands(Encoding::Json, text.as_bytes(), &PayloadLimits::default()) {
            let Incoming::Command(command) = incoming.expect("a command") else {
                continue;
            };
            let mut room = self.room.lock().expect("the room");
            let result = match command.request {
                Request::Connect(_) if room.behaviour == Behaviour::RefusesTokens => Err(ErrorCode::Unauthorized),
                Request::Connect(_) => Ok(CommandResult::Connect(Default::default())),
                Request::Subscribe(request) => {
                    let (before, result) = room.subscribe(&request, sender.clone());
                    before.iter().for_each(|frame| out.extend_from_slice(frame));
                    Ok(CommandResult::Subscribe(result))
                }
                Request::History(request) => Ok(CommandResult::History(room.history(&request))),
                Request::Publish(_) if room.behaviour == Behaviour::RefusesMessages => Err(ErrorCode::TooManyRequests),
                Request::Publish(PublishRequest { channel, data, .. }) => {
                    room.publish(&channel, data.expect("data"));
                    if room.behaviour == Behaviour::Dies && room.end() >= LIVES_FOR {
                        self.alive.send_replace(false);
                    }
                    Ok(CommandResult::Publish)
                }
                other => panic!("not expected here: {other:?}"),
            };
            let reply = match result {
                Ok(result) => Reply::success(command.id, result),
                Err(code) => Reply::failure(command.id, code),
            };
            append(&reply, out);
        }
    }
}

fn append(reply: &Reply, out: &mut Vec<u8>) {
    let mut message = Vec::new();
    encode_reply(Encoding::Json, reply, &mut message);
    let variant = Variant::new(Encoding::Json, Transport::WebSocket).expect("a variant");
    frame(variant, &message, out);
}
