//! Three nodes of a CQL server, every row on all of them: one is killed while people write and read, comes back, and then another. Senders
//! wait a little and get no error; nothing that was acknowledged is missing, and nothing is there twice.

mod cql;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cql::{
    cluster::Cluster,
    node::{Node, close},
    teller::Teller,
};
use storage::{EntryRange, Order, Select, Store};
use tokio::{sync::watch, task::JoinSet};

/// Rooms, each with a writer and a reader.
const ROOMS: usize = 8;
/// Entries that every writer has acknowledged between two events.
const STEP_ENTRIES: u64 = 40;
/// A writer's pause between two messages, a reader's between two pages: two cores carry three servers and us.
const PACE: Duration = Duration::from_millis(50);
/// How long everybody may stand still before the test says so.
const PATIENCE: Duration = Duration::from_secs(90);

/// What happened, as the figures tell it.
#[derive(Default)]
struct Figures {
    acknowledged: AtomicU64,
    sent_again: AtomicU64,
    pages: AtomicU64,
    read_errors: AtomicU64,
    longest_send: Mutex<Duration>,
    longest_read: Mutex<Duration>,
}

fn longest(of: &Mutex<Duration>, now: Duration) {
    let mut longest = of.lock().unwrap_or_else(PoisonError::into_inner);
    *longest = now.max(*longest);
}

/// Writes until it is told to stop, and says how far it has come.
async fn writes(
    mut teller: Teller,
    figures: Arc<Figures>,
    stop: Arc<AtomicBool>,
    progress: watch::Sender<u64>,
) -> Teller {
    while !stop.load(Ordering::SeqCst) {
        teller.room.now_ms += 1;
        let began = Instant::now();
        let tried = teller.insists(vec![teller.message(0, "alice", "hello")]).await;
        longest(&figures.longest_send, began.elapsed());
        figures.acknowledged.fetch_add(1, Ordering::SeqCst);
        figures.sent_again.fetch_add(tried as u64 - 1, Ordering::SeqCst);
        progress.send_replace(teller.room.head.seq);
        tokio::time::sleep(PACE).await;
    }
    teller
}

/// Reads on from where it is; whatever was acknowledged before it asked is there.
async fn reads(
    store: Arc<dyn Store>,
    room: protocol::RoomId,
    figures: Arc<Figures>,
    stop: Arc<AtomicBool>,
    progress: watch::Receiver<u64>,
) {
    let mut next = 1;
    while !stop.load(Ordering::SeqCst) {
        let acknowledged = *progress.borrow();
        let range = EntryRange {
            first: next,
            last: u64::MAX,
            limit: 1_000,
            bytes_max: usize::MAX,
            order: Order::Ascending,
            select: Select::Everything,
        };
        let began = Instant::now();
        match store.entries(room, range).await {
            Ok(entries) => {
                for entry in &entries {
                    assert_eq!(entry.seq, next, "a gap");
                    next += 1;
                }
                assert!(
                    next > acknowledged,
                    "{acknowledged} was acknowledged, the log ends before {next}"
                );
                figures.pages.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                eprintln!("a reader: {error}");
                figures.read_errors.fetch_add(1, Ordering::SeqCst);
            }
        }
        longest(&figures.longest_read, began.elapsed());
        tokio::time::sleep(PACE).await;
    }
}

/// Until every writer has come on by a step.
async fn everybody_comes_on(progress: &mut [watch::Receiver<u64>], what: &str) {
    let began = Instant::now();
    let from: Vec<u64> = progress.iter().map(|progress| *progress.borrow()).collect();
    for (progress, from) in progress.iter_mut().zip(from) {
        let came_on = progress.wait_for(|seq| *seq >= from + STEP_ENTRIES);
        let came_on = tokio::time::timeout(PATIENCE, came_on).await;
        came_on
            .unwrap_or_else(|_| panic!("{what}: a writer stands still"))
            .expect("the writer goes on");
    }
    eprintln!("{what}: {STEP_ENTRIES} more in each room after {:?}", began.elapsed());
}

/// Does something with the nodes while everybody goes on.
async fn meanwhile(cluster: &Arc<Cluster>, what: impl FnOnce(&Cluster) + Send + 'static) {
    let cluster = Arc::clone(cluster);
    let done = tokio::task::spawn_blocking(move || what(&cluster));
    done.await.expect("it is done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_nodes_one_after_the_other_is_killed_and_nobody_loses_anything() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("three nodes");
    let (node, cluster) = (Node::at(&cluster.hosts(), 3), Arc::new(cluster));
    let store = node.starts(None).await;
    let (figures, stop) = (Arc::new(Figures::default()), Arc::new(AtomicBool::new(false)));
    let (mut writers, mut readers, mut progress) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for _ in 0..ROOMS {
        let teller = Teller::begins(&store).await;
        let (told, seen) = watch::channel(0);
        let (figures, stop) = (Arc::clone(&figures), Arc::clone(&stop));
        let reader = reads(
            Arc::clone(&store),
            teller.room.id,
            Arc::clone(&figures),
            Arc::clone(&stop),
            seen.clone(),
        );
        readers.spawn(reader);
        writers.spawn(writes(teller, figures, stop, told));
        progress.push(seen);
    }

    everybody_comes_on(&mut progress, "all three").await;
    for killed in [2, 3] {
        meanwhile(&cluster, move |cluster| cluster.kill(killed)).await;
        everybody_comes_on(&mut progress, &format!("without node {killed}")).await;
        meanwhile(&cluster, move |cluster| cluster.run(killed)).await;
        everybody_comes_on(&mut progress, &format!("node {killed} is back")).await;
    }
    stop.store(true, Ordering::SeqCst);
    let tellers = writers.join_all().await;
    readers.join_all().await;

    let count = |of: &AtomicU64| of.load(Ordering::SeqCst);
    eprintln!(
        "{} acknowledged, {} sent again, longest wait {:?}; {} pages read, {} errors, longest read {:?}",
        count(&figures.acknowledged),
        count(&figures.sent_again),
        figures.longest_send.lock().unwrap_or_else(PoisonError::into_inner),
        count(&figures.pages),
        count(&figures.read_errors),
        figures.longest_read.lock().unwrap_or_else(PoisonError::into_inner),
    );
    assert_eq!(
        count(&figures.sent_again),
        0,
        "senders saw what the node could have hidden"
    );
    assert_eq!(
        count(&figures.read_errors),
        0,
        "readers saw what the node could have hidden"
    );
    close(store).await;
    let next = node.starts(None).await;
    for teller in &tellers {
        let mut teller = Teller::takes_over(&next, &teller.ledger()).await;
        teller.finds_everything("under the next owner").await;
        teller.is_sent_again("under the next owner").await;
    }
    drop(tellers);
    close(next).await;
}
