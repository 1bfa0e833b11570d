//! One connection: its handshake, and the commands that it brings.

use std::os::fd::OwnedFd;

use protocol::{
    client::{Command, Encoding, Incoming, Request, decode_commands},
    payload::PayloadLimits,
    websocket::{Decoder, Event, Opcode, Role, Upgrade, write_frame},
};

use crate::{
    answers::{self, Answer},
    hub::Room,
};

/// Longest head of a request, and longest command.
const HEAD_BYTES_MAX: usize = 16 << 10;
const COMMAND_BYTES_MAX: u32 = 64 << 10;
/// The one that is spoken.
const SUBPROTOCOL: &str = "centrifuge-json";

/// A phone, or the publisher.
pub(crate) struct Peer {
    pub(crate) socket: OwnedFd,
    /// Gets every message.
    pub(crate) listening: bool,
    /// Frames that wait to be written.
    pub(crate) outbox: Vec<u8>,
    stage: Stage,
}

enum Stage {
    /// What has come of the request's head.
    Handshake(Vec<u8>),
    Open(Decoder),
}

/// What a peer wants.
pub(crate) enum Asked {
    /// Goes to every phone.
    Publish { id: u32, channel: String, data: Vec<u8> },
    /// Answered from what the room is at that moment.
    Command(Command),
    /// To be written as it is.
    Frame(Vec<u8>),
}

impl Peer {
    pub(crate) const fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            listening: false,
            outbox: Vec::new(),
            stage: Stage::Handshake(Vec::new()),
        }
    }

    /// Takes received bytes; `None`: the peer has left or speaks something else.
    pub(crate) fn take(&mut self, input: &[u8]) -> Option<Vec<Asked>> {
        match &mut self.stage {
            Stage::Open(decoder) => commands(decoder, input),
            Stage::Handshake(head) => {
                head.extend_from_slice(input);
                if !head.ends_with(b"\r\n\r\n") {
                    return (head.len() < HEAD_BYTES_MAX).then(Vec::new);
                }
                let response = upgrade(head)?;
                self.stage = Stage::Open(Decoder::new(Role::Server, COMMAND_BYTES_MAX, None));
                Some(vec![Asked::Frame(response.into_bytes())])
            }
        }
    }

    /// Puts the answer into the outbox.
    pub(crate) fn answer(&mut self, asked: &Asked, room: &Room) {
        match asked {
            Asked::Frame(bytes) => self.outbox.extend_from_slice(bytes),
            Asked::Publish { id, .. } => self.reply(*id, Answer::Publish, room),
            Asked::Command(command) => {
                self.listening |= matches!(command.request, Request::Subscribe(_));
                self.reply(command.id, Answer::to(&command.request), room);
            }
        }
    }

    fn reply(&mut self, id: u32, answer: Answer, room: &Room) {
        let text = answers::encode(id, answer, room);
        write_frame(&mut self.outbox, Opcode::Text, true, &text, None);
    }
}

/// The response to a request for an upgrade, or nothing.
fn upgrade(head: &[u8]) -> Option<String> {
    let mut lines = std::str::from_utf8(head).ok()?.trim_end().split("\r\n");
    let method = lines.next()?.split(' ').next()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim().as_bytes()))
        .collect();
    let upgrade = Upgrade::check(method, (1, 1), headers).ok()?;
    Some(upgrade.response(upgrade.choose_protocol(&[SUBPROTOCOL]), None))
}

fn commands(decoder: &mut Decoder, mut input: &[u8]) -> Option<Vec<Asked>> {
    let mut asked = Vec::new();
    while let Some(event) = decoder.decode(&mut input).ok()? {
        match event {
            Event::Text(text) => {
                for incoming in decode_commands(Encoding::Json, text.as_bytes(), &PayloadLimits::default()) {
                    asked.extend(ask(incoming.ok()?));
                }
            }
            Event::Ping(payload) => {
                let mut frame = Vec::new();
                write_frame(&mut frame, Opcode::Pong, true, &payload, None);
                asked.push(Asked::Frame(frame));
            }
            Event::Pong(_) => {}
            Event::Binary(_) | Event::Close(_) => return None,
        }
    }
    Some(asked)
}

fn ask(incoming: Incoming) -> Option<Asked> {
    let Incoming::Command(command) = incoming else {
        return None;
    };
    Some(match command.request {
        Request::Publish(request) => Asked::Publish {
            id: command.id,
            data: request.data.map(|data| data.as_bytes().to_vec()).unwrap_or_default(),
            channel: request.channel,
        },
        _ => Asked::Command(command),
    })
}
