//! The past that a room does not keep, on a CQL server: it goes as partitions, never row by row, and whoever dies at any statement of that
//! leaves a log that begins at one of two places, and work that the next one ends.

mod cql;

use std::sync::Arc;

use cql::{
    cut::{Cut, cut_at},
    node::{Node, close, raw},
    wire::Wire,
};
use storage::{
    LogStart, Store,
    bucket::DAY_MS,
    conformance::{
        kit::{START_MS, TestRoom, seqs},
        retention::{keeps_for, spoken_in_for},
    },
};

/// The fourth day: three buckets are older.
const LIMIT_MS: i64 = START_MS + 3 * DAY_MS;
/// Where the log begins behind them.
const START: LogStart = LogStart { seq: 8, number: 6 };
/// Dropped buckets.
const DROPPED: usize = 3;
/// More statements than dropping takes.
const STATEMENTS_MAX: usize = 100;
/// What dropping takes of a log that is in memory: which bucket the limit lies in (where that begins, the bucket, its last time), the
/// number there, what is noted, the head, and the beginning; what is to be removed, and its buckets; three for each of them; and that it was done.
const STATEMENTS: usize = 3 + 1 + 3 + 2 + 3 * DROPPED + 1;
/// What asking takes when nothing is to be dropped.
const STATEMENTS_OF_A_LOOK: usize = 2;

/// A room of five days, as another process of the node finds it.
async fn five_days(node: &Node, host: &str) -> (Arc<dyn Store>, TestRoom) {
    let first = node.starts(None).await;
    let mut room = spoken_in_for(&first, 5).await;
    drop(first);
    let store = node.starts(Some(host)).await;
    close(std::mem::replace(&mut room.store, Arc::clone(&store))).await;
    room.restart().await;
    (store, room)
}

/// What a table holds of a room: seqs.
async fn seqs_in(node: &Node, room: &TestRoom, column: &str, table: &str) -> Vec<i64> {
    let text = format!("SELECT room, {column} FROM {}.{table}", node.address.keyspace);
    let rows = raw(&node.address).await.query_unpaged(text, ()).await;
    let rows = rows.expect("an answer").into_rows_result().expect("rows");
    let rows = rows
        .rows::<(i64, Option<i64>)>()
        .expect("seqs")
        .map(|row| row.expect("a seq"));
    let own = rows.filter(|(id, _)| *id == room.id.key());
    own.filter_map(|(_, seq)| seq).collect()
}

/// Nothing is left of what was dropped, and nothing is left to do.
async fn is_removed(node: &Node, room: &TestRoom, when: &str) {
    for (column, table) in [
        ("seq", "log_entries"),
        // Of the records of commands.
        ("target", "log_entries"),
        ("first_seq", "buckets_by_seq"),
        ("first_seq", "buckets_by_time"),
    ] {
        let found = seqs_in(node, room, column, table).await;
        let dropped = found.iter().filter(|seq| (1..START.seq.cast_signed()).contains(*seq));
        assert_eq!(
            (dropped.count(), found.is_empty()),
            (0, false),
            "{when}: {column} in {table}: {found:?}"
        );
    }
    assert!(seqs_in(node, room, "last_seq", "purges").await.is_empty(), "{when}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_goes_as_partitions_and_never_row_by_row() {
    let node = Node::new();
    let wire = Wire::to(&node.address.hosts[0]).await;
    let (store, room) = five_days(&node, wire.host()).await;
    let statements = cut_at(&wire, Cut::Never);
    let dropped = store.drop_before(room.id, &room.permit, LIMIT_MS).await;
    assert_eq!(dropped.expect("dropped").start, START);
    let seen = statements.take();
    let deletions: Vec<&String> = seen
        .iter()
        .filter(|text| text.contains("FROM log_entries") && text.starts_with("DELETE"))
        .collect();
    assert_eq!(deletions.len(), DROPPED, "{seen:#?}");
    assert!(deletions.iter().all(|text| !text.contains("seq")), "{deletions:#?}");
    assert_eq!(seen.len(), STATEMENTS, "{seen:#?}");
    is_removed(&node, &room, "at once").await;

    let again = store.drop_before(room.id, &room.permit, LIMIT_MS).await;
    assert_eq!(again.expect("nothing to drop").entries, 0);
    let seen = statements.take();
    assert!(seen.iter().all(|text| text.starts_with("SELECT")), "{seen:#?}");
    assert_eq!(seen.len(), STATEMENTS_OF_A_LOOK, "{seen:#?}");
    drop(room);
    close(store).await;
    node.is_over().await;
}

/// One owner dies at one statement, the next one looks and ends the work. Gives the statements, and whether the wire was cut.
async fn dies(node: &Node, cut: Cut) -> (Vec<String>, bool) {
    let wire = Wire::to(&node.address.hosts[0]).await;
    let (victim, mut room) = five_days(node, wire.host()).await;
    let statements = cut_at(&wire, cut);
    let (id, permit) = (room.id, room.permit.clone());
    let was_cut = tokio::select! {
        () = wire.is_cut() => true,
        dropped = victim.drop_before(id, &permit, LIMIT_MS) => {
            dropped.expect("nothing was in its way");
            false
        }
    };
    let seen = statements.take();
    let when = format!("{cut:?} {:?}", seen.last());

    let next = node.starts(None).await;
    let dead = std::mem::replace(&mut room.store, Arc::clone(&next));
    // Closing writes what is behind; a process that has died is not waited for.
    tokio::task::spawn_blocking(move || drop((victim, dead)));
    room.restart().await;
    let state = next.room(room.id).await.expect("a read").expect("the room");
    let untouched = LogStart::default();
    assert!([untouched, START].contains(&state.start), "{when}: {:?}", state.start);
    let is_decided = seen
        .iter()
        .rev()
        .skip(usize::from(was_cut))
        .any(|text| text.starts_with("UPDATE rooms"));
    assert!(!is_decided || state.start == START, "{when}: it began there already");
    let first = state.start.seq;
    assert_eq!(
        seqs(&room.everything().await),
        (first..=11).collect::<Vec<_>>(),
        "{when}"
    );
    assert_eq!(room.says("alice", "under another owner").await, 12, "{when}");

    let dropped = next
        .drop_before(room.id, &room.permit, LIMIT_MS)
        .await
        .expect("dropped");
    assert_eq!((dropped.start, dropped.entries), (START, START.seq - first), "{when}");
    assert_eq!(seqs(&room.everything().await), (8..=12).collect::<Vec<_>>(), "{when}");
    is_removed(node, &room, &when).await;
    drop(room);
    close(next).await;
    (seen, was_cut)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_dies_at_any_statement_of_dropping_leaves_a_log_that_is_whole() {
    let node = Node::new();
    for nth in 1..=STATEMENTS_MAX {
        let (seen, was_cut) = dies(&node, Cut::Before(nth)).await;
        if !was_cut {
            assert!(seen.len() > DROPPED, "{seen:#?}");
            node.is_over().await;
            return;
        }
        let text = seen.last().expect("the one that was lost");
        // A read changes nothing: to die behind it is to die before the next statement.
        if !text.starts_with("SELECT") {
            dies(&node, Cut::Behind(nth)).await;
        }
    }
    panic!("more than {STATEMENTS_MAX} statements");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_from_before_rooms_had_a_retention_get_what_is_missing() {
    let node = Node::new();
    let store = node.starts(None).await;
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "from before").await;
    drop(store);
    let keyspace = &node.address.keyspace;
    let session = raw(&node.address).await;
    // One column is there already: whoever began has not come to the end.
    for change in [
        format!("ALTER TABLE {keyspace}.heads DROP retention_days"),
        format!("DROP TABLE {keyspace}.retentions"),
        format!("DROP TABLE {keyspace}.command_filters"),
        format!("DROP TABLE {keyspace}.invitations"),
        format!("DROP TABLE {keyspace}.invitations_by_code"),
        format!("DELETE FROM {keyspace}.schema_versions WHERE part = 0 AND version = 2 IF EXISTS"),
        format!("DELETE FROM {keyspace}.schema_versions WHERE part = 0 AND version = 3 IF EXISTS"),
        format!("DELETE FROM {keyspace}.schema_versions WHERE part = 0 AND version = 4 IF EXISTS"),
    ] {
        session.query_unpaged(change.clone(), ()).await.expect(&change);
    }
    let store = node.starts(None).await;
    close(std::mem::replace(&mut room.store, Arc::clone(&store))).await;
    room.restart().await;
    keeps_for(&mut room, Some(1)).await;
    room.now_ms += 2 * DAY_MS;
    let dropped = store.drop_before(room.id, &room.permit, room.now_ms).await;
    assert_eq!(dropped.expect("dropped").start, LogStart { seq: 3, number: 1 });
    let listed = store.retained_rooms(None, 9).await.expect("a read");
    assert_eq!(listed.len(), 1);
    drop(room);
    close(store).await;
    node.is_over().await;
}
