//! Commands in Protobuf, as a client writes them.

use bytes::Bytes;

use super::{
    command::{Command, ConnectRequest, Data, HistoryRequest, Request, SubscribeRequest},
    wire,
};

impl From<&Command> for wire::Command {
    fn from(command: &Command) -> Self {
        let mut to = Self {
            id: command.id,
            ..Self::default()
        };
        match &command.request {
            Request::Connect(request) => to.connect = Some(Box::new(connect(request))),
            Request::Subscribe(request) => to.subscribe = Some(Box::new(subscribe(request))),
            Request::Unsubscribe(request) => to.unsubscribe = about(&request.channel),
            Request::Publish(request) => {
                to.publish = Some(wire::PublishRequest {
                    channel: request.channel.clone(),
                    data: accepted(&request.data),
                    kind: request.kind,
                });
            }
            Request::Presence(request) => to.presence = about(&request.channel),
            Request::PresenceStats(request) => to.presence_stats = about(&request.channel),
            Request::History(request) => to.history = Some(history(request)),
            Request::Ping => to.ping = Some(wire::Empty {}),
            Request::Send(request) => {
                to.send = Some(wire::SendRequest {
                    data: accepted(&request.data),
                });
            }
            Request::Rpc(request) => {
                to.rpc = Some(wire::RpcRequest {
                    data: request.data.as_ref().and_then(accepted),
                    method: request.method.clone(),
                });
            }
            Request::Refresh(request) => {
                to.refresh = Some(wire::RefreshRequest {
                    token: request.token.clone(),
                });
            }
            Request::SubRefresh(request) => {
                to.sub_refresh = Some(wire::SubRefreshRequest {
                    channel: request.channel.clone(),
                    token: request.token.clone(),
                    kind: request.kind,
                });
            }
        }
        to
    }
}

fn accepted(data: &Data) -> Option<Bytes> {
    data.as_ref().ok().map(|payload| payload.bytes())
}

fn about(channel: &str) -> Option<wire::ChannelRequest> {
    Some(wire::ChannelRequest {
        channel: channel.to_owned(),
    })
}

fn connect(request: &ConnectRequest) -> wire::ConnectRequest {
    wire::ConnectRequest {
        token: request.token.clone(),
        data: request.data.as_ref().and_then(accepted),
        subs: request
            .subs
            .iter()
            .map(|(channel, sub)| (channel.clone(), subscribe(sub)))
            .collect(),
        name: request.name.clone(),
        version: request.version.clone(),
    }
}

fn subscribe(request: &SubscribeRequest) -> wire::SubscribeRequest {
    wire::SubscribeRequest {
        channel: request.channel.clone(),
        token: request.token.clone(),
        recover: request.recover,
        epoch: request.epoch.clone(),
        offset: request.offset,
        data: request.data.as_ref().and_then(accepted),
        positioned: request.positioned,
        recoverable: request.recoverable,
        join_leave: request.join_leave,
        tf: request.filtered.then_some(wire::Empty {}),
        flag: request.flag,
        kind: request.kind,
    }
}

fn history(request: &HistoryRequest) -> wire::HistoryRequest {
    wire::HistoryRequest {
        channel: request.channel.clone(),
        limit: request.limit,
        since: request.since.as_ref().map(|since| wire::StreamPosition {
            offset: since.offset,
            epoch: since.epoch.clone(),
        }),
        reverse: request.reverse,
    }
}
