//! How many statements everyday calls take on a CQL server, however large and however old a room is. The numbers below stand in
//! `docs/storage.md`, and are counted here.
#![expect(clippy::print_stdout, reason = "the table is printed")]

mod cql;
mod statements;

use cql::node::close;
use futures_util::{StreamExt as _, stream};
use statements::{
    calls::{self, APPEND, APPENDED, CALLS},
    raw::Raw,
    rooms::{self, Place},
    table::{Count, Row, markdown},
};
use storage::{conformance::kit::user, metrics::StorageMetrics, scylla::Address};
use tokio::sync::Mutex;

/// One story at a time: the server of tests is a small one.
static TURN: Mutex<()> = Mutex::const_new(());

/// The rooms, in the order of the table.
const ROOMS: [&str; 4] = [
    "10 messages",
    "10 million in one day",
    "one message a year, for 300 years",
    "5 million buckets",
];

fn row<const ROOMS: usize>(name: &'static str, counts: [(u64, u64); ROOMS]) -> Row<'static> {
    let count = |(cold, warm)| Count { cold, warm };
    (name, counts.into_iter().map(count).collect())
}

/// What is expected, by call and room.
fn expected() -> Vec<Row<'static>> {
    vec![
        row("newest page", [(5, 1), (5, 1), (11, 6), (5, 1)]),
        row("next page", [(4, 0), (5, 1), (11, 6), (5, 1)]),
        row("page around a message", [(7, 3), (8, 3), (14, 7), (8, 3)]),
        row("page from a date", [(7, 3), (11, 6), (14, 8), (11, 6)]),
        row("first page ever", [(5, 1), (6, 1), (11, 6), (6, 1)]),
        row("unread count, with the last message", [(6, 2), (6, 2), (6, 2), (6, 2)]),
        row("who has read how far", [(1, 0), (1, 0), (1, 0), (1, 0)]),
        row(APPEND, [(14, 1), (76, 1), (13, 1)]),
        row(APPENDED, [(12, 12), (12, 12), (12, 12)]),
    ]
}

/// Chats of one person, and what their list takes.
const CHATS: usize = 500;
const LIST_OF_CHATS: Count = Count { cold: 2002, warm: 2 };

/// Copies of the first three rooms to append to: a write of the store's own in the same moment is counted too, so the smallest of three
/// counts is the call's.
const COPIES: usize = 3;

struct Rooms {
    read: Vec<Place>,
    appended: Vec<Vec<Place>>,
}

impl Rooms {
    async fn build(address: &Address) -> Self {
        let store = cql::counted(address, &StorageMetrics::unregistered()).await;
        let raw = Raw::connect(address).await;
        let (store_now, raw) = (&store, &raw);
        let build = async || {
            vec![
                rooms::ten_messages(store_now, raw).await,
                rooms::ten_million_in_a_day(store_now, raw).await,
                rooms::one_a_year(store_now, raw).await,
            ]
        };
        let mut read = build().await;
        let mut appended = vec![Vec::new(); read.len()];
        read.push(rooms::five_million_buckets(store_now, raw).await);
        for _ in 0..COPIES {
            for (at, place) in build().await.into_iter().enumerate() {
                appended[at].push(place);
            }
        }
        close(store).await;
        Self { read, appended }
    }
}

/// Statements of every kind so far.
fn total(metrics: &StorageMetrics) -> u64 {
    let kinds = [
        &metrics.statements.read,
        &metrics.statements.write,
        &metrics.statements.conditional,
    ];
    kinds.iter().map(|kind| kind.get()).sum()
}

/// Counts a call on every room, first on a store that has just been opened, then once more.
async fn counted(address: &Address, places: &[Place], call: calls::Call) -> Vec<Count> {
    let metrics = StorageMetrics::unregistered();
    let store = cql::counted(address, &metrics).await;
    // A call that only reads: what the store writes by itself meanwhile is not counted.
    let mut counts = Vec::new();
    for place in places {
        let mut count = Count { cold: 0, warm: 0 };
        for statements in [&mut count.cold, &mut count.warm] {
            let before = metrics.statements.read.get();
            call(&store, *place).await;
            *statements = metrics.statements.read.get() - before;
        }
        counts.push(count);
    }
    close(store).await;
    counts
}

/// The same for appends.
async fn counted_appends(address: &Address, rooms: &[Vec<Place>]) -> Vec<Count> {
    let metrics = StorageMetrics::unregistered();
    let store = cql::counted(address, &metrics).await;
    let mut counts = Vec::new();
    for copies in rooms {
        let mut least = Count {
            cold: u64::MAX,
            warm: u64::MAX,
        };
        for place in copies {
            for statements in [&mut least.cold, &mut least.warm] {
                let before = total(&metrics);
                calls::append(&store, *place).await;
                *statements = (total(&metrics) - before).min(*statements);
            }
        }
        counts.push(least);
    }
    close(store).await;
    counts
}

/// What the store writes behind one append, until it is closed: the marks of the senders, then the head.
async fn counted_behind(address: &Address, rooms: &[Vec<Place>]) -> Vec<Count> {
    let mut counts = Vec::new();
    for copies in rooms {
        let metrics = StorageMetrics::unregistered();
        let store = cql::counted(address, &metrics).await;
        calls::append(&store, copies[0]).await;
        let after = metrics.statements.write.get();
        close(store).await;
        let behind = metrics.statements.write.get() - after;
        counts.push(Count {
            cold: behind,
            warm: behind,
        });
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_takes_as_many_statements_as_the_manual_says() {
    let _turn = TURN.lock().await;
    let address = cql::fresh_address();
    let rooms = Rooms::build(&address).await;
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (name, call) in CALLS {
        rows.push((name, counted(&address, &rooms.read, *call).await));
    }
    rows.push((APPEND, counted_appends(&address, &rooms.appended).await));
    rows.push((APPENDED, counted_behind(&address, &rooms.appended).await));
    let found = markdown(&ROOMS, &rows);
    println!("{found}");
    assert_eq!(found, markdown(&ROOMS, &expected()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_five_hundred_chats_takes_as_many_statements_as_the_manual_says() {
    let _turn = TURN.lock().await;
    let address = cql::fresh_address();
    let store = cql::counted(&address, &StorageMetrics::unregistered()).await;
    let made = stream::iter(0..CHATS).for_each_concurrent(16, |_| async {
        rooms::real(&store, 1, 1).await;
    });
    made.await;
    close(store).await;
    let metrics = StorageMetrics::unregistered();
    let store = cql::counted(&address, &metrics).await;
    let list = async || {
        let before = metrics.statements.read.get();
        let chats = store
            .chats_of(&user("bob"), None, CHATS)
            .await
            .expect("the chats are read");
        assert_eq!(chats.iter().filter(|chat| chat.last.is_some()).count(), CHATS);
        metrics.statements.read.get() - before
    };
    let found = Count {
        cold: list().await,
        warm: list().await,
    };
    close(store).await;
    assert_eq!(found, LIST_OF_CHATS);
}

#[test]
fn the_manual_has_the_table_that_is_expected_here() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/storage.md");
    let manual = std::fs::read_to_string(path).unwrap_or_default();
    let table = markdown(&ROOMS, &expected());
    assert!(
        manual.contains(&table),
        "this table belongs into docs/storage.md:\n{table}"
    );
}
