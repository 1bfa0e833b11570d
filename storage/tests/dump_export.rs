//! Exports: what lies in the folder, what is refused, and what is kept when one was interrupted.

mod dump_kit;

use std::{collections::BTreeSet, fs, fs::File, path::Path, sync::atomic::Ordering};

use dump_kit::{Place, SMALL, Unreliable, export, unwatched};
use storage::{
    conformance::kit::TestRoom,
    dump::{DumpError, MANIFEST_NAME, Manifest, RecordKind, limits::Pieces},
};

const INDEX_NAME: &str = "unfinished.jsonl";

fn names(folder: &Path) -> BTreeSet<String> {
    let listed = fs::read_dir(folder).expect("the folder");
    listed
        .map(|file| file.expect("a file").file_name().into_string().expect("text"))
        .collect()
}

#[tokio::test]
async fn hashes_depend_neither_on_the_cuts_between_files_nor_on_those_between_pages() {
    let place = Place::filled().await;
    let whole = place.export("whole", Pieces::default()).await.expect("exported");
    let cut = place.export("cut", SMALL).await.expect("exported");
    assert!(cut.files.len() > whole.files.len(), "{} files", cut.files.len());
    assert_eq!(cut.totals, whole.totals);
    assert_eq!(cut.totals, place.totals().await);
    for kind in RecordKind::ALL {
        assert!(whole.totals.of(kind).records > 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_complete_export_is_its_files_and_a_manifest_that_describes_them() {
    let place = Place::filled().await;
    let manifest = place.export("out", SMALL).await.expect("exported");
    let folder = place.path("out");
    let mut expected: BTreeSet<String> = manifest.files.iter().map(|file| file.name.clone()).collect();
    expected.insert(MANIFEST_NAME.to_owned());
    assert_eq!(names(&folder), expected);
    assert_eq!(Manifest::read(&folder).expect("the manifest"), manifest);
    let records: u64 = manifest.files.iter().map(|file| file.records).sum();
    assert_eq!(records, manifest.totals.records());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_look_into_an_export() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::filled().await;
    let folder = place.path("out");
    fs::create_dir(&folder).expect("a folder that everybody may read");
    place.export("out", SMALL).await.expect("exported");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in names(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn folders_that_hold_something_else_are_refused_and_left_alone() {
    let place = Place::filled().await;
    let other = place.path("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("diary.txt"), "dear diary").expect("written");
    let refused = place.export("other", SMALL).await.expect_err("somebody's folder");
    assert!(matches!(refused, DumpError::FolderInUse(_)), "{refused}");
    assert_eq!(names(&other).len(), 1);

    place.export("out", SMALL).await.expect("exported");
    let before = names(&place.path("out"));
    let refused = place.export("out", SMALL).await.expect_err("an export is there");
    assert!(matches!(refused, DumpError::AlreadyThere(_)), "{refused}");
    assert_eq!(names(&place.path("out")), before);
}

/// An export that breaks off after so many pages; false: it came to its end.
async fn breaks_off(place: &Place, name: &str, pages: u64) -> bool {
    let source = Unreliable::breaks_off_after(&place.store, pages);
    let ended = export(&place.path(name), SMALL).run(&source, &unwatched()).await;
    match ended {
        Ok(_) => false,
        Err(DumpError::Store(_)) => true,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_export_interrupted_at_any_page_goes_on_and_is_the_same_in_the_end() {
    let place = Place::filled().await;
    let expected = place.totals().await;
    for pages in 0.. {
        let name = format!("out-{pages}");
        if !breaks_off(&place, &name, pages).await {
            assert!(pages > 12, "{pages} pages");
            break;
        }
        let unfinished = Manifest::read(&place.path(&name)).expect_err("no manifest yet");
        assert!(matches!(unfinished, DumpError::Unfinished(_)), "{unfinished}");
        let manifest = place.export(&name, SMALL).await.expect("it goes on");
        assert_eq!(manifest.totals, expected, "after {pages} pages");
    }
}

/// Pages that an export of the store has.
async fn pages_of(place: &Place) -> u64 {
    let source = Unreliable::breaks_off_after(&place.store, u64::MAX);
    export(&place.path("counted"), SMALL)
        .run(&source, &unwatched())
        .await
        .expect("exported");
    u64::MAX - source.pages.load(Ordering::SeqCst)
}

#[tokio::test]
async fn files_of_rooms_that_have_not_changed_are_kept() {
    let place = Place::filled().await;
    assert!(breaks_off(&place, "out", pages_of(&place).await - 1).await);
    let written = |name: &str| {
        let metadata = fs::metadata(place.path("out").join(name)).expect("the file");
        metadata.modified().expect("a time")
    };
    let rooms: Vec<_> = names(&place.path("out"))
        .into_iter()
        .filter(|name| name.starts_with("rooms-") && name.ends_with(".zst"))
        .collect();
    assert!(rooms.len() > 2, "{rooms:?}");
    let before: Vec<_> = rooms.iter().map(|name| written(name)).collect();
    place.export("out", SMALL).await.expect("it goes on");
    assert_eq!(rooms.iter().map(|name| written(name)).collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn what_happened_between_two_runs_is_in_the_export_that_goes_on() {
    for what in ["a message", "a room", "a purge", "an edit"] {
        let place = Place::empty();
        let installation = storage::conformance::dump::fill(&place.store).await;
        let mut group: TestRoom = installation.group;
        // Far enough that all rooms are written.
        let pages = pages_of(&place).await;
        assert!(breaks_off(&place, "out", pages - 1).await, "{what}");
        match what {
            "a message" => {
                group.says("alice", "in between").await;
            }
            "a room" => {
                TestRoom::group(&place.store, &["alice"])
                    .await
                    .says("alice", "new")
                    .await;
            }
            "a purge" => {
                place.store.purge_log(group.id, &group.permit).await.expect("purged");
            }
            _ => {
                group.append(vec![group.edit("alice", 3, "edited in between")]).await;
            }
        }
        let manifest = place.export("out", SMALL).await.expect("it goes on");
        assert_eq!(manifest.totals, place.totals().await, "{what}");
        let target = Place::empty();
        target.import(&place.path("out")).await.expect("imported");
        target.is_sound();
    }
}

#[tokio::test]
async fn a_kept_file_that_was_damaged_meanwhile_is_written_again() {
    let place = Place::filled().await;
    assert!(breaks_off(&place, "out", 12).await);
    let file = place.path("out").join("rooms-000001.zst");
    let mut bytes = fs::read(&file).expect("a complete file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("written");
    let manifest = place.export("out", SMALL).await.expect("it goes on");
    let target = Place::empty();
    target.import(&place.path("out")).await.expect("imported");
    assert_eq!(target.totals().await, manifest.totals);
}

#[tokio::test]
async fn an_index_that_was_cut_within_a_line_is_read_up_to_there() {
    let place = Place::filled().await;
    assert!(breaks_off(&place, "out", 12).await);
    let index = place.path("out").join(INDEX_NAME);
    let length = fs::metadata(&index).expect("an index").len();
    let file = File::options().write(true).open(&index).expect("an index");
    for cut in [7, length / 2, length - 1] {
        file.set_len(length - cut).expect("cut");
        let manifest = place.export("out", SMALL).await.expect("it goes on");
        assert_eq!(manifest.totals, place.totals().await);
        fs::remove_dir_all(place.path("out")).expect("removed");
        assert!(breaks_off(&place, "out", 12).await);
    }
}

#[tokio::test]
async fn an_interrupted_export_of_another_store_is_not_gone_on_with() {
    let place = Place::filled().await;
    assert!(breaks_off(&place, "out", 12).await);
    let mut other = export(&place.path("out"), SMALL);
    other.source = "another store".to_owned();
    let refused = other.run(&*place.store, &unwatched()).await.expect_err("another store");
    let words = refused.to_string();
    assert!(
        words.contains("the store of the story") && words.contains("another store"),
        "{words}"
    );
}

#[tokio::test]
async fn two_exports_do_not_write_one_folder() {
    let place = Place::filled().await;
    assert!(breaks_off(&place, "out", 12).await);
    let held = File::options()
        .append(true)
        .open(place.path("out").join(INDEX_NAME))
        .expect("an index");
    held.lock().expect("the lock of the first export");
    let refused = place.export("out", SMALL).await.expect_err("a second export");
    assert!(matches!(refused, DumpError::Busy(_)), "{refused}");
    drop(held);
    place.export("out", SMALL).await.expect("the first is gone");
}

#[tokio::test]
async fn an_export_goes_on_beside_appends_and_each_room_is_whole() {
    let place = Place::empty();
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(TestRoom::group(&place.store, &["alice"]).await);
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writers: Vec<_> = rooms
        .into_iter()
        .map(|mut room| {
            let stopped = stopped.clone();
            tokio::spawn(async move {
                while !*stopped.borrow() {
                    let seq = room.says("alice", "something").await;
                    room.append(vec![room.edit("alice", seq, "something else")]).await;
                    room.append(vec![room.delete("alice", seq)]).await;
                }
            })
        })
        .collect();
    for round in 0..5 {
        place.export(&format!("out-{round}"), SMALL).await.expect("exported");
    }
    stop.send(true).expect("writers listen");
    for writer in writers {
        writer.await.expect("a writer ends well");
    }
    for round in 0..5 {
        let target = Place::empty();
        target
            .import(&place.path(&format!("out-{round}")))
            .await
            .expect("imported");
        target.is_sound();
    }
}

/// Every column of the schema, and whether an export holds it. Whoever adds one decides it here, and in `storage/src/dump/wire/mod.rs`.
const COLUMNS: &[(&str, &str)] = &[
    // Exported.
    ("meta", "key value"),
    ("rooms", "room kind name initiator created_ms deleted members_count"),
    (
        "entries",
        "room bucket seq number kind sender actor client time_ms created_ms command_id reply_to target version deleted \
         bucket_rows bucket_bytes body",
    ),
    ("client_msg_ids", "room sender command_id seq time_ms"),
    (
        "members",
        "room user role joined_seq joined_number joined_ms muted_until_ms",
    ),
    ("marks", "room user read_seq read_number received_seq"),
    ("direct_rooms", "low high room"),
    ("channels", "name room"),
    ("invitations", "room code created_ms"),
    (
        "users",
        "user username password_hash origin role info status created_ms",
    ),
    (
        "auth_sessions",
        "session user refresh_hash created_ms refreshed_ms expires_ms agent",
    ),
    ("refresh_hashes", "refresh_hash session replaced"),
    ("user_entries", "user seq time_ms body"),
    // Exported but for the epoch and where things lie.
    (
        "heads",
        "room epoch seq number time_ms message_seq bucket bucket_first_seq bucket_first_ms bucket_rows bucket_bytes",
    ),
    ("user_logs", "user epoch seq"),
    // Made anew, or not needed.
    ("buckets_by_seq", "room first_seq bucket"),
    ("buckets_by_time", "room first_ms bucket first_seq"),
    ("users_by_name", "name user"),
    ("purges", "room last_bucket"),
    ("search_rooms", "room revision indexed_to state"),
    ("search_blocks", "room segment key data"),
    ("people_words", "word user"),
];

#[test]
fn every_column_of_the_schema_is_exported_or_known_to_be_derived() {
    let place = Place::empty();
    let connection = rusqlite::Connection::open(place.path("plenum.db")).expect("the file");
    let query = "SELECT m.name, group_concat(c.name, ' ') FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' GROUP BY m.name";
    let mut statement = connection.prepare(query).expect("a query");
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let found: BTreeSet<(String, String)> = found.expect("tables").map(|row| row.expect("a table")).collect();
    let known = COLUMNS
        .iter()
        .map(|(table, columns)| ((*table).to_owned(), (*columns).to_owned()));
    assert_eq!(found, known.collect());
}
