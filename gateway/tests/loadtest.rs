//! The simulator's scenarios against the real node, each for some seconds with some dozens of phones.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The key that node and simulator sign with.
const KEY: &str = "of-this-test-alone";

/// A node with open channels and a key for outside tokens, until it is dropped.
struct Node {
    process: Child,
    url: String,
    data: PathBuf,
}

impl Node {
    /// `name` tells the tests' nodes apart.
    fn start(name: &str) -> Self {
        let data = std::env::temp_dir().join(format!("plenum-under-load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::write(data.join("key"), KEY).expect("a key");
        let mut process = Command::new(env!("CARGO_BIN_EXE_plenum"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("PLENUM_REALTIME__OPEN_CHANNELS", "true")
            .env("PLENUM_REALTIME__ALLOW_ANONYMOUS", "true")
            .env("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")
            .env("PLENUM_AUTH__JWT__HMAC_SECRET_FILE", data.join("key"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the node starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("where it listens")
            .to_owned();
        Self { process, url, data }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// The simulator's binary, which is another package's.
fn simulator() -> PathBuf {
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_plenum")).with_file_name("plenum-loadtest");
    assert!(
        beside.exists(),
        "{} is not there: `cargo test --workspace` builds it, and so does `cargo build -p loadtest`",
        beside.display()
    );
    beside
}

/// Runs a scenario, which must hold; gives what the simulator prints.
fn verdict(scenario: impl AsRef<Path>, node: &Node, options: &str) -> String {
    let output = Command::new(simulator())
        .arg("run")
        .arg(scenario.as_ref())
        .args(["--target", &node.url, "--quiet", "--lag-limit-ms", "60000"])
        .args(["--server-pid", &node.process.id().to_string()])
        .args(options.split_whitespace())
        .output()
        .expect("the simulator runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("HELD"), "{text}");
    text
}

#[test]
fn one_big_room_and_a_rush_hold_in_all_encodings() {
    let node = Node::start("open");
    let room = "--sessions 50 --rate 50 --seconds 2 --resume-share 0.5 --away-ms 500 --encoding";
    for encoding in ["json", "protobuf", "msgpack"] {
        verdict("one-big-room", &node, &format!("{room} {encoding}"));
    }
    verdict("history-rush", &node, "--sessions 50 --history 20 --statements-max 20");
}

#[test]
fn a_crowd_of_members_opens_a_cold_room_with_a_handful_of_statements() {
    let node = Node::start("rush");
    let key = node.data.join("key").display().to_string();
    for encoding in ["json", "protobuf"] {
        let rush =
            format!("--sessions 300 --history 20 --statements-max 20 --members --hmac-secret-file {key} --encoding");
        let text = verdict("history-rush", &node, &format!("{rush} {encoding}"));
        assert!(text.contains("300 phones opened the room: "), "{text}");
    }
}

#[test]
fn one_big_room_of_members_holds_and_its_phones_are_counted_alone() {
    let node = Node::start("members");
    let file = node.data.join("members.toml");
    let settings = format!(
        "scenario = 'one-big-room'\nmembers = true\nhmac_secret_file = '{}'\nsessions = 60\nrate = 50\nseconds = 1\n\
         resume_share = 0.5\naway_ms = 300\nleave = 0.2\n",
        node.data.join("key").display()
    );
    std::fs::write(&file, settings).expect("a scenario file");
    let text = verdict(&file, &node, "--rest 0.2");
    assert!(text.contains("60 phones in room:"), "{text}");
    assert!(
        text.contains("50 entries in the log"),
        "membership stands before the run: {text}"
    );
    assert!(text.contains("after leaving: RSS"), "{text}");
}

#[test]
fn all_come_back_at_once_and_have_everything() {
    let node = Node::start("storm");
    let storm = "--sessions 60 --missed 40 --rate 200";
    verdict("reconnect-storm", &node, storm);
    let key = node.data.join("key").display().to_string();
    let text = verdict(
        "reconnect-storm",
        &node,
        &format!("{storm} --members --hmac-secret-file {key}"),
    );
    assert!(text.contains("60 cut, 60 recovered (2,400 entries)"), "{text}");
}

#[test]
fn phones_on_streams_have_everything_too() {
    let node = Node::start("streams");
    for way in ["http-stream", "http-stream --encoding protobuf", "sse"] {
        let room = "--sessions 40 --rate 50 --seconds 1 --resume-share 0.5 --away-ms 300 --rest 0.2 --transport";
        let text = verdict("one-big-room", &node, &format!("{room} {way}"));
        assert!(text.contains("deliveries  2,000 "), "{text}");
        verdict(
            "history-rush",
            &node,
            &format!("--sessions 40 --history 20 --transport {way}"),
        );
        let storm = "--sessions 40 --missed 30 --rate 200 --rest 0.2 --transport";
        let text = verdict("reconnect-storm", &node, &format!("{storm} {way}"));
        assert!(text.contains("40 cut, 40 recovered (1,200 entries)"), "{text}");
    }
}

#[test]
fn phones_that_read_slowly_end_up_with_everything_and_hold_nobody_up() {
    let node = Node::start("slow");
    let slow = "--sessions 40 --rate 300 --seconds 2 --slow-share 0.5 --slow-bytes-per-second 4000 --rest 0.2";
    for transport in ["websocket", "http-stream", "sse"] {
        let text = verdict("slow-phones", &node, &format!("{slow} --transport {transport}"));
        assert!(text.contains("20 phones read 4.0 KB per second"), "{text}");
        assert!(text.contains("deliveries  24,000 "), "{text}");
    }
}

#[test]
fn everything_that_is_said_in_many_chats_arrives() {
    let node = Node::start("chats");
    let key = node.data.join("key").display().to_string();
    let chats = "--sessions 40 --rate 20 --seconds 1.5 --chats 100 --chat-interval 0.5 --rest 0.2 --hmac-secret-file";
    let text = verdict("many-chats", &node, &format!("{chats} {key}"));
    assert!(text.contains("100 of two with 200 subscriptions"), "{text}");
    let options = "--transport sse --resume-share 0.5 --away-ms 300";
    verdict("many-chats", &node, &format!("{chats} {key} {options}"));
}
