//! Random commands and replies.

use std::collections::BTreeMap;

use super::*;
use crate::payload::{PayloadError, tests::random::Random};

/// Empty now and then, so that what is left out gets its turn.
fn word(random: &mut Random) -> String {
    if random.below(3) == 0 {
        String::new()
    } else {
        random.text()
    }
}

fn data(random: &mut Random) -> Payload {
    loop {
        let text = random.json(2);
        if let Ok(payload) = Payload::from_json(text.as_bytes(), &PayloadLimits::default()) {
            return payload;
        }
    }
}

fn some<T>(random: &mut Random, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.coin().then(|| make(random))
}

fn number(random: &mut Random) -> u32 {
    (random.number() >> random.below(64)) as u32
}

fn offset(random: &mut Random) -> u64 {
    random.number() >> 11 >> random.below(53)
}

fn several<T>(random: &mut Random, make: impl Fn(&mut Random) -> T) -> Vec<T> {
    let count = if random.below(10) == 0 { 20 } else { random.below(3) };
    (0..count).map(|_| make(random)).collect()
}

fn named<T>(random: &mut Random, make: impl Fn(&mut Random) -> T) -> BTreeMap<String, T> {
    several(random, |random| (random.text(), make(random)))
        .into_iter()
        .collect()
}

pub(super) fn any_command(random: &mut Random) -> Command {
    let request = any_request(random);
    let id = if matches!(request, Request::Send(_)) && random.coin() {
        0
    } else {
        number(random).max(1)
    };
    Command { id, request }
}

fn any_request(random: &mut Random) -> Request {
    let channel = word(random);
    match random.below(12) {
        0 => Request::Connect(ConnectRequest {
            token: word(random),
            data: some(random, |random| Ok(data(random))),
            subs: named(random, any_subscribe),
            name: word(random),
            version: word(random),
        }),
        1 => Request::Subscribe(any_subscribe(random)),
        2 => Request::Unsubscribe(UnsubscribeRequest { channel }),
        3 => Request::Publish(PublishRequest {
            channel,
            data: some(random, data).ok_or(PayloadError::Malformed),
            kind: number(random) as i32,
        }),
        4 => Request::Presence(PresenceRequest { channel }),
        5 => Request::PresenceStats(PresenceStatsRequest { channel }),
        6 => Request::History(HistoryRequest {
            channel,
            limit: number(random) as i32,
            since: some(random, |random| StreamPosition {
                offset: offset(random),
                epoch: word(random),
            }),
            reverse: random.coin(),
        }),
        7 => Request::Ping,
        8 => Request::Send(SendRequest { data: Ok(data(random)) }),
        9 => Request::Rpc(RpcRequest {
            method: word(random),
            data: some(random, |random| Ok(data(random))),
        }),
        10 => Request::Refresh(RefreshRequest { token: word(random) }),
        _ => Request::SubRefresh(SubRefreshRequest {
            channel,
            token: word(random),
            kind: number(random) as i32,
        }),
    }
}

fn any_subscribe(random: &mut Random) -> SubscribeRequest {
    SubscribeRequest {
        channel: word(random),
        token: word(random),
        recover: random.coin(),
        epoch: word(random),
        offset: offset(random),
        data: some(random, |random| Ok(data(random))),
        positioned: random.coin(),
        recoverable: random.coin(),
        join_leave: random.coin(),
        filtered: random.coin(),
        flag: number(random).into(),
        kind: number(random) as i32,
    }
}

pub(super) fn any_outgoing(random: &mut Random) -> Outgoing {
    match random.below(8) {
        0 => Outgoing::Ping,
        1..4 => Outgoing::Push(Push {
            channel: word(random).into(),
            event: any_event(random),
        }),
        4 => {
            let error = ReplyError {
                code: number(random),
                message: word(random).into(),
                temporary: random.coin(),
            };
            Outgoing::Reply(Reply::failure(number(random).max(1), error))
        }
        _ => Outgoing::Reply(Reply::success(number(random).max(1), any_result(random))),
    }
}

fn any_result(random: &mut Random) -> CommandResult {
    match random.below(11) {
        0 => CommandResult::Connect(any_connect(random)),
        1 => CommandResult::Subscribe(any_subscribed(random)),
        2 => CommandResult::Unsubscribe,
        3 => CommandResult::Publish,
        4 => CommandResult::Presence(named(random, any_client)),
        5 => CommandResult::PresenceStats(PresenceStatsResult {
            num_clients: number(random),
            num_users: number(random),
        }),
        6 => CommandResult::History(HistoryResult {
            publications: several(random, any_publication),
            epoch: word(random),
            offset: offset(random),
        }),
        7 => CommandResult::Ping,
        8 => CommandResult::Rpc(some(random, data)),
        9 => CommandResult::Refresh(RefreshResult {
            client: word(random),
            version: word(random),
            expires: random.coin(),
            ttl: number(random),
        }),
        _ => CommandResult::SubRefresh(SubRefreshResult {
            expires: random.coin(),
            ttl: number(random),
        }),
    }
}

fn any_connect(random: &mut Random) -> ConnectResult {
    ConnectResult {
        client: word(random),
        version: word(random),
        expires: random.coin(),
        ttl: number(random),
        data: some(random, data),
        subs: named(random, any_subscribed),
        ping: number(random),
        pong: random.coin(),
        session: word(random),
        node: word(random),
        time: number(random).into(),
    }
}

fn any_subscribed(random: &mut Random) -> SubscribeResult {
    SubscribeResult {
        expires: random.coin(),
        ttl: number(random),
        recoverable: random.coin(),
        epoch: word(random),
        publications: several(random, any_publication),
        recovered: random.coin(),
        offset: offset(random),
        positioned: random.coin(),
        data: some(random, data),
        was_recovering: random.coin(),
    }
}

fn any_publication(random: &mut Random) -> Publication {
    Publication {
        offset: offset(random),
        data: data(random),
        info: some(random, any_client),
        tags: named(random, word),
    }
}

fn any_client(random: &mut Random) -> ClientInfo {
    ClientInfo {
        user: word(random),
        client: word(random),
        conn_info: some(random, data),
        chan_info: some(random, data),
    }
}

fn any_event(random: &mut Random) -> Event {
    let (code, reason) = (number(random), word(random).into());
    match random.below(9) {
        0 => Event::Publication(any_publication(random)),
        1 => Event::Join(any_client(random)),
        2 => Event::Leave(any_client(random)),
        3 => Event::Unsubscribe(UnsubscribePush { code, reason }),
        4 => Event::Message(data(random)),
        5 => Event::Subscribe(SubscribePush {
            recoverable: random.coin(),
            epoch: word(random),
            offset: offset(random),
            positioned: random.coin(),
            data: some(random, data),
        }),
        6 => Event::Connect(Box::new(any_connect(random))),
        7 => Event::Disconnect(DisconnectPush { code, reason }),
        _ => Event::Refresh(RefreshPush {
            expires: random.coin(),
            ttl: number(random),
        }),
    }
}
