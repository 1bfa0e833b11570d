//! Commands as a client writes them. Data that was refused is left out.

use prost::Message;

use super::{
    command::{Command, ConnectRequest, Data, HistoryRequest, Request, SubscribeRequest},
    document::{Document, Json, MessagePack},
    encode::empty_message,
    encoding::Encoding,
    frame::append_payload,
    wire,
};
use crate::payload::Payload;

/// Appends `commands` to `out` as one frame: what a client sends as one WebSocket message or posts to `/emulation`.
pub fn encode_commands(encoding: Encoding, commands: &[Command], out: &mut Vec<u8>) {
    for (at, request) in commands.iter().enumerate() {
        match encoding {
            Encoding::Json => {
                if at > 0 {
                    out.push(b'\n');
                }
                command(&mut Json(out), request);
            }
            Encoding::MessagePack => command(&mut MessagePack(out), request),
            Encoding::Protobuf => append_payload(encoding, &wire::Command::from(request).encode_to_vec(), out),
        }
    }
}

/// Appends one command to `out` as a frame of its own.
pub fn encode_command(encoding: Encoding, command: &Command, out: &mut Vec<u8>) {
    encode_commands(encoding, std::slice::from_ref(command), out);
}

/// Appends a frame with the empty message that answers a ping of the server.
pub fn encode_pong(encoding: Encoding, out: &mut Vec<u8>) {
    append_payload(encoding, empty_message(encoding), out);
}

fn accepted(data: &Data) -> Option<&Payload> {
    data.as_ref().ok()
}

fn given(data: Option<&Data>) -> Option<&Payload> {
    data.and_then(accepted)
}

fn command(to: &mut impl Document, command: &Command) {
    let map = to.open();
    to.integer_field(&map, "id", command.id.into());
    to.key(&map, request_name(&command.request));
    match &command.request {
        Request::Connect(request) => connect(to, request),
        Request::Subscribe(request) => subscribe(to, request),
        Request::Unsubscribe(request) => texts(to, &[("channel", &request.channel)]),
        Request::Publish(request) => {
            let map = to.open();
            to.text_field(&map, "channel", &request.channel);
            to.value_field(&map, "data", accepted(&request.data));
            to.integer_field(&map, "type", request.kind.into());
            to.close();
        }
        Request::Presence(request) => texts(to, &[("channel", &request.channel)]),
        Request::PresenceStats(request) => texts(to, &[("channel", &request.channel)]),
        Request::History(request) => history(to, request),
        Request::Ping => texts(to, &[]),
        Request::Send(request) => {
            let map = to.open();
            to.value_field(&map, "data", accepted(&request.data));
            to.close();
        }
        Request::Rpc(request) => {
            let map = to.open();
            to.text_field(&map, "method", &request.method);
            to.value_field(&map, "data", given(request.data.as_ref()));
            to.close();
        }
        Request::Refresh(request) => texts(to, &[("token", &request.token)]),
        Request::SubRefresh(request) => {
            let map = to.open();
            to.text_field(&map, "channel", &request.channel);
            to.text_field(&map, "token", &request.token);
            to.integer_field(&map, "type", request.kind.into());
            to.close();
        }
    }
    to.close();
}

const fn request_name(request: &Request) -> &'static str {
    match request {
        Request::Connect(_) => "connect",
        Request::Subscribe(_) => "subscribe",
        Request::Unsubscribe(_) => "unsubscribe",
        Request::Publish(_) => "publish",
        Request::Presence(_) => "presence",
        Request::PresenceStats(_) => "presence_stats",
        Request::History(_) => "history",
        Request::Ping => "ping",
        Request::Send(_) => "send",
        Request::Rpc(_) => "rpc",
        Request::Refresh(_) => "refresh",
        Request::SubRefresh(_) => "sub_refresh",
    }
}

/// A message of text alone.
fn texts(to: &mut impl Document, fields: &[(&'static str, &str)]) {
    let map = to.open();
    for (name, text) in fields {
        to.text_field(&map, name, text);
    }
    to.close();
}

fn connect(to: &mut impl Document, request: &ConnectRequest) {
    let map = to.open();
    to.text_field(&map, "token", &request.token);
    to.value_field(&map, "data", given(request.data.as_ref()));
    if !request.subs.is_empty() {
        to.key(&map, "subs");
        to.open_entries(request.subs.len());
        for (channel, sub) in &request.subs {
            to.entry(channel);
            subscribe(to, sub);
        }
        to.close_entries();
    }
    to.text_field(&map, "name", &request.name);
    to.text_field(&map, "version", &request.version);
    to.close();
}

fn subscribe(to: &mut impl Document, request: &SubscribeRequest) {
    let map = to.open();
    to.text_field(&map, "channel", &request.channel);
    to.text_field(&map, "token", &request.token);
    to.truth_field(&map, "recover", request.recover);
    to.text_field(&map, "epoch", &request.epoch);
    to.offset_field(&map, "offset", request.offset);
    to.value_field(&map, "data", given(request.data.as_ref()));
    to.truth_field(&map, "positioned", request.positioned);
    to.truth_field(&map, "recoverable", request.recoverable);
    to.truth_field(&map, "join_leave", request.join_leave);
    if request.filtered {
        to.key(&map, "tf");
        texts(to, &[]);
    }
    to.integer_field(&map, "flag", request.flag);
    to.integer_field(&map, "type", request.kind.into());
    to.close();
}

fn history(to: &mut impl Document, request: &HistoryRequest) {
    let map = to.open();
    to.text_field(&map, "channel", &request.channel);
    to.integer_field(&map, "limit", request.limit.into());
    if let Some(since) = &request.since {
        to.key(&map, "since");
        let position = to.open();
        to.offset_field(&position, "offset", since.offset);
        to.text_field(&position, "epoch", &since.epoch);
        to.close();
    }
    to.truth_field(&map, "reverse", request.reverse);
    to.close();
}
