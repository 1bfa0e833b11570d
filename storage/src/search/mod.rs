//! Search of messages, file names and people: everything that does not differ by backend.
//!
//! A room's index is derived from its log and lags behind it: nothing is written when a message is appended. The indexer
//! ([`Indexer`]) closes ranges of some thousand entries into segments; what is in none yet, a search scans. So
//! every acknowledged message is found at once, and a message costs the appending path nothing. A hit counts only if the
//! row says so at the moment of the search: edits and deletions act at once, whatever the index says. An edit is filed in
//! its own segment under the message that it changes, so a message is found by its newest text wherever it lies.
//!
//! The engine calls [`search()`] and [`find_people`]; rights are its business. What a backend has to give is
//! [`crate::SearchRepository`].

pub mod analyzer;
mod block;
mod document;
pub mod highlight;
mod indexer;
pub mod limits;
mod lists;
mod metrics;
mod past;
mod people;
mod query;
mod request;
mod room;
mod run;
mod segment;
mod state;
mod tails;
mod times;
mod varint;
mod verify;
mod work;

pub use block::{Block, Damaged};
pub use document::Document;
pub use indexer::{Backlog, Indexer};
pub use metrics::SearchMetrics;
pub use past::forget_before;
pub use people::{beginnings, find_people, fold_name, names_in, person_matches, person_words};
pub use query::{Query, QueryError};
pub use request::{Found, Hit, Look, Position, Request};
pub use run::search;
pub use state::{Retired, SearchState, Segment};
pub use tails::Tails;
pub use times::Times;
pub use verify::{LogDocument, verify, verify_state};
