//! Messages as they stand on the wire: the field numbers of the protocol's Protobuf schema, and the same fields' names for
//! JSON and MessagePack. Nobody outside of `client` sees these types; unknown fields are skipped.
//!
//! Schema: <https://github.com/centrifugal/protocol/blob/master/client.proto>.

mod command;
mod lenient;
mod push;
mod reply;

pub(super) use command::*;
pub(super) use lenient::Message;
pub(super) use push::*;
pub(super) use reply::*;

/// A message whose fields, if any, are of no interest.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
pub(super) struct Empty {}
