//! Stories about HTTP: what people, browsers, balancers and Prometheus do with it.

mod http_kit;

use http_kit::{Folder, Node, PASSWORD};
use serde_json::{Value, json};

#[test]
fn people_register_talk_and_read_page_by_page() {
    let node = Node::start();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    for number in 1..=5 {
        alice.says(&chat, &format!("message {number}"));
    }
    let mut read: Vec<String> = Vec::new();
    let mut page = format!("/chats/{chat}/messages?limit=2");
    loop {
        let answer = bob.get(&page);
        assert_eq!(answer.status, 200, "{answer:?}");
        let messages = answer.json();
        let contents = messages.as_array().expect("a list").iter();
        read.extend(contents.map(|message| message["content"].as_str().expect("text").to_owned()));
        let link = answer.header("link");
        let Some(next) = link
            .strip_prefix('<')
            .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        else {
            assert_eq!(link, "");
            break;
        };
        assert!(next.contains("limit=2"), "{next}");
        page = next.to_owned();
    }
    assert_eq!(read, ["message 5", "message 4", "message 3", "message 2", "message 1"]);
    let other_path = bob.get(&format!("/chat/{chat}?limit=5"));
    assert_eq!(other_path.json().as_array().map(Vec::len), Some(5));
}

#[test]
fn everything_that_is_done_has_its_status() {
    let node = Node::start();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let login = node
        .nobody()
        .post("/login", &json!({ "username": "alice", "password": PASSWORD }));
    assert_eq!(login.status, 200);
    let refresh = login.json()["refresh_token"].as_str().expect("a token").to_owned();
    assert_eq!(
        node.nobody()
            .post("/refresh", &json!({ "refresh_token": refresh }))
            .status,
        200
    );
    assert_eq!(alice.get("/sessions").json().as_array().map(Vec::len), Some(2));

    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    let message = alice.says(&chat, "hi");
    let id = message["message_id"].as_str().expect("an id");
    assert_eq!(bob.put(&format!("/messages/{id}/receive"), &json!({})).status, 200);
    assert_eq!(
        bob.sends("PUT", &format!("/messages/{id}/read"), "", "").status,
        200,
        "no body, no type"
    );
    let edited = alice.patch(&format!("/messages/{id}"), &json!({ "content": "hello" }));
    assert_eq!((edited.status, &edited.json()["content"]), (200, &json!("hello")));
    assert_eq!(alice.delete(&format!("/messages/{id}")).status, 200);
    assert_eq!(
        alice
            .patch(&format!("/chats/{chat}"), &json!({ "name": "Dinner" }))
            .status,
        200
    );
    assert_eq!(
        alice
            .get(&format!("/chats/{chat}/participants"))
            .json()
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(
        alice.delete(&format!("/chats/{chat}/participants/{}", bob.id)).status,
        200
    );
    bob.get(&format!("/chats/{chat}")).is_problem(404);
    assert_eq!(alice.delete(&format!("/chats/{chat}")).status, 200);
    assert_eq!(alice.post("/logout", &json!({})).status, 200);
    alice.get("/sessions").is_problem(401);
}

#[test]
fn an_outside_token_admits_and_an_expired_one_says_so() {
    let secret = "outside secret";
    let node = Node::start_in(Folder::new(), &[("PLENUM_AUTH__JWT__HMAC_SECRET", secret)]);
    let signed = |claims: Value| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("signed")
    };
    let mallory = node.with_token(&signed(json!({ "sub": "m-1", "name": "Mallory" })));
    let chat = mallory.creates_chat("Outside", &[]);
    assert_eq!(mallory.says(&chat, "hi")["sender"], "m-1");
    let expired = node.with_token(&signed(json!({ "sub": "m-1", "exp": 1 })));
    assert_eq!(expired.get("/chats").is_problem(401)["code"], 109);
    assert!(!node.log().contains(secret), "{}", node.log());
}

#[test]
fn balancers_prometheus_and_people_find_their_pages() {
    let node = Node::start();
    let nobody = node.nobody();
    assert_eq!(nobody.get("/healthz").status, 200);
    let ready = nobody.get("/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    nobody.get("/chats");
    let metrics = nobody.get("/metrics").body;
    for name in [
        "plenum_sessions",
        "plenum_storage_commits_total",
        "plenum_http_answers_total{status=\"4xx\"} 1",
        "plenum_build_info",
        "process_resident_memory_bytes",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    let described = nobody.get("/openapi.json").json();
    assert!(described["paths"]["/chats/{chat_id}/messages"]["post"].is_object());
    let page = nobody.get("/docs");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(!page.body.contains("<script>") && !page.body.contains("http://") && !page.body.contains("https://"));
    let head = node.raw("HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    nobody.get("/demo.json").is_problem(404);
    for header in [
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "content-security-policy",
    ] {
        assert_ne!(nobody.get("/chats").header(header), "", "{header}");
    }
}

#[test]
fn pages_of_listed_origins_may_read_answers_and_others_may_not() {
    let environment = [("PLENUM_REALTIME__ALLOWED_ORIGINS", "https://app.example")];
    let node = Node::start_in(Folder::new(), &environment);
    let asks = |method: &str, origin: &str| {
        node.raw(&format!(
            "{method} /chats HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n",
            node.host()
        ))
    };
    let preflight = asks("OPTIONS", "https://app.example");
    assert!(preflight.starts_with("HTTP/1.1 204 "), "{preflight}");
    for header in [
        "access-control-allow-origin: https://app.example\r\n",
        "access-control-allow-methods: POST, GET, HEAD\r\n",
        "access-control-allow-headers: Authorization, Content-Type\r\n",
    ] {
        assert!(preflight.contains(header), "{preflight}");
    }
    let refusal = asks("GET", "https://app.example");
    assert!(
        refusal.starts_with("HTTP/1.1 401 ") && refusal.contains("access-control-allow-origin: https://app.example")
    );
    for method in ["OPTIONS", "GET"] {
        assert!(
            !asks(method, "https://evil.example").contains("access-control-allow-origin"),
            "{method}"
        );
    }
}
