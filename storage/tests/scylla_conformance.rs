//! A CQL server passes the suite.

mod cql;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use storage::{
    conformance::{Apart, Fresh},
    scylla::ScyllaStore,
};
use tokio::sync::OnceCell;

/// Stories about the store as a whole: each has a keyspace of its own, or an emptied one.
const ALONE: &[&str] = &[
    "rooms_of_a_kind_come_in_the_order_of_their_ids",
    "rooms_that_do_not_keep_everything_are_listed",
    "the_backlog_names_every_room",
    "people_are_found_by_the_words_of_their_names",
    "renewed_epochs_differ_for_every_log_and_the_logs_go_on",
    "what_is_loaded_into_another_store_is_what_was_read_out_of_the_first",
    "pages_of_any_size_give_the_same_records",
    "what_is_loaded_twice_is_there_once",
    "a_log_with_a_hole_and_an_entry_without_its_room_are_refused",
    "people_find_everything_in_the_other_store",
    "a_loaded_log_goes_on_under_another_epoch",
    "a_purged_log_goes_on_where_it_was",
    "a_log_that_does_not_keep_everything_goes_on_where_it_was",
    "a_replaced_token_still_ends_its_login",
    "a_repeated_command_is_recognised_and_an_old_one_left_out",
    "what_belongs_to_a_store_itself_stays_there",
    "a_picture_does_not_show_what_is_appended_later",
    "an_import_begins_in_an_empty_store_alone",
    "the_mark_of_an_import_stays_until_it_is_taken_away",
];

/// Making the tables takes longer than most stories: the others share one keyspace.
static SHARED: OnceCell<Arc<ScyllaStore>> = OnceCell::const_new();
static PARTS: AtomicU32 = AtomicU32::new(0);

async fn open() -> Arc<ScyllaStore> {
    let opened = tokio::task::spawn_blocking(|| cql::open(&cql::as_node(&cql::fresh_address(), None)));
    Arc::new(opened.await.expect("the store opens"))
}

async fn fresh(story: &'static str) -> Fresh {
    if ALONE.contains(&story) {
        let keyspace = cql::Keyspace::empty().await;
        return Fresh {
            store: Arc::new(keyspace.open().await),
            guard: Box::new(keyspace),
        };
    }
    let shared = Arc::clone(SHARED.get_or_init(open).await);
    let part = PARTS.fetch_add(1, Ordering::SeqCst);
    Fresh {
        store: Arc::new(Apart::new(shared, &format!("p{part}"))),
        guard: Box::new(()),
    }
}

storage::conformance_tests!(fresh);
