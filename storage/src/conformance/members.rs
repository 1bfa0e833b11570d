//! Members and lists of chats.

use std::sync::Arc;

use protocol::RoomId;

use super::kit::{START_MS, TestRoom, new_room, user};
use crate::{Effect, EntryKind, MEMBERS_OF_MAX, Mark, Role, RoomKind, Store, StoreError};

/// Page by page, by id.
pub async fn members_come_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["olga", "alice", "zoe", "bob", "carol"]).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.members(room.id, after.as_ref(), 2).await.expect("a read");
        let Some(last) = page.last() else { break };
        after = Some(last.user.clone());
        found.extend(page);
    }
    let names: Vec<&str> = found.iter().map(|member| member.user.as_str()).collect();
    assert_eq!(names, ["alice", "bob", "carol", "olga", "zoe"]);
    assert_eq!(found[3].role, Role::Owner);
    assert_eq!(found[0].role, Role::Member);
}

/// One question in the place of two.
pub async fn a_room_and_a_membership_are_read_together(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice"]).await;
    let read = async |room, name| store.room_for(room, &user(name)).await.expect("a read");
    let state = store.room(room.id).await.expect("a read").expect("the room");
    let alice = store.member(room.id, &user("alice")).await.expect("a read");
    assert!(alice.is_some());
    assert_eq!(read(room.id, "alice").await, Some((state.clone(), alice)));
    assert_eq!(read(room.id, "bob").await, Some((state, None)));
    assert_eq!(read(RoomId::generate(START_MS + 1), "alice").await, None);
}

/// Strangers are left out, and so is everybody of a room that is not there.
pub async fn memberships_of_several_people_are_read_together(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["olga", "alice", "bob"]).await;
    let people = ["bob", "mallory", "olga"].map(user);
    let mut found = store.members_of(room.id, &people).await.expect("a read");
    found.sort_by(|one, other| one.user.cmp(&other.user));
    let mut expected = Vec::new();
    for name in ["bob", "olga"] {
        expected.extend(store.member(room.id, &user(name)).await.expect("a read"));
    }
    assert_eq!(found, expected);
    assert_eq!(store.members_of(room.id, &[]).await.expect("a read"), []);
    let many: Vec<_> = (0..MEMBERS_OF_MAX).map(|number| user(&format!("p{number}"))).collect();
    assert_eq!(store.members_of(room.id, &many).await.expect("a read"), []);
    let elsewhere = store.members_of(RoomId::generate(START_MS + 1), &people).await;
    assert_eq!(elsewhere.expect("a read"), []);
}

/// Until a time, and then not any more.
pub async fn a_member_is_muted_and_may_speak_again(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice", "bob"]).await;
    let bob = user("bob");
    for until_ms in [START_MS + 5, 0] {
        store
            .mute_member(room.id, &bob, until_ms)
            .await
            .expect("bob is a member");
        let member = store
            .member(room.id, &bob)
            .await
            .expect("a read")
            .expect("bob is a member");
        assert_eq!(member.muted_until_ms, until_ms);
    }
    let refused = store.mute_member(room.id, &user("nobody"), 1).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}

/// Newest activity first; pages do not repeat.
pub async fn chats_come_by_their_last_activity(store: Arc<dyn Store>) {
    let alice = user("alice");
    let mut expected: Vec<(i64, RoomId)> = Vec::new();
    for number in 0..9_i64 {
        let mut new = new_room(RoomKind::Group, &format!("{number}"), &["alice", "bob"]);
        // Three rooms without an entry: their creation counts. Every second time is shared by two rooms.
        new.now_ms = START_MS + number / 2 * 10;
        let mut room = TestRoom::create(&store, new).await;
        let mut at_ms = START_MS + number / 2 * 10;
        if number % 3 != 0 {
            at_ms = START_MS + (100 - number) / 2 * 10;
            room.now_ms = at_ms - 1;
            room.says("bob", &format!("in {number}")).await;
        }
        expected.push((at_ms, room.id));
    }
    TestRoom::group(&store, &["bob"]).await;
    expected.sort_unstable();
    expected.reverse();
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = store.chats_of(&alice, before, 4).await.expect("a read");
        let Some(last) = page.last() else { break };
        before = Some((last.last_activity_ms, last.state.room.id));
        found.extend(page.iter().map(|chat| (chat.last_activity_ms, chat.state.room.id)));
    }
    assert_eq!(found, expected);
    assert!(
        store
            .chats_of(&user("nobody"), None, 9)
            .await
            .expect("a read")
            .is_empty()
    );
}

/// All that a list shows.
pub async fn a_line_of_the_list_has_the_mark_and_the_newest_message_as_it_is_now(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    let (alice, bob) = (user("alice"), user("bob"));
    room.says("bob", "one").await;
    let seq = room.says("bob", "twoo").await;
    room.append(vec![room.edit("bob", seq, "two")]).await;
    let mark = Mark {
        read_seq: 1,
        read_number: 1,
        received_seq: 2,
    };
    store.advance_mark(room.id, &alice, mark).await.expect("a write");
    let chat = store.chat_of(&alice, room.id).await.expect("a read").expect("the chat");
    assert_eq!((chat.mark, chat.member.user.clone()), (mark, alice.clone()));
    let last = chat.last.clone().expect("there is a message");
    assert_eq!((last.seq, last.body.as_ref()), (seq, br#"{"text":"two"}"#.as_slice()));
    assert_eq!(chat.state.head, room.head);
    assert_eq!(chat.last_activity_ms, room.now_ms);
    assert_eq!(store.chats_of(&alice, None, 9).await.expect("a read"), [chat]);
    let bobs = store.chats_of(&bob, None, 9).await.expect("a read");
    assert_eq!(bobs[0].mark, Mark::default());
    assert!(store.chat_of(&user("nobody"), room.id).await.expect("a read").is_none());
}

/// Deleted rooms leave the list, not the members' knowledge.
pub async fn a_deleted_chat_is_not_listed_but_can_be_asked_for(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    room.append(vec![room.notice(
        EntryKind::RoomDeleted,
        "alice",
        vec![Effect::RoomDeleted],
    )])
    .await;
    assert!(store.chats_of(&user("bob"), None, 9).await.expect("a read").is_empty());
    let chat = store
        .chat_of(&user("bob"), room.id)
        .await
        .expect("a read")
        .expect("bob was there");
    assert!(chat.state.room.deleted);
}

/// Who has left has no line.
pub async fn who_has_left_does_not_see_the_chat(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    let gone = vec![Effect::MemberRemoved(user("bob"))];
    room.append(vec![room.notice(EntryKind::Participants, "bob", gone)])
        .await;
    assert!(store.chats_of(&user("bob"), None, 9).await.expect("a read").is_empty());
    assert!(store.chat_of(&user("bob"), room.id).await.expect("a read").is_none());
    assert_eq!(store.chats_of(&user("alice"), None, 9).await.expect("a read").len(), 1);
}
