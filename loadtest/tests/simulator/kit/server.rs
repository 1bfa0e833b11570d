//! The server's connections, and what it answers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use protocol::{
    ErrorCode,
    client::{
        CommandResult, ConnectResult, Encoding, Incoming, PublishRequest, Reply, Request, Transport, Variant,
        decode_commands, encode_reply, frame,
    },
    payload::PayloadLimits,
    websocket::{Decoder, Event, Role, Upgrade},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};

use super::{
    room::{Behaviour, Room},
    streams::{Request as HttpRequest, Streams, serve_emulation, serve_stream},
};

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
    let mut ends = alive.subscribe();
    let shared = Arc::new(Shared {
        room: Mutex::new(Room::new(behaviour)),
        streams: Mutex::default(),
        alive,
    });
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                tokio::spawn(serve(shared.clone(), stream));
            }
            _ = ends.wait_for(|alive| !*alive) => return,
        }
    }
}

/// Where pushes to one client go to.
#[derive(Clone)]
pub struct Ear {
    pub sender: mpsc::Sender<Vec<u8>>,
    pub variant: Variant,
    /// The name of a stream's session.
    pub session: String,
}

/// What all connections share.
pub struct Shared {
    room: Mutex<Room>,
    pub streams: Mutex<Streams>,
    alive: watch::Sender<bool>,
}

/// Until the client leaves or the server dies.
async fn serve(shared: Arc<Shared>, mut stream: TcpStream) {
    let mut ends = shared.alive.subscribe();
    let talk = async {
        let request = HttpRequest::read(&mut stream).await?;
        if request.line.contains(" /metrics ") {
            serve_metrics(&shared, &mut stream).await
        } else if request.line.contains(" /emulation ") {
            serve_emulation(&shared, &mut stream, request).await
        } else if request.line.contains("websocket") {
            serve_socket(&shared, &mut stream, request).await
        } else {
            serve_stream(&shared, &mut stream, request).await
        }
    };
    tokio::select! {
        _ = talk => {}
        _ = ends.wait_for(|alive| !*alive) => {}
    }
}

/// Each page of history counts as a statement.
async fn serve_metrics(shared: &Shared, stream: &mut TcpStream) -> Option<()> {
    let body = {
        let room = shared.room.lock().expect("the room");
        match room.behaviour {
            Behaviour::SaysNoFigures => String::new(),
            _ => format!("plenum_storage_statements_total{{kind=\"read\"}} {}\n", room.pages),
        }
    };
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

async fn serve_socket(shared: &Shared, stream: &mut TcpStream, request: HttpRequest) -> Option<()> {
    let upgrade = Upgrade::check("GET", (1, 1), request.headers()).ok()?;
    let protocol = upgrade.choose_protocol(&Encoding::ALL.map(Encoding::subprotocol));
    let encoding = protocol.and_then(Encoding::from_subprotocol).unwrap_or(Encoding::Json);
    let response = upgrade.response(protocol, None);
    stream.write_all(response.as_bytes()).await.ok()?;
    let mut received = request.rest;
    let mut decoder = Decoder::new(Role::Server, 1 << 20, None);
    let (sender, mut pushes) = mpsc::channel(10_000);
    let variant = Variant::new(encoding, Transport::WebSocket)?;
    let ear = Ear {
        sender,
        variant,
        session: String::new(),
    };
    loop {
        let mut input = &received[..];
        let mut out = Vec::new();
        while let Some(event) = decoder.decode(&mut input).ok()? {
            match event {
                Event::Text(text) => out.extend(shared.answer(text.as_bytes(), &ear)),
                Event::Binary(bytes) => out.extend(shared.answer(&bytes, &ear)),
                Event::Close(_) => return None,
                _ => {}
            }
        }
        stream.write_all(&out).await.ok()?;
        received.clear();
        tokio::select! {
            biased; // an answer is written before the pushes that follow it
            push = pushes.recv() => stream.write_all(&push?).await.ok()?,
            read = stream.read_buf(&mut received) => if read.ok()? == 0 { return None },
        }
    }
}

impl Shared {
    /// Carries commands out; gives the framed answers.
    pub fn answer(&self, commands: &[u8], ear: &Ear) -> Vec<u8> {
        self.carry_out(&mut self.room.lock().expect("the room"), commands, ear)
    }

    /// Carries commands out and sends the answers on the stream, before anything that is pushed after them.
    pub fn answer_beside(&self, commands: &[u8], ear: &Ear) -> bool {
        let mut room = self.room.lock().expect("the room");
        let answer = self.carry_out(&mut room, commands, ear);
        ear.sender.try_send(answer).is_ok()
    }

    fn carry_out(&self, room: &mut Room, commands: &[u8], ear: &Ear) -> Vec<u8> {
        let mut out = Vec::new();
        let encoding = ear.variant.encoding();
        for incoming in decode_commands(encoding, commands, &PayloadLimits::default()) {
            let Incoming::Command(command) = incoming.expect("a command") else {
                continue;
            };
            let result = match command.request {
                Request::Connect(_) if room.behaviour == Behaviour::RefusesTokens => Err(ErrorCode::Unauthorized),
                Request::Connect(request) => {
                    room.people.comes(&request.token);
                    Ok(CommandResult::Connect(ConnectResult {
                        session: ear.session.clone(),
                        ..ConnectResult::default()
                    }))
                }
                Request::Subscribe(request) => {
                    if request.recover && room.behaviour == Behaviour::DiesOfReturns {
                        self.alive.send_replace(false);
                    }
                    let (before, result) = room.at(&request.channel).subscribe(&request, ear.clone());
                    before.iter().for_each(|frame| out.extend_from_slice(frame));
                    Ok(CommandResult::Subscribe(result))
                }
                Request::History(request) => Ok(CommandResult::History(room.at(&request.channel).history(&request))),
                Request::Publish(_) if room.behaviour == Behaviour::RefusesMessages => Err(ErrorCode::TooManyRequests),
                Request::Publish(PublishRequest { channel, data, .. }) => {
                    room.at(&channel).publish(&channel, data.expect("data"));
                    if room.behaviour == Behaviour::Dies && room.end() >= LIVES_FOR {
                        self.alive.send_replace(false);
                    }
                    Ok(CommandResult::Publish)
                }
                Request::Rpc(request) => room.call(&request).map(|answer| CommandResult::Rpc(Some(answer))),
                other => panic!("not expected here: {other:?}"),
            };
            let reply = match result {
                Ok(result) => Reply::success(command.id, result),
                Err(code) => Reply::failure(command.id, code),
            };
            append(&reply, ear.variant, &mut out);
        }
        out
    }
}

fn append(reply: &Reply, variant: Variant, out: &mut Vec<u8>) {
    let mut message = Vec::new();
    encode_reply(variant.encoding(), reply, &mut message);
    frame(variant, &message, out);
}
