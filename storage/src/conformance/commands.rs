//! Repeated commands: the same sender, room and `client_msg_id` give the first result for seven days.

use std::sync::Arc;

use super::kit::{TestRoom, seqs, user};
use crate::{AppendError, NewEntry, Store};

const DAY_MS: i64 = 24 * 3_600_000;

async fn repetitions(room: &mut TestRoom, entries: Vec<NewEntry>) -> Vec<(usize, u64)> {
    match room.try_append(entries).await {
        Err(AppendError::Duplicates(found)) => found,
        other => panic!("repetitions were expected, not {other:?}"),
    }
}

fn again(room: &TestRoom, of: &NewEntry, ahead: u64) -> NewEntry {
    let mut new = room.message(ahead, "alice", "again");
    new.entry.command_id = of.entry.command_id;
    new
}

/// The retry learns the first seq, and nothing is written.
pub async fn a_repeated_command_is_told_its_first_seq(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let first = room.message(0, "alice", "once");
    let id = first.entry.command_id;
    room.append(vec![first.clone()]).await;
    room.says("alice", "something else").await;
    let retry = vec![room.message(0, "alice", "new"), again(&room, &first, 1)];
    assert_eq!(repetitions(&mut room, retry).await, [(1, 1)]);
    assert_eq!(seqs(&room.everything().await), [1, 2]);
    let found = store
        .find_command(room.id, &user("alice"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, Some(1));
}

/// Two of the same in one batch.
pub async fn a_repetition_within_one_batch_is_found(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "before").await;
    let first = room.message(0, "alice", "once");
    let batch = vec![
        first.clone(),
        again(&room, &first, 1),
        room.message(2, "alice", "other"),
    ];
    assert_eq!(repetitions(&mut room, batch).await, [(1, 2)]);
    assert_eq!(room.everything().await.len(), 1);
    let id = first.entry.command_id;
    let found = store
        .find_command(room.id, &user("alice"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, None);
}

/// The id is the sender's own, in one room.
pub async fn the_same_id_of_another_sender_or_room_is_another_command(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    let mut other_room = TestRoom::group(&store, &["alice"]).await;
    let first = room.message(0, "alice", "hers");
    room.append(vec![first.clone()]).await;
    let mut bobs = room.message(0, "bob", "his");
    bobs.entry.command_id = first.entry.command_id;
    assert_eq!(room.append(vec![bobs]).await, 2);
    let elsewhere = again(&other_room, &first, 0);
    assert_eq!(other_room.append(vec![elsewhere]).await, 1);
    for (who, expected) in [("alice", Some(1)), ("bob", Some(2)), ("carol", None)] {
        let id = first.entry.command_id;
        let found = store
            .find_command(room.id, &user(who), id, room.now_ms)
            .await
            .expect("a read");
        assert_eq!(found, expected, "{who}");
    }
}

/// The command belongs to whoever gave it.
pub async fn a_moderators_command_is_found_under_the_moderator(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "rude").await;
    let mut deletion = room.delete("alice", 1);
    deletion.entry.actor = Some(user("moderator"));
    deletion.is_repeatable = true;
    let id = deletion.entry.command_id;
    room.append(vec![deletion.clone()]).await;
    let found = store
        .find_command(room.id, &user("moderator"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, Some(2));
    let found = store
        .find_command(room.id, &user("alice"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, None);
    deletion.entry.seq = 3;
    assert_eq!(repetitions(&mut room, vec![deletion]).await, [(0, 2)]);
}

/// An id made by the engine is not remembered.
pub async fn an_id_that_is_not_the_clients_is_not_remembered(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let mut first = room.message(0, "alice", "of the engine");
    first.is_repeatable = false;
    room.append(vec![first.clone()]).await;
    let mut second = again(&room, &first, 0);
    second.is_repeatable = false;
    assert_eq!(room.append(vec![second]).await, 2);
    let id = first.entry.command_id;
    let found = store
        .find_command(room.id, &user("alice"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, None);
}

/// After seven days it is a new command.
pub async fn a_command_is_forgotten_after_seven_days(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let first = room.message(0, "alice", "once");
    let (id, sent_ms) = (first.entry.command_id, room.now_ms);
    room.append(vec![first.clone()]).await;
    for (at_ms, expected) in [(sent_ms + 7 * DAY_MS - 1, Some(1)), (sent_ms + 7 * DAY_MS, None)] {
        let found = store
            .find_command(room.id, &user("alice"), id, at_ms)
            .await
            .expect("a read");
        assert_eq!(found, expected);
    }
    room.now_ms = sent_ms + 7 * DAY_MS - 1;
    let retry = vec![again(&room, &first, 0)];
    assert_eq!(repetitions(&mut room, retry).await, [(0, 1)]);
    room.now_ms = sent_ms + 7 * DAY_MS;
    let retry = vec![again(&room, &first, 0)];
    assert_eq!(room.append(retry).await, 2);
    let found = store
        .find_command(room.id, &user("alice"), id, room.now_ms)
        .await
        .expect("a read");
    assert_eq!(found, Some(2));
}
