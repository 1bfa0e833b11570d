//! Replies and pushes in Protobuf.

use prost::Message;

use super::{
    push::{ClientInfo, Event, Publication, Push},
    reply::{CommandResult, ConnectResult, HistoryResult, Reply, SubscribeResult},
    wire,
};
use crate::payload::{INTEGER_MAX, Payload};

pub(super) fn append_reply(reply: &Reply, out: &mut Vec<u8>) {
    append(wire_reply(reply), out);
}

pub(super) fn append_push(push: &Push, out: &mut Vec<u8>) {
    append_push_fields(wire_push(push), out);
}

pub(super) fn append_publication(channel: &str, entry: &Publication, out: &mut Vec<u8>) {
    let push = wire::Push {
        channel: channel.to_owned(),
        publication: Some(publication(entry)),
        ..Default::default()
    };
    append_push_fields(push, out);
}

fn append_push_fields(push: wire::Push, out: &mut Vec<u8>) {
    append(
        wire::Reply {
            push: Some(push),
            ..Default::default()
        },
        out,
    );
}

fn append(reply: wire::Reply, out: &mut Vec<u8>) {
    // A vector grows as it has to: the only error there is, too little room, does not happen.
    reply.encode_raw(out);
}

fn data(payload: Option<&Payload>) -> Option<bytes::Bytes> {
    payload.map(Payload::bytes)
}

fn wire_reply(reply: &Reply) -> wire::Reply {
    let mut to = wire::Reply {
        id: reply.id,
        ..Default::default()
    };
    match &reply.result {
        Ok(result) => set_result(&mut to, result),
        Err(error) => {
            to.error = Some(wire::Error {
                code: error.code,
                message: error.message.clone().into_owned(),
                temporary: error.temporary,
            });
        }
    }
    to
}

fn set_result(to: &mut wire::Reply, result: &CommandResult) {
    let empty = Some(wire::Empty {});
    match result {
        CommandResult::Connect(result) => to.connect = Some(Box::new(connect(result))),
        CommandResult::Subscribe(result) => to.subscribe = Some(Box::new(subscribe(result))),
        CommandResult::Unsubscribe => to.unsubscribe = empty,
        CommandResult::Publish => to.publish = empty,
        CommandResult::Presence(clients) => {
            let presence = clients
                .iter()
                .map(|(client, info)| (client.clone(), client_info(info)))
                .collect();
            to.presence = Some(wire::PresenceResult { presence });
        }
        CommandResult::PresenceStats(stats) => {
            to.presence_stats = Some(wire::PresenceStatsResult {
                num_clients: stats.num_clients,
                num_users: stats.num_users,
            });
        }
        CommandResult::History(result) => to.history = Some(history(result)),
        CommandResult::Ping => to.ping = empty,
        CommandResult::Rpc(result) => {
            to.rpc = Some(wire::Data {
                data: data(result.as_ref()),
            });
        }
        CommandResult::Refresh(result) => {
            to.refresh = Some(wire::RefreshResult {
                client: result.client.clone(),
                version: result.version.clone(),
                expires: result.expires,
                ttl: result.ttl,
            });
        }
        CommandResult::SubRefresh(result) => {
            to.sub_refresh = Some(wire::Expiry {
                expires: result.expires,
                ttl: result.ttl,
            });
        }
    }
}

fn connect(result: &ConnectResult) -> wire::Connect {
    wire::Connect {
        client: result.client.clone(),
        version: result.version.clone(),
        expires: result.expires,
        ttl: result.ttl,
        data: data(result.data.as_ref()),
        subs: result
            .subs
            .iter()
            .map(|(channel, sub)| (channel.clone(), subscribe(sub)))
            .collect(),
        ping: result.ping,
        pong: result.pong,
        session: result.session.clone(),
        node: result.node.clone(),
        time: result.time,
    }
}

fn subscribe(result: &SubscribeResult) -> wire::SubscribeResult {
    wire::SubscribeResult {
        expires: result.expires,
        ttl: result.ttl,
        recoverable: result.recoverable,
        epoch: result.epoch.clone(),
        publications: result.publications.iter().map(publication).collect(),
        recovered: result.recovered,
        offset: offset(result.offset),
        positioned: result.positioned,
        data: data(result.data.as_ref()),
        was_recovering: result.was_recovering,
    }
}

/// The same bound as in the other encodings, for SDKs whose numbers are doubles.
fn offset(offset: u64) -> u64 {
    offset.min(INTEGER_MAX)
}

fn history(result: &HistoryResult) -> wire::HistoryResult {
    wire::HistoryResult {
        publications: result.publications.iter().map(publication).collect(),
        epoch: result.epoch.clone(),
        offset: offset(result.offset),
    }
}

fn publication(entry: &Publication) -> wire::Publication {
    wire::Publication {
        data: Some(entry.data.bytes()),
        info: entry.info.as_ref().map(client_info),
        offset: offset(entry.offset),
        tags: entry.tags.clone(),
    }
}

fn client_info(info: &ClientInfo) -> wire::ClientInfo {
    wire::ClientInfo {
        user: info.user.clone(),
        client: info.client.clone(),
        conn_info: data(info.conn_info.as_ref()),
        chan_info: data(info.chan_info.as_ref()),
    }
}

fn wire_push(push: &Push) -> wire::Push {
    let mut to = wire::Push {
        channel: push.channel.as_ref().to_owned(),
        ..Default::default()
    };
    let membership = |info| {
        Some(wire::Membership {
            info: Some(client_info(info)),
        })
    };
    match &push.event {
        Event::Publication(entry) => to.publication = Some(publication(entry)),
        Event::Join(info) => to.join = membership(info),
        Event::Leave(info) => to.leave = membership(info),
        Event::Unsubscribe(end) => {
            to.unsubscribe = Some(wire::Unsubscribe {
                code: end.code,
                reason: end.reason.clone().into_owned(),
            });
        }
        Event::Message(message) => {
            to.message = Some(wire::Data {
                data: Some(message.bytes()),
            });
        }
        Event::Subscribe(begin) => {
            to.subscribe = Some(wire::Subscribe {
                recoverable: begin.recoverable,
                epoch: begin.epoch.clone(),
                offset: offset(begin.offset),
                positioned: begin.positioned,
                data: data(begin.data.as_ref()),
            });
        }
        Event::Connect(result) => to.connect = Some(Box::new(connect(result).into())),
        Event::Disconnect(end) => {
            to.disconnect = Some(wire::Disconnect {
                code: end.code,
                reason: end.reason.clone().into_owned(),
            });
        }
        Event::Refresh(renewed) => {
            to.refresh = Some(wire::Expiry {
                expires: renewed.expires,
                ttl: renewed.ttl,
            });
        }
    }
    to
}
