//! The rooms that statements are counted in. Small ones are written through the store. Very large ones are there only as far as they are
//! read: every row that a read touches is the row that appends would have left, and all others are missing.

use std::{collections::BTreeMap, sync::Arc};

use protocol::RoomId;
use storage::{
    NewEntry, RoomKind, Store,
    bucket::{self, BucketHead},
    conformance::kit::{START_MS, TestRoom, new_room},
};

use super::raw::{self, Bucket, Raw};

/// The members of every room: the first ten of them write.
pub const PEOPLE: [&str; 10] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
];
/// A year in milliseconds.
const YEAR_MS: i64 = 31_557_600_000;
/// Groups of an index up to which all of it is written.
const GROUPS_MAX: u64 = 16;
/// Messages at each place of a large room that is read.
const ROWS_AT_A_PLACE: u64 = 300;

/// A room, and where to look in it.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub room: RoomId,
    /// Its last message.
    pub last: u64,
    /// A message in the middle.
    pub middle: u64,
    /// A date in the middle: that of this message.
    pub dated: (u64, i64),
}

/// A room with so many messages, one every `step_ms`, written through the store.
pub async fn real(store: &Arc<dyn Store>, messages: u64, step_ms: i64) -> Place {
    let mut room = TestRoom::create(store, new_room(RoomKind::Group, "real", &PEOPLE)).await;
    let mut batch: Vec<NewEntry> = Vec::new();
    for ahead in 0..messages {
        room.now_ms += step_ms;
        let mut message = room.message(ahead, "alice", "one of few");
        // Nobody repeats what is long past.
        message.is_repeatable = false;
        batch.push(message);
    }
    room.append(batch).await;
    let middle = messages / 2;
    Place {
        room: room.id,
        last: messages,
        middle,
        dated: (middle, START_MS + i64::try_from(middle).expect("a seq") * step_ms),
    }
}

/// Ten messages, one a minute.
pub async fn ten_messages(store: &Arc<dyn Store>, _: &Raw) -> Place {
    real(store, 10, 60_000).await
}

/// One message a year, for three hundred years.
pub async fn one_a_year(store: &Arc<dyn Store>, _: &Raw) -> Place {
    real(store, 300, YEAR_MS).await
}

/// Ten million messages in one day: all of the index, and the rows of four buckets as far as they are read.
pub async fn ten_million_in_a_day(store: &Arc<dyn Store>, raw: &Raw) -> Place {
    let large = Large {
        messages: 10_000_000,
        time_of: |seq| START_MS + i64::try_from(seq).expect("a seq") * 864 / 100,
    };
    large.write(store, raw).await
}

/// Five million full buckets, a message every millisecond for eight years: of the index the groups that are read, and when each of all
/// groups begins.
pub async fn five_million_buckets(store: &Arc<dyn Store>, raw: &Raw) -> Place {
    let buckets_per_group = bucket::GROUP_SEQS.div_ceil(u64::from(bucket::ROWS_MAX));
    let large = Large {
        messages: 5_000_000 / buckets_per_group * bucket::GROUP_SEQS + 123_456,
        time_of: |seq| START_MS + i64::try_from(seq).expect("a seq"),
    };
    large.write(store, raw).await
}

/// A room of full buckets.
struct Large {
    messages: u64,
    time_of: fn(u64) -> i64,
}

impl Large {
    async fn write(&self, store: &Arc<dyn Store>, raw: &Raw) -> Place {
        let room = TestRoom::create(store, new_room(RoomKind::Group, "large", &PEOPLE))
            .await
            .id;
        let last_group = bucket::group(self.messages);
        let groups = if last_group < GROUPS_MAX {
            (0..=last_group).collect()
        } else {
            vec![0, last_group / 2, last_group]
        };
        let mut index = BTreeMap::new();
        for group in groups {
            let buckets = self.buckets(group);
            raw.index(room, &buckets).await;
            index.extend(buckets.into_iter().map(|bucket| (bucket.head.first_seq, bucket)));
        }
        let first_of = |group: u64| (group * bucket::GROUP_SEQS).max(1);
        raw.groups(
            room,
            (0..=last_group).map(|group| (group, (self.time_of)(first_of(group)))),
        )
        .await;
        let open = index.last_entry().expect("a bucket").get().head;
        let middle = last_group / 2 * bucket::GROUP_SEQS + 123_456;
        let of_middle = index
            .range(..=middle)
            .next_back()
            .expect("the bucket of the middle")
            .1
            .head;
        let first = index.first_entry().expect("a bucket").get().head;
        let newest = self.messages + 1 - ROWS_AT_A_PLACE..=self.messages;
        raw.entries(room, &first, 1..=ROWS_AT_A_PLACE, self.time_of).await;
        // A date is looked for all over its bucket.
        let all = of_middle.first_seq..of_middle.first_seq + u64::from(of_middle.rows);
        raw.entries(room, &of_middle, all, self.time_of).await;
        raw.entries(room, &open, newest, self.time_of).await;
        let people = u64::try_from(PEOPLE.len()).expect("ten");
        raw.head(room, self.messages, (self.time_of)(self.messages), &open, people)
            .await;
        Place {
            room,
            last: self.messages,
            middle,
            dated: (middle + 5_000, (self.time_of)(middle + 5_000)),
        }
    }

    /// The buckets of a group, as appends would have opened them.
    fn buckets(&self, group: u64) -> Vec<Bucket> {
        let behind = ((group + 1) * bucket::GROUP_SEQS).min(self.messages + 1);
        let per_group = bucket::GROUP_SEQS.div_ceil(u64::from(bucket::ROWS_MAX));
        let before = BucketHead {
            bucket: bucket::number(1, u32::try_from(group * per_group).expect("an ordinal")),
            ..BucketHead::default()
        };
        let mut next = (group * bucket::GROUP_SEQS).max(1);
        let mut head = before.closed();
        let mut buckets = Vec::new();
        while next < behind {
            let place = head.place(1, next, (self.time_of)(next), raw::BODY.len());
            assert!(place.opens, "a bucket begins at {next}");
            let rows = u64::from(bucket::ROWS_MAX).min(behind - next);
            head = BucketHead {
                rows: u32::try_from(rows).expect("rows of a bucket"),
                bytes: rows * u64::try_from(raw::size()).expect("bytes"),
                ..place.head
            };
            let end = next + rows - 1;
            let sealed = (end < self.messages).then(|| (end, (self.time_of)(end)));
            buckets.push(Bucket { head, sealed });
            next = end + 1;
        }
        buckets
    }
}
