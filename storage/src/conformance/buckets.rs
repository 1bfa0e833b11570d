//! Long logs: bucket by bucket, and dates.

use std::sync::Arc;

use super::kit::{START_MS, TestRoom, range, seqs};
use crate::{EntryRange, NewEntry, Order, Select, Store, bucket};

/// Entries in one batch of a long log.
const BATCH: u64 = 5_000;

/// Appends messages until the log has this many, one per `step_ms`.
async fn fill(room: &mut TestRoom, count: u64, step_ms: i64) {
    while room.head.seq < count {
        let size = BATCH.min(count - room.head.seq);
        let mut batch: Vec<NewEntry> = Vec::new();
        for ahead in 0..size {
            room.now_ms += step_ms;
            let mut message = room.message(ahead, "alice", "x");
            message.is_repeatable = false;
            batch.push(message);
        }
        room.append(batch).await;
    }
}

/// The bucket after 50,000 rows.
pub async fn the_entry_after_fifty_thousand_opens_another_bucket(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let full = u64::from(bucket::ROWS_MAX);
    fill(&mut room, full, 1).await;
    let ordinal = bucket::ordinal(room.head.bucket.bucket);
    assert_eq!((ordinal, room.head.bucket.rows), (1, bucket::ROWS_MAX));
    fill(&mut room, full + 10, 1).await;
    let head = room.head.bucket;
    assert_eq!(
        (bucket::ordinal(head.bucket), head.first_seq, head.rows),
        (2, full + 1, 10)
    );
    room.restart().await;
    assert_eq!(room.head.bucket, head);

    let across = range(full - 1, full + 2);
    assert_eq!(seqs(&room.read(across).await), [full - 1, full, full + 1, full + 2]);
    let down = EntryRange {
        order: Order::Descending,
        limit: 4,
        select: Select::Messages,
        ..range(1, full + 2)
    };
    assert_eq!(seqs(&room.read(down).await), [full + 2, full + 1, full, full - 1]);
    assert_eq!(room.at(full).await.seq, full);
    assert_eq!(room.at(full + 1).await.seq, full + 1);

    // One entry per millisecond, so the date names the seq.
    for seq in [1, 2, full - 1, full, full + 1, full + 2, full + 10] {
        let found = store.seq_at(room.id, START_MS + seq as i64).await.expect("a read");
        assert_eq!(found, seq);
    }
    // An edit reaches back into the bucket that is closed.
    room.append(vec![room.edit("alice", 3, "changed")]).await;
    assert_eq!(room.at(3).await.body, r#"{"text":"changed"}"#);
}

/// The bucket after fifty megabytes.
pub async fn a_bucket_ends_by_bytes_too(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let text = "y".repeat(1 << 20);
    for _ in 0..6 {
        let batch = (0..10).map(|ahead| room.message(ahead, "alice", &text)).collect();
        room.append(batch).await;
    }
    assert_eq!(bucket::ordinal(room.head.bucket.bucket), 2);
    assert!(room.head.bucket.first_seq > 45 && room.head.bucket.first_seq < 51);
    let page = EntryRange {
        bytes_max: 3 << 20,
        ..range(room.head.bucket.first_seq - 1, u64::MAX)
    };
    let first = room.head.bucket.first_seq;
    assert_eq!(seqs(&room.read(page).await), [first - 1, first]);
}

/// Decades of silence cost nothing.
pub async fn a_date_finds_its_seq_across_empty_years(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let mut times = Vec::new();
    for round in 0..40 {
        room.now_ms = START_MS + round / 4 * 2 * bucket::WINDOW_MAX_MS + round % 4 / 2;
        times.push(room.now_ms);
        room.append(vec![room.message(0, "alice", "now and then")]).await;
    }
    assert_eq!(bucket::ordinal(room.head.bucket.bucket), 10);
    let mut asked: Vec<i64> = times.iter().flat_map(|at| [at - 1, *at, at + 1]).collect();
    asked.extend([0, START_MS + bucket::WINDOW_MAX_MS, i64::MAX]);
    for time_ms in asked {
        let expected = times.iter().position(|at| *at >= time_ms).unwrap_or(times.len()) as u64 + 1;
        let found = store.seq_at(room.id, time_ms).await.expect("a read");
        assert_eq!(found, expected, "at {time_ms}");
    }
    let all = room.everything().await;
    assert_eq!(seqs(&all), (1..=40).collect::<Vec<_>>());
}
