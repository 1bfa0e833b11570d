//! Requests from their wire form, with their data checked.

use bytes::Bytes;

use super::{
    command::{
        Command, ConnectRequest, Data, HistoryRequest, Incoming, PresenceRequest, PresenceStatsRequest, PublishRequest,
        RefreshRequest, Request, RpcRequest, SendRequest, StreamPosition, SubRefreshRequest, SubscribeRequest,
        UnsubscribeRequest,
    },
    encoding::{DecodeError, Encoding},
    wire,
};
use crate::payload::{Payload, PayloadError, PayloadLimits};

/// How data of this connection is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct DataReader<'l> {
    pub(super) encoding: Encoding,
    pub(super) limits: &'l PayloadLimits,
}

impl DataReader<'_> {
    fn read(self, data: &[u8]) -> Data {
        match self.encoding {
            // In Protobuf, data is JSON too: its UTF-8 bytes.
            Encoding::Json | Encoding::Protobuf => Payload::from_json(data, self.limits),
            Encoding::MessagePack => Payload::from_msgpack(data, self.limits),
        }
    }

    fn optional(self, data: Option<Bytes>) -> Option<Data> {
        // Protobuf writers that know no absence write empty bytes for it.
        data.filter(|data| !data.is_empty()).map(|data| self.read(&data))
    }

    fn required(self, data: Option<Bytes>) -> Data {
        self.optional(data).unwrap_or(Err(PayloadError::Malformed))
    }
}

/// The message's meaning: nothing at all is a pong, anything else must be a whole command.
pub(super) fn incoming(wire: wire::Command, data: DataReader<'_>) -> Result<Incoming, DecodeError> {
    let id = wire.id;
    let Some(request) = request(wire, data) else {
        return if id == 0 { Ok(Incoming::Pong) } else { Err(DecodeError) };
    };
    if id == 0 && !matches!(request, Request::Send(_)) {
        return Err(DecodeError);
    }
    Ok(Incoming::Command(Command { id, request }))
}

/// The first request that is there, in the order of the protocol.
fn request(wire: wire::Command, data: DataReader<'_>) -> Option<Request> {
    let request = if let Some(connect) = wire.connect {
        Request::Connect(self::connect(*connect, data))
    } else if let Some(subscribe) = wire.subscribe {
        Request::Subscribe(self::subscribe(*subscribe, data))
    } else if let Some(wire::ChannelRequest { channel }) = wire.unsubscribe {
        Request::Unsubscribe(UnsubscribeRequest { channel })
    } else if let Some(publish) = wire.publish {
        Request::Publish(PublishRequest {
            channel: publish.channel,
            data: data.required(publish.data),
            kind: publish.kind,
        })
    } else if let Some(wire::ChannelRequest { channel }) = wire.presence {
        Request::Presence(PresenceRequest { channel })
    } else if let Some(wire::ChannelRequest { channel }) = wire.presence_stats {
        Request::PresenceStats(PresenceStatsRequest { channel })
    } else if let Some(history) = wire.history {
        Request::History(self::history(history))
    } else if wire.ping.is_some() {
        Request::Ping
    } else if let Some(send) = wire.send {
        Request::Send(SendRequest {
            data: data.required(send.data),
        })
    } else if let Some(rpc) = wire.rpc {
        Request::Rpc(RpcRequest {
            method: rpc.method,
            data: data.optional(rpc.data),
        })
    } else if let Some(wire::RefreshRequest { token }) = wire.refresh {
        Request::Refresh(RefreshRequest { token })
    } else {
        Request::SubRefresh(sub_refresh(wire.sub_refresh?))
    };
    Some(request)
}

fn connect(wire: wire::ConnectRequest, data: DataReader<'_>) -> ConnectRequest {
    ConnectRequest {
        token: wire.token,
        data: data.optional(wire.data),
        subs: wire
            .subs
            .into_iter()
            .map(|(channel, sub)| (channel, subscribe(sub, data)))
            .collect(),
        name: wire.name,
        version: wire.version,
    }
}

fn subscribe(wire: wire::SubscribeRequest, data: DataReader<'_>) -> SubscribeRequest {
    SubscribeRequest {
        channel: wire.channel,
        token: wire.token,
        recover: wire.recover,
        epoch: wire.epoch,
        offset: wire.offset,
        data: data.optional(wire.data),
        positioned: wire.positioned,
        recoverable: wire.recoverable,
        join_leave: wire.join_leave,
        filtered: wire.tf.is_some(),
        flag: wire.flag,
        kind: wire.kind,
    }
}

fn history(wire: wire::HistoryRequest) -> HistoryRequest {
    HistoryRequest {
        channel: wire.channel,
        limit: wire.limit,
        since: wire
            .since
            .map(|wire::StreamPosition { offset, epoch }| StreamPosition { offset, epoch }),
        reverse: wire.reverse,
    }
}

fn sub_refresh(wire: wire::SubRefreshRequest) -> SubRefreshRequest {
    SubRefreshRequest {
        channel: wire.channel,
        token: wire.token,
        kind: wire.kind,
    }
}
