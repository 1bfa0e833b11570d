//! Appending: order, all or none, who may.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::RoomId;
use uuid::Uuid;

use super::kit::{START_MS, TestRoom, range, seqs, user};
use crate::{AppendError, EntryKind, Store, bucket::BucketHead};

/// A room without entries.
pub async fn a_new_log_is_empty(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice"]).await;
    assert_eq!((room.head.seq, room.head.number, room.head.message_seq), (0, 0, 0));
    assert_eq!(room.head.bucket, BucketHead::default());
    assert!(room.everything().await.is_empty());
    assert_eq!(store.entry(room.id, 1).await.expect("a read"), None);
    assert_eq!(store.seq_at(room.id, START_MS).await.expect("a read"), 1);
    let opened = store
        .open_log(room.id, &room.permit)
        .await
        .expect("a read")
        .expect("the room");
    assert_eq!(opened.head, room.head);
    let nowhere = RoomId::generate(START_MS - 1);
    assert!(store.open_log(nowhere, &room.permit).await.expect("a read").is_none());
    assert!(store.entries(nowhere, range(1, 9)).await.expect("a read").is_empty());
}

/// Every field survives.
pub async fn an_appended_entry_reads_back_as_it_was(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let mut whole = room.message(0, "alice", "hi");
    whole.entry.actor = Some(user("moderator"));
    whole.entry.client = Some(Uuid::new_v4());
    whole.entry.created_ms = START_MS - 5;
    whole.entry.reply_to = 7;
    room.append(vec![whole.clone()]).await;
    assert_eq!(room.at(1).await, whole.entry);

    let mut bare = room.message(0, "alice", "");
    bare.entry.sender = None;
    bare.entry.kind = EntryKind::Publication;
    bare.entry.body = Bytes::new();
    bare.is_repeatable = false;
    room.append(vec![bare.clone()]).await;
    assert_eq!(room.everything().await, vec![whole.entry, bare.entry]);
    assert_eq!((room.head.seq, room.head.number, room.head.message_seq), (2, 2, 1));
    assert_eq!(room.head.bucket.rows, 2);
}

/// Three at once.
pub async fn a_batch_is_in_the_log_as_a_whole_and_in_order(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    room.says("alice", "zero").await;
    let batch = ["one", "two", "three"].iter().zip(0..);
    let batch = batch.map(|(text, ahead)| room.message(ahead, "bob", text)).collect();
    assert_eq!(room.append(batch).await, 4);
    assert_eq!(seqs(&room.everything().await), [1, 2, 3, 4]);
    let opened = store
        .open_log(room.id, &room.permit)
        .await
        .expect("a read")
        .expect("the room");
    assert_eq!(opened.head, room.head);
}

/// The log has no holes, whatever an owner asks for.
pub async fn an_entry_that_breaks_the_numbers_is_refused_with_its_batch(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "first").await;
    let hole = vec![room.message(0, "alice", "second"), room.message(2, "alice", "fourth")];
    assert!(matches!(room.try_append(hole).await, Err(AppendError::Failed(_))));
    let mut older = room.message(0, "alice", "second");
    older.entry.time_ms = room.now_ms - 1;
    assert!(matches!(
        room.try_append(vec![older]).await,
        Err(AppendError::Failed(_))
    ));
    let mut number = room.message(0, "alice", "second");
    number.entry.number += 1;
    assert!(matches!(
        room.try_append(vec![number]).await,
        Err(AppendError::Failed(_))
    ));
    assert_eq!(seqs(&room.everything().await), [1]);
    assert_eq!(room.says("alice", "second").await, 2);
}

/// An append needs a room.
pub async fn a_log_that_does_not_exist_takes_nothing(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.id = RoomId::generate(START_MS - 1);
    let message = room.message(0, "alice", "hello?");
    assert!(matches!(
        room.try_append(vec![message]).await,
        Err(AppendError::Failed(_))
    ));
    assert!(room.everything().await.is_empty());
}

/// A zombie writes nothing.
pub async fn an_older_incarnation_is_fenced(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "before").await;
    let zombie = room.batch(vec![room.message(0, "alice", "of a zombie")]);
    let zombie_permit = room.permit.clone();
    room.restart().await;
    assert!(matches!(store.append(zombie).await, Err(AppendError::Fenced)));
    assert!(store.open_log(room.id, &zombie_permit).await.is_err());
    assert!(store.purge_log(room.id, &zombie_permit).await.is_err());
    assert_eq!(room.says("alice", "after").await, 2);
    assert_eq!(room.at(2).await.body, r#"{"text":"after"}"#);
}

/// Who does not know the end may not append.
pub async fn an_append_on_a_moved_head_is_refused_and_says_where_the_log_ends(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let late = room.batch(vec![room.message(0, "alice", "late")]);
    room.says("alice", "one").await;
    room.says("alice", "two").await;
    let refused = store.append(late).await;
    let moved = matches!(refused, Err(AppendError::Moved { expected: 0, actual: 2 }));
    assert!(moved, "{refused:?}");
    let mut ahead = room.batch(vec![room.message(5, "alice", "ahead")]);
    ahead.head.seq += 5;
    let refused = store.append(ahead).await;
    assert!(
        matches!(refused, Err(AppendError::Moved { expected: 7, actual: 2 })),
        "{refused:?}"
    );
    assert_eq!(seqs(&room.everything().await), [1, 2]);
}

/// Time is up before it has begun.
pub async fn a_batch_past_its_deadline_is_not_started(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let mut batch = room.batch(vec![room.message(0, "alice", "too late")]);
    batch.deadline = Instant::now()
        .checked_sub(Duration::from_secs(1))
        .expect("the machine runs longer than a second");
    assert!(matches!(store.append(batch).await, Err(AppendError::Expired)));
    assert_eq!(room.says("alice", "in time").await, 1);
}

/// One room's failure is its own.
pub async fn a_hundred_rooms_append_at_once_and_one_fails_alone(store: Arc<dyn Store>) {
    let mut tasks = Vec::new();
    for number in 0..100 {
        let mut room = TestRoom::group(&store, &["alice"]).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..5 {
                let mut message = room.message(0, "alice", &format!("{round}"));
                if number == 37 && round == 3 {
                    // An effect on a message that is not there: a failure in the middle of the batch.
                    let mut batch = vec![message, room.edit("alice", 99, "nothing")];
                    batch[1].entry.seq += 1;
                    batch[1].entry.number += 1;
                    let refused = room.try_append(batch).await;
                    assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
                    message = room.message(0, "alice", "again");
                }
                room.append(vec![message]).await;
            }
            assert_eq!(seqs(&room.everything().await), [1, 2, 3, 4, 5]);
            let state = room
                .store
                .open_log(room.id, &room.permit)
                .await
                .expect("a read")
                .expect("the room");
            assert_eq!(state.head, room.head);
        }));
    }
    for task in tasks {
        task.await.expect("a room's story ends well");
    }
}
