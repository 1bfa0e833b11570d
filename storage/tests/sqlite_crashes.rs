//! Processes that die while they write: what was acknowledged is there, what is repeated is there once.

mod fragile;

use std::{
    collections::HashMap,
    io::{BufRead as _, Write as _},
    path::Path,
    process::Command,
    sync::Arc,
};

use fragile::{handed_over, hold, open, rich_batch};
use protocol::RoomId;
use storage::{
    AppendError, Effect, Permit, Store,
    conformance::kit::{START_MS, TestRoom, seqs, user},
    sqlite::{Failure, Faults, Step, check_consistency},
};
use uuid::Uuid;

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
    // What the writer did before is over when it is held; what it holds passes these steps once.
    let held = hold(&store, &faults).await;
    let nth = match step {
        Step::Begin | Step::Commit | Step::Committed | Step::Answered => 2,
        _ => 1,
    };
    faults.fail(step, nth, Failure::Abort);
    let mut append = store.append(room.batch(batch));
    handed_over(&mut append).await;
    faults.release();
    let _ = held.await;
    let _ = append.await;
    // The last step comes after the answer: closing waits until the writer has passed it.
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
