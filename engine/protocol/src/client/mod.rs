//! The realtime client protocol (<https://centrifugal.dev/docs/transports/client_protocol>, version 2): commands, replies and
//! pushes, their three encodings, and the framing of each transport.
//!
//! The engine decodes what sockets bring with [`decode_commands`] and writes with [`encode_reply`], [`encode_publication`]
//! and [`frame`]; clients (the load simulator, tests) do the opposite with [`encode_command`] and [`decode_replies`].
//! Nothing here decides anything: a command that makes no sense is decoded all the same.

mod command;
mod decode;
mod document;
mod emulation;
mod encode;
mod encoding;
mod frame;
mod messages;
mod msgpack_reader;
mod protobuf;
mod protobuf_command;
mod push;
mod read_command;
mod read_reply;
mod redact;
mod reply;
#[cfg(test)]
mod tests;
mod wire;
mod write_command;
mod write_reply;

pub use command::{
    Command, ConnectRequest, Data, HistoryRequest, Incoming, PresenceRequest, PresenceStatsRequest, PublishRequest,
    RefreshRequest, Request, RpcRequest, SendRequest, StreamPosition, SubRefreshRequest, SubscribeRequest,
    UnsubscribeRequest,
};
pub use decode::{Commands, Replies, decode_commands, decode_replies};
pub use emulation::EmulationRequest;
pub use encode::{encode_ping, encode_publication, encode_push, encode_reply};
pub use encoding::{DecodeError, Encoding};
pub use frame::{Transport, Variant, append_payload, frame, opcode};
pub use push::{ClientInfo, DisconnectPush, Event, Publication, Push, RefreshPush, SubscribePush, UnsubscribePush};
pub use read_reply::Outgoing;
pub use reply::{
    CommandResult, ConnectResult, HistoryResult, PresenceStatsResult, RefreshResult, Reply, ReplyError,
    SubRefreshResult, SubscribeResult,
};
pub use write_command::{encode_command, encode_commands, encode_pong};
