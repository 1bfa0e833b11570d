//! From one kind of store into another and back, on a real CQL server: what was exported is what is there.

mod cql;
mod dump_kit;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cql::Keyspace;
use dump_kit::{COMMANDS_SINCE_MS, Place, SMALL, export, import, unwatched};
use storage::{
    Effect, EntryKind, Mark, Role, Store, StoreError,
    conformance::{
        dump::fill,
        kit::{START_MS, TestRoom, user},
    },
    dump::{
        Dump, DumpError, DumpRecord, DumpRepository, ImportBegun, ImportMark, Manifest, PageLimit, RecordKind, Totals,
        limits::Pieces, read_totals,
    },
    scylla::{Options, ScyllaStore},
};

/// Pages that cut a log now and then, while it goes on.
const MIDDLE: Pieces = Pieces {
    page: PageLimit {
        records: 40,
        bytes: 1 << 20,
    },
    file_bytes: 20_000,
};

async fn node(keyspace: &Keyspace) -> Arc<dyn Store> {
    Arc::new(keyspace.open().await)
}

/// How a command opens the store beside a node.
async fn beside(keyspace: &Keyspace) -> ScyllaStore {
    let options = Options::new(keyspace.address().clone());
    let opened = tokio::task::spawn_blocking(move || cql::open(&options));
    opened.await.expect("the store opens")
}

async fn totals(store: &dyn DumpRepository) -> Totals {
    read_totals(store, COMMANDS_SINCE_MS, &unwatched()).await.expect("read")
}

async fn exported(store: &dyn DumpRepository, folder: &Path, pieces: Pieces) -> Manifest {
    export(folder, pieces).run(store, &unwatched()).await.expect("exported")
}

#[tokio::test]
async fn an_installation_moves_from_sqlite_to_cql_and_back() {
    let (source, back) = (Place::filled().await, Place::empty());
    purge_one(&source.store).await;
    let keyspace = Keyspace::empty().await;
    let first = source.export("out", SMALL).await.expect("exported");
    let store = node(&keyspace).await;
    let imported = import(&source.path("out")).run(&*store, &unwatched()).await;
    assert_eq!(imported.expect("imported"), first);
    assert_eq!(totals(&*store).await, first.totals);
    drop(store);

    let second = exported(&beside(&keyspace).await, &back.path("out"), SMALL).await;
    assert_eq!(second.totals, first.totals);
    back.import(&back.path("out")).await.expect("imported");
    assert_eq!(back.totals().await, first.totals);
    back.is_sound();
}

/// A room whose past is gone, with a command of that past that is still young.
async fn purge_one(store: &Arc<dyn Store>) {
    let mut room = TestRoom::group(store, &["alice"]).await;
    room.now_ms = COMMANDS_SINCE_MS + 1;
    room.says("alice", "gone").await;
    store.purge_log(room.id, &room.permit).await.expect("purged");
    room.restart().await;
    room.says("alice", "still here").await;
}

/// Breaks off at one call, before it or behind it.
struct BreaksOff {
    inner: Arc<dyn Store>,
    calls_left: AtomicU64,
    is_written: bool,
}

#[async_trait]
impl DumpRepository for BreaksOff {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        self.inner.open_dump(commands_since_ms).await
    }

    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        self.inner.begin_import(mark).await
    }

    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        self.inner.import_mark().await
    }

    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        self.inner.set_import_mark(mark).await
    }

    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError> {
        let is_last = self.calls_left.fetch_sub(1, Ordering::SeqCst) == 0;
        if !is_last || self.is_written {
            self.inner.load(records).await?;
        }
        if is_last {
            return Err(StoreError::Failed("the story breaks off here".to_owned()));
        }
        Ok(())
    }
}

#[tokio::test]
async fn an_import_that_breaks_off_at_any_call_goes_on_and_the_logs_can_be_written_after_it() {
    let source = Place::empty();
    let mut group = fill(&source.store).await.group;
    let manifest = source.export("out", SMALL).await.expect("exported");
    let keyspace = Keyspace::empty().await;
    let mut broken_off = 0;
    loop {
        // Another process, with another term.
        let store = BreaksOff {
            inner: node(&keyspace).await,
            calls_left: AtomicU64::new(broken_off % 7),
            is_written: broken_off % 2 == 0,
        };
        match import(&source.path("out")).run(&store, &unwatched()).await {
            Ok(imported) => {
                assert_eq!(imported, manifest);
                break;
            }
            Err(DumpError::Store(_)) => broken_off += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(broken_off > 3, "{broken_off}");
    let before = group.everything().await;
    group.store = node(&keyspace).await;
    group.restart().await;
    assert_eq!(group.everything().await, before);
    let next = group.says("alice", "after the move").await;
    assert_eq!(next, before.len() as u64 + 1);
    group.append(vec![group.edit("alice", next, "edited")]).await;
    assert_eq!(group.everything().await.len() as u64, next + 1);
}

#[tokio::test]
async fn an_export_beside_a_node_has_what_was_acknowledged_last() {
    let (keyspace, back) = (Keyspace::empty().await, Place::empty());
    let store = node(&keyspace).await;
    let mut group = fill(&store).await.group;
    let other = beside(&keyspace).await;
    for round in 0..5 {
        let seq = group.says("alice", "hello").await;
        group.append(vec![group.edit("alice", seq, "hello again")]).await;
        let joins = vec![Effect::MemberAdded(user(&format!("guest-{round}")), Role::Member)];
        let joined = group.notice(EntryKind::Participants, "alice", joins);
        group.append(vec![joined]).await;
        let mark = Mark {
            read_seq: seq,
            read_number: group.at(seq).await.number,
            received_seq: seq,
        };
        store.advance_mark(group.id, &user("bob"), mark).await.expect("a mark");
        assert_eq!(totals(&other).await, totals(&*store).await, "round {round}");
    }
    exported(&other, &back.path("out"), SMALL).await;
    back.import(&back.path("out")).await.expect("imported");
    back.is_sound();
}

#[tokio::test]
async fn an_export_beside_a_node_that_goes_on_writing_holds_rooms_that_are_whole() {
    let keyspace = Keyspace::empty().await;
    let store = node(&keyspace).await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(TestRoom::group(&store, &["alice", "bob"]).await);
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writers: Vec<_> = rooms
        .into_iter()
        .map(|room| tokio::spawn(write(room, stopped.clone())))
        .collect();
    let (other, place) = (beside(&keyspace).await, Place::empty());
    for round in 0..5 {
        exported(&other, &place.path(&format!("out-{round}")), MIDDLE).await;
    }
    stop.send(true).expect("writers listen");
    for writer in writers {
        writer.await.expect("a writer ends well");
    }
    for round in 0..5 {
        let target = Place::empty();
        let imported = target.import(&place.path(&format!("out-{round}"))).await;
        let manifest = imported.expect("imported");
        assert_eq!(manifest.totals.of(RecordKind::Room).records, 4);
        target.is_sound();
    }
}

/// Everything that happens in a room, again and again.
async fn write(mut room: TestRoom, stopped: tokio::sync::watch::Receiver<bool>) {
    let carol = user("carol");
    while !*stopped.borrow() {
        let seq = room.says("alice", "something").await;
        let mark = Mark {
            read_seq: seq,
            read_number: room.head.number,
            received_seq: seq,
        };
        let moved = room.store.advance_mark(room.id, &user("bob"), mark).await;
        moved.expect("a mark moves");
        room.append(vec![room.edit("alice", seq, "something else")]).await;
        let joins = vec![Effect::MemberAdded(carol.clone(), Role::Member)];
        room.append(vec![room.notice(EntryKind::Participants, "alice", joins)])
            .await;
        room.append(vec![room.delete("alice", seq)]).await;
        let leaves = vec![Effect::MemberRemoved(carol.clone())];
        room.append(vec![room.notice(EntryKind::Participants, "carol", leaves)])
            .await;
        room.now_ms = (room.now_ms + 1).max(START_MS);
    }
}
