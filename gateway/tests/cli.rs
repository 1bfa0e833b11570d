//! Stories about the command line: what an operator types, and what a node does with signals.

mod http_kit;

use std::{fs, process::Command};

use http_kit::{Folder, Node, PASSWORD, text};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn a_wrong_configuration_stops_before_anything_is_touched_and_says_everything() {
    let folder = Folder::new();
    fs::write(
        folder.0.join("plenum.toml"),
        "listen = 1\n[realtime]\nopen_chanels = true\n",
    )
    .expect("written");
    for command in ["check-config", "serve", "migrate"] {
        let output = folder.run(&[command, "--config", "plenum.toml"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert_eq!(text(&output.stdout), "");
        let errors = text(&output.stderr);
        assert!(
            errors.contains("plenum.toml:1: `listen` expects ADDRESS:PORT"),
            "{errors}"
        );
        assert!(
            errors.contains("plenum.toml:3: unknown key `realtime.open_chanels`"),
            "{errors}"
        );
    }
    assert!(!folder.0.join("data").exists());
    let output = folder
        .plenum(&["check-config"])
        .env("PLENUM_LISTENN", "x")
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let missing = folder.run(&["check-config", "--config", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn a_right_configuration_is_shown_without_its_secrets() {
    let folder = Folder::new();
    fs::write(folder.0.join("key"), "hunter2\n").expect("written");
    let mut command = folder.plenum(&["check-config", "--data", "elsewhere"]);
    let output = command
        .env("PLENUM_API__KEY_FILE", "key")
        .env("PLENUM_REALTIME__ALLOW_ANONYMOUS", "true")
        .output()
        .expect("runs");
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert!(
        out.contains("data = \"elsewhere\"") && out.contains("api.key = (secret)"),
        "{out}"
    );
    assert!(!out.contains("hunter2") && !errors.contains("hunter2"));
    assert!(errors.contains("realtime.allow_anonymous is on"), "{errors}");
}

#[test]
fn commands_that_are_not_there_and_wrong_options_are_wrong_usage() {
    let folder = Folder::new();
    for arguments in [
        &["fly"][..],
        &["serve", "--port", "1"],
        &["user", "add"],
        &["token"],
        &[],
    ] {
        assert_eq!(folder.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert!(text(&folder.run(&["--help"]).stdout).contains("check-config"));
    assert!(text(&folder.run(&["config-doc"]).stdout).starts_with("# Configuration\n"));
}

#[test]
fn users_and_tokens_are_made_beside_a_running_node() {
    let node = Node::start();
    node.folder.adds_user("alice");
    let login = node
        .nobody()
        .post("/login", &json!({ "username": "alice", "password": PASSWORD }));
    assert_eq!(login.status, 200, "{login:?}");
    let alice = node.with_token(&node.folder.token("alice"));
    let chat = alice.creates_chat("By token", &[]);
    alice.says(&chat, "hi");
    let sessions = alice.get("/sessions").json();
    assert!(
        sessions
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["agent"] == "plenum token")),
        "{sessions}"
    );
}

#[test]
fn a_token_made_before_the_node_started_holds() {
    let folder = Folder::new();
    folder.adds_user("alice");
    let token = folder.token("alice");
    let node = Node::start_in(folder, &[]);
    assert_eq!(node.with_token(&token).get("/chats").status, 200);
}

#[test]
fn wrong_users_are_refused_in_words() {
    let folder = Folder::new();
    folder.adds_user("alice");
    let refused = |arguments: &[&str], input: &str, words: &str| {
        let output = folder.run_with_input(arguments, input);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let errors = text(&output.stderr);
        assert!(errors.contains(words) && !errors.contains("swordfish"), "{errors}");
    };
    refused(&["user", "add", "ALICE"], "swordfish\n", "taken");
    refused(&["user", "add", "a"], "swordfish\n", "3 to 64 characters");
    refused(&["user", "add", "bob"], "short\n", "8 to 256 bytes");
    refused(&["user", "add", "bob"], "", "8 to 256 bytes");
    refused(&["token", "nobody"], "", "there is no user nobody");
    let role = folder.run_with_input(&["user", "add", "bob", "--role", "king"], "swordfish\n");
    assert_eq!(role.status.code(), Some(2));
}

#[test]
fn a_second_node_on_the_same_data_and_an_address_in_use_are_refused() {
    let node = Node::start();
    let second = node.folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("in use by another node"),
        "{}",
        text(&second.stderr)
    );
    let elsewhere = Folder::new().run(&["serve", "--listen", node.host()]);
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(
        text(&elsewhere.stderr).contains(node.host()),
        "{}",
        text(&elsewhere.stderr)
    );
}

#[test]
fn a_node_told_to_stop_turns_unready_ends_well_and_keeps_everything() {
    let mut node = Node::start();
    let alice = node.registers("alice");
    let (token, chat) = (alice.token.clone(), alice.creates_chat("Kept", &[]));
    alice.says(&chat, "still here");
    node.signal(Signal::TERM);
    // The signal is handled at some moment from now on; until the port closes the answer can be seen.
    let unready = loop {
        let ready = node.nobody().get("/readyz");
        if ready.status == 503 {
            break ready;
        }
    };
    assert_eq!(unready.json()["draining"], true);
    assert_eq!(node.ends().code(), Some(0));

    let again = Node::start_in(std::mem::replace(&mut node.folder, Folder::new()), &[]);
    let kept = again.with_token(&token).get(&format!("/chats/{chat}/messages")).json();
    assert_eq!(kept[0]["content"], "still here");
    assert!(text(&again.folder.run(&["check-data"]).stdout).contains("1 entries, 0 differences"));
}

#[test]
fn a_node_told_twice_stops_at_once() {
    let mut node = Node::start();
    node.signal(Signal::TERM);
    while node.nobody().get("/readyz").status != 503 {}
    node.signal(Signal::TERM);
    assert_eq!(node.ends().code(), Some(143));
}

#[test]
fn a_reload_takes_over_what_can_change_and_says_what_can_not() {
    let folder = Folder::new();
    let file = folder.0.join("plenum.toml");
    fs::write(&file, "[auth.jwt]\nhmac_secret = \"first\"\n").expect("written");
    let mut node = Node::start_with(
        folder,
        &["serve", "--listen", "127.0.0.1:0", "--config", "plenum.toml"],
        &[],
    );
    let signed = |secret: &str| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &json!({ "sub": "42" }), &key).expect("signed")
    };
    assert_eq!(node.with_token(&signed("first")).get("/chats").status, 200);

    let wait_for = |node: &Node, words: &str| while !node.log().contains(words) {};
    fs::write(
        &file,
        "[auth.jwt]\nhmac_secret = \"second\"\n[limits]\nmessage_bytes = 2048\n",
    )
    .expect("written");
    node.signal(Signal::HUP);
    wait_for(&node, "reload: done");
    assert!(node.log().contains("limits.message_bytes"), "{}", node.log());
    assert_eq!(node.with_token(&signed("second")).get("/chats").status, 200);
    assert_eq!(node.with_token(&signed("first")).get("/chats").status, 401);

    fs::write(&file, "nonsense = true\n").expect("written");
    node.signal(Signal::HUP);
    wait_for(&node, "nothing changed");
    assert_eq!(node.with_token(&signed("second")).get("/chats").status, 200);
    assert!(node.is_running());
    assert!(!node.log().contains("\"second\""));
}

#[test]
fn a_copy_is_made_while_the_node_runs_and_put_back_with_new_epochs() {
    let mut node = Node::start();
    let alice = node.registers("alice");
    let (token, chat) = (alice.token.clone(), alice.creates_chat("Kept", &[]));
    let epoch = alice.says(&chat, "before the copy")["epoch"].clone();
    let copy = node.folder.run(&["backup", "copy.db"]);
    assert!(copy.status.success(), "{}", text(&copy.stderr));
    assert_eq!(
        node.folder.run(&["backup", "copy.db"]).status.code(),
        Some(1),
        "a copy overwrites nothing"
    );
    alice.says(&chat, "after the copy");

    let served = node.folder.run(&["restore", "copy.db"]);
    assert_eq!(served.status.code(), Some(1), "not while the node runs");
    node.signal(Signal::TERM);
    assert_eq!(node.ends().code(), Some(0));
    let restored = node.folder.run(&["restore", "copy.db"]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));

    let again = Node::start_in(std::mem::replace(&mut node.folder, Folder::new()), &[]);
    let alice = again.with_token(&token);
    let messages = alice.get(&format!("/chats/{chat}/messages")).json();
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
    assert_ne!(alice.says(&chat, "a new life")["epoch"], epoch);
}

#[test]
fn a_damaged_copy_is_not_put_back() {
    let folder = Folder::new();
    folder.adds_user("alice");
    fs::write(
        folder.0.join("copy.db"),
        "not a database at all, but long enough to look like something",
    )
    .expect("written");
    for source in ["copy.db", "nowhere.db"] {
        assert_eq!(folder.run(&["restore", source]).status.code(), Some(1), "{source}");
    }
    assert!(!folder.token("alice").is_empty(), "the store is what it was");
}

#[test]
fn the_demo_says_how_to_try_it_and_its_commands_work() {
    let mut node = Node::start_with(Folder::new(), &["serve", "--listen", "127.0.0.1:0", "--demo"], &[]);
    let hints = node.next_lines(14).concat();
    assert!(hints.contains("user demo, password demo-password"), "{hints}");
    let invitation = node.nobody().get("/demo.json").json()["invitation"].clone();
    let guests = format!("{}{}\n", node.address, invitation["path"].as_str().expect("a path"));
    assert!(
        hints.contains(&guests) && hints.contains("--listen 0.0.0.0:"),
        "{hints}"
    );
    assert!(!hints.contains('\x1b'), "not on a terminal: {hints}");
    let joined = json!({ "code": invitation["code"], "name": "Anna" });
    assert_eq!(node.nobody().post("/join", &joined).status, 201);
    let behind = |words: &str| {
        let (_, commands) = hints.split_once(words).unwrap_or_else(|| panic!("{words}: {hints}"));
        commands
            .split_once('\n')
            .expect("commands follow")
            .1
            .split("\n  ")
            .map(str::trim)
            .collect::<Vec<_>>()
    };
    let (login, listen, send) = (behind("Log in"), behind("Listen"), behind("Send"));
    let login = login[0].lines().next().expect("a command");
    let listen = format!("{}\n{}", listen[0], listen[1].lines().next().expect("its second line"));
    let send = send[0];
    // Sends until it is heard: a moment passes before anybody listens.
    let script = format!(
        "set -eu\n{login}\ngrep -m1 -o '\"content\":\"hello\"' < <({listen}) &\nwhile kill -0 $! 2>&-; do\n{send} >&2\ndone\nwait $!\n"
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .output()
        .expect("bash is there");
    assert_eq!(
        text(&output.stdout),
        "\"content\":\"hello\"\n",
        "{script}\n{}",
        text(&output.stderr)
    );
    let demo = node.nobody().get("/demo.json").json();
    let login = node.nobody().post(
        "/login",
        &json!({ "username": demo["username"], "password": demo["password"] }),
    );
    assert_eq!(login.status, 200);
}

#[test]
fn settings_that_open_the_node_warn_in_its_log() {
    let node = Node::start_in(
        Folder::new(),
        &[
            ("PLENUM_REALTIME__OPEN_CHANNELS", "true"),
            ("PLENUM_LOG__FORMAT", "json"),
        ],
    );
    let log = node.log();
    assert!(
        log.contains("realtime.open_channels is on") && log.contains("\"level\":\"WARN\""),
        "{log}"
    );
    assert!(
        log.contains("sessions"),
        "the descriptor limit is said in sessions: {log}"
    );
}
