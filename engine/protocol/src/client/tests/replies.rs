//! Replies and pushes as SDKs read them: which fields are there, and which are left out.

use std::collections::BTreeMap;

use super::*;
use crate::{Disconnect, Error, ErrorCode, Unsubscribe};

#[test]
fn results_are_there_even_when_they_are_empty() {
    for (result, text) in [
        (
            CommandResult::Connect(ConnectResult::default()),
            r#"{"id":7,"connect":{}}"#,
        ),
        (
            CommandResult::Subscribe(SubscribeResult::default()),
            r#"{"id":7,"subscribe":{}}"#,
        ),
        (CommandResult::Unsubscribe, r#"{"id":7,"unsubscribe":{}}"#),
        (CommandResult::Publish, r#"{"id":7,"publish":{}}"#),
        (
            CommandResult::Presence(BTreeMap::new()),
            r#"{"id":7,"presence":{"presence":{}}}"#,
        ),
        (
            CommandResult::PresenceStats(PresenceStatsResult::default()),
            r#"{"id":7,"presence_stats":{"num_clients":0,"num_users":0}}"#,
        ),
        (
            CommandResult::History(HistoryResult::default()),
            r#"{"id":7,"history":{"publications":[],"epoch":"","offset":0}}"#,
        ),
        (CommandResult::Ping, r#"{"id":7,"ping":{}}"#),
        (CommandResult::Rpc(None), r#"{"id":7,"rpc":{}}"#),
        (
            CommandResult::Refresh(RefreshResult::default()),
            r#"{"id":7,"refresh":{}}"#,
        ),
        (
            CommandResult::SubRefresh(SubRefreshResult::default()),
            r#"{"id":7,"sub_refresh":{}}"#,
        ),
    ] {
        assert_eq!(json(7, result), text);
    }
}

#[test]
fn a_connect_result_tells_all_it_has() {
    let sub = SubscribeResult {
        recoverable: true,
        positioned: true,
        epoch: "e".into(),
        offset: 3,
        publications: vec![Publication::new(3, payload("[]"))],
        recovered: true,
        was_recovering: true,
        ..Default::default()
    };
    let result = ConnectResult {
        client: "c".into(),
        version: "plenum \"1\"".into(),
        expires: true,
        ttl: 60,
        data: Some(payload("null")),
        subs: BTreeMap::from([("user:u".into(), sub)]),
        ping: 25,
        pong: true,
        session: "s".into(),
        node: "n".into(),
        time: 1_700_000_000_000,
    };
    let text = concat!(
        r#"{"id":1,"connect":{"client":"c","version":"plenum \"1\"","expires":true,"ttl":60,"data":null,"#,
        r#""subs":{"user:u":{"recoverable":true,"epoch":"e","publications":[{"data":[],"offset":3}],"recovered":true,"#,
        r#""offset":3,"positioned":true,"was_recovering":true}},"#,
        r#""ping":25,"pong":true,"session":"s","node":"n","time":1700000000000}}"#
    );
    assert_eq!(json(1, CommandResult::Connect(result)), text);
}

#[test]
fn an_error_has_its_number_words_and_whether_to_try_again() {
    for (error, text) in [
        (
            ErrorCode::TooManyRequests.into(),
            r#"{"id":2,"error":{"code":111,"message":"too many requests","temporary":true}}"#,
        ),
        (
            Error::new(ErrorCode::Invalid, "no title"),
            r#"{"id":2,"error":{"code":422,"message":"no title"}}"#,
        ),
    ] {
        let mut out = Vec::new();
        encode_reply(Encoding::Json, &Reply::failure(2, error), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), text);
    }
}

#[test]
fn pushes_have_the_names_that_sdks_look_for() {
    let info = ClientInfo {
        user: String::new(),
        client: "c".into(),
        conn_info: Some(payload("{\"name\":\"Аня\"}")),
        chan_info: None,
    };
    let publication = Publication {
        info: Some(info.clone()),
        tags: BTreeMap::from([("k".into(), "v".into())]),
        ..Publication::new(5, payload("1"))
    };
    let client = r#"{"user":"","client":"c","conn_info":{"name":"Аня"}}"#;
    for (channel, event, text) in [
        (
            "a",
            Event::Publication(publication),
            format!(r#"{{"channel":"a","pub":{{"data":1,"info":{client},"offset":5,"tags":{{"k":"v"}}}}}}"#),
        ),
        (
            "a",
            Event::Join(info.clone()),
            format!(r#"{{"channel":"a","join":{{"info":{client}}}}}"#),
        ),
        (
            "a",
            Event::Leave(info),
            format!(r#"{{"channel":"a","leave":{{"info":{client}}}}}"#),
        ),
        (
            "a",
            Event::Unsubscribe(Unsubscribe::InsufficientState.into()),
            r#"{"channel":"a","unsubscribe":{"code":2500,"reason":"insufficient state"}}"#.into(),
        ),
        (
            "",
            Event::Message(payload("\"m\"")),
            r#"{"message":{"data":"m"}}"#.into(),
        ),
        (
            "a",
            Event::Subscribe(SubscribePush::default()),
            r#"{"channel":"a","subscribe":{}}"#.into(),
        ),
        ("", Event::Connect(Box::default()), r#"{"connect":{}}"#.into()),
        (
            "",
            Event::Disconnect(Disconnect::Shutdown.into()),
            r#"{"disconnect":{"code":3001,"reason":"shutdown"}}"#.into(),
        ),
        (
            "",
            Event::Refresh(RefreshPush { expires: true, ttl: 5 }),
            r#"{"refresh":{"expires":true,"ttl":5}}"#.into(),
        ),
    ] {
        assert_eq!(pushed(channel, event), format!(r#"{{"push":{text}}}"#));
    }
}
