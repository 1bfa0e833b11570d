//! What Plenum keeps: the repository traits and their backends.
//!
//! The engine calls the traits and never a backend; the gateway picks the backend. Nothing here knows a socket, an
//! actor
//! or a wire format. One conformance suite (`conformance`) is written against the traits; every backend passes it.

pub mod bucket;
#[cfg(feature = "conformance")]
pub mod conformance;
mod driver;
pub mod dump;
mod entry;
mod error;
#[cfg(feature = "generator")]
pub mod generator;
pub mod metrics;
mod order;
mod repositories;
mod rows;
#[cfg(feature = "scylla")]
pub mod scylla;
pub mod search;
mod search_repository;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use entry::{AppendBatch, Effect, Entry, EntryKind, EntryRange, LogHead, NewEntry, Order, Permit, Select};
pub use error::{AppendError, StoreError};
pub use repositories::{
    AccountRepository, InvitationRepository, LogRepository, MEMBERS_OF_MAX, MarkRepository, MemberRepository,
    MetaRepository, RoomRepository, Store, UserLogRepository,
};
pub use rows::{
    AuthSession, Chat, Invitation, Mark, Member, NewRoom, Origin, RefreshOutcome, Role, Room, RoomCreated, RoomKind,
    RoomState, TopMarks, User, UserChange, UserEntry, UserFact, UserLogHead, UserRole,
};
pub use search_repository::{SearchBacklog, SearchRepository, SearchScope, SegmentId};
