//! Stories about back ends that publish, look and decide by the server API.

mod http_kit;

use std::{
    io::{BufRead as _, BufReader},
    time::{Duration, Instant},
};

use http_kit::{Answer, Folder, Node};
use rustix::process::Signal;
use serde_json::{Value, json};

const KEY: &str = "key of the server API";
/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

fn node() -> Node {
    Node::start_in(Folder::new(), &[("PLENUM_API__KEY", KEY)])
}

/// A back end with the key.
struct BackEnd<'a>(&'a Node);

impl BackEnd<'_> {
    fn posts(&self, path: &str, body: &str) -> Answer {
        let path = format!("{path}?api_key={}", KEY.replace(' ', "%20"));
        self.0.nobody().sends("POST", &path, "application/json", body)
    }

    #[track_caller]
    fn calls(&self, method: &str, params: Value) -> Value {
        let answer = self.posts(&format!("/api/{method}"), &params.to_string());
        assert_eq!(answer.status, 200, "{method} {params}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        answer.json()
    }

    #[track_caller]
    fn gets(&self, method: &str, params: Value) -> Value {
        let reply = self.calls(method, params.clone());
        assert!(reply.get("error").is_none(), "{method} {params}: {reply}");
        reply["result"].clone()
    }

    #[track_caller]
    fn is_refused(&self, method: &str, params: Value, code: u32) {
        let reply = self.calls(method, params.clone());
        assert_eq!(reply["error"]["code"], code, "{method} {params}: {reply}");
        assert!(reply["error"]["message"].is_string(), "{reply}");
        assert!(reply.get("result").is_none(), "{reply}");
    }

    /// Every `data` of a channel's log, in order.
    fn reads(&self, channel: &str) -> Vec<Value> {
        let page = self.gets("history", json!({ "channel": channel, "limit": -1 }));
        let publications = page["publications"].as_array().expect("a list").iter();
        publications.map(|publication| publication["data"].clone()).collect()
    }
}

/// A connected client: a stream of lines.
struct Phone {
    client: String,
    lines: std::io::Lines<Box<dyn std::io::BufRead>>,
}

impl Phone {
    fn connects(node: &Node, token: &str) -> Self {
        let connect = json!({ "id": 1, "connect": { "token": token } });
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let answer = agent
            .post(format!("{}/connection/http_stream", node.address))
            .header("content-type", "application/json")
            .send(connect.to_string())
            .expect("a stream");
        let reader: Box<dyn std::io::BufRead> = Box::new(BufReader::new(answer.into_body().into_reader()));
        let mut phone = Self {
            client: String::new(),
            lines: reader.lines(),
        };
        let reply = phone.next();
        phone.client = reply["connect"]["client"].as_str().expect("an id").to_owned();
        phone
    }

    /// The next line that is not a ping.
    fn next(&mut self) -> Value {
        loop {
            let line = self.lines.next().expect("the stream goes on").expect("readable");
            if !line.is_empty() && line != "{}" {
                return serde_json::from_str(&line).expect("JSON");
            }
        }
    }

    /// The next push to a channel that has this field; joins and others are passed over.
    fn gets(&mut self, kind: &str) -> Value {
        loop {
            let push = self.next()["push"].take();
            if push.get(kind).is_some() {
                return push;
            }
        }
    }
}

fn api_request(headers: &str, query: &str) -> String {
    format!(
        "POST /api/info{query} HTTP/1.1\r\nhost: plenum\r\nconnection: close\r\ncontent-length: 2\r\n{headers}\r\n{{}}"
    )
}

#[test]
fn only_who_shows_the_key_is_admitted_in_one_of_three_ways() {
    let node = node();
    let status = |headers: &str, query: &str| node.raw(&api_request(headers, query))[9..12].to_owned();
    assert_eq!(status(&format!("X-API-Key: {KEY}\r\n"), ""), "200");
    assert_eq!(status(&format!("Authorization: apikey {KEY}\r\n"), ""), "200");
    assert_eq!(status("", &format!("?api_key={}", KEY.replace(' ', "+"))), "200");
    assert_eq!(status("", ""), "401");
    assert_eq!(status("X-API-Key: key\r\n", ""), "401");
    assert_eq!(status("X-API-Key: \r\n", ""), "401");
    assert_eq!(status(&format!("Authorization: Bearer {KEY}\r\n"), ""), "401");
    assert_eq!(status("", "?api_key="), "401");
    for path in ["/api", "/api/publish", "/api/nothing"] {
        assert_eq!(node.nobody().post(path, &json!({})).status, 401, "{path}");
    }
    let alice = node.registers("alice");
    assert_eq!(
        alice.post("/api/info", &json!({})).status,
        401,
        "a user's token is not the key"
    );
    assert!(!node.log().contains(KEY));
}

#[test]
fn without_a_configured_key_nobody_is_admitted() {
    let node = Node::start();
    for query in ["", "?api_key=", "?api_key=x"] {
        assert_eq!(node.nobody().post(&format!("/api/info{query}"), &json!({})).status, 401);
    }
}

#[test]
fn a_new_key_holds_after_a_reload_and_the_old_one_does_not() {
    let folder = Folder::new();
    let file = folder.0.join("plenum.toml");
    std::fs::write(&file, "[api]\nkey = \"old\"\n").expect("written");
    let arguments = ["serve", "--config", "plenum.toml", "--listen", "127.0.0.1:0"];
    let node = Node::start_with(folder, &arguments, &[]);
    let status = |key: &str| {
        node.nobody()
            .post(&format!("/api/info?api_key={key}"), &json!({}))
            .status
    };
    assert_eq!((status("old"), status("new")), (200, 401));
    std::fs::write(&file, "[api]\nkey = \"new\"\n").expect("written");
    node.signal(Signal::HUP);
    let began = Instant::now();
    while status("new") != 200 {
        assert!(began.elapsed() < PATIENCE, "never reloaded: {}", node.log());
    }
    assert_eq!(status("old"), 401);
}

#[test]
fn data_is_published_to_a_channel_of_any_name_and_read_back() {
    let node = node();
    let back_end = BackEnd(&node);
    let first = back_end.gets("publish", json!({ "channel": "news", "data": { "text": "one" } }));
    assert_eq!(first["offset"], 1);
    let encoded = back_end.gets("publish", json!({ "channel": "news", "b64data": "WzEsMl0=" }));
    assert_eq!((&encoded["offset"], &encoded["epoch"]), (&json!(2), &first["epoch"]));
    assert_eq!(
        back_end.gets("publish", json!({ "channel": "news", "data": null }))["offset"],
        3
    );
    assert_eq!(
        back_end.reads("news"),
        [json!({ "text": "one" }), json!([1, 2]), json!(null)]
    );

    let page = back_end.gets("history", json!({ "channel": "news", "limit": 1, "reverse": true }));
    assert_eq!(
        (&page["offset"], &page["publications"][0]["offset"]),
        (&json!(3), &json!(3))
    );
    let since = json!({ "offset": 1, "epoch": first["epoch"] });
    let page = back_end.gets("history", json!({ "channel": "news", "limit": 1, "since": since }));
    assert_eq!(page["publications"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["publications"][0]["offset"], 2);
    assert_eq!(
        back_end.gets("history", json!({ "channel": "news" }))["publications"],
        json!([])
    );
    let elsewhere = json!({ "offset": 1, "epoch": "elsewhere" });
    back_end.is_refused(
        "history",
        json!({ "channel": "news", "limit": 1, "since": elsewhere }),
        112,
    );
}

#[test]
fn what_can_not_be_published_is_refused_with_the_codes_of_the_protocol() {
    let node = node();
    let back_end = BackEnd(&node);
    let large = "x".repeat(70_000);
    for params in [
        json!({ "data": {} }),
        json!({ "channel": "", "data": {} }),
        json!({ "channel": "news" }),
        json!({ "channel": "news", "data": large }),
        json!({ "channel": "news", "b64data": "!" }),
        json!({ "channel": "news", "b64data": "bm8ganNvbg==" }),
    ] {
        back_end.is_refused("publish", params, 107);
    }
    for params in [
        json!({ "channel": "news", "data": {}, "tags": { "a": "b" } }),
        json!({ "channel": "news", "data": {}, "version": 1 }),
    ] {
        back_end.is_refused("publish", params, 108);
    }
    for channel in ["room:0000000000000", "room:nonsense", "user:nobody", "user:"] {
        back_end.is_refused(
            "publish",
            json!({ "channel": channel, "data": { "content": "hi" } }),
            102,
        );
        back_end.is_refused("history", json!({ "channel": channel }), 102);
        back_end.is_refused("history_remove", json!({ "channel": channel }), 102);
        back_end.is_refused("presence", json!({ "channel": channel }), 102);
        back_end.is_refused("presence_stats", json!({ "channel": channel }), 102);
        back_end.is_refused("subscribe", json!({ "channel": channel, "user": "alice" }), 102);
    }
    assert_eq!(back_end.reads("news"), [] as [Value; 0]);
    let one_too_many = " ".repeat(gateway::limits::SERVER_API_BODY_BYTES_MAX + 1);
    assert_eq!(back_end.posts("/api/publish", &one_too_many).status, 413);
}

#[test]
fn publishing_to_a_chat_posts_a_message_of_the_system() {
    let node = node();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    let back_end = BackEnd(&node);
    let channel = format!("room:{chat}");
    let params = json!({ "channel": channel, "data": { "content": "Menu: soup" }, "idempotency_key": "menu-1" });
    let posted = back_end.gets("publish", params.clone());
    assert_eq!(
        back_end.gets("publish", params),
        posted,
        "the same key gives the first result"
    );
    let messages = bob.get(&format!("/chats/{chat}/messages")).json();
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
    assert_eq!(messages[0]["content"], "Menu: soup");
    assert_eq!(messages[0]["offset"], posted["offset"]);
    for data in [
        json!("text"),
        json!({}),
        json!({ "content": "" }),
        json!({ "content": "hi", "reply_to": "x" }),
    ] {
        back_end.is_refused("publish", json!({ "channel": channel, "data": data }), 107);
    }
    back_end.is_refused(
        "publish",
        json!({ "channel": channel, "data": { "content": "hi" }, "skip_history": true }),
        108,
    );
    let logged = back_end.reads(&channel);
    assert_eq!(logged.last().expect("an entry")["event"], "message.created");
    assert_eq!(logged.last().expect("an entry")["data"]["content"], "Menu: soup");
}

#[test]
fn publishing_again_under_the_same_key_gives_the_first_result_also_after_a_crash() {
    let mut node = node();
    let params = json!({ "channel": "orders", "data": 1, "idempotency_key": "order-1" });
    let first = BackEnd(&node).gets("publish", params.clone());
    let other = json!({ "channel": "orders", "data": 2, "idempotency_key": "order-2" });
    assert_eq!(BackEnd(&node).gets("publish", other)["offset"], 2);
    node.signal(Signal::KILL);
    node.ends();
    let folder = Folder(std::mem::take(&mut node.folder.0));
    let node = Node::start_in(folder, &[("PLENUM_API__KEY", KEY)]);
    assert_eq!(BackEnd(&node).gets("publish", params), first);
    assert_eq!(BackEnd(&node).reads("orders"), [1, 2]);
}

#[test]
fn a_fact_for_a_user_is_stored_and_reaches_their_phone() {
    let node = node();
    let alice = node.registers("alice");
    let mut phone = Phone::connects(&node, &alice.token);
    let channel = format!("user:{}", alice.id);
    let back_end = BackEnd(&node);
    let fact = json!({ "event": "ticket.assigned", "data": { "ticket": 7 } });
    let params = json!({ "channel": channel, "data": fact, "idempotency_key": "ticket-7" });
    let told = back_end.gets("publish", params.clone());
    assert_eq!(
        back_end.gets("publish", params),
        told,
        "the same key gives the first result"
    );
    let push = phone.gets("pub");
    assert_eq!((&push["channel"], &push["pub"]["data"]), (&json!(channel), &fact));
    assert_eq!(push["pub"]["offset"], told["offset"]);
    assert_eq!(back_end.reads(&channel).last(), Some(&fact));
    let hint = json!({ "channel": channel, "data": "not kept", "skip_history": true });
    assert_eq!(back_end.gets("publish", hint), json!({}));
    assert_eq!(phone.gets("pub")["pub"]["data"], "not kept", "the fact was shown once");
    assert_eq!(back_end.reads(&channel).last(), Some(&fact));
    back_end.is_refused("history_remove", json!({ "channel": channel }), 108);
}

#[test]
fn a_broadcast_answers_for_every_channel_in_order() {
    let node = node();
    let back_end = BackEnd(&node);
    let channels = ["a", "room:nonsense", "b", "", "a"];
    let sent = back_end.gets("broadcast", json!({ "channels": channels, "data": { "n": 1 } }));
    let responses = sent["responses"].as_array().expect("a list");
    let codes: Vec<&Value> = responses.iter().map(|response| &response["error"]["code"]).collect();
    assert_eq!(
        codes,
        [&json!(null), &json!(102), &json!(null), &json!(107), &json!(null)]
    );
    assert_eq!(responses[0]["result"]["offset"], 1);
    assert_eq!(responses[4]["result"]["offset"], 2);
    assert_eq!(back_end.reads("b"), [json!({ "n": 1 })]);
    back_end.is_refused("broadcast", json!({ "channels": [], "data": 1 }), 107);
    back_end.is_refused("broadcast", json!({ "channels": ["a"] }), 107);
}

#[test]
fn a_batch_is_answered_in_the_order_of_its_commands() {
    let node = node();
    let back_end = BackEnd(&node);
    for parallel in [false, true] {
        let channel = format!("parallel-{parallel}");
        let mut commands: Vec<Value> = (1..=200)
            .map(|number| json!({ "publish": { "channel": channel, "data": number } }))
            .collect();
        commands.push(Value::Null);
        commands.push(json!({ "nothing": {} }));
        commands.push(json!({ "history": { "channel": "room:nonsense" } }));
        commands.push(json!({ "info": {} }));
        let answer = back_end.calls("batch", json!({ "commands": commands, "parallel": parallel }));
        let replies = answer["replies"].as_array().expect("replies at the top");
        assert_eq!(replies.len(), commands.len());
        for (reply, offset) in replies.iter().zip(1..=200) {
            assert_eq!(reply["publish"]["offset"], offset, "{reply}");
        }
        let codes: Vec<&Value> = replies[200..203].iter().map(|reply| &reply["error"]["code"]).collect();
        assert_eq!(codes, [107, 104, 102]);
        assert_eq!(replies[203]["info"]["nodes"].as_array().map(Vec::len), Some(1));
        assert_eq!(back_end.reads(&channel), (1..=200).map(Value::from).collect::<Vec<_>>());
    }
    assert_eq!(back_end.calls("batch", json!({})), json!({ "replies": [] }));
}

#[test]
fn commands_to_the_one_address_are_answered_line_by_line() {
    let node = node();
    let back_end = BackEnd(&node);
    let commands = concat!(
        r#"{"id": 7, "method": "publish", "params": {"channel": "news", "data": 1}}"#,
        "\n",
        r#"{"method": "history", "params": {"channel": "news", "limit": 1}}"#,
        r#"{"method": "nothing", "params": {}}"#,
        r#"{"method": "publish", "params": []}"#,
        r#"{"method": "info"}"#,
        r#"{"method": "batch", "params": {"commands": [{"info": {}}]}}"#,
    );
    let answer = back_end.posts("/api", commands);
    assert_eq!(answer.status, 200, "{answer:?}");
    let replies: Vec<Value> = answer
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        (&replies[0]["id"], &replies[0]["result"]["offset"]),
        (&json!(7), &json!(1))
    );
    assert_eq!(replies[1]["result"]["publications"][0]["data"], 1);
    assert!(replies[1].get("id").is_none());
    assert_eq!(replies[2]["error"]["code"], 104);
    assert_eq!(replies[3]["error"]["code"], 107);
    assert_eq!(replies[4]["result"]["nodes"][0]["name"], "plenum");
    assert!(replies[5]["result"]["replies"][0]["info"].is_object());
    assert_eq!(replies.len(), 6);
}

#[test]
fn nonsense_is_answered_by_status_and_changes_nothing() {
    let node = node();
    let back_end = BackEnd(&node);
    let torn = r#"{"method": "publish", "params": {"channel": "news", "data": 1}} {"method": "#;
    let bodies = [
        ("/api", ""),
        ("/api", torn),
        ("/api/publish", ""),
        ("/api/publish", "{"),
        ("/api/publish", "[1]"),
        ("/api/publish", r#"{"channel": 1}"#),
        ("/api/batch", r#"{"commands": [{"publish": 1}]}"#),
    ];
    for (path, body) in bodies {
        let answer = back_end.posts(path, body);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (400, "Bad Request\n"),
            "{path} {body}"
        );
    }
    assert_eq!(back_end.reads("news"), [] as [Value; 0]);
    back_end.posts("/api/nothing", "{}").is_problem(404);
    let answer = node.nobody().get("/api/info");
    answer.is_problem(405);
    assert_eq!(answer.header("allow"), "POST");
}

#[test]
fn a_back_end_subscribes_a_user_sees_who_is_there_and_ends_it() {
    let node = node();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let back_end = BackEnd(&node);
    let mut phone = Phone::connects(&node, &alice.token);
    let other = Phone::connects(&node, &bob.token);
    assert_eq!(
        back_end.gets("subscribe", json!({ "channel": "news", "user": alice.id })),
        json!({})
    );
    assert_eq!(phone.gets("subscribe")["channel"], "news");
    back_end.gets("publish", json!({ "channel": "news", "data": "hello" }));
    let push = phone.gets("pub");
    assert_eq!(
        (&push["channel"], &push["pub"]["data"]),
        (&json!("news"), &json!("hello"))
    );

    let presence = back_end.gets("presence", json!({ "channel": "news" }));
    let present = &presence["presence"][&phone.client];
    assert_eq!(
        (&present["user"], &present["client"]),
        (&json!(alice.id), &json!(phone.client))
    );
    let stats = back_end.gets("presence_stats", json!({ "channel": "news" }));
    assert_eq!(stats, json!({ "num_clients": 1, "num_users": 1 }));
    let nobody = back_end.gets("presence_stats", json!({ "channel": "elsewhere" }));
    assert_eq!(nobody, json!({ "num_clients": 0, "num_users": 0 }));
    let channels = back_end.gets("channels", json!({ "pattern": "n*" }));
    assert_eq!(channels, json!({ "channels": { "news": { "num_clients": 1 } } }));
    let all = back_end.gets("channels", json!({}));
    assert_eq!(
        all["channels"].as_object().map(|channels| channels.len()),
        Some(3),
        "{all}"
    );
    let own = json!({ "channel": format!("user:{}", bob.id) });
    let presence = back_end.gets("presence", own.clone());
    assert_eq!(presence["presence"][&other.client]["user"], bob.id, "{presence}");
    let stats = back_end.gets("presence_stats", own);
    assert_eq!(stats, json!({ "num_clients": 1, "num_users": 1 }));
    let info = &back_end.gets("info", json!({}))["nodes"][0];
    assert_eq!(
        (
            &info["num_clients"],
            &info["num_users"],
            &info["num_channels"],
            &info["num_subs"]
        ),
        (&json!(2), &json!(2), &json!(3), &json!(3)),
        "{info}"
    );
    assert!(
        info["uid"].is_string() && info["version"].is_string() && info["uptime"].is_u64(),
        "{info}"
    );

    let elsewhere = json!({ "channel": "news", "user": alice.id, "client": other.client });
    back_end.gets("unsubscribe", elsewhere);
    back_end.gets("publish", json!({ "channel": "news", "data": "still there" }));
    assert_eq!(phone.gets("pub")["pub"]["data"], "still there");
    back_end.gets(
        "unsubscribe",
        json!({ "channel": "news", "user": alice.id, "client": phone.client }),
    );
    assert_eq!(phone.gets("unsubscribe")["unsubscribe"]["code"], 2000);
    back_end.is_refused("unsubscribe", json!({ "channel": "", "user": alice.id }), 107);
    back_end.is_refused(
        "subscribe",
        json!({ "channel": "news", "user": alice.id, "expire_at": 1 }),
        108,
    );
    back_end.is_refused(
        "subscribe",
        json!({ "channel": "news", "user": alice.id, "session": "x" }),
        108,
    );
}

#[test]
fn a_back_end_ends_connections_with_a_code_and_spares_those_on_the_list() {
    let node = node();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let back_end = BackEnd(&node);
    let mut phones: Vec<Phone> = (0..3).map(|_| Phone::connects(&node, &alice.token)).collect();
    let mut other = Phone::connects(&node, &bob.token);
    let params = json!({ "user": alice.id, "whitelist": [phones[0].client, phones[1].client] });
    assert_eq!(back_end.gets("disconnect", params), json!({}));
    assert_eq!(phones[2].gets("disconnect")["disconnect"]["code"], 3503);
    let params = json!({ "user": alice.id, "client": phones[1].client, "disconnect": { "code": 4000, "reason": "x" } });
    back_end.gets("disconnect", params);
    assert_eq!(phones[1].gets("disconnect")["disconnect"]["code"], 3011);
    back_end.is_refused(
        "disconnect",
        json!({ "user": alice.id, "disconnect": { "code": 1000 } }),
        107,
    );
    back_end.gets("disconnect", json!({ "user": "nobody" }));
    // Those that were spared are there.
    for (phone, user) in [(&mut phones[0], &alice.id), (&mut other, &bob.id)] {
        back_end.gets(
            "publish",
            json!({ "channel": format!("user:{user}"), "data": "there?" }),
        );
        assert_eq!(phone.gets("pub")["pub"]["data"], "there?");
    }
}

#[test]
fn a_back_end_moves_the_end_of_a_connection_or_ends_it_now() {
    let node = node();
    let alice = node.registers("alice");
    let back_end = BackEnd(&node);
    let mut phone = Phone::connects(&node, &alice.token);
    back_end.gets("refresh", json!({ "user": alice.id, "expire_at": 4_000_000_000_u32 }));
    let push = phone.gets("refresh");
    assert_eq!(push["refresh"]["expires"], true);
    assert!(
        push["refresh"]["ttl"].as_u64().is_some_and(|ttl| ttl > 1_000_000),
        "{push}"
    );
    back_end.gets("refresh", json!({ "user": alice.id, "expired": true }));
    assert_eq!(phone.gets("disconnect")["disconnect"]["code"], 3005);
    let mut phone = Phone::connects(&node, &alice.token);
    back_end.gets("refresh", json!({ "user": alice.id, "expire_at": 1 }));
    assert_eq!(phone.gets("disconnect")["disconnect"]["code"], 3005);
}

#[test]
fn a_removed_history_is_gone_and_the_room_goes_on_under_a_new_epoch() {
    let node = node();
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Lunch", &[]);
    let back_end = BackEnd(&node);
    for channel in ["news".to_owned(), format!("room:{chat}")] {
        let publish = |content: &str| {
            let data = json!({ "content": content });
            back_end.gets(
                "publish",
                json!({ "channel": channel, "data": data, "idempotency_key": content }),
            )
        };
        publish("secret");
        let last = publish("also secret");
        assert_eq!(
            back_end.gets("history_remove", json!({ "channel": channel })),
            json!({})
        );
        assert_eq!(back_end.reads(&channel), [] as [Value; 0]);
        let place = back_end.gets("history", json!({ "channel": channel }));
        assert_eq!(place["offset"], last["offset"], "offsets go on");
        assert_ne!(place["epoch"], last["epoch"]);
        // The room was awake and knew another epoch.
        let next = publish("next");
        assert_eq!(next["epoch"], place["epoch"]);
        assert_eq!(next["offset"], last["offset"].as_u64().expect("a number") + 1);
        assert_eq!(back_end.reads(&channel).len(), 1);
    }
    back_end.gets("history_remove", json!({ "channel": "never used" }));
    assert!(!alice.get(&format!("/chats/{chat}/messages")).body.contains("secret"));
}

#[test]
fn a_listener_begins_anew_when_the_history_is_removed() {
    let node = node();
    let alice = node.registers("alice");
    let back_end = BackEnd(&node);
    let mut phone = Phone::connects(&node, &alice.token);
    back_end.gets("subscribe", json!({ "channel": "news", "user": alice.id }));
    phone.gets("subscribe");
    back_end.gets("publish", json!({ "channel": "news", "data": 1 }));
    phone.gets("pub");
    back_end.gets("history_remove", json!({ "channel": "news" }));
    back_end.gets("publish", json!({ "channel": "news", "data": 2 }));
    // A server-side subscription can't be ended alone: the client connects anew and learns the epoch.
    assert_eq!(phone.gets("disconnect")["disconnect"]["code"], 3010);
}

#[test]
fn publishing_while_the_history_is_removed_loses_no_answer_and_leaves_no_hole() {
    let node = node();
    let back_end = BackEnd(&node);
    let offsets: Vec<u64> = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..50)
                        .map(|number| {
                            let published =
                                BackEnd(&node).gets("publish", json!({ "channel": "busy", "data": number }));
                            published["offset"].as_u64().expect("an offset")
                        })
                        .collect::<Vec<u64>>()
                })
            })
            .collect();
        for _ in 0..10 {
            back_end.gets("history_remove", json!({ "channel": "busy" }));
        }
        publishers
            .into_iter()
            .flat_map(|publisher| publisher.join().expect("every publication is answered"))
            .collect()
    });
    let mut sorted = offsets;
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=200).collect::<Vec<u64>>());
    let page = back_end.gets("history", json!({ "channel": "busy", "limit": -1 }));
    let kept: Vec<u64> = page["publications"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|publication| publication["offset"].as_u64().expect("an offset"))
        .collect();
    assert_eq!(page["offset"], 200);
    assert!(kept.windows(2).all(|pair| pair[1] == pair[0] + 1), "{kept:?}");
    assert!(kept.last().is_none_or(|last| *last == 200), "{kept:?}");
}
