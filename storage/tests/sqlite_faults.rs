//! What becomes of a write when the disk, the writer or the owner fails at any of its steps.

mod fragile;

use fragile::{Fragile, handed_over, rich_batch, stalled};
use protocol::RoomId;
use storage::{
    AppendError, Mark, Permit, StoreError,
    conformance::kit::{TestRoom, range, seqs, user},
    sqlite::{Failure, Fatal, Step},
};
use uuid::Uuid;

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

#[tokio::test]
async fn a_disk_that_is_full_for_one_is_not_full_for_its_neighbours_in_the_same_transaction() {
    let fragile = Fragile::new();
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let mut room = TestRoom::group(&fragile.store, &["alice"]).await;
        room.says("alice", "before").await;
        rooms.push(room);
    }
    let held = fragile.hold_the_writer().await;
    let large = "w".repeat(1 << 20);
    let mut appends: Vec<_> = rooms
        .iter()
        .zip(["small", large.as_str(), "small"])
        .map(|(room, text)| fragile.store.append(room.batch(vec![room.message(0, "alice", text)])))
        .collect();
    for append in &mut appends {
        handed_over(append).await;
    }
    fragile.faults.limit_pages(1);
    fragile.faults.release();
    held.await.expect("the held write ends");
    let mut outcomes = Vec::new();
    for append in appends {
        outcomes.push(append.await);
    }
    assert!(
        matches!(outcomes[0], Ok(ref head) if head.seq == 2),
        "{:?}",
        outcomes[0]
    );
    assert!(matches!(outcomes[1], Err(AppendError::Full(_))), "{:?}", outcomes[1]);
    assert!(
        matches!(outcomes[2], Ok(ref head) if head.seq == 2),
        "{:?}",
        outcomes[2]
    );
    drop(rooms);
    assert!(fragile.close().is_empty());
}
