//! Where an entry lies: time-bucketed partitions `((room, bucket), seq)`.
//!
//! A bucket ends when its time window ends, or when it holds [`ROWS_MAX`] rows or [`BYTES_MAX`] bytes, whichever comes
//! first. Every row
//! carries the running count and bytes of its bucket, so that one read of the newest row knows both. The index of
//! buckets (first seq, first time) finds any
//! seq and any date in one read, and skips empty time. Pure arithmetic; the backends store what it decides.

/// Rows after which a bucket is full.
pub const ROWS_MAX: u32 = 50_000;
/// Bytes after which a bucket is full.
pub const BYTES_MAX: u64 = 50 << 20;
/// The longest time window of a bucket: 30 days, in milliseconds. A slow room reads back a month in one partition.
pub const WINDOW_MS: i64 = 30 * 24 * 3_600_000;
/// What a row costs beside its body, in bytes.
pub const ROW_OVERHEAD_BYTES: u64 = 120;

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

    /// Places an entry with this seq, time (Unix milliseconds) and size of body.
    #[must_use]
    pub fn place(self, seq: u64, time_ms: i64, body_bytes: usize) -> Place {
        let size = ROW_OVERHEAD_BYTES + body_bytes as u64;
        let is_full = self.rows >= ROWS_MAX || (self.rows > 0 && self.bytes + size > BYTES_MAX);
        let is_over = time_ms - self.first_ms >= WINDOW_MS;
        if self.bucket == 0 || is_full || is_over {
            let head = Self {
                bucket: self.bucket + 1,
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
        let first = BucketHead::default().place(1, 1_000, 10);
        assert!(first.opens);
        assert_eq!((first.head.bucket, first.head.first_seq, first.head.rows), (1, 1, 1));

        let full = BucketHead {
            rows: ROWS_MAX,
            ..first.head
        };
        assert_eq!(full.place(50_001, 1_001, 10).head.bucket, 2);
        let heavy = BucketHead {
            bytes: BYTES_MAX - 10,
            ..first.head
        };
        assert!(heavy.place(2, 1_001, 10).opens);
        assert!(first.head.place(2, 1_000 + WINDOW_MS, 10).opens);
        assert!(!first.head.place(2, 1_000 + WINDOW_MS - 1, 10).opens);
    }
}
