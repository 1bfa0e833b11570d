//! What a client sends again after its room has got another owner: the next process has to find it in buckets that others have sealed, and
//! asks for what is new as good as nothing.

mod cql;

use std::sync::Arc;

use cql::{
    node::{close, raw},
    teller::{Ledger, Teller},
};
use storage::{NewEntry, Store, metrics::StorageMetrics, scylla::Address};

/// More rows than a take-over copies: the bucket is sealed.
const MANY_ROWS: u64 = 300;
/// Owners before the one that is looked at.
const OWNERS: usize = 4;
/// Some bytes less than a bucket holds.
const ALMOST_A_BUCKET: u64 = 48;

/// A process that owns a room, and counts.
struct Owner {
    store: Arc<dyn Store>,
    metrics: StorageMetrics,
    teller: Teller,
}

type Books = Arc<std::sync::Mutex<Ledger>>;

impl Owner {
    async fn begins(address: &Address) -> Self {
        let metrics = StorageMetrics::unregistered();
        let store = cql::counted(address, &metrics).await;
        let teller = Teller::begins(&store).await;
        Self { store, metrics, teller }
    }

    async fn takes_over(address: &Address, books: &Books) -> Self {
        let metrics = StorageMetrics::unregistered();
        let store = cql::counted(address, &metrics).await;
        let teller = Teller::takes_over(&store, books).await;
        Self { store, metrics, teller }
    }

    async fn ends(self) -> Books {
        let books = self.teller.ledger();
        drop(self.teller);
        close(self.store).await;
        books
    }

    async fn says_much(&mut self) {
        self.teller.room.now_ms += 1;
        let many = (0..MANY_ROWS).map(|ahead| self.teller.message(ahead, "alice", "one of many"));
        let many = many.collect();
        self.teller.append(many).await;
    }

    /// Appends something new; gives the statements that were read for it.
    async fn reads_to_say_something_new(&mut self) -> u64 {
        let before = self.metrics.statements.read.get();
        self.teller.says("alice", "something new").await;
        self.metrics.statements.read.get() - before
    }

    /// Whatever was sent is told its seq when it comes again.
    async fn knows(&self, sent: &[NewEntry], when: &str) {
        for new in sent {
            self.teller.is_known(new, when).await;
        }
    }
}

/// Several owners after each other, each of which seals the bucket that the one before has left.
async fn many_owners(address: &Address) -> Books {
    let mut owner = Owner::begins(address).await;
    for _ in 1..OWNERS {
        owner.says_much().await;
        owner = Owner::takes_over(address, &owner.ends().await).await;
    }
    owner.says_much().await;
    owner.ends().await
}

/// The first and the last of every owner.
fn some_of_all(sent: &[NewEntry]) -> Vec<NewEntry> {
    let of_one = |sent: &[NewEntry]| [sent.first().cloned(), sent.last().cloned()];
    let owners = sent.chunks(usize::try_from(MANY_ROWS).expect("a few"));
    owners.flat_map(of_one).flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_again_is_found_in_sealed_buckets_and_what_is_new_is_not_looked_for() {
    let address = cql::fresh_address();
    let mut owner = Owner::takes_over(&address, &many_owners(&address).await).await;
    let sent = some_of_all(&owner.teller.sent());
    // Before and behind its own first append.
    owner.knows(&sent, "at first").await;
    owner.teller.says("alice", "something new").await;
    owner.knows(&sent, "later").await;
    assert_eq!(owner.reads_to_say_something_new().await, 0);
    owner.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_whose_filter_is_missing_damaged_or_anothers_is_asked() {
    let address = cql::fresh_address();
    let books = many_owners(&address).await;
    let session = raw(&address).await;
    let table = format!("{}.command_filters", address.keyspace);
    let stored = session
        .query_unpaged(format!("SELECT room, grp, bucket, filter FROM {table}"), ())
        .await
        .expect("the filters are read")
        .into_rows_result()
        .expect("rows");
    let mut stored: Vec<(i64, i64, i64, Vec<u8>)> = stored
        .rows()
        .expect("filters")
        .collect::<Result<_, _>>()
        .expect("filters");
    stored.sort();
    assert_eq!(stored.len(), OWNERS - 1, "of each sealed bucket one");
    let mut damaged = stored[1].3.clone();
    damaged[7] ^= 1;
    let instead = [None, Some(damaged), Some(stored[0].3.clone())];
    for ((room, group, bucket, _), filter) in stored.into_iter().zip(instead) {
        let text = format!("INSERT INTO {table} (room, grp, bucket, filter) VALUES (?, ?, ?, ?)");
        let written = session.query_unpaged(text, (room, group, bucket, filter)).await;
        written.expect("a filter is written");
    }
    let mut owner = Owner::takes_over(&address, &books).await;
    owner.knows(&some_of_all(&owner.teller.sent()), "without filters").await;
    owner.teller.says("alice", "something new").await;
    let asked = u64::try_from(OWNERS - 1).expect("a few");
    assert_eq!(owner.reads_to_say_something_new().await, asked);
    owner.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_goes_over_the_end_of_a_bucket_is_known_to_the_next_owner() {
    let address = cql::fresh_address();
    let mut owner = Owner::begins(&address).await;
    let text = "y".repeat(1 << 20);
    for count in [ALMOST_A_BUCKET, 5] {
        let batch = (0..count).map(|ahead| owner.teller.message(ahead, "alice", &text));
        let batch = batch.collect();
        owner.teller.append(batch).await;
    }
    let sent = owner.teller.sent();
    let border = owner.teller.room.head.bucket.first_seq;
    assert!(ALMOST_A_BUCKET + 1 < border && border <= sent.len() as u64, "{border}");
    let books = owner.ends().await;
    let mut owner = Owner::takes_over(&address, &books).await;
    owner.teller.says("alice", "under another owner").await;
    owner.knows(&sent, "in the sealed bucket and behind it").await;
    assert_eq!(owner.reads_to_say_something_new().await, 0);
    owner.ends().await;
}

/// The last batch of an owner that died may lie on a minority of replicas, which was asked for its entries and not for the records beside
/// them: here they are nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_the_last_batch_follows_from_its_entries() {
    for count in [3, MANY_ROWS] {
        let address = cql::fresh_address();
        let mut owner = Owner::begins(&address).await;
        let batch = (0..count).map(|ahead| owner.teller.message(ahead, "alice", "the last words"));
        let batch = batch.collect();
        owner.teller.append(batch).await;
        let sent = owner.teller.sent();
        let books = owner.ends().await;
        entries_alone(&address).await;
        let mut owner = Owner::takes_over(&address, &books).await;
        owner.teller.says("alice", "under another owner").await;
        owner.knows(&sent, "without records").await;
        owner.ends().await;
    }
}

/// Leaves the entries of all logs, and nothing that would hide a record.
async fn entries_alone(address: &Address) {
    let session = raw(address).await;
    let table = format!("{}.log_entries", address.keyspace);
    let rows = session.query_unpaged(format!("SELECT JSON * FROM {table}"), ()).await;
    let rows = rows.expect("the log is read").into_rows_result().expect("rows");
    let rows: Result<Vec<(String,)>, _> = rows.rows().expect("texts").collect();
    let emptied = session.query_unpaged(format!("TRUNCATE {table}"), ()).await;
    emptied.expect("the log is emptied");
    for (row,) in rows.expect("texts") {
        if !row.contains("\"seq\": -") {
            let text = format!("INSERT INTO {table} JSON ? DEFAULT UNSET USING TIMESTAMP 1");
            session.query_unpaged(text, (row,)).await.expect("an entry is written");
        }
    }
}
