//! Imports: what is refused and leaves no trace, and what goes on when one was interrupted.

mod dump_kit;

use std::{fs, path::Path, process::Command, sync::Arc};

use dump_kit::{Place, SMALL, Unreliable, import, unwatched};
use storage::{
    StoreError,
    conformance::kit::TestRoom,
    dump::{DumpError, DumpRepository as _, FORMAT, MANIFEST_NAME, Manifest, RecordKind},
    sqlite::{Failure, Faults, Options, SqliteStore, Step},
};

fn fragile(faults: &Faults) -> Place {
    Place::with(Options {
        faults: faults.clone(),
        on_fatal: Arc::new(|_| {}),
        ..Options::default()
    })
}

#[tokio::test]
async fn what_is_imported_is_what_was_exported() {
    let source = Place::filled().await;
    let exported = source.export("out", SMALL).await.expect("exported");
    let target = Place::empty();
    let imported = target.import(&source.path("out")).await.expect("imported");
    assert_eq!(imported, exported);
    assert_eq!(target.totals().await, exported.totals);
    assert_eq!(target.store.import_mark().await.expect("a read"), None);
    target.is_sound();

    let again = target.export("again", SMALL).await.expect("exported");
    assert_eq!(again.totals, exported.totals);
}

#[tokio::test]
async fn an_empty_store_is_exported_and_imported_too() {
    let (source, target) = (Place::empty(), Place::empty());
    source.export("out", SMALL).await.expect("exported");
    target.import(&source.path("out")).await.expect("imported");
    assert!(target.is_empty().await);
}

/// Importing this folder is refused before anything is written.
async fn refused(folder: &Path) -> DumpError {
    let target = Place::empty();
    let error = target.import(folder).await.expect_err("such a folder is refused");
    assert!(target.is_empty().await, "{error}");
    error
}

#[tokio::test]
async fn one_changed_byte_in_any_file_is_found_before_anything_is_written() {
    let source = Place::filled().await;
    let manifest = source.export("out", SMALL).await.expect("exported");
    let seed = getrandom::u32().expect("randomness");
    eprintln!("seed {seed}");
    let names = manifest.files.iter().map(|file| file.name.as_str());
    for (number, name) in names.chain([MANIFEST_NAME; 64]).enumerate() {
        let path = source.path("out").join(name);
        let whole = fs::read(&path).expect("the file");
        let mut damaged = whole.clone();
        let at = (seed as usize).wrapping_mul(31).wrapping_add(number * 7_919) % whole.len();
        damaged[at] ^= 1 << (number % 8);
        fs::write(&path, damaged).expect("written");
        let error = refused(&source.path("out")).await;
        // A manifest whose first words have changed is another program's.
        let is_told = matches!(error, DumpError::Damaged { .. } | DumpError::Foreign { .. })
            || matches!(error, DumpError::Newer { .. } if name == MANIFEST_NAME);
        assert!(is_told, "{name} at {at}: {error}");
        fs::write(&path, whole).expect("written");
    }
    Place::empty().import(&source.path("out")).await.expect("whole again");
}

#[tokio::test]
async fn a_cut_and_a_missing_file_are_named() {
    let source = Place::filled().await;
    let manifest = source.export("out", SMALL).await.expect("exported");
    let name = &manifest.files[2].name;
    let path = source.path("out").join(name);
    let whole = fs::read(&path).expect("the file");
    fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    let words = refused(&source.path("out")).await.to_string();
    assert!(words.contains(name) && words.contains("damaged"), "{words}");
    fs::remove_file(&path).expect("removed");
    let words = refused(&source.path("out")).await.to_string();
    assert!(words.contains(name) && words.contains("missing"), "{words}");
}

#[tokio::test]
async fn folders_of_something_else_of_a_newer_version_and_of_half_an_export_are_told_apart() {
    let source = Place::filled().await;
    source.export("out", SMALL).await.expect("exported");
    let manifest = source.path("out").join(MANIFEST_NAME);
    let whole = fs::read_to_string(&manifest).expect("the manifest");
    let with = |text: &str| fs::write(&manifest, text).expect("written");

    let format = |version: u32| format!("\"format\": {version}");
    with(&whole.replace(&format(FORMAT), &format(FORMAT + 1)));
    let newer = refused(&source.path("out")).await;
    let is_told = matches!(newer, DumpError::Newer { found, known: FORMAT, .. } if found == FORMAT + 1);
    assert!(is_told, "{newer}");
    with(r#"{"name": "somebody's page", "version": 1}"#);
    let foreign = refused(&source.path("out")).await;
    assert!(matches!(foreign, DumpError::Foreign { .. }), "{foreign}");
    with(&whole[..whole.len() / 2]);
    let cut = refused(&source.path("out")).await;
    assert!(matches!(cut, DumpError::Damaged { .. }), "{cut}");
    fs::remove_file(&manifest).expect("removed");
    let foreign = refused(&source.path("out")).await;
    assert!(matches!(foreign, DumpError::Foreign { .. }), "{foreign}");
    let nowhere = refused(&source.path("nowhere")).await;
    assert!(matches!(nowhere, DumpError::Foreign { .. }), "{nowhere}");

    let source_that_ends = Unreliable::breaks_off_after(&source.store, 3);
    let half = dump_kit::export(&source.path("half"), SMALL);
    half.run(&source_that_ends, &unwatched())
        .await
        .expect_err("it breaks off");
    let unfinished = refused(&source.path("half")).await;
    assert!(matches!(unfinished, DumpError::Unfinished(_)), "{unfinished}");
}

#[tokio::test]
async fn a_manifest_that_names_files_elsewhere_is_refused() {
    let source = Place::filled().await;
    source.export("out", SMALL).await.expect("exported");
    let manifest = source.path("out").join(MANIFEST_NAME);
    let whole = fs::read_to_string(&manifest).expect("the manifest");
    fs::write(&manifest, whole.replace("meta-000001.zst", "../../plenum.db")).expect("written");
    let error = refused(&source.path("out")).await;
    assert!(matches!(error, DumpError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_store_that_holds_something_is_not_imported_into() {
    let (source, target) = (Place::filled().await, Place::empty());
    source.export("out", SMALL).await.expect("exported");
    let room = TestRoom::group(&target.store, &["alice"]).await;
    let before = target.totals().await;
    let error = target.import(&source.path("out")).await.expect_err("it has a room");
    assert!(matches!(error, DumpError::NotEmpty(_)), "{error}");
    assert_eq!(target.totals().await, before);
    assert!(target.store.room(room.id).await.expect("a read").is_some());
    // A store that an import has filled is one that holds something.
    let filled = Place::empty();
    filled.import(&source.path("out")).await.expect("imported");
    let error = filled.import(&source.path("out")).await.expect_err("imported already");
    assert!(matches!(error, DumpError::NotEmpty(_)), "{error}");
}

#[tokio::test]
async fn a_store_that_fails_at_any_commit_is_left_marked_and_the_import_goes_on() {
    let source = Place::filled().await;
    let exported = source.export("out", SMALL).await.expect("exported");
    for failure in [Failure::Full, Failure::Io] {
        for nth in 1.. {
            let faults = Faults::default();
            let target = fragile(&faults);
            faults.fail(Step::Commit, nth, failure);
            let Err(error) = target.import(&source.path("out")).await else {
                assert!(nth > 20, "{nth} commits");
                break;
            };
            if failure == Failure::Full {
                assert!(matches!(error, DumpError::Store(StoreError::Full(_))), "{error}");
            }
            let is_marked = target.store.import_mark().await.expect("a read").is_some();
            assert!(is_marked || target.is_empty().await, "commit {nth}");
            let imported = target.import(&source.path("out")).await;
            imported.unwrap_or_else(|error| panic!("after commit {nth}: {error}"));
            assert_eq!(target.totals().await, exported.totals, "after commit {nth}");
            target.is_sound();
        }
    }
}

#[tokio::test]
async fn an_interrupted_import_goes_on_with_its_own_export_alone() {
    let source = Place::filled().await;
    source.export("one", SMALL).await.expect("exported");
    source.export("other", SMALL).await.expect("exported");
    let faults = Faults::default();
    let target = fragile(&faults);
    faults.fail(Step::Commit, 9, Failure::Full);
    target.import(&source.path("one")).await.expect_err("it is full");
    let error = target.import(&source.path("other")).await.expect_err("another export");
    assert!(matches!(error, DumpError::OtherImport(_)), "{error}");
    target.import(&source.path("one")).await.expect("the same export");
}

#[tokio::test]
async fn a_store_that_loses_records_fails_the_import_and_says_of_which_kind() {
    let source = Place::filled().await;
    source.export("out", SMALL).await.expect("exported");
    let target = Place::empty();
    let lossy = Unreliable {
        loses: Some(RecordKind::Mark),
        ..Unreliable::breaks_off_after(&target.store, u64::MAX)
    };
    let error = import(&source.path("out"))
        .run(&lossy, &unwatched())
        .await
        .expect_err("marks are lost");
    assert!(
        matches!(&error, DumpError::Differs(kinds) if *kinds == [RecordKind::Mark]),
        "{error}"
    );
    assert!(error.to_string().contains("marks"), "{error}");
    let mark = target
        .store
        .import_mark()
        .await
        .expect("a read")
        .expect("it stays marked");
    assert!(mark.failed.is_some());
    let again = target.import(&source.path("out")).await.expect_err("it failed before");
    assert!(matches!(again, DumpError::FailedBefore(_)), "{again}");
}

const KILLED_FOLDER: &str = "PLENUM_TEST_KILLED_IMPORT";

/// The process that is killed: a part of the next story.
#[tokio::test]
async fn the_import_that_is_killed() {
    let Ok(told) = std::env::var(KILLED_FOLDER) else { return };
    let mut told = told.splitn(3, ':');
    let mut next = || told.next().expect("commit, store and folder");
    let (nth, store, folder) = (next().parse().expect("a number"), next(), next());
    let faults = Faults::default();
    faults.fail(Step::Committed, nth, Failure::Abort);
    let options = Options {
        faults,
        ..Options::default()
    };
    let store = SqliteStore::open(Path::new(store), options).expect("the store opens");
    import(Path::new(folder))
        .run(&store, &unwatched())
        .await
        .expect("it is killed before its end");
}

#[tokio::test]
async fn an_import_killed_at_any_time_is_not_visible_and_goes_on() {
    let source = Place::filled().await;
    let exported: Manifest = source.export("out", SMALL).await.expect("exported");
    let folder = source.path("out");
    for nth in [1, 2, 7, 13, 20] {
        let path = source.path(&format!("target-{nth}.db"));
        let killed = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "the_import_that_is_killed"])
            .env(KILLED_FOLDER, format!("{nth}:{}:{}", path.display(), folder.display()))
            .output()
            .expect("the process starts");
        assert!(!killed.status.success(), "commit {nth}");
        let store = SqliteStore::open(&path, Options::default()).expect("the store opens");
        let mark = store.import_mark().await.expect("a read");
        assert_eq!(mark.map(|mark| mark.import), Some(exported.export), "commit {nth}");
        import(&folder).run(&store, &unwatched()).await.expect("it goes on");
        drop(store);
        let report = storage::sqlite::check_consistency(&path).expect("readable");
        assert_eq!(report.differences, Vec::<String>::new());
    }
}
