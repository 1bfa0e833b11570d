//! The real program on a real CQL server: nodes that crash, stand by, wait for their servers and lose them.
//!
//! The server is the one that `SCYLLA_URI` names; `make test` starts one, and by hand it is `make cql`. Without one these tests fail.

mod cluster_kit;
mod http_kit;

use cluster_kit::{Gate, Keyspace, eventually};
use http_kit::{Folder, Node, PASSWORD, text};
use rustix::process::Signal;
use serde_json::{Value, json};

fn contents(page: &Value) -> Vec<String> {
    let messages = page.as_array().expect("a list");
    messages
        .iter()
        .map(|message| message["content"].as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9_and_the_same_node_does_not_wait_for_its_own_lease() {
    let keyspace = Keyspace::fresh();
    let mut node = Node::start_in(Folder::new(), &keyspace.variables());
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let chat = alice.creates_chat("Kept", &[&bob.id]);
    for number in 0..5 {
        alice.says(&chat, &format!("message {number}"));
    }
    let first = alice.says(&chat, "to be edited")["message_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let edited = alice.patch(&format!("/messages/{first}"), &json!({ "content": "edited" }));
    assert_eq!(edited.status, 200, "{edited:?}");
    let (alice_token, bob_token) = (alice.token.clone(), bob.token.clone());
    node.signal(Signal::KILL);
    node.ends();
    let folder = node.take_folder();

    let again = Node::start_in(folder, &keyspace.variables());
    assert!(!again.log().contains("stands by"), "{}", again.log());
    let page = again
        .with_token(&bob_token)
        .get(&format!("/chats/{chat}/messages"))
        .json();
    let expected = [
        "edited",
        "message 4",
        "message 3",
        "message 2",
        "message 1",
        "message 0",
    ];
    assert_eq!(contents(&page), expected);
    let alice = again.with_token(&alice_token);
    assert_eq!(alice.says(&chat, "and on it goes")["offset"], 8);
    let login = again
        .nobody()
        .post("/login", &json!({ "username": "alice", "password": PASSWORD }));
    assert_eq!(login.status, 200, "{login:?}");
}

#[test]
fn a_second_node_stands_by_and_goes_on_when_the_first_has_left() {
    let keyspace = Keyspace::fresh();
    let mut first = Node::start_in(Folder::new(), &keyspace.variables());
    let alice = first.registers("alice");
    let chat = alice.creates_chat("Ours", &[]);
    alice.says(&chat, "from the first");
    let token = alice.token.clone();

    let folder = Folder::new();
    let log = folder.0.join("log");
    let variables = keyspace.variables().map(|(name, value)| (name, value.to_owned()));
    let second = std::thread::spawn(move || {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Node::start_in(folder, &variables)
    });
    eventually("the second node stands by", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("stands by"))
    });
    assert_eq!(alice.says(&chat, "still from the first")["offset"], 2);
    first.signal(Signal::TERM);
    assert!(first.ends().success());

    let second = second.join().expect("the second node starts");
    let alice = second.with_token(&token);
    let page = alice.get(&format!("/chats/{chat}/messages")).json();
    assert_eq!(contents(&page), ["still from the first", "from the first"]);
    assert_eq!(alice.says(&chat, "from the second")["offset"], 3);
}

#[test]
fn a_node_whose_servers_are_away_says_so_and_starts_when_they_come() {
    let gate = Gate::closed();
    let keyspace = Keyspace::behind(&gate);
    let folder = Folder::new();
    let log = folder.0.join("log");
    let port = cluster_kit::free_port();
    let address = format!("127.0.0.1:{port}");
    let listen = address.clone();
    let variables = keyspace.variables().map(|(name, value)| (name, value.to_owned()));
    let node = std::thread::spawn(move || {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Node::start_with(folder, &["serve", "--listen", &listen], &variables)
    });
    eventually("the node says what it waits for", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("can be reached"))
    });
    eventually("the node answers while it waits", || {
        cluster_kit::status(&address, "/readyz") == Some(503)
    });
    assert_eq!(cluster_kit::status(&address, "/healthz"), Some(200));
    assert_eq!(cluster_kit::status(&address, "/chats"), Some(503));
    gate.open();
    let node = node.join().expect("the node starts");
    assert_eq!(node.nobody().get("/readyz").status, 200);
    node.registers("alice");
}

#[test]
fn senders_are_told_to_come_back_while_the_servers_are_away_and_all_is_well_after_that() {
    let gate = Gate::closed();
    gate.open();
    let keyspace = Keyspace::behind(&gate);
    let node = Node::start_in(Folder::new(), &keyspace.variables());
    let alice = node.registers("alice");
    let chat = alice.creates_chat("Interrupted", &[]);
    alice.says(&chat, "before");
    gate.close();
    let path = format!("/chats/{chat}/messages");
    let id = uuid::Uuid::new_v4();
    let body = json!({ "content": "in between", "client_msg_id": id });
    let refused = alice.post(&path, &body);
    refused.is_problem(503);
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    gate.open();
    let mut sent = Value::Null;
    eventually("the message is taken", || {
        let answer = alice.post(&path, &body);
        if answer.status == 201 {
            sent = answer.json();
        }
        answer.status == 201
    });
    // Whatever became of the first try, the message is there once.
    assert_eq!(sent["offset"], 2);
    alice.says(&chat, "after");
    let page = alice.get(&path).json();
    assert_eq!(contents(&page), ["after", "in between", "before"]);
}

#[test]
fn what_waiting_does_not_mend_ends_the_command_in_words() {
    let folder = Folder::new();
    let keyspace = Keyspace::fresh();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = folder
            .plenum(arguments)
            .envs(variables.iter().copied())
            .output()
            .expect("it runs");
        (output.status.code(), text(&output.stderr))
    };
    let url = keyspace.url.as_str();
    let (code, errors) = run(
        &["migrate"],
        &[
            ("PLENUM_STORAGE__URL", url),
            ("PLENUM_STORAGE__REPLICATION_FACTOR", "9"),
        ],
    );
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("set storage.replication_factor"), "{errors}");
    let (code, errors) = run(&["migrate"], &[("PLENUM_STORAGE__URL", "scylla://127.0.0.1:1/plenum")]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("127.0.0.1:1 can be reached"), "{errors}");
    let (code, errors) = run(
        &["serve"],
        &[("PLENUM_STORAGE__URL", "scylla://127.0.0.1/Not A Keyspace")],
    );
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("scylla://host[:port]"), "{errors}");
    let (code, errors) = run(&["backup", "copy.db"], &[("PLENUM_STORAGE__URL", url)]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("works on an SQLite store only"), "{errors}");
    let (code, errors) = run(&["migrate"], &keyspace.variables());
    assert_eq!(code, Some(0), "{errors}");
}
