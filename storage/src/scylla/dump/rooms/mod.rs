//! Reading rooms, each whole: the room, its log, its commands, members, marks. Several small rooms are read at the same time.
//!
//! A room's members are read together with the end of its log and kept until their turn comes: who leaves while a long log is read was
//! there at the end. Only an export that goes on in the middle of a room finds them as they are then.

mod commands;
mod entries;
mod heads;
mod kept;
mod marks;
mod members;
mod place;
mod reader;
mod reading;
mod whole;

pub(super) use self::{heads::heads, kept::Kept, whole::whole};
