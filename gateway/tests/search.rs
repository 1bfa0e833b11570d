//! Stories about searching over HTTP, and about building the index anew beside a running node.

mod http_kit;

use http_kit::{Folder, Node, User, text};
use serde_json::Value;

/// The path of somebody's own search.
fn path(person: &User<'_>, query: &str) -> String {
    format!("/v1/user/{}/search?{query}", person.id)
}

fn contents(hits: &Value) -> Vec<&str> {
    let hits = hits.as_array().expect("a list").iter();
    hits.filter_map(|hit| hit["message"]["content"].as_str()).collect()
}

#[test]
fn what_was_said_is_found_page_by_page_with_the_match_marked() {
    let node = Node::start();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let chat = alice.creates_chat("Lunch", &[&bob.id]);
    for number in 1..=3 {
        alice.says(&chat, &format!("Обед номер {number} <b>"));
    }
    let answer = bob.get(&path(&bob, "q=%D0%BE%D0%B1%D0%B5%D0%B4%D1%8B&in=messages&limit=2"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(contents(&answer.json()), ["Обед номер 3 <b>", "Обед номер 2 <b>"]);
    let parts = &answer.json()[0]["highlights"][0]["parts"];
    assert_eq!(parts[0], serde_json::json!({ "text": "Обед", "match": true }));
    let link = answer.header("link");
    let next = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""));
    let last = bob.get(next.expect("a next page"));
    assert_eq!(contents(&last.json()), ["Обед номер 1 <b>"]);
    assert_eq!(last.header("link"), "");

    let people = bob.get(&path(&bob, "q=ali&in=contacts")).json();
    assert_eq!(people[0]["user"]["username"], "alice");
    bob.get(&path(&alice, "q=a")).is_problem(404);
    node.nobody().get(&path(&alice, "q=a")).is_problem(401);
    bob.get(&path(&bob, "q=a&in=tickets")).is_problem(403);
}

#[test]
fn hostile_queries_get_a_clear_answer() {
    let node = Node::start();
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Lunch", &[]);
    alice.says(&chat, "something");
    for query in [
        "",
        "q=",
        "q=%00%07",
        "q=%25_*",
        "q=a%20before:never",
        "q=a&in=nothing",
        "q=a&limit=0",
        "q=a&cursor=made-up",
        "q=a&cursor=%ff",
        "q=%ff%fe",
    ] {
        alice.get(&path(&alice, query)).is_problem(400);
    }
    let many = alice.get(&path(&alice, &format!("q={}", "word+".repeat(10_000))));
    many.is_problem(400);
    let too_many = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        path(&alice, &format!("q={}", "word+".repeat(40_000))),
        node.host(),
        alice.token
    );
    let answer = node.raw(&too_many);
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    for query in [
        "q='%20OR%201=1--",
        "q=%22something",
        "q=something*",
        "q=%3Cscript%3E",
        "q=a:b:c",
    ] {
        assert_eq!(alice.get(&path(&alice, query)).status, 200, "{query}");
    }
}

#[test]
fn the_index_is_built_anew_beside_the_node_and_an_interrupted_run_goes_on() {
    let node = Node::start_in(Folder::new(), &[]);
    let alice = node.registers("alice");
    let mut chats = Vec::new();
    for number in 0..3 {
        let chat = alice.creates_chat(&format!("chat {number}"), &[]);
        alice.says(&chat, "the needle");
        chats.push(chat);
    }
    chats.sort();
    let reindex = |arguments: &[&str]| {
        let output = node.folder.run(&[&["reindex"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(reindex(&[]).starts_with("3 rooms"));
    let place = node.folder.0.join("data/reindex.place");
    assert!(!place.exists(), "a whole run leaves nothing");
    let found = || contents(&alice.get(&path(&alice, "q=needles")).json()).len();
    assert_eq!(found(), 3);

    // What a run leaves that was interrupted after the first of the rooms.
    std::fs::write(&place, &chats[0]).expect("written");
    assert!(reindex(&[]).starts_with("2 rooms"));
    std::fs::write(&place, &chats[0]).expect("written");
    assert!(reindex(&["--from-start"]).starts_with("3 rooms"));
    std::fs::write(&place, "nonsense!").expect("written");
    let refused = node.folder.run(&["reindex"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("--from-start"));
    alice.says(&chats[1], "one more needle");
    assert_eq!(found(), 4);
    let checked = node.folder.run(&["check-data"]);
    assert!(checked.status.success(), "{}", text(&checked.stdout));
}
