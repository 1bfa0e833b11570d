//! Replies and pushes as documents: which fields they have in JSON and MessagePack.

use std::collections::BTreeMap;

use super::{
    document::{Document, Head},
    push::{ClientInfo, Event, Publication, Push, SubscribePush},
    reply::{CommandResult, ConnectResult, HistoryResult, RefreshResult, Reply, ReplyError, SubscribeResult},
};
use crate::payload::Payload;

pub(super) fn reply(to: &mut impl Document, reply: &Reply) {
    let map = to.open();
    to.integer_field(&map, "id", reply.id.into());
    match &reply.result {
        Ok(result) => {
            to.key(&map, result_name(result));
            command_result(to, result);
        }
        Err(failure) => {
            to.key(&map, "error");
            error(to, failure);
        }
    }
    to.close();
}

fn result_name(result: &CommandResult) -> &'static str {
    match result {
        CommandResult::Connect(_) => "connect",
        CommandResult::Subscribe(_) => "subscribe",
        CommandResult::Unsubscribe => "unsubscribe",
        CommandResult::Publish => "publish",
        CommandResult::Presence(_) => "presence",
        CommandResult::PresenceStats(_) => "presence_stats",
        CommandResult::History(_) => "history",
        CommandResult::Ping => "ping",
        CommandResult::Rpc(_) => "rpc",
        CommandResult::Refresh(_) => "refresh",
        CommandResult::SubRefresh(_) => "sub_refresh",
    }
}

fn command_result(to: &mut impl Document, result: &CommandResult) {
    match result {
        CommandResult::Connect(result) => connect(to, result),
        CommandResult::Subscribe(result) => subscribe(to, result),
        CommandResult::Unsubscribe | CommandResult::Publish | CommandResult::Ping => data(to, None),
        CommandResult::Presence(clients) => presence(to, clients),
        CommandResult::PresenceStats(stats) => {
            let map = to.open();
            to.key(&map, "num_clients");
            to.integer(stats.num_clients.into());
            to.key(&map, "num_users");
            to.integer(stats.num_users.into());
            to.close();
        }
        CommandResult::History(result) => history(to, result),
        CommandResult::Rpc(result) => data(to, result.as_ref()),
        CommandResult::Refresh(result) => refresh(to, result),
        CommandResult::SubRefresh(result) => expiry(to, result.expires, result.ttl),
    }
}

fn error(to: &mut impl Document, error: &ReplyError) {
    let map = to.open();
    to.integer_field(&map, "code", error.code.into());
    // SDKs read the words without asking whether there are any.
    to.key(&map, "message");
    to.string(&error.message);
    to.truth_field(&map, "temporary", error.temporary);
    to.close();
}

fn data(to: &mut impl Document, data: Option<&Payload>) {
    let map = to.open();
    to.value_field(&map, "data", data);
    to.close();
}

fn expiry_fields(to: &mut impl Document, map: &Head, expires: bool, ttl: u32) {
    to.truth_field(map, "expires", expires);
    to.integer_field(map, "ttl", ttl.into());
}

fn expiry(to: &mut impl Document, expires: bool, ttl: u32) {
    let map = to.open();
    expiry_fields(to, &map, expires, ttl);
    to.close();
}

fn refresh(to: &mut impl Document, result: &RefreshResult) {
    let map = to.open();
    to.text_field(&map, "client", &result.client);
    to.text_field(&map, "version", &result.version);
    expiry_fields(to, &map, result.expires, result.ttl);
    to.close();
}

fn connect(to: &mut impl Document, result: &ConnectResult) {
    let map = to.open();
    to.text_field(&map, "client", &result.client);
    to.text_field(&map, "version", &result.version);
    expiry_fields(to, &map, result.expires, result.ttl);
    to.value_field(&map, "data", result.data.as_ref());
    if !result.subs.is_empty() {
        to.key(&map, "subs");
        to.open_entries(result.subs.len());
        for (channel, sub) in &result.subs {
            to.entry(channel);
            subscribe(to, sub);
        }
        to.close_entries();
    }
    to.integer_field(&map, "ping", result.ping.into());
    to.truth_field(&map, "pong", result.pong);
    to.text_field(&map, "session", &result.session);
    to.text_field(&map, "node", &result.node);
    to.integer_field(&map, "time", result.time);
    to.close();
}

fn subscribe(to: &mut impl Document, result: &SubscribeResult) {
    let map = to.open();
    expiry_fields(to, &map, result.expires, result.ttl);
    to.truth_field(&map, "recoverable", result.recoverable);
    to.text_field(&map, "epoch", &result.epoch);
    if !result.publications.is_empty() {
        publications(to, &map, &result.publications);
    }
    to.truth_field(&map, "recovered", result.recovered);
    to.offset_field(&map, "offset", result.offset);
    to.truth_field(&map, "positioned", result.positioned);
    to.value_field(&map, "data", result.data.as_ref());
    to.truth_field(&map, "was_recovering", result.was_recovering);
    to.close();
}

fn publications(to: &mut impl Document, map: &Head, list: &[Publication]) {
    to.key(map, "publications");
    to.open_list(list.len());
    for entry in list {
        to.element();
        publication(to, entry);
    }
    to.close_list();
}

fn presence(to: &mut impl Document, clients: &BTreeMap<String, ClientInfo>) {
    let map = to.open();
    to.key(&map, "presence");
    to.open_entries(clients.len());
    for (client, info) in clients {
        to.entry(client);
        client_info(to, info);
    }
    to.close_entries();
    to.close();
}

fn history(to: &mut impl Document, result: &HistoryResult) {
    let map = to.open();
    publications(to, &map, &result.publications);
    to.key(&map, "epoch");
    to.string(&result.epoch);
    to.key(&map, "offset");
    to.offset(result.offset);
    to.close();
}

fn publication(to: &mut impl Document, publication: &Publication) {
    let map = to.open();
    to.value_field(&map, "data", Some(&publication.data));
    if let Some(info) = &publication.info {
        to.key(&map, "info");
        client_info(to, info);
    }
    to.offset_field(&map, "offset", publication.offset);
    if !publication.tags.is_empty() {
        to.key(&map, "tags");
        to.open_entries(publication.tags.len());
        for (name, value) in &publication.tags {
            to.entry(name);
            to.string(value);
        }
        to.close_entries();
    }
    to.close();
}

fn client_info(to: &mut impl Document, info: &ClientInfo) {
    let map = to.open();
    to.key(&map, "user");
    to.string(&info.user);
    to.key(&map, "client");
    to.string(&info.client);
    to.value_field(&map, "conn_info", info.conn_info.as_ref());
    to.value_field(&map, "chan_info", info.chan_info.as_ref());
    to.close();
}

/// A push around whatever `body` writes for its one field `name`.
fn push_around<D: Document>(to: &mut D, channel: &str, name: &'static str, body: impl FnOnce(&mut D)) {
    let outer = to.open();
    to.key(&outer, "push");
    let map = to.open();
    to.text_field(&map, "channel", channel);
    to.key(&map, name);
    body(to);
    to.close();
    to.close();
}

pub(super) fn publication_push(to: &mut impl Document, channel: &str, entry: &Publication) {
    push_around(to, channel, "pub", |to| publication(to, entry));
}

pub(super) fn push(to: &mut impl Document, push: &Push) {
    let channel = &*push.channel;
    match &push.event {
        Event::Publication(entry) => publication_push(to, channel, entry),
        Event::Join(info) => push_around(to, channel, "join", |to| membership(to, info)),
        Event::Leave(info) => push_around(to, channel, "leave", |to| membership(to, info)),
        Event::Unsubscribe(end) => {
            push_around(to, channel, "unsubscribe", |to| ending(to, end.code, &end.reason));
        }
        Event::Message(message) => push_around(to, channel, "message", |to| data(to, Some(message))),
        Event::Subscribe(begin) => push_around(to, channel, "subscribe", |to| subscribe_push(to, begin)),
        Event::Connect(result) => push_around(to, channel, "connect", |to| connect(to, result)),
        Event::Disconnect(end) => {
            push_around(to, channel, "disconnect", |to| ending(to, end.code, &end.reason));
        }
        Event::Refresh(renewed) => {
            push_around(to, channel, "refresh", |to| expiry(to, renewed.expires, renewed.ttl));
        }
    }
}

fn membership(to: &mut impl Document, info: &ClientInfo) {
    let map = to.open();
    to.key(&map, "info");
    client_info(to, info);
    to.close();
}

fn ending(to: &mut impl Document, code: u32, reason: &str) {
    let map = to.open();
    to.integer_field(&map, "code", code.into());
    to.text_field(&map, "reason", reason);
    to.close();
}

fn subscribe_push(to: &mut impl Document, begin: &SubscribePush) {
    let map = to.open();
    to.truth_field(&map, "recoverable", begin.recoverable);
    to.text_field(&map, "epoch", &begin.epoch);
    to.offset_field(&map, "offset", begin.offset);
    to.truth_field(&map, "positioned", begin.positioned);
    to.value_field(&map, "data", begin.data.as_ref());
    to.close();
}
