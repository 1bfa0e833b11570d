//! Entries and rooms as clients see them: the Message and Chat objects and the publications of a room's channel.
//!
//! Pure functions of stored rows: no clock, no store, nothing personal in a publication. Functions, relays and the compatible sockets call
//! them; the room calls [`body`] to make what is stored.

pub mod body;
mod chat;
mod object;
mod publication;

pub(crate) use body::role_name;
pub(crate) use chat::{ChatObject, UnreadHint, first_role, has_own_name, unread};
pub use object::{MessageObject, Status, status};
pub use publication::{publication, removed_users};
