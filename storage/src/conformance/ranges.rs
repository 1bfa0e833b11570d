//! Reading ranges: bounds, order, pages, messages alone.

use std::sync::Arc;

use super::kit::{TestRoom, range, seqs};
use crate::{EntryKind, EntryRange, Order, Select, Store};

/// Messages at odd seqs, notices at even ones.
async fn mixed(store: &Arc<dyn Store>, count: u64) -> TestRoom {
    let mut room = TestRoom::group(store, &["alice"]).await;
    for seq in 1..=count {
        let new = if seq % 2 == 1 {
            room.message(0, "alice", &format!("{seq:04}"))
        } else {
            room.notice(EntryKind::RoomUpdated, "alice", Vec::new())
        };
        room.append(vec![new]).await;
    }
    room
}

/// First and last are inclusive, whatever lies beyond the log is not there.
pub async fn a_range_gives_what_lies_within_its_bounds(store: Arc<dyn Store>) {
    let room = mixed(&store, 9).await;
    assert_eq!(seqs(&room.read(range(3, 5)).await), [3, 4, 5]);
    assert_eq!(seqs(&room.read(range(0, 2)).await), [1, 2]);
    assert_eq!(seqs(&room.read(range(8, 99)).await), [8, 9]);
    assert_eq!(seqs(&room.read(range(9, 9)).await), [9]);
    assert!(room.read(range(10, u64::MAX)).await.is_empty());
    assert!(room.read(range(5, 3)).await.is_empty());
    let nothing = EntryRange {
        limit: 0,
        ..range(1, 9)
    };
    assert!(room.read(nothing).await.is_empty());
}

/// Newest first, and oldest first.
pub async fn a_range_is_read_from_either_end(store: Arc<dyn Store>) {
    let room = mixed(&store, 9).await;
    let down = EntryRange {
        order: Order::Descending,
        limit: 3,
        ..range(2, 8)
    };
    assert_eq!(seqs(&room.read(down).await), [8, 7, 6]);
    let up = EntryRange {
        limit: 3,
        ..range(2, 8)
    };
    assert_eq!(seqs(&room.read(up).await), [2, 3, 4]);
}

/// What differs from a message is left out and does not count.
pub async fn messages_alone_fill_the_page(store: Arc<dyn Store>) {
    let room = mixed(&store, 20).await;
    let down = EntryRange {
        select: Select::Messages,
        order: Order::Descending,
        limit: 4,
        ..range(2, 16)
    };
    assert_eq!(seqs(&room.read(down).await), [15, 13, 11, 9]);
    let up = EntryRange {
        order: Order::Ascending,
        ..down
    };
    assert_eq!(seqs(&room.read(up).await), [3, 5, 7, 9]);
}

/// A deleted message keeps its place.
pub async fn a_deleted_message_is_still_one_of_the_messages(store: Arc<dyn Store>) {
    let mut room = mixed(&store, 3).await;
    room.append(vec![room.delete("alice", 1)]).await;
    let messages = EntryRange {
        select: Select::Messages,
        ..range(1, 99)
    };
    let found = room.read(messages).await;
    assert_eq!(seqs(&found), [1, 3]);
    assert!(found[0].deleted && !found[1].deleted);
}

/// The page ends before the entry that would exceed the bytes; one entry is always given.
pub async fn a_page_ends_at_its_bytes_but_never_empty(store: Arc<dyn Store>) {
    let room = mixed(&store, 9).await;
    let size = room.at(1).await.body.len();
    let messages = EntryRange {
        select: Select::Messages,
        ..range(1, 9)
    };
    for (bytes_max, expected) in [(0, 1), (size, 1), (2 * size, 2), (3 * size - 1, 2), (3 * size, 3)] {
        let page = room.read(EntryRange { bytes_max, ..messages }).await;
        assert_eq!(page.len(), expected, "in {bytes_max} bytes");
    }
}

/// Page by page, both ways, gives every entry once.
pub async fn pages_follow_each_other_without_a_gap(store: Arc<dyn Store>) {
    let room = mixed(&store, 25).await;
    let (mut up, mut first) = (Vec::new(), 1);
    loop {
        let page = room
            .read(EntryRange {
                limit: 7,
                ..range(first, u64::MAX)
            })
            .await;
        let Some(last) = page.last() else { break };
        first = last.seq + 1;
        up.extend(seqs(&page));
    }
    assert_eq!(up, (1..=25).collect::<Vec<_>>());
    let (mut down, mut last) = (Vec::new(), 25);
    loop {
        let page = EntryRange {
            limit: 7,
            order: Order::Descending,
            ..range(1, last)
        };
        let page = room.read(page).await;
        let Some(lowest) = page.last() else { break };
        last = lowest.seq - 1;
        down.extend(seqs(&page));
    }
    assert_eq!(down, (1..=25).rev().collect::<Vec<_>>());
}
