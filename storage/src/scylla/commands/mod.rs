//! Commands and their repetition: which entry a client's `client_msg_id` became. Called by appends and by whoever asks for one command.
//!
//! The record of a command lies in the partition of its entry, below seq 0, under a key that follows from sender and id: one mutation
//! makes both durable, and one statement asks for many. A new command has to be looked for in every bucket of the last seven days;
//! buckets that this process has filled from the beginning are known by heart, up to a limit, and beyond that by a filter that says which
//! commands are certainly new, so a room that is in use asks next to nothing. A sealed bucket's filter is stored beside it for the next
//! process. Nothing here decides that a command is known without its record, or that it is new without all that may say otherwise.

mod filter;
mod find;
mod known;
mod load;
mod seal;

use protocol::UserId;
use uuid::Uuid;

pub(super) use self::{
    find::{find, repetitions},
    known::{KnownCommands, none_yet},
    seal::leave_filter,
};
use crate::Entry;

/// A record as it is read: key, sender, time, id, and the seq of its entry.
pub(super) type Record = (i64, String, i64, Uuid, i64);

/// Whose `client_msg_id` it is: of whoever did it.
pub(super) fn issuer(entry: &Entry) -> UserId {
    let who = entry.actor.as_ref().or(entry.sender.as_ref());
    who.cloned().unwrap_or_else(UserId::anonymous)
}

/// The record of the command that an entry came of.
pub(super) fn record(entry: &Entry) -> Record {
    let issuer = issuer(entry);
    let key = key(&issuer, entry.command_id);
    let sender = issuer.as_str().to_owned();
    (key, sender, entry.time_ms, entry.command_id, entry.seq as i64)
}

/// Where the record of a command lies in its bucket: below seq 0. The key follows from both through SHA-1 (UUID version 5, RFC 9562), so
/// that nobody finds an id that hides somebody else's.
pub(super) fn key(issuer: &UserId, command_id: Uuid) -> i64 {
    let mixed = Uuid::new_v5(&command_id, issuer.as_str().as_bytes());
    let (high, _) = mixed.as_u64_pair();
    -1 - (high >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_below_the_log_and_apart_from_each_other() {
        let (alice, bob): (UserId, UserId) = ("alice".parse().expect("an id"), "bob".parse().expect("an id"));
        let id = Uuid::from_u128(7);
        let keys = [key(&alice, id), key(&bob, id), key(&alice, Uuid::from_u128(8))];
        assert!(keys.iter().all(|key| *key < 0));
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
        assert_eq!(key(&alice, id), keys[0]);
    }
}
