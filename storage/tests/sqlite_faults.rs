//! What becomes of a write when the disk, the process or the owner fails at any of its steps.

use std::{
    collections::HashMap,
    io::{BufRead as _, Write as _},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use protocol::RoomId;
use storage::{
    AppendError, Effect, Mark, NewEntry, Permit, Role, Store, StoreError,
    bucket::WINDOW_MS,
    conformance::kit::{START_MS, TestRoom, range, seqs, user},
    sqlite::{Failure, Fatal, Faults, Options, SqliteStore, Step, check_consistency},
};
use tempfile::TempDir;
use uuid::Uuid;

/// A store whose steps can be made to fail.
struct Fragile {
    store: Arc<dyn Store>,
    faults: Faults,
    fatal: Arc<Mutex<Vec<Fatal>>>,
    folder: TempDir,
}

fn open(path: &Path, faults: &Faults, fatal: &Arc<Mutex<Vec<Fatal>>>) -> Arc<dyn Store> {
    let told = Arc::clone(fatal);
    let options = Options {
        faults: faults.clone(),
        on_fatal: Arc::new(move |fatal| told.lock().expect("no holder panics").push(fatal)),
        ..Options::default()
    };
    Arc::new(SqliteStore::open(path, options).expect("the store opens"))
}

impl Fragile {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (faults, fatal) = (Faults::default(), Arc::default());
        let store = open(&folder.path().join("plenum.db"), &faults, &fatal);
        Self {
            store,
            faults,
            fatal,
            folder,
        }
    }

    /// Closes the store, which waits for its threads, and compares what is derived with the logs.
    fn close(self) -> Vec<Fatal> {
        drop(self.store);
        let report = check_consistency(&self.folder.path().join("plenum.db")).expect("the file is readable");
        assert_eq!(report.differences, Vec::<String>::new());
        let fatal = self.fatal.lock().expect("no holder panics");
        fatal.clone()
    }

    /// The writer stands before its next transaction, holding something harmless.
    async fn hold_the_writer(&self) -> tokio::task::JoinHandle<()> {
        self.faults.stall(Step::Begin);
        let store = Arc::clone(&self.store);
        let held = tokio::spawn(async move {
            store.meta_or_insert("held", Vec::new()).await.expect("a write");
        });
        stalled(&self.faults).await;
        held
    }
}

/// Polls a future once, so that what it hands over is in the queue.
async fn handed_over<F: Future + Unpin>(future: &mut F) {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        assert!(polled.is_pending(), "the writer is held");
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_stalled_store_takes_a_bounded_number_of_appends_and_says_busy_after_that() {
    let fragile = Fragile::new();
    let room = TestRoom::group(&fragile.store, &["alice"]).await;
    let held = fragile.hold_the_writer().await;
    let large = "z".repeat(4 << 20);
    let (mut waiting, mut busy) = (Vec::new(), 0);
    for _ in 0..30 {
        let mut append = fragile.store.append(room.batch(vec![room.message(0, "alice", &large)]));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(append.as_mut().poll(context))).await;
        match polled {
            std::task::Poll::Pending => waiting.push(append),
            std::task::Poll::Ready(Err(AppendError::Busy)) => busy += 1,
            std::task::Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((waiting.len(), busy), (15, 15), "64 MiB may wait");
    let mut small = fragile.store.meta_or_insert("something small", Vec::new());
    handed_over(&mut small).await;
    // Reading does not wait for the writer.
    assert!(fragile.store.room(room.id).await.expect("a read").is_some());
    fragile.faults.release();
    held.await.expect("the held write ends");
    let mut through = 0;
    for append in waiting {
        through += usize::from(append.await.is_ok());
    }
    assert_eq!(through, 1, "all but the first stand on a moved head");
    small.await.expect("it was handed over");
    assert!(fragile.close().is_empty());
}

#[tokio::test]
async fn the_number_of_waiting_jobs_is_bounded_too() {
    let fragile = Fragile::new();
    let held = fragile.hold_the_writer().await;
    let (alice, id) = (user("alice"), RoomId::from_key(1));
    let mut waiting = Vec::new();
    let refusal = loop {
        let mut write = fragile.store.advance_mark(id, &alice, Mark::default());
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(write.as_mut().poll(context))).await;
        match polled {
            std::task::Poll::Pending => waiting.push(write),
            std::task::Poll::Ready(result) => break result,
        }
        assert!(waiting.len() <= 16_384);
    };
    assert!(matches!(refusal, Err(StoreError::Busy)));
    assert_eq!(waiting.len(), 16_384);
    fragile.faults.release();
    held.await.expect("the held write ends");
    for write in waiting {
        write.await.expect("what waited is done");
    }
}

#[tokio::test]
async fn what_a_deposed_owner_has_in_the_queue_is_refused() {
    let fragile = Fragile::new();
    let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
    let held = fragile.hold_the_writer().await;
    let batch = room.batch(vec![room.message(0, "alice", "of a zombie")]);
    let mut queued = fragile.store.append(batch);
    handed_over(&mut queued).await;
    let _newer = Permit::take_over(&room.current);
    fragile.faults.release();
    held.await.expect("the held write ends");
    assert!(matches!(queued.await, Err(AppendError::Fenced)));
    room.restart().await;
    assert_eq!(room.says("alice", "of the new owner").await, 1);
    assert!(fragile.close().is_empty());
}

/// Blocks until the writer stands at the step that it was told to stop at.
async fn stalled(faults: &Faults) {
    let faults = faults.clone();
    let waited = tokio::task::spawn_blocking(move || faults.wait_until_stalled());
    waited.await.expect("the writer stalls");
}

#[tokio::test]
async fn an_owner_deposed_between_writing_and_commit_is_refused_and_its_neighbour_is_not() {
    let fragile = Fragile::new();
    let mut deposed = TestRoom::group(&fragile.store, &["alice"]).await;
    let neighbour = TestRoom::group(&fragile.store, &["alice"]).await;
    let held = fragile.hold_the_writer().await;
    let one = |room: &TestRoom| fragile.store.append(room.batch(vec![room.message(0, "alice", "hi")]));
    let (mut first, mut second) = (one(&deposed), one(&neighbour));
    handed_over(&mut first).await;
    handed_over(&mut second).await;
    // The two share a transaction. The first has passed its own check when it loses its right.
    fragile.faults.stall(Step::Head);
    stalled(&fragile.faults).await;
    let _newer = Permit::take_over(&deposed.current);
    fragile.faults.release();
    held.await.expect("the held write ends");
    let refused = first.await;
    assert!(matches!(refused, Err(AppendError::Fenced)), "{refused:?}");
    assert_eq!(second.await.expect("the neighbour's append").seq, 1);
    deposed.restart().await;
    assert_eq!(deposed.head.seq, 0);
    assert!(fragile.close().is_empty());
}

/// A batch that passes every step: it opens a bucket, is repeatable, has an effect of each kind.
fn rich_batch(room: &mut TestRoom, command: Uuid) -> Vec<NewEntry> {
    room.now_ms += WINDOW_MS;
    let mut message = room.message(0, "alice", "once and only once");
    message.entry.command_id = command;
    message.effects = vec![
        Effect::Read {
            user: user("alice"),
            seq: message.entry.seq,
            number: message.entry.number,
        },
        Effect::MemberAdded(user("carol"), Role::Member),
    ];
    let mut edit = room.edit("alice", 1, "edited");
    edit.entry.seq += 1;
    edit.entry.number += 1;
    vec![message, edit]
}

#[tokio::test]
async fn a_failing_statement_takes_its_own_batch_along_and_no_other() {
    for failure in [Failure::Full, Failure::Io] {
        for step in [
            Step::Turn,
            Step::Bucket,
            Step::Command,
            Step::Entry,
            Step::Effect,
            Step::Head,
        ] {
            let fragile = Fragile::new();
            let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
            let neighbour = TestRoom::group(&fragile.store, &["alice"]).await;
            room.says("alice", "before").await;
            let held = fragile.hold_the_writer().await;
            let batch = rich_batch(&mut room, Uuid::new_v4());
            let mut failing = fragile.store.append(room.batch(batch.clone()));
            let mut other = fragile
                .store
                .append(neighbour.batch(vec![neighbour.message(0, "alice", "hi")]));
            handed_over(&mut failing).await;
            handed_over(&mut other).await;
            fragile.faults.fail(step, 1, failure);
            fragile.faults.release();
            held.await.expect("the held write ends");
            match (failure, failing.await) {
                (Failure::Full, Err(AppendError::Full(_))) | (Failure::Io, Err(AppendError::Failed(_))) => {}
                (_, other) => panic!("{step:?} {failure:?}: {other:?}"),
            }
            assert!(fragile.faults.is_spent());
            other.await.expect("the neighbour's append");
            assert_eq!(seqs(&room.everything().await), [1], "nothing of it is there");
            assert!(
                fragile
                    .store
                    .member(room.id, &user("carol"))
                    .await
                    .expect("a read")
                    .is_none()
            );
            assert_eq!(room.append(batch).await, 3);
            assert!(fragile.close().is_empty());
        }
    }
}

#[tokio::test]
async fn a_full_disk_at_commit_is_a_definite_failure_of_everybody_in_it() {
    let fragile = Fragile::new();
    let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
    let message = room.message(0, "alice", "hi");
    fragile.faults.fail(Step::Commit, 1, Failure::Full);
    let refused = room.try_append(vec![message.clone()]).await;
    assert!(matches!(refused, Err(AppendError::Full(_))), "{refused:?}");
    fragile.faults.fail(Step::Commit, 1, Failure::Full);
    let refused = fragile.store.meta_or_insert("key", vec![1]).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert_eq!(
        fragile.store.meta_or_insert("key", vec![2]).await.expect("a write"),
        [2]
    );
    assert_eq!(room.append(vec![message]).await, 1);
    assert!(fragile.close().is_empty());
}

#[tokio::test]
async fn an_io_error_at_commit_is_unknown_and_reading_tells_which_it_was() {
    let fragile = Fragile::new();
    let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
    let message = room.message(0, "alice", "hi");

    fragile.faults.fail(Step::Commit, 1, Failure::Io);
    let unknown = room.try_append(vec![message.clone()]).await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    assert!(room.everything().await.is_empty());

    fragile.faults.fail(Step::Commit, 1, Failure::IoThoughCommitted);
    let unknown = room.try_append(vec![message.clone()]).await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    room.restart().await;
    assert_eq!(room.head.seq, 1);
    let mut retry = message.clone();
    retry.entry.seq = 2;
    retry.entry.number = 2;
    match room.try_append(vec![retry]).await {
        Err(AppendError::Duplicates(found)) => assert_eq!(found, [(0, 1)]),
        other => panic!("{other:?}"),
    }
    assert!(fragile.close().is_empty());
}

#[tokio::test]
async fn after_a_failed_flush_everybody_is_answered_and_the_process_is_told_to_end() {
    let fragile = Fragile::new();
    let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
    let other = TestRoom::group(&fragile.store, &["alice"]).await;
    let held = fragile.hold_the_writer().await;
    let mut in_it = fragile
        .store
        .append(room.batch(vec![room.message(0, "alice", "in it")]));
    handed_over(&mut in_it).await;
    // The held write commits well; the next transaction is the one that is not flushed.
    fragile.faults.fail(Step::Commit, 2, Failure::Flush);
    fragile.faults.release();
    held.await.expect("the held write ends");
    let unknown = in_it.await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    let refused = fragile
        .store
        .append(other.batch(vec![other.message(0, "alice", "behind it")]))
        .await;
    assert!(matches!(refused, Err(AppendError::Failed(_))), "{refused:?}");
    assert!(
        room.try_append(vec![room.message(0, "alice", "after it")])
            .await
            .is_err()
    );
    drop((room, other));
    let fatal = fragile.close();
    assert!(matches!(fatal.as_slice(), [Fatal::Disk(_)]), "{fatal:?}");
}

#[tokio::test]
async fn a_panic_of_the_writer_leaves_nobody_waiting() {
    let fragile = Fragile::new();
    let room = TestRoom::group(&fragile.store, &["alice"]).await;
    let held = fragile.hold_the_writer().await;
    let mut append = fragile
        .store
        .append(room.batch(vec![room.message(0, "alice", "in it")]));
    let mut write = fragile.store.meta_or_insert("key", Vec::new());
    handed_over(&mut append).await;
    handed_over(&mut write).await;
    fragile.faults.fail(Step::Entry, 1, Failure::Panic);
    fragile.faults.release();
    held.await.expect("the held write ends");
    let unknown = append.await;
    assert!(matches!(unknown, Err(AppendError::Unknown(_))), "{unknown:?}");
    let failed = write.await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    assert!(fragile.store.check().await.is_err());
    assert!(fragile.store.room(room.id).await.expect("a read").is_some());
    drop(room);
    let fatal = fragile.close();
    assert!(matches!(fatal.as_slice(), [Fatal::Panic(_)]), "{fatal:?}");
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_works_again_when_there_is_room() {
    let fragile = Fragile::new();
    let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
    room.says("alice", "before").await;
    // A limit below the present size is taken for the present size.
    fragile.faults.limit_pages(1);
    let large = vec![room.message(0, "alice", &"w".repeat(1 << 20))];
    let refused = room.try_append(large.clone()).await;
    assert!(matches!(refused, Err(AppendError::Full(_))), "{refused:?}");
    assert_eq!(seqs(&room.read(range(1, 9)).await), [1]);
    // What fits into the pages that are there goes on.
    assert_eq!(room.says("alice", "small").await, 2);
    fragile.faults.limit_pages(u32::MAX >> 1);
    let large = vec![room.message(0, "alice", &"w".repeat(1 << 20))];
    assert_eq!(room.append(large).await, 3);
    assert!(fragile.close().is_empty());
}

const KILLED_FILE: &str = "PLENUM_TEST_KILLED_FILE";

/// The process that is killed: a part of the next story. Says on standard output what has been acknowledged.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(path) = std::env::var(KILLED_FILE) else { return };
    let store = open(Path::new(&path), &Faults::default(), &Arc::default());
    let mut rooms = tokio::task::JoinSet::new();
    for number in 0..8 {
        let mut room = TestRoom::group(&store, &["alice"]).await;
        rooms.spawn(async move {
            loop {
                room.now_ms += 1;
                let mut message = room.message(0, "alice", &format!("in {number}"));
                message.effects = vec![Effect::Read {
                    user: user("alice"),
                    seq: message.entry.seq,
                    number: message.entry.number,
                }];
                let seq = room.append(vec![message]).await;
                if seq % 5 == 0 {
                    room.append(vec![room.edit("alice", seq, "edited")]).await;
                    room.append(vec![room.delete("alice", seq - 4)]).await;
                }
                // One write call per line: a line is whole or not there.
                let line = format!("ACKNOWLEDGED {} {}\n", room.id.key(), room.head.seq);
                std::io::stdout().write_all(line.as_bytes()).expect("somebody listens");
            }
        });
    }
    rooms.join_all().await;
}

#[tokio::test]
async fn a_process_killed_while_it_writes_loses_nothing_that_it_acknowledged() {
    let seed = getrandom::u32().expect("randomness");
    let lines_wanted = 50 + seed as usize % 400;
    eprintln!("seed {seed}: killed after {lines_wanted} acknowledgements");
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("plenum.db");
    let mut process = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "the_process_that_is_killed", "--nocapture"])
        .env(KILLED_FILE, &path)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the process starts");
    let mut acknowledged: HashMap<i64, u64> = HashMap::new();
    let mut count = 0;
    let output = process.stdout.take().expect("its output");
    for line in std::io::BufReader::new(output).lines() {
        let line = line.expect("text");
        let mut words = line
            .split(' ')
            .skip_while(|word| !word.ends_with("ACKNOWLEDGED"))
            .skip(1);
        let (Some(room), Some(seq)) = (words.next(), words.next()) else {
            continue;
        };
        let seq: u64 = seq.parse().expect("a seq");
        let newest = acknowledged.entry(room.parse().expect("a room")).or_default();
        *newest = seq.max(*newest);
        count += 1;
        if count == lines_wanted {
            process.kill().expect("the process is killed");
        }
    }
    process.wait().expect("the process has ended");

    let report = check_consistency(&path).expect("the file is readable");
    assert_eq!(report.differences, Vec::<String>::new());
    let store = open(&path, &Faults::default(), &Arc::default());
    for (room, seq) in acknowledged {
        let mut room = opened(&store, RoomId::from_key(room)).await;
        assert!(room.head.seq >= seq, "{} of {seq} are left", room.head.seq);
        assert_eq!(seqs(&room.everything().await), (1..=room.head.seq).collect::<Vec<_>>());
        room.says("alice", "after it").await;
    }
}

const CRASH_STEP: &str = "PLENUM_TEST_CRASH_STEP";
const CRASH_FILE: &str = "PLENUM_TEST_CRASH_FILE";
const CRASH_ROOM: &str = "PLENUM_TEST_CRASH_ROOM";
const COMMAND: Uuid = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);

/// Opens the room of the story as a process that has just started.
async fn opened(store: &Arc<dyn Store>, id: RoomId) -> TestRoom {
    let current = Arc::default();
    let permit = Permit::take_over(&current);
    let state = store
        .open_log(id, &permit)
        .await
        .expect("the log opens")
        .expect("the room is there");
    TestRoom {
        store: Arc::clone(store),
        id,
        current,
        permit,
        now_ms: state.head.time_ms,
        head: state.head,
    }
}

/// The process that dies: a part of the next story, which runs this test alone in a process of its own.
#[tokio::test]
async fn the_process_that_dies() {
    let Ok(number) = std::env::var(CRASH_STEP) else { return };
    let step = Step::ALL[number.parse::<usize>().expect("a number")];
    let path = std::env::var(CRASH_FILE).expect("a file");
    let id: i64 = std::env::var(CRASH_ROOM).expect("a room").parse().expect("a number");
    let faults = Faults::default();
    let store = open(Path::new(&path), &faults, &Arc::default());
    let mut room = opened(&store, RoomId::from_key(id)).await;
    let batch = rich_batch(&mut room, COMMAND);
    faults.fail(step, 1, Failure::Abort);
    let _ = room.try_append(batch).await;
    // The last step comes after the answer: the writer is on its way to it.
    drop((room, store));
}

#[tokio::test]
async fn after_death_at_any_step_the_retry_gives_one_message_with_the_same_seq() {
    for (number, step) in Step::ALL.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("plenum.db");
        let store = open(&path, &Faults::default(), &Arc::default());
        let mut room = TestRoom::group(&store, &["alice"]).await;
        room.says("alice", "before").await;
        let id = room.id;
        drop((room, store));

        let status = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "the_process_that_dies", "--nocapture"])
            .env(CRASH_STEP, number.to_string())
            .env(CRASH_FILE, &path)
            .env(CRASH_ROOM, id.key().to_string())
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .status()
            .expect("the process starts");
        assert!(!status.success(), "the process was to die at {step:?}");

        let found = check_consistency(&path).expect("the file is readable");
        assert_eq!(found.differences, Vec::<String>::new(), "after death at {step:?}");
        let store = open(&path, &Faults::default(), &Arc::default());
        let mut room = opened(&store, id).await;
        let is_there = matches!(step, Step::Committed | Step::Answered);
        assert_eq!(room.head.seq, if is_there { 3 } else { 1 }, "after death at {step:?}");
        // The client repeats the command; its time is that of the first attempt.
        room.now_ms = START_MS + 1;
        let batch = rich_batch(&mut room, COMMAND);
        match room.try_append(batch).await {
            Err(AppendError::Duplicates(found)) => assert!(is_there && found == [(0, 2)], "{step:?}"),
            Ok(3) => assert!(!is_there, "{step:?}"),
            other => panic!("after death at {step:?}: {other:?}"),
        }
        let everything = room.everything().await;
        assert_eq!(seqs(&everything), [1, 2, 3]);
        let same = everything.iter().filter(|entry| entry.command_id == COMMAND).count();
        assert_eq!(same, 1);
        assert_eq!(store.mark(id, &user("alice")).await.expect("a read").read_seq, 2);
        assert!(store.member(id, &user("carol")).await.expect("a read").is_some());
        drop((room, store));
        let found = check_consistency(&path).expect("the file is readable");
        assert_eq!(found.differences, Vec::<String>::new(), "after the retry of {step:?}");
    }
}
