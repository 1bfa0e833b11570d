//! Servers that answer late, wrongly or not at all, while a store works with them: senders get a definite answer, nothing is lost or
//! doubled, and everything goes on by itself. The faults are made at the wire.

mod cql;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use cql::{
    node::{Node, close, raw},
    teller::Teller,
    wire::{Answer, Fate, Wire},
};
use scylla::client::session::Session;
use storage::{
    AppendError, Store, StoreError,
    bucket::WINDOW_MAX_MS,
    scylla::{Fatal, OpenError, SCHEMA_VERSION, ScyllaStore, Wait},
};
use tokio::sync::Notify;

/// More statements than any story has.
const STATEMENTS_MAX: usize = 100;
/// More rows than a take-over copies.
const MANY_ROWS: u64 = 300;

fn is_row_of_a_log(text: &str) -> bool {
    text.starts_with("INSERT INTO log_entries")
}

/// What can happen to one statement.
fn mishaps() -> Vec<Fate> {
    let answers = Answer::TO_STATEMENTS.into_iter().map(Fate::Answer);
    answers.chain([Fate::Lose, Fate::LoseAnswer]).collect()
}

/// The nth statement from now on meets this fate. Leases are the clock's business.
fn once(wire: &Wire, nth: usize, fate: Fate) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    wire.rule(move |text| {
        if text.contains(" leases") || seen.fetch_add(1, Ordering::SeqCst) + 1 != nth {
            return Fate::Pass;
        }
        fate
    });
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_statement_that_goes_wrong_is_repeated_or_resolved_and_nothing_is_lost_or_doubled() {
    let node = Node::new();
    let wire = Wire::to(&node.address.hosts[0]).await;
    let store = node.starts(Some(wire.host())).await;
    for fate in mishaps() {
        let mut sent_again = 0;
        for nth in 1..=STATEMENTS_MAX {
            let mut teller = Teller::begins(&store).await;
            let count = once(&wire, nth, fate);
            teller.room.now_ms += 1;
            let mut tried = teller.insists(vec![teller.message(0, "alice", "first")]).await;
            tried += teller.insists(vec![teller.room.edit("nobody", 1, "edited")]).await;
            teller.room.now_ms += WINDOW_MAX_MS;
            tried += teller
                .insists(vec![teller.message(0, "alice", "in the next bucket")])
                .await;
            tried += teller.insists(vec![teller.room.delete("moderator", 1)]).await;
            sent_again += tried - 4;
            let is_behind = count.load(Ordering::SeqCst) < nth;
            wire.calm();
            teller.reopens().await;
            teller.finds_everything(&format!("{fate:?} at {nth}")).await;
            if is_behind {
                eprintln!("{fate:?}: at {} statements, batches sent again: {sent_again}", nth - 1);
                break;
            }
        }
    }
    close(store).await;
    node.is_over().await;
}

/// How many rows of logs in the keyspace say this, whoever reads them.
async fn rows_that_say(session: &Session, node: &Node, text: &str) -> usize {
    let query = format!("SELECT body, effects FROM {}.log_entries", node.address.keyspace);
    let found = session.query_unpaged(query, ()).await.expect("a read");
    let rows = found.into_rows_result().expect("rows");
    let rows = rows.rows::<(Option<Vec<u8>>, Option<Vec<u8>>)>().expect("blobs");
    let says = |blob: Option<Vec<u8>>| blob.is_some_and(|blob| String::from_utf8_lossy(&blob).contains(text));
    rows.map(|row| row.expect("a row"))
        .filter(|(body, effects)| says(body.clone()) || says(effects.clone()))
        .count()
}

/// Until the server has taken late rows that say this.
async fn arrived(session: &Session, node: &Node, text: &str, count: usize) {
    for _ in 0..STATEMENTS_MAX {
        if rows_that_say(session, node, text).await >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the late rows did not arrive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_arrive_after_their_batch_was_given_up_are_nowhere() {
    let node = Node::new();
    let wire = Wire::to(&node.address.hosts[0]).await;
    let store = node.starts(Some(wire.host())).await;
    let empty = Teller::begins(&store).await;
    let mut small = Teller::begins(&store).await;
    small.says("alice", "before").await;
    let mut large = Teller::begins(&store).await;
    let many = (0..MANY_ROWS).map(|ahead| large.message(ahead, "alice", "one of many"));
    let many = many.collect();
    large.append(many).await;
    let mut full = Teller::begins(&store).await;
    full.says("alice", "before").await;
    full.room.now_ms += WINDOW_MAX_MS;

    let mut tellers = [empty, small, large, full];
    wire.rule(|text| if is_row_of_a_log(text) { Fate::Hold } else { Fate::Pass });
    let late = tellers.each_ref().map(|teller| teller.message(0, "alice", "too late"));
    let batches = tellers.each_ref().into_iter().zip(&late).map(|(teller, late)| {
        let batch = teller.room.batch(vec![late.clone()]);
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.append(batch).await })
    });
    for batch in batches.collect::<Vec<_>>() {
        let ended = batch.await.expect("it ends");
        assert!(matches!(ended, Err(AppendError::Unknown(_))), "{ended:?}");
    }
    wire.calm();
    for teller in &mut tellers {
        teller.reopens().await;
        teller.says("alice", "instead of it").await;
    }
    wire.release().await;
    let session = raw(&node.address).await;
    arrived(&session, &node, "too late", tellers.len()).await;
    for teller in &mut tellers {
        teller.finds_everything("after late rows").await;
        teller.says("alice", "and on").await;
    }
    close(store).await;
    // The next owner has to look for itself.
    change(&session, &format!("TRUNCATE {}.command_filters", node.address.keyspace)).await;
    let next = node.starts(None).await;
    for (teller, mut again) in tellers.iter().zip(late) {
        let mut teller = Teller::takes_over(&next, &teller.ledger()).await;
        teller.finds_everything("under the next owner").await;
        // Its record came late with it, and is nowhere either: to send it again is to send it.
        let new = teller.message(0, "alice", "too late").entry;
        (again.entry.seq, again.entry.number, again.entry.time_ms) = (new.seq, new.number, new.time_ms);
        again.effects = Vec::new();
        teller.append(vec![again]).await;
        teller.is_sent_again("under the next owner").await;
    }
    close(next).await;
    node.is_over().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_deposed_owner_writes_late_is_nowhere_in_the_next_ones_log() {
    let node = Node::new();
    let wire = Wire::to(&node.address.hosts[0]).await;
    let (told, deposed) = (Arc::new(Mutex::new(None)), Arc::new(Notify::new()));
    let first: Arc<dyn Store> = {
        let mut address = node.address.clone();
        address.hosts = vec![wire.host().to_owned()];
        let mut options = cql::as_node(&address, None);
        let (told, deposed) = (Arc::clone(&told), Arc::clone(&deposed));
        options.on_fatal = Arc::new(move |fatal| {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(fatal);
            deposed.notify_one();
        });
        let opened = tokio::task::spawn_blocking(move || cql::open(&options));
        Arc::new(opened.await.expect("the store opens"))
    };
    let empty = Teller::begins(&first).await;
    let mut small = Teller::begins(&first).await;
    small.says("alice", "before").await;
    let tellers = [empty, small];

    // It stands still, in the middle of two appends.
    wire.rule(|_| Fate::Hold);
    let batches = tellers.each_ref().map(|teller| {
        let batch = teller.room.batch(vec![teller.message(0, "alice", "too late")]);
        let first = Arc::clone(&first);
        tokio::spawn(async move { first.append(batch).await })
    });
    wire.holds(tellers.len()).await;
    let options = cql::as_node(&node.address, None);
    let next = tokio::task::spawn_blocking(move || cql::open(&options)).await;
    let next: Arc<dyn Store> = Arc::new(next.expect("the next one gets the lease"));
    let mut after = Vec::new();
    for teller in &tellers {
        let mut teller = Teller::takes_over(&next, &teller.ledger()).await;
        teller.says("alice", "under the next owner").await;
        after.push(teller);
    }

    // It goes on, as if nothing had happened.
    wire.calm();
    wire.release().await;
    deposed.notified().await;
    assert_eq!(
        *told.lock().unwrap_or_else(PoisonError::into_inner),
        Some(Fatal::Deposed)
    );
    for batch in batches {
        let ended = batch.await.expect("it ends");
        assert!(ended.is_err(), "{ended:?}");
    }
    for teller in &tellers {
        let refused = first
            .append(teller.room.batch(vec![teller.message(0, "alice", "later still")]))
            .await;
        assert!(refused.is_err(), "{refused:?}");
    }
    for teller in &mut after {
        teller.says("alice", "and on").await;
        teller.finds_everything("after late rows").await;
    }
    drop(tellers);
    drop(after);
    close(first).await;
    close(next).await;
    node.is_over().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_away_or_overloaded_for_a_while_are_waited_for_and_all_goes_on_by_itself() {
    let node = Node::new();
    let wire = Wire::to(&node.address.hosts[0]).await;
    // Away before the start: whoever opens is told, and it opens as soon as they are there.
    wire.cut();
    let wire = Arc::new(wire);
    let store: Arc<dyn Store> = {
        let mut address = node.address.clone();
        address.hosts = vec![wire.host().to_owned()];
        let (options, wire) = (cql::as_node(&address, None), Arc::clone(&wire));
        let opened = tokio::task::spawn_blocking(move || {
            ScyllaStore::open(&options, |wait| {
                let Wait::Servers(error, _) = wait else { return };
                assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
                wire.mend();
            })
        });
        Arc::new(opened.await.expect("it ends").expect("the store opens"))
    };
    let mut teller = Teller::begins(&store).await;
    teller.says("alice", "before").await;

    // Lost while it works.
    wire.cut();
    assert!(matches!(store.check().await, Err(StoreError::Busy)));
    let ended = store
        .append(teller.room.batch(vec![teller.message(0, "alice", "nobody hears it")]))
        .await;
    assert!(
        matches!(ended, Err(AppendError::Busy | AppendError::Unknown(_))),
        "{ended:?}"
    );
    wire.mend();
    teller.reopens().await;
    assert_eq!(teller.room.head.seq, 1);
    for text in ["after it", "and on"] {
        teller.room.now_ms += 1;
        teller.insists(vec![teller.message(0, "alice", text)]).await;
    }
    store.check().await.expect("all is well");

    // There, and too busy for everything.
    wire.rule(|_| Fate::Answer(Answer::Overloaded));
    assert!(matches!(store.check().await, Err(StoreError::Busy)));
    let ended = store
        .append(teller.room.batch(vec![teller.message(0, "alice", "nor does anybody")]))
        .await;
    assert!(
        matches!(ended, Err(AppendError::Busy | AppendError::Unknown(_))),
        "{ended:?}"
    );
    wire.calm();
    teller.reopens().await;
    teller.room.now_ms += 1;
    teller.insists(vec![teller.message(0, "alice", "all well again")]).await;
    teller.finds_everything("in the end").await;
    assert_eq!(teller.room.head.seq, 4);
    drop(teller);
    close(store).await;
    node.is_over().await;
}

/// Opens beside a node, once.
async fn refused(options: &storage::scylla::Options) -> OpenError {
    let options = options.clone();
    let opened = tokio::task::spawn_blocking(move || ScyllaStore::migrate(&options));
    opened.await.expect("it ends").expect_err("it is refused")
}

async fn change(session: &Session, text: &str) {
    session.query_unpaged(text, ()).await.expect("the server does it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_opened_is_refused_in_words_that_say_what_to_do() {
    let node = Node::new();
    let options = cql::as_node(&node.address, None);
    let keyspace = &node.address.keyspace;
    let session = raw(&node.address).await;

    let mut unknown = options.clone();
    unknown.address.hosts = vec!["no-such-host.invalid:9042".to_owned()];
    let error = refused(&unknown).await;
    assert!(
        error.is_passing() && error.to_string().contains("no-such-host.invalid:9042"),
        "{error}"
    );

    let mut absent = options.clone();
    absent.migrate = false;
    let error = refused(&absent).await;
    assert!(matches!(error, OpenError::NoKeyspace(_)), "{error}");
    assert!(
        error.to_string().contains(keyspace) && error.to_string().contains("plenum migrate"),
        "{error}"
    );

    let wire = Wire::to(&node.address.hosts[0]).await;
    wire.refuse_logins();
    let mut stranger = options.clone();
    stranger.address.hosts = vec![wire.host().to_owned()];
    for credentials in [None, Some(("somebody".to_owned(), "a secret".to_owned()))] {
        stranger.credentials = credentials;
        let error = refused(&stranger).await;
        assert!(
            matches!(error, OpenError::Credentials(_)) && !error.is_passing(),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("storage.username") && !text.contains("a secret"),
            "{text}"
        );
    }

    let replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
    change(
        &session,
        &format!("CREATE KEYSPACE {keyspace} WITH replication = {replication}"),
    )
    .await;
    change(
        &session,
        &format!("CREATE TABLE {keyspace}.somebody_elses (a int PRIMARY KEY)"),
    )
    .await;
    let error = refused(&options).await;
    assert!(
        matches!(error, OpenError::Foreign(_)) && error.to_string().contains(keyspace),
        "{error}"
    );
    change(&session, &format!("DROP TABLE {keyspace}.somebody_elses")).await;

    // A mark of a newer build; nothing else of it is looked at.
    let versions = format!("{keyspace}.schema_versions");
    let columns = "part tinyint, version bigint, claimed_by uuid, complete boolean, PRIMARY KEY (part, version)";
    change(&session, &format!("CREATE TABLE {versions} ({columns})")).await;
    let newer = SCHEMA_VERSION + 1;
    change(
        &session,
        &format!("INSERT INTO {versions} (part, version, complete) VALUES (0, {newer}, true)"),
    )
    .await;
    let error = refused(&options).await;
    assert!(
        matches!(error, OpenError::NewerSchema { found, .. } if found == newer),
        "{error}"
    );
    assert!(error.to_string().contains("use a newer Plenum"), "{error}");

    // One that began a version and has not come to its end: it is older.
    change(&session, &format!("TRUNCATE {versions}")).await;
    let error = refused(&absent).await;
    assert!(matches!(error, OpenError::OlderSchema { found: 0, .. }), "{error}");
    assert!(error.to_string().contains("plenum migrate"), "{error}");
    node.is_over().await;
}
