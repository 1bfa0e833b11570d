//! One suite for every backend, written against the traits. A backend's test calls
//! [`conformance_tests!`](crate::conformance_tests)
//! with a function that makes a fresh, empty store; each story becomes a test of its own.
//!
//! The suite knows no backend, and no story depends on another.

pub mod accounts;
mod apart;
pub mod appends;
pub mod buckets;
pub mod changes;
pub mod commands;
pub mod dump;
pub mod installation;
pub mod invitations;
pub mod kit;
pub mod marks;
pub mod members;
pub mod ranges;
pub mod retention;
pub mod rooms;
pub mod search;

use std::{any::Any, sync::Arc};

pub use self::apart::Apart;
use crate::Store;

/// An empty store of one test.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What has to live as long as the store: a folder, a container.
    pub guard: Box<dyn Any + Send>,
}

/// Makes a `#[tokio::test]` of every story. `$fresh` is the path of an `async fn(story: &'static str) -> Fresh`.
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
            ranges:
                a_range_gives_what_lies_within_its_bounds,
                a_range_is_read_from_either_end,
                messages_alone_fill_the_page,
                a_deleted_message_is_still_one_of_the_messages,
                a_page_ends_at_its_bytes_but_never_empty,
                pages_follow_each_other_without_a_gap;
            buckets:
                the_entry_after_fifty_thousand_opens_another_bucket,
                a_bucket_ends_by_bytes_too,
                a_date_finds_its_seq_across_empty_years;
            commands:
                a_repeated_command_is_told_its_first_seq,
                a_repetition_within_one_batch_is_found,
                the_same_id_of_another_sender_or_room_is_another_command,
                a_moderators_command_is_found_under_the_moderator,
                an_id_that_is_not_the_clients_is_not_remembered,
                a_command_is_forgotten_after_seven_days;
            rooms:
                a_created_room_is_there_with_its_members,
                a_room_id_is_given_once,
                a_pair_has_one_direct_chat,
                a_pair_whose_chat_was_deleted_begins_a_new_one,
                many_who_begin_the_same_chat_at_once_get_one,
                a_channel_has_its_name_alone,
                rooms_of_a_kind_come_in_the_order_of_their_ids,
                a_purged_log_is_empty_and_goes_on_under_a_new_epoch;
            retention:
                whole_buckets_go_and_nobody_reads_them_any_more,
                a_log_goes_on_behind_its_dropped_past,
                what_is_younger_stays,
                a_room_that_fell_silent_loses_everything,
                a_retention_is_a_part_of_the_room,
                rooms_that_do_not_keep_everything_are_listed,
                an_older_incarnation_drops_nothing;
            members:
                members_come_in_the_order_of_their_ids,
                a_member_is_muted_and_may_speak_again,
                a_room_and_a_membership_are_read_together,
                memberships_of_several_people_are_read_together,
                chats_come_by_their_last_activity,
                a_line_of_the_list_has_the_mark_and_the_newest_message_as_it_is_now,
                a_deleted_chat_is_not_listed_but_can_be_asked_for,
                who_has_left_does_not_see_the_chat;
            marks:
                a_mark_moves_forward_only,
                marks_that_come_at_once_end_at_the_furthest,
                the_two_furthest_marks_are_of_different_people,
                a_sender_has_read_their_own_message;
            invitations:
                an_invitation_is_found_by_its_code_and_by_its_room,
                a_room_has_one_invitation,
                a_code_is_of_one_room_alone,
                an_ended_invitation_leads_nowhere_and_another_takes_its_place;
            accounts:
                a_registered_user_is_found_by_id_and_by_name_in_any_case,
                a_name_or_id_is_given_once,
                of_many_who_register_a_name_at_once_one_gets_it,
                a_guest_is_there_and_in_no_list,
                users_are_found_by_the_beginning_of_their_name,
                a_change_changes_what_it_names,
                a_refresh_replaces_the_token_and_moves_the_end,
                a_replaced_token_that_comes_back_ends_its_login,
                of_two_refreshes_with_one_token_one_gets_through,
                a_login_whose_time_is_over_can_not_be_refreshed,
                own_logins_are_listed_and_ended_one_by_one;
            installation:
                facts_are_numbered_for_each_user,
                the_epoch_of_a_users_log_is_made_once,
                the_first_value_under_a_key_counts,
                renewed_epochs_differ_for_every_log_and_the_logs_go_on,
                a_healthy_store_says_so;
            search:
                a_message_is_found_in_the_open_end_and_in_a_segment,
                an_edited_or_deleted_message_is_found_by_what_it_is_now,
                pages_give_every_hit_once_across_segments,
                hits_of_several_rooms_come_by_time,
                what_reading_everything_finds_is_found,
                filters_and_file_names_find_what_they_say,
                what_has_no_text_is_passed_over,
                two_indexers_at_once_make_one_index,
                a_state_is_replaced_over_its_own_revision_alone,
                blocks_are_found_by_the_last_key_before,
                the_backlog_names_every_room,
                a_purged_log_is_not_found_any_more,
                a_dropped_past_is_not_found_and_its_segments_are_removed,
                a_rebuilt_index_finds_the_same,
                rows_are_read_by_their_places,
                people_are_found_by_the_words_of_their_names;
        );
        $crate::conformance_tests!(@two $fresh;
            dump:
                what_is_loaded_into_another_store_is_what_was_read_out_of_the_first,
                pages_of_any_size_give_the_same_records,
                what_is_loaded_twice_is_there_once,
                a_log_with_a_hole_and_an_entry_without_its_room_are_refused,
                people_find_everything_in_the_other_store,
                a_loaded_log_goes_on_under_another_epoch,
                a_purged_log_goes_on_where_it_was,
                a_log_that_does_not_keep_everything_goes_on_where_it_was,
                a_replaced_token_still_ends_its_login,
                a_repeated_command_is_recognised_and_an_old_one_left_out,
                what_belongs_to_a_store_itself_stays_there,
                a_picture_does_not_show_what_is_appended_later,
                an_import_begins_in_an_empty_store_alone,
                the_mark_of_an_import_stays_until_it_is_taken_away;
        );
    };
    (@two $fresh:path; $($module:ident: $($story:ident),+;)+) => {
        $(mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    let source: $crate::conformance::Fresh = $fresh(stringify!($story)).await;
                    let target: $crate::conformance::Fresh = $fresh(stringify!($story)).await;
                    let stores = (std::sync::Arc::clone(&source.store), std::sync::Arc::clone(&target.store));
                    $crate::conformance::$module::$story(stores.0, stores.1).await;
                }
            )+
        })+
    };
    (@ $fresh:path; $($module:ident: $($story:ident),+;)+) => {
        $(mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    let fresh: $crate::conformance::Fresh = $fresh(stringify!($story)).await;
                    $crate::conformance::$module::$story(std::sync::Arc::clone(&fresh.store)).await;
                }
            )+
        })+
    };
}
