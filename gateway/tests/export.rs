//! `plenum export` and `plenum import`, with the real program from end to end.

mod http_kit;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_kit::{Folder, Node, PASSWORD, User, socket, text};
use protocol::{Epoch, RoomId, UserId};
use rustix::process::Signal;
use serde_json::{Value, json};
use storage::{
    AppendBatch, Entry, EntryKind, LogRepository as _, NewEntry, NewRoom, Permit, RoomCreated, RoomKind,
    RoomRepository as _,
    dump::FORMAT,
    sqlite::{Options, SqliteStore},
};
use uuid::Uuid;

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The command failed, and says so in these words.
#[track_caller]
fn failed(output: &Output, words: &str) {
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(words), "{errors}");
}

/// A node with a chat that has seen everything; its token, chat and folder.
struct Lived {
    node: Node,
    token: String,
    chat: String,
    epoch: Value,
}

fn lived() -> Lived {
    let node = Node::start();
    let (alice, bob) = (node.registers("alice"), node.registers("bob"));
    let chat = alice.creates_chat("Kept", &[&bob.id]);
    let first = alice.says(&chat, "hello");
    alice.says(&chat, "to be deleted");
    let deleted = alice.says(&chat, "to be deleted too")["message_id"].clone();
    let id = |message: &Value| message.as_str().expect("an id").to_owned();
    let edited = id(&first["message_id"]);
    let answer = alice.patch(&format!("/messages/{edited}"), &json!({ "content": "hello, edited" }));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(alice.delete(&format!("/messages/{}", id(&deleted))).status, 200);
    let read = bob.put(&format!("/messages/{edited}/read"), &json!({}));
    assert_eq!(read.status, 200, "{read:?}");
    alice.creates_chat("Empty", &[]);
    let (token, epoch) = (alice.token.clone(), first["epoch"].clone());
    Lived {
        token,
        chat,
        epoch,
        node,
    }
}

fn messages(user: &User<'_>, chat: &str) -> Value {
    user.get(&format!("/chats/{chat}/messages")).json()
}

/// Without what says which life of the log it is from.
fn without_epochs(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("epoch");
            for field in fields.values_mut() {
                *field = without_epochs(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_epochs(item.take());
            }
        }
        _ => {}
    }
    value
}

#[test]
fn a_node_moves_into_a_new_store_with_everything_and_clients_learn_that_it_is_another_log() {
    let Lived {
        mut node,
        token,
        chat,
        epoch,
    } = lived();
    let alice = node.with_token(&token);
    let (history, chats) = (messages(&alice, &chat), alice.get("/chats").json());
    let bobs_login = node
        .nobody()
        .post("/login", &json!({ "username": "bob", "password": PASSWORD }))
        .json();
    let bob = node.with_token(bobs_login["access_token"].as_str().expect("a token"));
    let bobs_chats = bob.get("/chats").json();
    assert_eq!(
        bobs_chats[0]["unread"].as_u64().map(|unread| unread > 0),
        Some(true),
        "{bobs_chats}"
    );
    let beside = done(&node.folder.run(&["export", "beside"]));
    node.signal(Signal::TERM);
    assert_eq!(node.ends().code(), Some(0));
    let exported = done(&node.folder.run(&["export", "out"]));
    let lines = |output: &str| output.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&beside), lines(&exported), "beside a node and after it");

    let target = Folder::new();
    let source = node.folder.0.join("out");
    let imported = done(&target.run(&["import", path(&source)]));
    assert_eq!(lines(&imported), lines(&exported));
    assert!(imported.contains("every hash agrees"), "{imported}");
    let checked = done(&target.run(&["check-data"]));
    assert!(checked.contains(" 0 differences"), "{checked}");

    let again = Node::start_in(target, &[]);
    let alice = again.with_token(&token);
    assert_eq!(without_epochs(messages(&alice, &chat)), without_epochs(history));
    assert_eq!(without_epochs(alice.get("/chats").json()), without_epochs(chats));
    let refreshed = again
        .nobody()
        .post("/refresh", &json!({ "refresh_token": bobs_login["refresh_token"] }));
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let refreshed = refreshed.json();
    let bob = again.with_token(refreshed["access_token"].as_str().expect("a token"));
    assert_eq!(without_epochs(bob.get("/chats").json()), without_epochs(bobs_chats));
    let login = again
        .nobody()
        .post("/login", &json!({ "username": "ALICE", "password": PASSWORD }));
    assert_eq!(login.status, 200, "{login:?}");
    is_another_log(&again, &token, &chat, &epoch);
    assert_ne!(alice.says(&chat, "after the move")["epoch"], epoch);
}

/// A client that comes back with its old place is told that it can't go on from there.
fn is_another_log(node: &Node, token: &str, chat: &str, epoch: &Value) {
    let mut socket = socket::Socket::open(node.host(), "/connection/websocket", &[]).expect("a socket");
    socket.sends(&json!({ "id": 1, "connect": { "token": token } }).to_string());
    assert!(socket.receives()["connect"].is_object());
    let place = json!({ "channel": format!("room:{chat}"), "recover": true, "epoch": epoch, "offset": 1 });
    socket.sends(&json!({ "id": 2, "subscribe": place }).to_string());
    let reply = loop {
        let reply = socket.receives();
        if reply["id"] == 2 {
            break reply;
        }
    };
    let subscribed = &reply["subscribe"];
    assert!(subscribed.is_object(), "{reply}");
    assert_ne!(subscribed["recovered"], true, "{reply}");
    assert_ne!(subscribed["epoch"], *epoch);
}

fn path(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// A store with so many messages of so many bytes, without a node.
fn filled(folder: &Folder, messages: u64, bytes: usize) {
    fs::create_dir_all(folder.0.join("data")).expect("a folder");
    let store = SqliteStore::open(&folder.0.join("data/plenum.db"), Options::default()).expect("a store");
    let sender: UserId = "somebody".parse().expect("an id");
    let room = NewRoom {
        id: RoomId::generate(1_700_000_000_000),
        kind: RoomKind::Group,
        name: "large".to_owned(),
        initiator: None,
        members: Vec::new(),
        epoch: Epoch::generate(),
        now_ms: 1_700_000_000_000,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (RoomCreated::New(state) | RoomCreated::Existing(state)) = store.create_room(room).await.expect("a room");
        let body = |seq: u64| {
            // Nothing that compresses well: what is written is as large as what is read.
            let noise: String = (0..bytes / 32)
                .map(|part| {
                    Uuid::from_u64_pair(seq.wrapping_mul(0x9e37_79b9_7f4a_7c15), part as u64)
                        .simple()
                        .to_string()
                })
                .collect();
            Bytes::from(format!("{{\"content\":\"{noise}\"}}"))
        };
        let entries = (1..=messages).map(|seq| NewEntry {
            entry: message(seq, &sender, body(seq)),
            is_repeatable: false,
            effects: Vec::new(),
        });
        let batch = AppendBatch {
            room: state.room.id,
            permit: Permit::take_over(&Arc::<AtomicU64>::default()),
            head: state.head,
            entries: entries.collect(),
            deadline: Instant::now() + Duration::from_secs(600),
        };
        store.append(batch).await.expect("appended");
    });
}

fn message(seq: u64, sender: &UserId, body: Bytes) -> Entry {
    Entry {
        seq,
        number: seq,
        kind: EntryKind::Message,
        sender: Some(sender.clone()),
        actor: None,
        client: None,
        time_ms: 1_700_000_000_000,
        created_ms: 1_700_000_000_000,
        command_id: Uuid::new_v4(),
        reply_to: 0,
        target: 0,
        version: 0,
        deleted: false,
        body,
    }
}

/// Runs a command that is killed at its first write beyond so many KiB of a file; with `ignoring`, that write fails.
fn bounded(folder: &Folder, kibibytes: u32, ignoring: bool, arguments: &[&str]) -> Output {
    let plenum = folder.plenum(&[]).get_program().to_owned();
    let trap = if ignoring { "trap '' XFSZ; " } else { "" };
    // The shell counts in blocks of 1,024 bytes, except in POSIX mode.
    let script = format!("{trap}ulimit -c 0; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .arg(plenum)
        .args(arguments)
        .current_dir(&folder.0);
    command.output().expect("the program starts")
}

/// What is left of an export or import that was killed by the system.
#[track_caller]
fn was_killed(output: &Output) {
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(output.status.signal(), Some(25), "SIGXFSZ: {}", text(&output.stderr));
}

#[test]
fn an_import_that_is_killed_serves_nobody_and_goes_on() {
    let (source, target) = (Folder::new(), Folder::new());
    filled(&source, 9_000, 1_024);
    let exported = done(&source.run(&["export", "out"]));
    let out = source.0.join("out");
    was_killed(&bounded(&target, 6 << 10, false, &["import", path(&out)]));

    failed(
        &target.run(&["serve", "--listen", "127.0.0.1:0"]),
        "an import into this store was interrupted",
    );
    failed(
        &target.run(&["export", "copy"]),
        "run `plenum import` with the same folder again",
    );
    failed(&target.run(&["token", "somebody"]), "interrupted");
    let other = Folder::new();
    filled(&other, 10, 32);
    done(&other.run(&["export", "out"]));
    failed(&target.run(&["import", path(&other.0.join("out"))]), "another import");

    let imported = done(&target.run(&["import", path(&out)]));
    assert_eq!(imported.lines().next(), exported.lines().next());
    assert!(done(&target.run(&["check-data"])).contains(" 0 differences"));
    Node::start_in(target, &[]);
}

#[test]
fn a_full_disk_ends_an_import_in_words_and_it_goes_on_when_there_is_room() {
    let (source, target) = (Folder::new(), Folder::new());
    filled(&source, 9_000, 1_024);
    done(&source.run(&["export", "out"]));
    let out = source.0.join("out");
    failed(
        &bounded(&target, 6 << 10, true, &["import", path(&out)]),
        "nothing of the import is visible",
    );
    failed(&target.run(&["serve", "--listen", "127.0.0.1:0"]), "interrupted");
    done(&target.run(&["import", path(&out)]));
    assert!(done(&target.run(&["check-data"])).contains(" 0 differences"));
}

#[test]
fn an_export_that_is_killed_or_finds_the_disk_full_goes_on() {
    let source = Folder::new();
    filled(&source, 3_000, 1_024);
    for (ignoring, name) in [(false, "killed"), (true, "full")] {
        let output = bounded(&source, 128, ignoring, &["export", name]);
        if ignoring {
            failed(&output, "rooms-000001.zst.unfinished");
        } else {
            was_killed(&output);
        }
        failed(
            &Folder::new().run(&["import", path(&source.0.join(name))]),
            "is not complete",
        );
        let output = source.run(&["export", name]);
        done(&output);
        let target = Folder::new();
        done(&target.run(&["import", path(&source.0.join(name))]));
    }
}

/// A finished export of a small store.
fn exported() -> (Folder, PathBuf) {
    let source = Folder::new();
    filled(&source, 50, 64);
    done(&source.run(&["export", "out"]));
    let out = source.0.join("out");
    (source, out)
}

#[test]
fn damaged_cut_foreign_and_newer_folders_are_refused_in_words_and_leave_no_store_that_is_not_served() {
    let (_source, out) = exported();
    let target = Folder::new();
    let import = || target.run(&["import", path(&out)]);
    let file = out.join("rooms-000001.zst");
    let whole = fs::read(&file).expect("the file");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    fs::write(&file, flipped).expect("written");
    failed(&import(), "rooms-000001.zst is damaged: its hash differs");
    fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    failed(&import(), "rooms-000001.zst is damaged: it has ");
    fs::remove_file(&file).expect("removed");
    failed(&import(), "rooms-000001.zst is missing");
    fs::write(&file, whole).expect("written");

    let manifest = out.join("manifest.json");
    let sound = fs::read_to_string(&manifest).expect("the manifest");
    let format = format!("\"format\": {FORMAT}");
    fs::write(&manifest, sound.replace(&format, "\"format\": 77")).expect("written");
    failed(
        &import(),
        &format!("format 77; this Plenum knows formats up to {FORMAT}"),
    );
    fs::write(&manifest, "{}").expect("written");
    failed(&import(), "is not an export of Plenum");
    fs::remove_file(&manifest).expect("removed");
    failed(&import(), "is not an export of Plenum");
    failed(&target.run(&["import", "nowhere"]), "is not an export of Plenum");
    fs::write(&manifest, sound).expect("written");

    done(&import());
    failed(&import(), "the store is not empty: it has rooms");
    Node::start_in(target, &[]);
}

#[test]
fn a_store_that_a_node_serves_or_has_served_is_not_imported_into() {
    let (_source, out) = exported();
    let mut node = Node::start();
    failed(&node.folder.run(&["import", path(&out)]), "is in use by another node");
    node.signal(Signal::TERM);
    assert_eq!(node.ends().code(), Some(0));
    failed(
        &node.folder.run(&["import", path(&out)]),
        "the store is not empty: a node has been started on it",
    );
}

#[test]
fn a_store_that_is_not_there_and_a_folder_in_use_are_not_exported() {
    let empty = Folder::new();
    failed(&empty.run(&["export", "out"]), "plenum.db");
    assert!(!empty.0.join("out").exists() && !empty.0.join("data").exists());
    let (source, _) = exported();
    failed(&source.run(&["export", "out"]), "holds a complete export already");
    failed(&source.run(&["export", "data"]), "is not empty");
    assert_eq!(source.run(&["export"]).status.code(), Some(2));
}
