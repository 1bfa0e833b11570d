//! Logs that do not keep everything: what goes, what stays, and that the log goes on.

use std::sync::Arc;

use protocol::RoomId;

use super::kit::{START_MS, TestRoom, range, seqs, user};
use crate::{
    Effect, EntryKind, EntryRange, LogStart, Order, Permit, Select, Store, StoreError,
    bucket::{DAY_MS, RETENTION_WINDOWS},
};

/// How long the rooms of the stories keep their entries: a bucket of theirs lasts a day.
pub const RETENTION_DAYS: u32 = RETENTION_WINDOWS as u32;

/// Sets how long a room keeps its entries.
pub async fn keeps_for(room: &mut TestRoom, days: Option<u32>) {
    room.now_ms += 1;
    let effects = vec![Effect::RetentionChanged(days)];
    let entry = room.notice(EntryKind::RoomUpdated, "alice", effects);
    room.append(vec![entry]).await;
}

/// A group whose first entry says how long it keeps them, and in which somebody has said something twice on each of these days.
pub async fn spoken_in_for(store: &Arc<dyn Store>, days: i64) -> TestRoom {
    let mut room = TestRoom::group(store, &["alice", "bob"]).await;
    keeps_for(&mut room, Some(RETENTION_DAYS)).await;
    for day in 0..days {
        // Later than when the first bucket began, so that each day has one of its own.
        room.now_ms = START_MS + day * DAY_MS + 10;
        room.says("bob", "in the morning").await;
        room.says("bob", "a moment later").await;
    }
    room
}

async fn drops(room: &TestRoom, before_ms: i64) -> (u64, LogStart) {
    let dropped = room.store.drop_before(room.id, &room.permit, before_ms).await;
    let dropped = dropped.expect("the past is dropped");
    (dropped.entries, dropped.start)
}

async fn retention_of(room: &TestRoom) -> Option<u32> {
    let state = room.store.room(room.id).await.expect("a read");
    state.expect("the room").room.retention_days
}

/// Page, entry, date, command: none of them knows what was dropped.
pub async fn whole_buckets_go_and_nobody_reads_them_any_more(store: Arc<dyn Store>) {
    let mut room = spoken_in_for(&store, 6).await;
    let old = room.at(2).await;
    let head = room.head.clone();
    assert_eq!(head.seq, 13);
    // The third day has begun, and only the buckets of the first two are older as a whole.
    let limit_ms = START_MS + 2 * DAY_MS + 12;
    let start = LogStart { seq: 6, number: 4 };
    assert_eq!(drops(&room, limit_ms).await, (5, start));

    assert_eq!(seqs(&room.everything().await), (6..=13).collect::<Vec<_>>());
    let newest_first = EntryRange {
        order: Order::Descending,
        select: Select::Messages,
        ..range(1, 8)
    };
    assert_eq!(seqs(&room.read(newest_first).await), [8, 7, 6]);
    assert!(room.read(range(1, 5)).await.is_empty());
    for seq in 1..=5 {
        assert_eq!(store.entry(room.id, seq).await.expect("a read"), None, "{seq}");
    }
    assert_eq!(store.entries_at(vec![(room.id, 5)]).await.expect("a read"), [None]);
    assert_eq!(store.seq_at(room.id, START_MS).await.expect("a read"), 6);
    assert_eq!(store.seq_at(room.id, limit_ms).await.expect("a read"), 7);
    let found = store
        .find_command(room.id, &user("bob"), old.command_id, room.now_ms)
        .await;
    assert_eq!(found.expect("a read"), None);

    let state = store.room(room.id).await.expect("a read").expect("the room");
    assert_eq!((state.start, &state.head), (start, &head), "the same log");
    room.restart().await;
    assert_eq!(room.head, head, "to whoever opens it again, too");
}

/// Under the same epoch, from the next seq on.
pub async fn a_log_goes_on_behind_its_dropped_past(store: Arc<dyn Store>) {
    let mut room = spoken_in_for(&store, 3).await;
    let old = room.at(2).await;
    let (_, start) = drops(&room, START_MS + 2 * DAY_MS).await;
    assert_eq!(start.seq, 6);
    let late = room.try_append(vec![room.edit("bob", 3, "too late")]).await;
    assert!(late.is_err(), "{late:?}");
    room.restart().await;
    assert_eq!(room.says("alice", "as if nothing had happened").await, 8);
    room.append(vec![room.edit("bob", 6, "this one is there")]).await;
    room.append(vec![room.delete("bob", 6)]).await;
    // Its record counts only with its row.
    let mut again = room.message(0, "bob", "in the morning");
    again.entry.command_id = old.command_id;
    assert_eq!(room.append(vec![again]).await, 11);
    assert_eq!(seqs(&room.everything().await), (6..=11).collect::<Vec<_>>());
    // Once more, from where it begins now.
    room.now_ms += 3 * DAY_MS;
    assert_eq!(room.says("alice", "days later").await, 12);
    let (entries, start) = drops(&room, room.now_ms - DAY_MS).await;
    assert_eq!((entries, start), (6, LogStart { seq: 12, number: 8 }));
    assert_eq!(seqs(&room.everything().await), [12]);
}

/// What is not older as a whole stays; to ask twice changes nothing.
pub async fn what_is_younger_stays(store: Arc<dyn Store>) {
    let room = spoken_in_for(&store, 3).await;
    for limit_ms in [0, START_MS + 1, START_MS + 11, START_MS + 12] {
        assert_eq!(drops(&room, limit_ms).await, (0, LogStart::default()), "{limit_ms}");
    }
    let limit_ms = START_MS + DAY_MS;
    let start = LogStart { seq: 4, number: 2 };
    assert_eq!(drops(&room, limit_ms).await, (3, start));
    assert_eq!(drops(&room, limit_ms).await, (0, start));
    assert_eq!(drops(&room, START_MS).await, (0, start));
    let nowhere = store.drop_before(RoomId::generate(5), &room.permit, i64::MAX).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)), "{nowhere:?}");
}

/// Its newest bucket is over, too: nothing is left, no message and nothing unread.
pub async fn a_room_that_fell_silent_loses_everything(store: Arc<dyn Store>) {
    let mut room = spoken_in_for(&store, 2).await;
    let chat = async || {
        let found = store.chat_of(&user("alice"), room.id).await;
        found.expect("a read").expect("the chat")
    };
    assert_eq!(chat().await.last.map(|last| last.seq), Some(5));
    let start = LogStart { seq: 6, number: 4 };
    assert_eq!(drops(&room, room.now_ms + 1).await, (5, start));
    let left = chat().await;
    assert_eq!((left.last, left.state.head.message_seq), (None, 0));
    assert_eq!((left.state.head.number, left.state.start), (4, start));
    assert!(room.everything().await.is_empty());
    assert_eq!(store.seq_at(room.id, START_MS).await.expect("a read"), 6);
    assert_eq!(drops(&room, room.now_ms + 1).await, (0, start));
    room.restart().await;
    assert_eq!(room.says("alice", "is anybody there?").await, 6);
    assert_eq!(seqs(&room.everything().await), [6]);
    let state = store.room(room.id).await.expect("a read").expect("the room");
    assert_eq!((state.start, state.head.message_seq), (start, 6));
}

/// A retention comes with its entry, and is taken away by one.
pub async fn a_retention_is_a_part_of_the_room(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    assert_eq!(retention_of(&room).await, None);
    for wanted in [Some(30), Some(36_500), None, Some(1)] {
        keeps_for(&mut room, wanted).await;
        assert_eq!(retention_of(&room).await, wanted);
    }
    room.restart().await;
    assert_eq!(retention_of(&room).await, Some(1));
}

/// Page by page, and nobody else.
pub async fn rooms_that_do_not_keep_everything_are_listed(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for number in 0..7 {
        let mut room = TestRoom::group(&store, &["alice"]).await;
        keeps_for(&mut room, Some(number + 1)).await;
        if number == 3 {
            keeps_for(&mut room, None).await;
        } else {
            expected.push((room.id, number + 1));
        }
        TestRoom::group(&store, &["alice"]).await;
    }
    expected.sort_unstable();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.retained_rooms(after, 4).await.expect("a read");
        let Some(last) = page.last() else { break };
        after = Some(last.room);
        found.extend(page.iter().map(|room| (room.room, room.retention_days)));
    }
    assert_eq!(found, expected);
}

/// Whoever has lost the room drops nothing of it.
pub async fn an_older_incarnation_drops_nothing(store: Arc<dyn Store>) {
    let room = spoken_in_for(&store, 2).await;
    let deposed = room.permit.clone();
    let _newer = Permit::take_over(&room.current);
    let refused = store.drop_before(room.id, &deposed, i64::MAX).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(room.everything().await.len(), 5);
}
