//! Rows as the backend writes them, by plain CQL: what a story can't wait for to be appended. The columns that matter to reading are
//! those of `schema.cql`; numbers of buckets and their borders come from `storage::bucket`.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;
use scylla::{
    client::{session::Session, session_builder::SessionBuilder},
    statement::{
        batch::{Batch, BatchType},
        prepared::PreparedStatement,
    },
};
use storage::{
    bucket::{self, BucketHead},
    scylla::Address,
};
use uuid::Uuid;

/// Rows in one mutation.
const ROWS_AT_ONCE: usize = 250;
/// Mutations under way at once.
const MUTATIONS_AT_ONCE: usize = 8;
/// The body of every message.
pub const BODY: &str = r#"{"text":"one of very many"}"#;

/// A bucket of a log that is there only as far as it is read.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Number and beginning, and how full it is.
    pub head: BucketHead,
    /// Its end; None: it is open.
    pub sealed: Option<(u64, i64)>,
}

/// What writes them.
pub struct Raw {
    session: Session,
    head: PreparedStatement,
    by_seq: PreparedStatement,
    by_time: PreparedStatement,
    group: PreparedStatement,
    entry: PreparedStatement,
    filter: PreparedStatement,
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("a seq of a story")
}

/// The timestamp of what follows from the entry at `seq`, as the backend makes it.
fn stamp(seq: u64) -> i64 {
    (signed(seq) + 1) << 12
}

impl Raw {
    /// Connects.
    pub async fn connect(address: &Address) -> Self {
        let session = SessionBuilder::new()
            .known_nodes(&address.hosts)
            .build()
            .await
            .expect("the servers answer");
        session
            .use_keyspace(&address.keyspace, false)
            .await
            .expect("the keyspace is there");
        let prepare = async |text: &str| {
            let mut statement = session.prepare(text).await.expect("the tables are there");
            statement.set_is_idempotent(true);
            statement
        };
        Self {
            head: prepare(
                "INSERT INTO heads (room, seq, number, time_ms, message_seq, bucket, bucket_first_seq, bucket_first_ms, bucket_rows, \
                 bucket_bytes, name, deleted, members_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'synthetic', false, ?) \
                 USING TIMESTAMP ?",
            )
            .await,
            by_seq: prepare(
                "INSERT INTO buckets_by_seq (room, grp, first_seq, bucket, first_ms, last_seq, last_ms, rows, bytes) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .await,
            by_time: prepare("INSERT INTO buckets_by_time (room, grp, first_ms, first_seq) VALUES (?, ?, ?, ?)").await,
            group: prepare("INSERT INTO bucket_groups (room, first_ms, grp) VALUES (?, ?, ?)").await,
            entry: prepare(
                "INSERT INTO log_entries (room, bucket, seq, number, kind, sender, time_ms, created_ms, command_id, reply_to, target, \
                 version, deleted, bucket_rows, bucket_bytes, batch_first, body) \
                 VALUES (?, ?, ?, ?, 1, 'alice', ?, ?, ?, 0, 0, 0, false, ?, ?, ?, ?) USING TIMESTAMP ?",
            )
            .await,
            filter: prepare("INSERT INTO command_filters (room, grp, bucket, filter) VALUES (?, ?, ?, ?)").await,
            session,
        }
    }

    /// The end of a log that has these many messages and nothing else.
    pub async fn head(&self, room: RoomId, seq: u64, time_ms: i64, open: &BucketHead, members: u64) {
        let (seq_key, bucket) = (signed(seq), open);
        let values = (
            room.key(),
            seq_key,
            seq_key,
            time_ms,
            seq_key,
            signed(bucket.bucket),
            signed(bucket.first_seq),
            bucket.first_ms,
            i32::try_from(bucket.rows).expect("rows of a bucket"),
            signed(bucket.bytes),
            signed(members),
            stamp(seq),
        );
        self.session
            .execute_unpaged(&self.head, values)
            .await
            .expect("a head is written");
    }

    /// The rows of the index for these buckets, and the filters of their commands: messages of large rooms have no records.
    pub async fn index(&self, room: RoomId, buckets: &[Bucket]) {
        stream::iter(buckets)
            .for_each_concurrent(MUTATIONS_AT_ONCE, |bucket| self.index_one(room, bucket))
            .await;
    }

    async fn index_one(&self, room: RoomId, Bucket { head, sealed }: &Bucket) {
        let (group, first_seq) = (signed(bucket::group(head.first_seq)), signed(head.first_seq));
        let is_sealed = sealed.is_some();
        let by_seq = (
            room.key(),
            group,
            first_seq,
            signed(head.bucket),
            head.first_ms,
            sealed.map(|(seq, _)| signed(seq)),
            sealed.map(|(_, time_ms)| time_ms),
            is_sealed.then(|| i32::try_from(head.rows).expect("rows of a bucket")),
            is_sealed.then(|| signed(head.bytes)),
        );
        self.session
            .execute_unpaged(&self.by_seq, by_seq)
            .await
            .expect("a bucket is written");
        let by_time = (room.key(), group, head.first_ms, first_seq);
        self.session
            .execute_unpaged(&self.by_time, by_time)
            .await
            .expect("a bucket's time is written");
        if let Some((last_seq, _)) = sealed {
            let filter = filter_of_nothing(room, head.bucket, *last_seq);
            let values = (room.key(), group, signed(head.bucket), filter);
            self.session
                .execute_unpaged(&self.filter, values)
                .await
                .expect("a filter is written");
        }
    }

    /// When each of these groups begins.
    pub async fn groups(&self, room: RoomId, groups: impl IntoIterator<Item = (u64, i64)>) {
        let rows: Vec<_> = groups
            .into_iter()
            .map(|(group, first_ms)| (room.key(), first_ms, signed(group)))
            .collect();
        self.write_all(&self.group, rows).await;
    }

    /// The messages `first..=last` of a bucket.
    pub async fn entries(
        &self,
        room: RoomId,
        head: &BucketHead,
        seqs: impl IntoIterator<Item = u64>,
        time_of: impl Fn(u64) -> i64,
    ) {
        let row = |seq: u64| {
            let rows = i32::try_from(seq + 1 - head.first_seq).expect("rows of a bucket");
            let bytes = i64::from(rows) * size();
            let time_ms = time_of(seq);
            let key = signed(seq);
            let command_id = Uuid::from_u128(u128::from(seq));
            (
                room.key(),
                signed(head.bucket),
                key,
                key,
                time_ms,
                time_ms,
                command_id,
                rows,
                bytes,
                key,
                BODY.as_bytes(),
                stamp(seq),
            )
        };
        self.write_all(&self.entry, seqs.into_iter().map(row).collect()).await;
    }

    /// Writes rows of one partition.
    async fn write_all<R: scylla::serialize::row::SerializeRow>(&self, statement: &PreparedStatement, rows: Vec<R>) {
        let written = stream::iter(rows.chunks(ROWS_AT_ONCE))
            .map(|rows| async move {
                let mut batch = Batch::new(BatchType::Unlogged);
                rows.iter().for_each(|_| batch.append_statement(statement.clone()));
                self.session.batch(&batch, rows).await
            })
            .buffer_unordered(MUTATIONS_AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await;
        written.expect("rows are written");
    }
}

/// The filter of a sealed bucket without a record of a command: form, bits, check sum.
fn filter_of_nothing(room: RoomId, bucket: u64, last_seq: u64) -> Vec<u8> {
    let stored = [1, 0, 0, 0, 0, 0, 0, 0, 0];
    let place = Uuid::from_u64_pair(room.key().cast_unsigned(), bucket);
    let end = Uuid::new_v5(&place, &last_seq.to_be_bytes());
    [&stored[..], Uuid::new_v5(&end, &stored).as_bytes()].concat()
}

/// What a message costs a bucket.
pub fn size() -> i64 {
    i64::try_from(bucket::ROW_OVERHEAD_BYTES).expect("small") + i64::try_from(BODY.len()).expect("small")
}
