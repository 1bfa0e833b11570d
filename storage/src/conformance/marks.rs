//! Marks never go back.

use std::sync::Arc;

use super::kit::{TestRoom, user};
use crate::{Effect, EntryKind, Mark, Store};

fn mark(read_seq: u64, read_number: u64, received_seq: u64) -> Mark {
    Mark {
        read_seq,
        read_number,
        received_seq,
    }
}

/// Forward only, and reading is receiving.
pub async fn a_mark_moves_forward_only(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice"]).await;
    let alice = user("alice");
    let steps = [
        (mark(0, 0, 2), mark(0, 0, 0), mark(0, 0, 2)),
        (mark(5, 3, 0), mark(0, 0, 2), mark(5, 3, 5)),
        (mark(4, 2, 3), mark(5, 3, 5), mark(5, 3, 5)),
        (mark(1, 1, 9), mark(5, 3, 5), mark(5, 3, 9)),
        (mark(7, 4, 7), mark(5, 3, 9), mark(7, 4, 9)),
    ];
    for (given, before, now) in steps {
        let moved = store.advance_mark(room.id, &alice, given).await.expect("a write");
        assert_eq!(moved, (before, now), "given {given:?}");
        assert_eq!(store.mark(room.id, &alice).await.expect("a read"), now);
    }
    assert_eq!(
        store.mark(room.id, &user("bob")).await.expect("a read"),
        Mark::default()
    );
}

/// Whatever the order of arrival.
pub async fn marks_that_come_at_once_end_at_the_furthest(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice"]).await;
    let tasks: Vec<_> = (1..=50_u64)
        .map(|seq| {
            let store = Arc::clone(&store);
            let (id, seq) = (room.id, seq * 37 % 51);
            tokio::spawn(async move { store.advance_mark(id, &user("alice"), mark(seq, seq, seq)).await })
        })
        .collect();
    for task in tasks {
        let (before, now) = task.await.expect("a task ends well").expect("a write");
        assert!(now.read_seq >= before.read_seq);
    }
    assert_eq!(
        store.mark(room.id, &user("alice")).await.expect("a read"),
        mark(50, 50, 50)
    );
}

/// Two are enough: one of them is not the author.
pub async fn the_two_furthest_marks_are_of_different_people(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob", "carol", "dave"]).await;
    let top = store.top_marks(room.id).await.expect("a read");
    assert!(top.read.is_empty() && top.received.is_empty());
    for (who, given) in [
        ("alice", mark(2, 2, 9)),
        ("bob", mark(6, 6, 6)),
        ("carol", mark(4, 4, 8)),
        ("dave", mark(0, 0, 7)),
    ] {
        store.advance_mark(room.id, &user(who), given).await.expect("a write");
    }
    let top = store.top_marks(room.id).await.expect("a read");
    assert_eq!(top.read, [(user("bob"), 6), (user("carol"), 4)]);
    assert_eq!(top.received, [(user("alice"), 9), (user("carol"), 8)]);
    // Who leaves takes the mark along.
    let gone = vec![Effect::MemberRemoved(user("bob"))];
    room.append(vec![room.notice(EntryKind::Participants, "bob", gone)])
        .await;
    let top = store.top_marks(room.id).await.expect("a read");
    assert_eq!(top.read, [(user("carol"), 4), (user("alice"), 2)]);
}

/// An own message is read.
pub async fn a_sender_has_read_their_own_message(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let alice = user("alice");
    for seq in 1..=3 {
        let mut message = room.message(0, "alice", "mine");
        message.effects = vec![Effect::Read {
            user: alice.clone(),
            seq,
            number: seq,
        }];
        room.append(vec![message]).await;
    }
    assert_eq!(store.mark(room.id, &alice).await.expect("a read"), mark(3, 3, 3));
    // A late one does not move it back.
    let late = Effect::Read {
        user: alice.clone(),
        seq: 1,
        number: 1,
    };
    room.append(vec![room.notice(EntryKind::RoomUpdated, "alice", vec![late])])
        .await;
    assert_eq!(store.mark(room.id, &alice).await.expect("a read"), mark(3, 3, 3));
}
