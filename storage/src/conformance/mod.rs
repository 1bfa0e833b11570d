//! One suite for every backend, written against the traits. A backend's test calls [`conformance_tests!`](crate::conformance_tests)
//! with a function that makes a fresh, empty store; each story becomes a test of its own.
//!
//! The suite knows no backend, and no story depends on another.

pub mod appends;
pub mod changes;
pub mod kit;

use std::{any::Any, sync::Arc};

use crate::Store;

/// An empty store of one test.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What has to live as long as the store: a folder, a container.
    pub guard: Box<dyn Any + Send>,
}

/// Makes a `#[tokio::test]` of every story. `$fresh` is the path of an `async fn() -> Fresh`.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:path) => {
        $crate::conformance_tests!(@ $fresh;
            appends:
                a_new_log_is_empty,
                an_appended_entry_reads_back_as_it_was,
                a_batch_is_in_the_log_as_a_whole_and_in_order,
                an_entry_that_breaks_the_numbers_is_refused_with_its_batch,
                a_log_that_does_not_exist_takes_nothing,
                an_older_incarnation_is_fenced,
                an_append_on_a_moved_head_is_refused_and_says_where_the_log_ends,
                a_batch_past_its_deadline_is_not_started,
                a_hundred_rooms_append_at_once_and_one_fails_alone;
            changes:
                an_edit_changes_the_message_in_place_and_keeps_its_seq,
                edits_form_a_chain_from_the_newest_to_the_first,
                a_deletion_leaves_no_text_in_any_row,
                an_edit_of_nothing_fails_with_its_batch,
                joining_leaving_renaming_and_deleting_a_room_come_with_their_entries;
        );
    };
    (@ $fresh:path; $($module:ident: $($story:ident),+;)+) => {
        $(mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    let fresh: $crate::conformance::Fresh = $fresh().await;
                    $crate::conformance::$module::$story(std::sync::Arc::clone(&fresh.store)).await;
                }
            )+
        })+
    };
}
