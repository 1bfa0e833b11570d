//! A node that dies at any single statement of what it does with a log: the next one finds everything that was acknowledged, once, and
//! what is derived says the same as the log.
//!
//! The wire to the server is cut at the nth statement, once before the server has it and once behind, for every n that a story has.
//! Then another owner takes over, directly at the server.

mod cql;

use cql::{
    cut::{Cut, cut_at},
    node::{Node, close},
    teller::Teller,
    wire::Wire,
};
use futures_util::future::{BoxFuture, FutureExt as _};
use storage::{Effect, EntryKind, Role, bucket::WINDOW_MAX_MS};

/// More statements than any story has.
const STATEMENTS_MAX: usize = 400;
/// More rows than a take-over copies.
const MANY_ROWS: u64 = 300;

type Steps = for<'a> fn(&'a mut Teller) -> BoxFuture<'a, ()>;

/// What an owner is doing when it dies.
struct Story {
    name: &'static str,
    /// What an earlier owner has done.
    earlier: Steps,
    /// What this owner has done already.
    before: Steps,
    /// At every statement of this it dies once.
    then: Steps,
}

/// What an owner does with a log that it has had from the beginning.
const OWN_STORIES: &[Story] = &[
    Story {
        name: "the first message of a room",
        earlier: nothing,
        before: nothing,
        then: a_message,
    },
    Story {
        name: "a batch",
        earlier: nothing,
        before: a_message,
        then: a_batch,
    },
    Story {
        name: "edits",
        earlier: nothing,
        before: a_message,
        then: edits,
    },
    Story {
        name: "a deletion",
        earlier: nothing,
        before: a_message_with_versions,
        then: a_deletion,
    },
    Story {
        name: "people who come and go",
        earlier: nothing,
        before: a_message,
        then: people,
    },
    Story {
        name: "a name, a retention and an end",
        earlier: nothing,
        before: a_message,
        then: a_name_a_retention_and_an_end,
    },
    Story {
        name: "the next bucket",
        earlier: nothing,
        before: a_message,
        then: the_next_bucket,
    },
];

/// What an owner does with a log that another one has left.
const STORIES_OF_A_TAKE_OVER: &[Story] = &[
    Story {
        name: "a small bucket of an earlier owner",
        earlier: a_message_with_versions,
        before: nothing,
        then: a_message_and_an_edit,
    },
    Story {
        name: "a large bucket of an earlier owner",
        earlier: many_messages,
        before: nothing,
        then: a_message_and_an_edit,
    },
    Story {
        name: "a small bucket of an earlier owner, and the next one",
        earlier: a_message_with_versions,
        before: nothing,
        then: the_next_bucket,
    },
];

fn nothing(_: &mut Teller) -> BoxFuture<'_, ()> {
    std::future::ready(()).boxed()
}

fn a_message(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.says("alice", "hello").await;
    }
    .boxed()
}

fn a_batch(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.room.now_ms += 1;
        let batch = (0..3).map(|ahead| teller.message(ahead, "alice", "one of three"));
        teller.append(batch.collect()).await;
    }
    .boxed()
}

fn a_message_with_versions(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.says("alice", "secret one").await;
        teller.edits(1, "secret two").await;
        teller.says("alice", "something else").await;
        teller.edits(1, "secret three").await;
    }
    .boxed()
}

fn edits(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.edits(1, "edited").await;
        // One whose entry tells less than the message gets.
        teller.room.now_ms += 1;
        let mut edit = teller.room.edit("nobody", 1, "edited again");
        edit.entry.body = bytes::Bytes::from_static(b"{}");
        teller.append(vec![edit]).await;
    }
    .boxed()
}

fn a_deletion(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.room.now_ms += 1;
        teller.append(vec![teller.room.delete("moderator", 1)]).await;
    }
    .boxed()
}

fn people(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        let (bob, carol) = (teller.person("bob"), teller.person("carol"));
        let steps = [
            vec![
                Effect::MemberAdded(bob.clone(), Role::Member),
                Effect::MemberAdded(carol.clone(), Role::Member),
            ],
            vec![Effect::MemberAdded(bob.clone(), Role::Moderator)],
            vec![Effect::MemberRemoved(bob.clone())],
            vec![Effect::MemberAdded(bob, Role::Member), Effect::MemberRemoved(carol)],
        ];
        for effects in steps {
            teller.room.now_ms += 1;
            teller
                .append(vec![teller.notice(EntryKind::Participants, effects)])
                .await;
        }
        let head = teller.room.head.clone();
        teller.reads("bob", head.seq, head.number).await;
        teller.says("bob", "here again").await;
    }
    .boxed()
}

fn a_name_a_retention_and_an_end(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        for (kind, effect) in [
            (EntryKind::RoomUpdated, Effect::Renamed("another name".to_owned())),
            (EntryKind::RoomUpdated, Effect::RetentionChanged(Some(30))),
            (EntryKind::RoomUpdated, Effect::RetentionChanged(Some(60))),
            (EntryKind::RoomUpdated, Effect::RetentionChanged(None)),
            (EntryKind::RoomDeleted, Effect::RoomDeleted),
        ] {
            teller.room.now_ms += 1;
            teller.append(vec![teller.notice(kind, vec![effect])]).await;
        }
    }
    .boxed()
}

fn the_next_bucket(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.room.now_ms += 1;
        let before = teller.message(0, "alice", "the last one in it");
        teller.room.now_ms += WINDOW_MAX_MS;
        let after = teller.message(1, "alice", "the first one behind it");
        teller.append(vec![before, after]).await;
        teller.edits(1, "across buckets").await;
    }
    .boxed()
}

fn a_message_and_an_edit(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.says("alice", "under another owner").await;
        teller.edits(1, "edited under another owner").await;
    }
    .boxed()
}

fn many_messages(teller: &mut Teller) -> BoxFuture<'_, ()> {
    async {
        teller.room.now_ms += 1;
        let batch = (0..MANY_ROWS).map(|ahead| teller.message(ahead, "alice", "one of many"));
        teller.append(batch.collect()).await;
    }
    .boxed()
}

/// How a run went.
struct Run {
    statements: Vec<String>,
    was_cut: bool,
}

/// One owner dies at one statement, and the next one looks.
async fn run(node: &Node, story: &Story, cut: Cut) -> Run {
    let first = node.starts(None).await;
    let mut teller = Teller::begins(&first).await;
    (story.earlier)(&mut teller).await;
    let ledger = teller.ledger();
    drop(teller);
    close(first).await;

    let wire = Wire::to(&node.address.hosts[0]).await;
    let victim = node.starts(Some(wire.host())).await;
    let mut teller = Teller::takes_over(&victim, &ledger).await;
    (story.before)(&mut teller).await;
    let statements = cut_at(&wire, cut);
    let mut was_cut = tokio::select! {
        () = wire.is_cut() => true,
        () = (story.then)(&mut teller) => false,
    };
    drop(teller);
    // Closing writes what is behind; a process that has died is not waited for.
    let closing = tokio::task::spawn_blocking(move || drop(victim));
    if !was_cut {
        was_cut = tokio::select! {
            () = wire.is_cut() => true,
            _ = closing => false,
        };
    }
    let statements = statements.take();
    let when = format!("{}, {cut:?} {:?}", story.name, statements.last());

    let next = node.starts(None).await;
    let mut teller = Teller::takes_over(&next, &ledger).await;
    teller.finds_everything(&when).await;
    match cut {
        Cut::Never | Cut::Before(_) => teller.is_sent_again(&when).await,
        Cut::Behind(_) => teller.others_go_on(&when).await,
    }
    drop(teller);
    close(next).await;
    Run { statements, was_cut }
}

async fn every_crash(node: &Node, story: &Story) -> usize {
    for nth in 1..=STATEMENTS_MAX {
        let before = run(node, story, Cut::Before(nth)).await;
        if !before.was_cut {
            return before.statements.len();
        }
        let text = before.statements.last().expect("the one that was lost");
        // A read changes nothing: to die behind it is to die before the next statement.
        if !text.starts_with("SELECT") {
            run(node, story, Cut::Behind(nth)).await;
        }
    }
    panic!("{}: more than {STATEMENTS_MAX} statements", story.name);
}

async fn every_crash_of(stories: &[Story]) {
    let node = Node::new();
    for story in stories {
        let count = every_crash(&node, story).await;
        eprintln!("{}: {count} statements", story.name);
    }
    node.is_over().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_dies_at_any_statement_leaves_everything_that_it_acknowledged_once() {
    every_crash_of(OWN_STORIES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_dies_at_any_statement_of_taking_a_log_over_leaves_everything_that_was_acknowledged_once() {
    every_crash_of(STORIES_OF_A_TAKE_OVER).await;
}
