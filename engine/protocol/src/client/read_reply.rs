//! Replies and pushes from their wire form, as a client reads them.

use bytes::Bytes;

use super::{
    encoding::{DecodeError, Encoding},
    push::{ClientInfo, DisconnectPush, Event, Publication, Push, RefreshPush, SubscribePush, UnsubscribePush},
    reply::{
        CommandResult, ConnectResult, HistoryResult, PresenceStatsResult, RefreshResult, Reply, ReplyError,
        SubRefreshResult, SubscribeResult,
    },
    wire,
};
use crate::payload::{Payload, PayloadLimits};

/// One message of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// The answer to a command.
    Reply(Reply),
    /// Something unasked.
    Push(Push),
    /// Asks for a sign of life: answered by an empty message, see [`encode_pong`](super::encode_pong).
    Ping,
}

/// Reads the data that a server sent in one encoding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader(pub(super) Encoding);

impl Reader {
    fn data(self, data: Bytes) -> Result<Payload, DecodeError> {
        if self.0 != Encoding::MessagePack {
            // What the server sends has been checked by the server.
            return Ok(Payload::from_trusted(data));
        }
        let limits = PayloadLimits {
            bytes: usize::MAX,
            depth: usize::MAX,
        };
        Payload::from_msgpack(&data, &limits).map_err(|_| DecodeError)
    }

    fn optional(self, data: Option<Bytes>) -> Result<Option<Payload>, DecodeError> {
        data.filter(|data| !data.is_empty())
            .map(|data| self.data(data))
            .transpose()
    }

    pub(super) fn outgoing(self, wire: wire::Reply) -> Result<Outgoing, DecodeError> {
        let id = wire.id;
        if id == 0 {
            return wire
                .push
                .map_or(Ok(Outgoing::Ping), |push| self.push(push).map(Outgoing::Push));
        }
        if let Some(error) = wire.error {
            let error = ReplyError {
                code: error.code,
                message: error.message.into(),
                temporary: error.temporary,
            };
            return Ok(Outgoing::Reply(Reply::failure(id, error)));
        }
        Ok(Outgoing::Reply(Reply::success(id, self.result(wire)?)))
    }

    fn result(self, wire: wire::Reply) -> Result<CommandResult, DecodeError> {
        Ok(if let Some(result) = wire.connect {
            CommandResult::Connect(self.connect(*result)?)
        } else if let Some(result) = wire.subscribe {
            CommandResult::Subscribe(self.subscribe(*result)?)
        } else if wire.unsubscribe.is_some() {
            CommandResult::Unsubscribe
        } else if wire.publish.is_some() {
            CommandResult::Publish
        } else if let Some(result) = wire.presence {
            let clients = result
                .presence
                .into_iter()
                .map(|(client, info)| Ok((client, self.client_info(info)?)));
            CommandResult::Presence(clients.collect::<Result<_, _>>()?)
        } else if let Some(wire::PresenceStatsResult { num_clients, num_users }) = wire.presence_stats {
            CommandResult::PresenceStats(PresenceStatsResult { num_clients, num_users })
        } else if let Some(result) = wire.history {
            CommandResult::History(HistoryResult {
                publications: self.publications(result.publications)?,
                epoch: result.epoch,
                offset: result.offset,
            })
        } else if wire.ping.is_some() {
            CommandResult::Ping
        } else if let Some(result) = wire.rpc {
            CommandResult::Rpc(self.optional(result.data)?)
        } else if let Some(result) = wire.refresh {
            CommandResult::Refresh(RefreshResult {
                client: result.client,
                version: result.version,
                expires: result.expires,
                ttl: result.ttl,
            })
        } else {
            let wire::Expiry { expires, ttl } = wire.sub_refresh.ok_or(DecodeError)?;
            CommandResult::SubRefresh(SubRefreshResult { expires, ttl })
        })
    }

    fn connect(self, wire: wire::Connect) -> Result<ConnectResult, DecodeError> {
        let subs = wire
            .subs
            .into_iter()
            .map(|(channel, sub)| Ok((channel, self.subscribe(sub)?)));
        Ok(ConnectResult {
            client: wire.client,
            version: wire.version,
            expires: wire.expires,
            ttl: wire.ttl,
            data: self.optional(wire.data)?,
            subs: subs.collect::<Result<_, _>>()?,
            ping: wire.ping,
            pong: wire.pong,
            session: wire.session,
            node: wire.node,
            time: wire.time,
        })
    }

    fn subscribe(self, wire: wire::SubscribeResult) -> Result<SubscribeResult, DecodeError> {
        Ok(SubscribeResult {
            expires: wire.expires,
            ttl: wire.ttl,
            recoverable: wire.recoverable,
            epoch: wire.epoch,
            publications: self.publications(wire.publications)?,
            recovered: wire.recovered,
            offset: wire.offset,
            positioned: wire.positioned,
            data: self.optional(wire.data)?,
            was_recovering: wire.was_recovering,
        })
    }

    fn publications(self, list: Vec<wire::Publication>) -> Result<Vec<Publication>, DecodeError> {
        list.into_iter().map(|entry| self.publication(entry)).collect()
    }

    fn publication(self, wire: wire::Publication) -> Result<Publication, DecodeError> {
        Ok(Publication {
            offset: wire.offset,
            data: self.optional(wire.data)?.ok_or(DecodeError)?,
            info: wire.info.map(|info| self.client_info(info)).transpose()?,
            tags: wire.tags,
        })
    }

    fn client_info(self, wire: wire::ClientInfo) -> Result<ClientInfo, DecodeError> {
        Ok(ClientInfo {
            user: wire.user,
            client: wire.client,
            conn_info: self.optional(wire.conn_info)?,
            chan_info: self.optional(wire.chan_info)?,
        })
    }

    fn push(self, wire: wire::Push) -> Result<Push, DecodeError> {
        let membership = |wire: wire::Membership| self.client_info(wire.info.unwrap_or_default());
        let event = if let Some(entry) = wire.publication {
            Event::Publication(self.publication(entry)?)
        } else if let Some(join) = wire.join {
            Event::Join(membership(join)?)
        } else if let Some(leave) = wire.leave {
            Event::Leave(membership(leave)?)
        } else if let Some(wire::Unsubscribe { code, reason }) = wire.unsubscribe {
            let reason = reason.into();
            Event::Unsubscribe(UnsubscribePush { code, reason })
        } else if let Some(message) = wire.message {
            Event::Message(self.optional(message.data)?.ok_or(DecodeError)?)
        } else if let Some(begin) = wire.subscribe {
            Event::Subscribe(SubscribePush {
                recoverable: begin.recoverable,
                epoch: begin.epoch,
                offset: begin.offset,
                positioned: begin.positioned,
                data: self.optional(begin.data)?,
            })
        } else if let Some(result) = wire.connect {
            Event::Connect(Box::new(self.connect((*result).into())?))
        } else if let Some(wire::Disconnect { code, reason }) = wire.disconnect {
            let reason = reason.into();
            Event::Disconnect(DisconnectPush { code, reason })
        } else {
            let wire::Expiry { expires, ttl } = wire.refresh.ok_or(DecodeError)?;
            Event::Refresh(RefreshPush { expires, ttl })
        };
        let channel = wire.channel.into();
        Ok(Push { channel, event })
    }
}
