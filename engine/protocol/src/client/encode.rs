//! Messages of the server, written without any framing of a transport.

use super::{
    document::{Json, MessagePack},
    encoding::Encoding,
    push::{Publication, Push},
    reply::Reply,
    write_reply,
};

/// Appends one reply to `out`.
pub fn encode_reply(encoding: Encoding, reply: &Reply, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Json => write_reply::reply(&mut Json(out), reply),
        Encoding::MessagePack => write_reply::reply(&mut MessagePack(out), reply),
        Encoding::Protobuf => super::protobuf::append_reply(reply, out),
    }
}

/// Appends one push to `out`.
pub fn encode_push(encoding: Encoding, push: &Push, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Json => write_reply::push(&mut Json(out), push),
        Encoding::MessagePack => write_reply::push(&mut MessagePack(out), push),
        Encoding::Protobuf => super::protobuf::append_push(push, out),
    }
}

/// Appends the push of one publication to `out`: the same as [`encode_push`], without building a [`Push`].
pub fn encode_publication(encoding: Encoding, channel: &str, publication: &Publication, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Json => write_reply::publication_push(&mut Json(out), channel, publication),
        Encoding::MessagePack => write_reply::publication_push(&mut MessagePack(out), channel, publication),
        Encoding::Protobuf => super::protobuf::append_publication(channel, publication, out),
    }
}

/// Appends the message that asks for a sign of life: an empty one. In Protobuf that is nothing at all, and still a frame.
pub fn encode_ping(encoding: Encoding, out: &mut Vec<u8>) {
    out.extend_from_slice(empty_message(encoding));
}

/// A message without fields: a ping of the server, a pong of the client.
pub(super) const fn empty_message(encoding: Encoding) -> &'static [u8] {
    match encoding {
        Encoding::Json => b"{}",
        Encoding::Protobuf => b"",
        Encoding::MessagePack => b"\x80",
    }
}
