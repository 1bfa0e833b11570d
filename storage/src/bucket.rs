//! Where an entry lies: time-bucketed partitions `((room, bucket), seq)`.
//!
//! A bucket ends when its time window ends, or when it holds [`ROWS_MAX`] rows or [`BYTES_MAX`] bytes, whichever comes
//! first. The window adapts to the room's rate: it is over only when the bucket holds [`ROWS_MIN`] rows too, or after
//! [`WINDOW_MAX_MS`], so that a page of a slow room lies in one or two partitions. Every row carries the running count and bytes of its
//! bucket, so that one read of the newest row knows both. The index of buckets (first seq, first time) finds any seq and any date in one
//! read, and skips empty time. No bucket reaches from one group of [`GROUP_SEQS`] seqs into the next: the index can be cut into parts by
//! group, and whoever looks for a seq knows the part. Pure arithmetic; the backends store what it decides.
//!
//! A room that does not keep its entries for ever has a shorter window, a part of the time that it keeps them ([`BucketHead::within`]):
//! buckets are dropped as a whole, so that time and one window is the longest that an entry stays.
//!
//! A bucket's number consists of the term of its owner and an ordinal: two owners never write into the same bucket. Where there is only
//! ever one owner the term is 0.

/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;
/// Rows after which a bucket is full.
pub const ROWS_MAX: u32 = 50_000;
/// Bytes after which a bucket is full.
pub const BYTES_MAX: u64 = 50 << 20;
/// The time window of a bucket of a room that is in use: 30 days, in milliseconds.
pub const WINDOW_MS: i64 = 30 * DAY_MS;
/// Rows that a bucket has to hold before its window can be over.
pub const ROWS_MIN: u32 = 1_000;
/// The longest time window of a bucket, however few rows it holds: 10 years, in milliseconds.
pub const WINDOW_MAX_MS: i64 = 3_650 * DAY_MS;
/// Into how many windows the retention of a room is cut.
pub const RETENTION_WINDOWS: i64 = 4;
/// Seqs of one group of the index: a bucket ends at the end of its group.
pub const GROUP_SEQS: u64 = 1 << 20;
/// What a row costs beside its body, in bytes.
pub const ROW_OVERHEAD_BYTES: u64 = 120;

/// The group of the index that a seq belongs to.
pub const fn group(seq: u64) -> u64 {
    seq / GROUP_SEQS
}

/// The number of a bucket: the owner's term and how many buckets the log has had.
pub const fn number(term: u32, ordinal: u32) -> u64 {
    (term as u64) << 32 | ordinal as u64
}

/// How many buckets the log had when this one was opened, from 1.
pub const fn ordinal(bucket: u64) -> u32 {
    bucket as u32
}

/// The term of the owner that opened a bucket.
pub const fn term(bucket: u64) -> u32 {
    (bucket >> 32) as u32
}

/// The newest bucket of a log and how full it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BucketHead {
    /// The bucket's number, from 1; 0: the log has no bucket yet.
    pub bucket: u64,
    /// The first seq in it.
    pub first_seq: u64,
    /// The time of its first row, Unix milliseconds.
    pub first_ms: i64,
    /// Rows in it.
    pub rows: u32,
    /// Bytes in it.
    pub bytes: u64,
}

/// Where the next entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The bucket after the entry has been placed.
    pub head: BucketHead,
    /// The entry opens this bucket: the index needs a row before the entry's own is written.
    pub opens: bool,
}

impl BucketHead {
    /// The same bucket, taking no more rows: the next entry opens another one.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { rows: ROWS_MAX, ..self }
    }

    /// The same bucket, closed if it has been open for its part of the room's retention (in days) at this time (Unix milliseconds).
    #[must_use]
    pub fn within(self, retention_days: Option<u32>, time_ms: i64) -> Self {
        let window_ms = |days: u32| i64::from(days) * DAY_MS / RETENTION_WINDOWS;
        match retention_days {
            Some(days) if self.rows > 0 && time_ms - self.first_ms >= window_ms(days) => self.closed(),
            _ => self,
        }
    }

    /// Whether an entry of this seq, time (Unix milliseconds) and size in bytes has to go into another bucket.
    fn is_over(self, seq: u64, time_ms: i64, size: u64) -> bool {
        let age_ms = time_ms - self.first_ms;
        self.bucket == 0
            || self.rows >= ROWS_MAX
            || (self.rows > 0 && self.bytes + size > BYTES_MAX)
            || (age_ms >= WINDOW_MS && self.rows >= ROWS_MIN)
            || age_ms >= WINDOW_MAX_MS
            || group(seq) != group(self.first_seq)
    }

    /// Places an entry with this seq, time (Unix milliseconds) and size of body, for an owner that opens buckets of this term.
    #[must_use]
    pub fn place(self, term: u32, seq: u64, time_ms: i64, body_bytes: usize) -> Place {
        let size = ROW_OVERHEAD_BYTES + body_bytes as u64;
        if self.is_over(seq, time_ms, size) {
            let head = Self {
                bucket: number(term, ordinal(self.bucket) + 1),
                first_seq: seq,
                first_ms: time_ms,
                rows: 1,
                bytes: size,
            };
            return Place { head, opens: true };
        }
        Place {
            head: Self {
                rows: self.rows + 1,
                bytes: self.bytes + size,
                ..self
            },
            opens: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_by_rows_by_bytes_and_by_time() {
        let first = BucketHead::default().place(0, 1, 1_000, 10);
        assert!(first.opens);
        assert_eq!((first.head.bucket, first.head.first_seq, first.head.rows), (1, 1, 1));

        let full = BucketHead {
            rows: ROWS_MAX,
            ..first.head
        };
        assert_eq!(full.place(0, 50_001, 1_001, 10).head.bucket, 2);
        let heavy = BucketHead {
            bytes: BYTES_MAX - 10,
            ..first.head
        };
        assert!(heavy.place(0, 2, 1_001, 10).opens);
        let busy = BucketHead {
            rows: ROWS_MIN,
            ..first.head
        };
        assert!(busy.place(0, 1_001, 1_000 + WINDOW_MS, 10).opens);
        assert!(!busy.place(0, 1_001, 1_000 + WINDOW_MS - 1, 10).opens);
    }

    #[test]
    fn the_bucket_of_a_slow_room_lasts_until_it_is_worth_a_partition() {
        let slow = BucketHead {
            rows: ROWS_MIN - 1,
            ..BucketHead::default().place(0, 1, 1_000, 10).head
        };
        assert!(!slow.place(0, 1_000, 1_000 + WINDOW_MAX_MS - 1, 10).opens);
        assert!(slow.place(0, 1_000, 1_000 + WINDOW_MAX_MS, 10).opens);
    }

    #[test]
    fn the_bucket_of_a_room_with_a_retention_lasts_for_a_part_of_it() {
        let first = BucketHead::default().within(Some(8), 1_000).place(0, 1, 1_000, 10).head;
        let at = |days, age_ms| first.within(days, 1_000 + age_ms).place(0, 2, 1_000 + age_ms, 10).opens;
        assert!(at(Some(8), 2 * DAY_MS) && !at(Some(8), 2 * DAY_MS - 1));
        assert!(!at(None, 100 * DAY_MS));
    }

    #[test]
    fn a_bucket_never_reaches_into_the_next_group_and_carries_its_owners_term() {
        let last = BucketHead {
            bucket: number(7, 3),
            first_seq: GROUP_SEQS - 2,
            first_ms: 5,
            rows: 1,
            bytes: 1,
        };
        assert!(!last.place(7, GROUP_SEQS - 1, 6, 1).opens);
        let next = last.place(8, GROUP_SEQS, 6, 1);
        assert!(next.opens);
        assert_eq!((term(next.head.bucket), ordinal(next.head.bucket)), (8, 4));
    }
}
