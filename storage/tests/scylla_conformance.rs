//! A CQL server passes the suite.

mod cql;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use storage::{
    Store,
    conformance::{Apart, Fresh},
    scylla::ScyllaStore,
};
use tokio::sync::OnceCell;

/// Stories about the store as a whole: each has a keyspace of its own.
const ALONE: &[&str] = &[
    "rooms_of_a_kind_come_in_the_order_of_their_ids",
    "the_backlog_names_every_room",
    "people_are_found_by_the_words_of_their_names",
    "renewed_epochs_differ_for_every_log_and_the_logs_go_on",
];

/// Making the tables takes longer than most stories: the others share one keyspace.
static SHARED: OnceCell<Arc<ScyllaStore>> = OnceCell::const_new();
static PARTS: AtomicU32 = AtomicU32::new(0);

async fn open() -> Arc<ScyllaStore> {
    let opened = tokio::task::spawn_blocking(|| cql::open(&cql::as_node(&cql::fresh_address(), None)));
    Arc::new(opened.await.expect("the store opens"))
}

async fn fresh(story: &'static str) -> Fresh {
    let store: Arc<dyn Store> = if ALONE.contains(&story) {
        open().await
    } else {
        let shared = Arc::clone(SHARED.get_or_init(open).await);
        let part = PARTS.fetch_add(1, Ordering::SeqCst);
        Arc::new(Apart::new(shared, &format!("p{part}")))
    };
    Fresh {
        store,
        guard: Box::new(()),
    }
}

storage::conformance_tests!(fresh);
