//! What people can do in a room, and what they can't.

use engine::rooms::Verb;
use protocol::{ErrorCode, payload::Payload};
use storage::{EntryKind, MarkRepository, MemberRepository, Role, RoomKind, RoomRepository};
use uuid::Uuid;

use crate::kit::{NOW_MS, Node, caller, code, reply, send, text_of, user};

const DENIED: Option<ErrorCode> = Some(ErrorCode::PermissionDenied);
const NOT_FOUND: Option<ErrorCode> = Some(ErrorCode::NotFound);

fn edit(target: u64, content: &str) -> Verb {
    Verb::Edit {
        target,
        content: content.to_owned(),
    }
}

fn delete(target: u64) -> Verb {
    Verb::Delete { target }
}

fn add(people: &[(&str, Role)]) -> Verb {
    Verb::AddParticipants {
        users: people.iter().map(|(name, role)| (user(name), *role)).collect(),
    }
}

fn remove(people: &[&str]) -> Verb {
    Verb::RemoveParticipants {
        users: people.iter().map(|name| user(name)).collect(),
    }
}

#[tokio::test]
async fn a_sent_message_gets_the_next_seq_and_number_and_is_read_by_its_sender_alone() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob", "carol"]).await;
    let first = chat.sends("alice", "hi").await.expect("sent");
    let second = chat.sends("bob", "hello").await.expect("sent");
    assert_eq!((first.entry.seq, first.entry.number), (1, 1));
    assert_eq!((second.entry.seq, second.entry.number), (2, 2));
    assert_eq!(first.epoch, chat.state().await.head.epoch);
    assert_eq!(chat.texts().await, ["hi", "hello"]);
    for (name, read) in [("alice", (1, 1)), ("bob", (2, 2)), ("carol", (0, 0))] {
        let mark = chat.store.mark(chat.id, &user(name)).await.expect("readable");
        assert_eq!((mark.read_seq, mark.read_number), read, "{name}");
    }
}

#[tokio::test]
async fn times_of_a_room_never_go_back_when_the_clock_does() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    node.clock.advance(60_000);
    let first = chat.sends("alice", "now").await.expect("sent");
    node.clock.advance(-120_000);
    let second = chat.sends("alice", "then").await.expect("sent");
    assert_eq!(first.entry.time_ms, NOW_MS + 60_000);
    assert_eq!(second.entry.time_ms, first.entry.time_ms);
}

#[tokio::test]
async fn an_edit_carries_the_whole_new_state_and_the_row_has_it_too() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    chat.sends("bob", "first").await.expect("sent");
    let message = chat.does("alice", reply("helo", 1)).await.expect("sent").entry;
    node.clock.advance(5_000);
    let edited = chat.does("alice", edit(2, "hello")).await.expect("edited").entry;
    assert_eq!((edited.kind, edited.seq, edited.target), (EntryKind::Edit, 3, 2));
    assert_eq!((edited.reply_to, edited.created_ms), (1, message.created_ms));
    assert_eq!((edited.time_ms, edited.number), (NOW_MS + 5_000, 2));
    assert_eq!((edited.sender, edited.actor), (Some(user("alice")), None));
    let again = chat.does("alice", edit(2, "hello!")).await.expect("edited").entry;
    assert_eq!(again.version, 3, "an edit names the one before");
    let log = chat.log().await;
    assert_eq!(
        log.iter().map(text_of).collect::<Vec<_>>(),
        ["first", "hello!", "hello", "hello!"]
    );
    assert_eq!(log[1].version, 4);
}

#[tokio::test]
async fn only_the_author_or_the_system_edits_and_a_deleted_message_is_not_there() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    chat.sends("bob", "mine").await.expect("sent");
    assert_eq!(
        code(&chat.does("alice", edit(1, "yours")).await),
        DENIED,
        "not even the owner"
    );
    chat.does("system", edit(1, "ours")).await.expect("edited");
    assert_eq!(
        code(&chat.does("bob", delete(2)).await),
        NOT_FOUND,
        "an edit is no message"
    );
    let deleted = chat.does("alice", delete(1)).await.expect("an owner deletes").entry;
    assert_eq!(
        (deleted.sender, deleted.actor),
        (Some(user("bob")), Some(user("alice")))
    );
    assert!(deleted.deleted && deleted.body.is_empty());
    assert_eq!(code(&chat.does("bob", edit(1, "back")).await), NOT_FOUND);
    assert_eq!(code(&chat.does("bob", delete(1)).await), NOT_FOUND);
    assert_eq!(code(&chat.does("bob", delete(77)).await), NOT_FOUND);
    assert_eq!(code(&chat.does("bob", reply("to whom?", 1)).await), NOT_FOUND);
    assert_eq!(chat.texts().await, ["", "", ""], "no text is left");
}

#[tokio::test]
async fn a_member_deletes_own_messages_only_and_a_moderator_everybodys() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob", "carol"]).await;
    for who in ["alice", "bob", "carol"] {
        chat.sends(who, "x").await.expect("sent");
    }
    assert_eq!(code(&chat.does("bob", delete(3)).await), DENIED);
    chat.does("bob", delete(2)).await.expect("own");
    chat.does("alice", add(&[("bob", Role::Moderator)]))
        .await
        .expect("promoted");
    chat.does("bob", delete(3)).await.expect("as a moderator");
}

#[tokio::test]
async fn pipelined_commands_see_what_those_before_them_do_though_nothing_is_committed_yet() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let answers = [
        chat.asks("bob", send("one")),
        chat.asks("bob", edit(1, "uno")),
        chat.asks("alice", remove(&["bob"])),
        chat.asks("bob", send("two")),
        chat.asks("bob", edit(1, "eins")),
        chat.asks("alice", add(&[("bob", Role::Member), ("carol", Role::Member)])),
        chat.asks("bob", send("three")),
        chat.asks("carol", send("four")),
        chat.asks("alice", delete(1)),
        chat.asks("bob", edit(1, "ein")),
    ];
    let mut codes = Vec::new();
    for answer in answers {
        codes.push(code(&answer.await.expect("one answer")));
    }
    let ok = None;
    assert_eq!(codes, [ok, ok, ok, NOT_FOUND, NOT_FOUND, ok, ok, ok, ok, NOT_FOUND]);
    assert_eq!(chat.texts().await, ["", "", "", "", "three", "four", ""]);
    let state = chat.state().await;
    assert_eq!((state.room.members_count, state.head.number), (3, 3));
    let bob = chat
        .store
        .member(chat.id, &user("bob"))
        .await
        .expect("readable")
        .expect("back");
    assert_eq!((bob.joined_seq, bob.joined_number), (4, 1), "nothing before is unread");
}

#[tokio::test]
async fn who_is_removed_is_refused_at_once_and_who_leaves_too() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob", "carol"]).await;
    chat.sends("bob", "hi").await.expect("sent");
    let removal = chat.does("alice", remove(&["bob", "nobody"])).await.expect("removed");
    assert_eq!(removal.room.members_count, 2);
    assert!(removal.entry.body.ends_with(br#""added":[],"removed":["bob"]}"#));
    assert_eq!(code(&chat.sends("bob", "still here?").await), NOT_FOUND);
    assert_eq!(code(&chat.does("carol", remove(&["alice"])).await), DENIED);
    chat.does("carol", remove(&["carol"])).await.expect("left");
    assert_eq!(code(&chat.sends("carol", "still here?").await), NOT_FOUND);
    assert_eq!(code(&chat.does("alice", remove(&["bob"])).await), NOT_FOUND);
}

#[tokio::test]
async fn nobody_removes_a_higher_rank_and_nobody_is_degraded_by_an_invitation() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    chat.does("alice", add(&[("bob", Role::Moderator)]))
        .await
        .expect("promoted");
    assert_eq!(code(&chat.does("bob", remove(&["alice"])).await), DENIED);
    let again = chat.does("bob", add(&[("alice", Role::Member)])).await;
    assert_eq!(code(&again), Some(ErrorCode::Conflict));
    let alice = chat.store.member(chat.id, &user("alice")).await.expect("readable");
    assert_eq!(alice.map(|member| member.role), Some(Role::Owner));
}

#[tokio::test]
async fn a_chat_of_two_keeps_its_two_even_against_the_system() {
    let node = Node::start();
    let chat = node.chat(RoomKind::Direct, &["alice", "bob"]).await;
    for who in ["alice", "system"] {
        assert_eq!(code(&chat.does(who, add(&[("carol", Role::Member)])).await), DENIED);
        assert_eq!(code(&chat.does(who, remove(&["bob"])).await), DENIED);
    }
    assert!(chat.log().await.is_empty());
}

#[tokio::test]
async fn an_owner_renames_and_deletes_and_a_deleted_room_is_not_there() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let rename = Verb::Update {
        name: Some("lunch".to_owned()),
        retention_days: None,
    };
    assert_eq!(code(&chat.does("bob", rename.clone()).await), DENIED);
    assert_eq!(chat.does("alice", rename).await.expect("renamed").room.name, "lunch");
    assert_eq!(code(&chat.does("bob", Verb::DeleteRoom).await), DENIED);
    let last = chat.does("alice", Verb::DeleteRoom).await.expect("deleted");
    assert!(last.room.deleted && last.entry.kind == EntryKind::RoomDeleted);
    for who in ["alice", "system"] {
        assert_eq!(code(&chat.sends(who, "anybody?").await), NOT_FOUND);
    }
    let state = chat.state().await;
    assert_eq!((state.room.name.as_str(), state.room.deleted), ("lunch", true));
    assert_eq!(
        (state.head.seq, state.head.number),
        (2, 0),
        "none of this makes anybody look"
    );
}

#[tokio::test]
async fn strangers_the_anonymous_and_the_muted_do_not_write() {
    let node = Node::start();
    let chat = node.group(&["alice", "bob"]).await;
    let until_ms = NOW_MS + 1_000;
    chat.store
        .mute_member(chat.id, &user("bob"), until_ms)
        .await
        .expect("muted");
    assert_eq!(code(&chat.sends("bob", "mmh").await), DENIED);
    assert_eq!(code(&chat.sends("mallory", "hi").await), NOT_FOUND);
    assert_eq!(code(&chat.sends("", "hi").await), NOT_FOUND);
    let system = chat.sends("system", "notice").await.expect("the system may").entry;
    assert_eq!((system.sender, system.actor), (None, None));
    node.clock.advance(1_000);
    chat.sends("bob", "aah").await.expect("not muted any more");
}

#[tokio::test]
async fn rooms_that_are_not_there_are_not_found_and_leave_nothing_behind() {
    let node = Node::start();
    for name in ["room:0000000000000", "room:nonsense", "user:alice"] {
        let channel = engine::Channel::parse(name).expect("a name");
        let command = crate::kit::command("system", None, send("hi"));
        let answer = node.rooms.submit(&channel, command).await.expect("one answer");
        assert_eq!(code(&answer), NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn an_open_channel_is_made_at_its_first_publication_and_takes_data_as_given() {
    let node = Node::start();
    let connection = Uuid::new_v4();
    let channel = engine::Channel::parse("news").expect("a name");
    let data = Payload::from_trusted(bytes::Bytes::from_static(b"{\"any\":[1]}"));
    let command = engine::rooms::Command {
        caller: caller("alice").on_connection(connection),
        verb: Verb::Publish { data },
        client_msg_id: None,
    };
    let first = node
        .rooms
        .submit(&channel, command)
        .await
        .expect("one answer")
        .expect("published");
    assert_eq!(&first.entry.body[..], b"{\"any\":[1]}");
    assert_eq!((first.entry.seq, first.entry.number), (1, 1));
    assert_eq!(first.entry.client, Some(connection));
    let second = node
        .publishes("", "news", "2")
        .await
        .expect("one answer")
        .expect("published");
    assert_eq!((second.entry.seq, second.epoch), (2, first.epoch));
    assert_eq!(second.entry.sender, None, "nobody is signed in");
    let room = node.store.channel("news").await.expect("readable").expect("there");
    assert_eq!(room, second.room);

    let by_id = engine::Channel::of_room(room.id);
    let command = crate::kit::command("system", None, send("hi"));
    let answer = node.rooms.submit(&by_id, command).await.expect("one answer");
    assert_eq!(code(&answer), NOT_FOUND, "a channel has one name");
}

#[tokio::test]
async fn a_chat_takes_no_publications_and_a_channel_no_messages() {
    let node = Node::start();
    let chat = node.group(&["alice"]).await;
    let publish = Verb::Publish {
        data: Payload::from_trusted(bytes::Bytes::from_static(b"1")),
    };
    for who in ["alice", "system"] {
        assert!(code(&chat.does(who, publish.clone()).await).is_some());
    }
    let channel = engine::Channel::parse("news").expect("a name");
    let command = crate::kit::command("alice", None, send("hi"));
    let answer = node.rooms.submit(&channel, command).await.expect("one answer");
    assert_eq!(code(&answer), NOT_FOUND);
}
