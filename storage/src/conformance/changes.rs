//! What entries change beside the log: messages, members, the room.

use std::sync::Arc;

use super::kit::{TestRoom, user};
use crate::{AppendError, Effect, EntryKind, Mark, Role, Store};

/// The row is the message's current state.
pub async fn an_edit_changes_the_message_in_place_and_keeps_its_seq(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let seq = room.says("alice", "helo").await;
    room.append(vec![room.edit("alice", seq, "hello")]).await;
    let message = room.at(seq).await;
    assert_eq!(message.body, r#"{"text":"hello"}"#);
    assert_eq!((message.seq, message.number, message.version), (1, 1, 2));
    let edit = room.at(2).await;
    assert_eq!((edit.kind, edit.target, edit.version), (EntryKind::Edit, 1, 0));
    assert_eq!(edit.body, r#"{"text":"hello"}"#);
    assert_eq!(room.head.message_seq, 1);
}

/// Each edit names the one before.
pub async fn edits_form_a_chain_from_the_newest_to_the_first(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let seq = room.says("alice", "one").await;
    room.append(vec![room.edit("alice", seq, "two")]).await;
    room.says("alice", "between").await;
    let (mut third, mut fourth) = (room.edit("alice", seq, "three"), room.edit("alice", seq, "four"));
    third.entry.version = 2;
    fourth.entry.seq += 1;
    fourth.entry.version = third.entry.seq;
    room.append(vec![third, fourth]).await;
    let mut chain = Vec::new();
    let mut next = room.at(seq).await.version;
    while next != 0 {
        chain.push(next);
        next = room.at(next).await.version;
    }
    assert_eq!(chain, [5, 4, 2]);
}

/// Deleted is deleted, in the message and in what it once was.
pub async fn a_deletion_leaves_no_text_in_any_row(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let kept = room.says("alice", "a harmless line").await;
    let seq = room.says("alice", "secret one").await;
    room.append(vec![room.edit("alice", seq, "secret two")]).await;
    room.append(vec![room.edit("alice", kept, "another harmless line")])
        .await;
    room.append(vec![room.edit("alice", seq, "secret three")]).await;
    let deletion = room.append(vec![room.delete("moderator", seq)]).await;

    let everything = room.everything().await;
    assert_eq!(everything.len(), 6);
    for entry in &everything {
        let text = String::from_utf8_lossy(&entry.body);
        assert!(!text.contains("secret"), "{} still says {text}", entry.seq);
    }
    let message = room.at(seq).await;
    assert!(message.deleted && message.body.is_empty());
    assert_eq!(message.version, deletion);
    for edit in [3, 5] {
        let edit = room.at(edit).await;
        assert!(edit.deleted && edit.body.is_empty());
        assert_eq!(edit.target, seq);
    }
    assert_eq!(room.at(kept).await.body, r#"{"text":"another harmless line"}"#);
    assert!(!room.at(4).await.deleted);
}

/// A batch whose effect has nothing to work on is refused as a whole.
pub async fn an_edit_of_nothing_fails_with_its_batch(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let seq = room.says("alice", "here").await;
    for target in [9, 2] {
        let refused = room.try_append(vec![room.edit("alice", target, "?")]).await;
        assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
        let refused = room.try_append(vec![room.delete("alice", target)]).await;
        assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
    }
    room.append(vec![room.delete("alice", seq)]).await;
    let refused = room.try_append(vec![room.edit("alice", seq, "back again")]).await;
    assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
    assert_eq!(room.everything().await.len(), 2);
    assert!(room.at(seq).await.body.is_empty());
}

/// Durable together: the entry and what it says.
pub async fn joining_leaving_renaming_and_deleting_a_room_come_with_their_entries(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let (alice, bob) = (user("alice"), user("bob"));
    room.says("alice", "alone").await;
    let join = room.notice(
        EntryKind::Participants,
        "alice",
        vec![Effect::MemberAdded(bob.clone(), Role::Member)],
    );
    room.append(vec![join]).await;
    let member = store
        .member(room.id, &bob)
        .await
        .expect("a read")
        .expect("bob has joined");
    assert_eq!(
        (member.joined_seq, member.joined_number, member.joined_ms),
        (2, 1, room.now_ms)
    );
    assert_eq!((member.role, member.muted_until_ms), (Role::Member, 0));

    // Somebody who is there already only gets the role.
    let again = room.notice(
        EntryKind::Participants,
        "alice",
        vec![Effect::MemberAdded(bob.clone(), Role::Moderator)],
    );
    room.append(vec![again]).await;
    let member = store
        .member(room.id, &bob)
        .await
        .expect("a read")
        .expect("bob is there");
    assert_eq!((member.joined_seq, member.role), (2, Role::Moderator));
    assert_eq!(
        store
            .room(room.id)
            .await
            .expect("a read")
            .expect("the room")
            .room
            .members_count,
        2
    );

    let read = Effect::Read {
        user: bob.clone(),
        seq: 3,
        number: 1,
    };
    room.append(vec![room.notice(
        EntryKind::RoomUpdated,
        "bob",
        vec![Effect::Renamed("ours".into()), read],
    )])
    .await;
    let expected = Mark {
        read_seq: 3,
        read_number: 1,
        received_seq: 3,
    };
    assert_eq!(store.mark(room.id, &bob).await.expect("a read"), expected);

    let gone = [
        Effect::MemberRemoved(bob.clone()),
        Effect::MemberRemoved(user("nobody")),
    ];
    room.append(vec![room.notice(EntryKind::Participants, "alice", gone.to_vec())])
        .await;
    assert!(store.member(room.id, &bob).await.expect("a read").is_none());
    assert_eq!(store.mark(room.id, &bob).await.expect("a read"), Mark::default());
    room.append(vec![room.notice(
        EntryKind::RoomDeleted,
        "alice",
        vec![Effect::RoomDeleted],
    )])
    .await;
    let state = store
        .room(room.id)
        .await
        .expect("a read")
        .expect("a deleted room is still there");
    assert_eq!(
        (state.room.members_count, state.room.name.as_str(), state.room.deleted),
        (1, "ours", true)
    );
    assert_eq!(state.head, room.head);
    assert!(store.member(room.id, &alice).await.expect("a read").is_some());
}
