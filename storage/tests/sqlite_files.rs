//! The file itself: what is refused, what stays, what leaves it, copies of it.

use std::{
    fs,
    io::{Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use storage::{
    AccountRepository as _, EntryKind, MetaRepository as _, NewEntry, SearchRepository as _, Store, StoreError,
    conformance::kit::{TestRoom, account, seqs, user},
    search::{Backlog, Indexer, SearchMetrics},
    sqlite::{OpenError, Options, SCHEMA_VERSION, SqliteStore, check_consistency},
};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("plenum.db");
    (folder, path)
}

fn open(path: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(path, Options::default()).expect("the store opens"))
}

fn refusal(path: &Path) -> OpenError {
    SqliteStore::open(path, Options::default()).expect_err("the file is refused")
}

/// A file with a few hundred messages.
async fn filled(path: &Path) -> protocol::RoomId {
    let store: Arc<dyn Store> = open(path);
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    let batch = (0..300)
        .map(|ahead| room.message(ahead, "alice", &format!("message {ahead}")))
        .collect();
    room.append(batch).await;
    room.id
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).open(path).expect("the file");
    file.seek(SeekFrom::Start(at)).expect("a place in it");
    file.write_all(bytes).expect("written");
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_words_that_say_what_to_do() {
    // From the beginning, or from the end: the last page holds messages.
    for (what, at, bytes) in [
        ("header", 0, 100),
        ("schema", 100, 3_000),
        ("page of messages", -4_096, 4_000),
    ] {
        let (_folder, path) = folder();
        filled(&path).await;
        let size = fs::metadata(&path).expect("the file").len();
        let at = if at < 0 {
            size.saturating_add_signed(at)
        } else {
            at.unsigned_abs()
        };
        overwrite(&path, at, &vec![0xa5; bytes]);
        let Err(error) = SqliteStore::open(&path, Options::default()) else {
            panic!("a file with a damaged {what} was opened");
        };
        assert!(matches!(error, OpenError::Corrupt { .. }), "{what}: {error}");
        let words = error.to_string();
        assert!(words.contains("is not a readable database"), "{words}");
        assert!(words.contains("restore a copy with `plenum restore`"), "{words}");
    }
}

#[test]
fn a_file_that_is_no_database_of_ours_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    let text = "dear diary, ".repeat(1_000);
    fs::write(&path, &text).expect("written");
    assert!(matches!(refusal(&path), OpenError::Corrupt { .. }));
    assert_eq!(fs::read_to_string(&path).expect("the file"), text);

    let (_folder, path) = folder();
    let foreign = rusqlite::Connection::open(&path).expect("a database");
    foreign
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .expect("a table");
    drop(foreign);
    assert!(matches!(refusal(&path), OpenError::Corrupt { .. }));
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_named() {
    let (_folder, path) = folder();
    filled(&path).await;
    let newer = rusqlite::Connection::open(&path).expect("a database");
    newer
        .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
        .expect("a version");
    drop(newer);
    let error = refusal(&path);
    assert!(matches!(error, OpenError::NewerSchema { .. }), "{error}");
    let words = error.to_string();
    assert!(
        words.contains(&format!("schema version {}", SCHEMA_VERSION + 1)),
        "{words}"
    );
    assert!(words.contains(&format!("up to {SCHEMA_VERSION}")), "{words}");
}

#[tokio::test]
async fn one_node_serves_a_file_and_commands_work_beside_it() {
    let (_folder, path) = folder();
    let exclusive = || Options {
        exclusive: true,
        ..Options::default()
    };
    let node = SqliteStore::open(&path, exclusive()).expect("the first node");
    let second = SqliteStore::open(&path, exclusive()).expect_err("a second node");
    assert!(matches!(second, OpenError::InUse { .. }), "{second}");

    let command = open(&path);
    command
        .meta_or_insert("of the command", vec![1])
        .await
        .expect("a write beside the node");
    node.meta_or_insert("of the node", vec![2])
        .await
        .expect("a write beside the command");
    assert_eq!(
        node.meta_or_insert("of the command", vec![9]).await.expect("a read"),
        [1]
    );
    drop(node);
    SqliteStore::open(&path, exclusive()).expect("the next node");
}

#[test]
fn a_file_that_is_not_there_is_created_only_where_that_is_wanted() {
    let (folder, path) = folder();
    let options = Options {
        create: false,
        ..Options::default()
    };
    let error = SqliteStore::open(&path, options).expect_err("nothing to open");
    assert!(matches!(error, OpenError::NotFound { .. }), "{error}");
    assert!(!path.exists());
    let nowhere = folder.path().join("no/such/folder.db");
    assert!(matches!(refusal(&nowhere), OpenError::NotFound { .. }));
    assert!(matches!(
        refusal(folder.path()),
        OpenError::Permission { .. } | OpenError::Other { .. }
    ));
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_everything_and_the_same_epochs() {
    let (_folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    store.renew_epochs().await.expect("a write");
    room.restart().await;
    room.says("alice", "hi").await;
    let alice = store.user_log_head(&user("alice")).await.expect("a write");
    let (id, head) = (room.id, room.head.clone());
    drop((room, store));
    let store = open(&path);
    let store: Arc<dyn Store> = store;
    assert_eq!(store.room(id).await.expect("a read").expect("the room").head, head);
    assert_eq!(store.user_log_head(&user("alice")).await.expect("a read"), alice);
}

fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("the folder").any(|file| {
        let bytes = fs::read(file.expect("a file").path()).expect("its bytes");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn deleted_text_leaves_the_files() {
    let (folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let long = format!("{}TREASURE{}", "x".repeat(6_000), "y".repeat(6_000));
    let seq = room.says("alice", "TREASURE").await;
    let second = room.says("alice", &long).await;
    room.append(vec![room.edit("alice", seq, "the TREASURE again")]).await;
    assert!(holds(folder.path(), "TREASURE"));
    room.append(vec![room.delete("alice", seq)]).await;
    room.append(vec![room.delete("alice", second)]).await;
    drop((room, store));
    assert!(!holds(folder.path(), "TREASURE"));
}

#[tokio::test]
async fn deleted_text_leaves_the_write_ahead_log_of_a_running_store() {
    let (folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let seq = room.says("alice", "TREASURE").await;
    room.append(vec![room.delete("alice", seq)]).await;
    // The background lane waits for a quiet moment of its own choosing.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while holds(folder.path(), "TREASURE") {
        assert!(std::time::Instant::now() < patience, "the text is still there");
        tokio::task::yield_now().await;
    }
    assert_eq!(room.says("alice", "something else").await, 3);
}

#[tokio::test]
async fn a_purged_log_leaves_the_files_even_when_the_node_ends_in_between() {
    let (folder, path) = folder();
    let id = filled(&path).await;
    let store: Arc<dyn Store> = open(&path);
    let current = Arc::default();
    let permit = storage::Permit::take_over(&current);
    store.purge_log(id, &permit).await.expect("the log is purged");
    drop(store);
    // Writes give the background lane its turns, whatever it had done before the end.
    let store: Arc<dyn Store> = open(&path);
    for number in 0..64_u8 {
        store
            .meta_or_insert(&format!("{number}"), vec![number])
            .await
            .expect("a write");
    }
    drop(store);
    let file = rusqlite::Connection::open(&path).expect("the file");
    let count = |table: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        file.query_row(&query, [], |row| row.get(0)).expect("a count")
    };
    assert_eq!((count("entries"), count("purges")), (0, 0));
    assert!(!holds(folder.path(), "message 17"));
    assert!(
        check_consistency(&path)
            .expect("the file is readable")
            .differences
            .is_empty()
    );
}

#[tokio::test]
async fn records_of_commands_older_than_seven_days_are_removed_and_younger_ones_stay() {
    const WEEK_MS: i64 = 7 * 24 * 3_600_000;
    let (_folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let old: Vec<NewEntry> = (0..1_200).map(|ahead| room.message(ahead, "alice", "old")).collect();
    room.append(old).await;
    room.now_ms += WEEK_MS;
    for _ in 0..200 {
        room.says("alice", "young").await;
    }
    drop((room, store));
    let file = rusqlite::Connection::open(&path).expect("the file");
    let count: i64 = file
        .query_row("SELECT count(*) FROM client_msg_ids", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(count, 200);
}

#[tokio::test]
async fn the_write_ahead_log_stays_small() {
    let (folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let text = "m".repeat(1 << 20);
    for _ in 0..100 {
        room.says("alice", &text).await;
    }
    let wal = fs::metadata(folder.path().join("plenum.db-wal"))
        .expect("a write-ahead log")
        .len();
    assert!(wal < 64 << 20, "{wal} bytes");
}

#[tokio::test]
async fn a_copy_of_a_store_in_use_is_whole_and_opens() {
    let (folder, path) = folder();
    let store = open(&path);
    let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
    let mut room = TestRoom::group(&shared, &["alice"]).await;
    room.says("alice", "before the copy").await;
    let (id, head) = (room.id, room.head.clone());
    let writing = tokio::spawn(async move {
        for _ in 0..200 {
            room.says("alice", "meanwhile").await;
        }
        room.head
    });
    let copy = folder.path().join("copy.db");
    let (from, to) = (Arc::clone(&store), copy.clone());
    tokio::task::spawn_blocking(move || from.backup(&to))
        .await
        .expect("no panic")
        .expect("the copy");
    let end = writing.await.expect("the writing ends well");
    assert!(matches!(store.backup(&copy), Err(StoreError::Conflict)));

    assert!(
        check_consistency(&copy)
            .expect("the copy is readable")
            .differences
            .is_empty()
    );
    let copied: Arc<dyn Store> = open(&copy);
    let state = copied.room(id).await.expect("a read").expect("the room");
    assert!(state.head.seq >= head.seq && state.head.seq <= end.seq);
    assert_eq!(state.head.epoch, head.epoch);
    copied.renew_epochs().await.expect("a write");
    assert_ne!(
        copied.room(id).await.expect("a read").expect("the room").head.epoch,
        head.epoch
    );
}

#[tokio::test]
async fn the_check_finds_what_does_not_agree_with_the_logs() {
    for (change, expected) in [
        ("UPDATE heads SET seq = seq + 1", "the end is"),
        ("UPDATE heads SET bucket_rows = 7", "the end is"),
        ("UPDATE heads SET message_seq = 1", "the end is"),
        ("UPDATE rooms SET members_count = 9", "count of members"),
        ("UPDATE entries SET number = 9 WHERE seq = 5", "entry 5 does not follow"),
        ("DELETE FROM entries WHERE seq = 5", "entry 6 stands where"),
        ("UPDATE client_msg_ids SET seq = 9 WHERE seq = 5", "another command"),
        ("UPDATE members SET joined_seq = 999", "beyond the end"),
        (
            "INSERT INTO marks SELECT room, 'bob', 7, 3, 7 FROM rooms",
            "not the log's",
        ),
        ("UPDATE entries SET deleted = 1 WHERE seq = 5", "still has text"),
        ("UPDATE entries SET version = 9 WHERE seq = 5", "newest version"),
        ("DELETE FROM buckets_by_time", "two indexes"),
    ] {
        let (_folder, path) = folder();
        filled(&path).await;
        let whole = check_consistency(&path).expect("the file is readable");
        assert_eq!((whole.rooms, whole.entries, whole.differences.len()), (1, 300, 0));
        let file = rusqlite::Connection::open(&path).expect("the file");
        file.execute_batch(change).expect("a change");
        drop(file);
        let found = check_consistency(&path).expect("the file is readable").differences;
        assert!(found.iter().any(|line| line.contains(expected)), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_deletion_reaches_versions_in_other_buckets() {
    let (folder, path) = folder();
    let store: Arc<dyn Store> = open(&path);
    let mut room = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "TREASURE one").await;
    for _ in 0..3 {
        room.now_ms += storage::bucket::WINDOW_MAX_MS;
        room.append(vec![room.edit("alice", 1, "TREASURE more")]).await;
    }
    assert_eq!(room.head.bucket.bucket, 4);
    room.append(vec![room.delete("alice", 1)]).await;
    let everything = room.everything().await;
    assert_eq!(seqs(&everything), [1, 2, 3, 4, 5]);
    assert!(
        everything
            .iter()
            .all(|entry| entry.kind == EntryKind::Delete || entry.body.is_empty())
    );
    drop((room, store));
    assert!(!holds(folder.path(), "TREASURE"));
    assert!(
        check_consistency(&path)
            .expect("the file is readable")
            .differences
            .is_empty()
    );
}

/// A file with an indexed room and a registered person.
async fn indexed(path: &Path) {
    let room = filled(path).await;
    let store: Arc<dyn Store> = open(path);
    store.create_user(account("petrov")).await.expect("registered");
    let indexer = Indexer::new(
        Arc::clone(&store),
        Arc::<Backlog>::default(),
        SearchMetrics::unregistered(),
        || 0,
    );
    assert_eq!(indexer.index_room(room, 300).await.expect("indexed"), 300);
}

#[tokio::test]
async fn the_check_finds_what_the_search_index_says_differently() {
    for (change, expected) in [
        ("DELETE FROM search_blocks", "is filed wrongly"),
        ("UPDATE search_blocks SET data = x'07'", "damaged"),
        (
            "UPDATE entries SET sender = 'carol' WHERE seq = 5",
            "entry 5 is filed wrongly",
        ),
        ("UPDATE search_rooms SET indexed_to = 299", "the index ends at 299"),
        ("DELETE FROM search_rooms", "belongs to no segment"),
        ("DELETE FROM people_words", "not found by a word"),
        (
            "INSERT INTO people_words VALUES ('ivanov', 'id-petrov')",
            "words of people's names",
        ),
    ] {
        let (_folder, path) = folder();
        indexed(&path).await;
        let whole = check_consistency(&path).expect("the file is readable");
        assert_eq!(whole.differences, [""; 0]);
        let file = rusqlite::Connection::open(&path).expect("the file");
        file.execute_batch(change).expect("a change");
        drop(file);
        let found = check_consistency(&path).expect("the file is readable").differences;
        assert!(found.iter().any(|line| line.contains(expected)), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn people_of_a_file_from_before_the_search_are_found_after_it() {
    let (_folder, path) = folder();
    let store = open(&path);
    store.create_user(account("petrov")).await.expect("registered");
    drop(store);
    let file = rusqlite::Connection::open(&path).expect("the file");
    file.execute_batch(
        "DROP TABLE search_rooms; DROP TABLE search_blocks; DROP TABLE people_words; \
         DROP TABLE invitations; PRAGMA user_version = 1",
    )
    .expect("as it was");
    drop(file);
    let people = open(&path).people_by_word("petr", 9).await.expect("read");
    assert_eq!(people, [account("petrov").id]);
}
