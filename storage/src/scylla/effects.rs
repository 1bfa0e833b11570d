//! What follows from an entry, in a form that can be done again: an entry's row carries it, so that whoever takes a log over ends what
//! broke off. Decided before the row is written, by reading; done after it, by writes that say the same thing however often they come.

use protocol::{RoomId, UserId};
use serde::{Deserialize, Serialize};

use super::{
    Shared,
    client::Client,
    failure::{Fault, Result},
    log, retention,
    rows::{self, MarkRow, signed, unsigned, wrong},
    stamp::stamp,
};
use crate::{Effect, Entry, Mark, Role, RoomState};

/// One thing that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Change {
    /// The message at this seq gets the entry's body.
    #[serde(rename = "e")]
    Edited(u64),
    /// The message at this seq gets a body of its own.
    #[serde(rename = "b")]
    EditedAs(u64, Vec<u8>),
    /// The message at the first seq and its versions at the others lose their bodies.
    #[serde(rename = "d")]
    Deleted(u64, Vec<u64>),
    /// The person is new in the room.
    #[serde(rename = "j")]
    Joined(String, u8),
    /// The person was there and has this role now.
    #[serde(rename = "r")]
    RoleChanged(String, u8),
    /// The person was there and is not any more.
    #[serde(rename = "l")]
    Left(String),
    /// The room's name.
    #[serde(rename = "n")]
    Renamed(String),
    /// How long the room keeps its entries, in days.
    #[serde(rename = "t")]
    RetentionChanged(Option<u32>),
    /// The room is marked deleted.
    #[serde(rename = "x")]
    RoomDeleted,
    /// The person has read up to this seq, which has this number.
    #[serde(rename = "m")]
    Read(String, u64, u64),
}

/// Everything that follows from one entry.
pub(super) type Changes = Vec<Change>;

/// The form in which a row carries it; nothing for nothing.
pub(super) fn encode(changes: &Changes) -> Result<Option<Vec<u8>>> {
    if changes.is_empty() {
        return Ok(None);
    }
    rmp_serde::to_vec(changes)
        .map(Some)
        .map_err(|error| Fault::Broken(error.to_string()))
}

/// Reads that form.
pub(super) fn decode(stored: Option<&[u8]>) -> Result<Changes> {
    let Some(stored) = stored else { return Ok(Vec::new()) };
    rmp_serde::from_slice(stored).map_err(|_| wrong("a list of changes"))
}

/// What an effect without questions becomes; None: the store has to be asked first.
pub(super) fn plain(effect: &Effect) -> Option<Change> {
    Some(match effect {
        Effect::Renamed(name) => Change::Renamed(name.clone()),
        Effect::RetentionChanged(days) => Change::RetentionChanged(*days),
        Effect::RoomDeleted => Change::RoomDeleted,
        Effect::Read { user, seq, number } => Change::Read(user.as_str().to_owned(), *seq, *number),
        _ => return None,
    })
}

/// Takes an entry into the state of its room.
pub(super) fn fold(state: &mut RoomState, entry: &Entry, changes: &Changes) {
    state.head.seq = entry.seq;
    state.head.number = entry.number;
    state.head.time_ms = entry.time_ms;
    if entry.kind == crate::EntryKind::Message {
        state.head.message_seq = entry.seq;
    }
    for change in changes {
        match change {
            Change::Joined(..) => state.room.members_count += 1,
            Change::Left(_) => state.room.members_count = state.room.members_count.saturating_sub(1),
            Change::Renamed(name) => state.room.name.clone_from(name),
            Change::RetentionChanged(days) => state.room.retention_days = *days,
            Change::RoomDeleted => state.room.deleted = true,
            _ => {}
        }
    }
}

/// Marks that move with an entry.
pub(super) fn marks(changes: &Changes) -> Result<Vec<(UserId, Mark)>> {
    let reads = changes.iter().filter_map(|change| match change {
        Change::Read(user, seq, number) => Some((user, *seq, *number)),
        _ => None,
    });
    reads
        .map(|(user, seq, number)| {
            let mark = Mark {
                read_seq: seq,
                read_number: number,
                received_seq: seq,
            };
            Ok((rows::user(user)?, mark))
        })
        .collect()
}

/// Whether something follows that has to be there before the sender is answered: what others read of messages and members, and which rooms do
/// not keep everything.
pub(super) fn is_awaited(changes: &Changes) -> bool {
    changes
        .iter()
        .any(|change| !matches!(change, Change::Read(..) | Change::Renamed(_) | Change::RoomDeleted))
}

/// Does what follows from an entry and has to be there before its sender is answered.
pub(super) async fn apply(shared: &Shared, room: RoomId, entry: &Entry, changes: &Changes) -> Result<()> {
    let client = &shared.client;
    for change in changes {
        match change {
            Change::Edited(target) => edit(shared, room, *target, entry.seq, entry.body.to_vec()).await?,
            Change::EditedAs(target, body) => edit(shared, room, *target, entry.seq, body.clone()).await?,
            Change::Deleted(target, versions) => delete(shared, room, *target, versions, entry.seq).await?,
            Change::Joined(user, number) => join(client, room, user, *number, entry).await?,
            Change::RoleChanged(user, number) => change_role(client, room, user, *number, entry.seq).await?,
            Change::Left(user) => leave(client, room, user, entry.seq).await?,
            Change::RetentionChanged(days) => retention::write(client, room, *days, entry.seq).await?,
            Change::Renamed(_) | Change::RoomDeleted | Change::Read(..) => {}
        }
    }
    Ok(())
}

/// The bucket of an entry that is there.
async fn bucket_of(shared: &Shared, room: RoomId, seq: u64) -> Result<i64> {
    let found = log::bucket_of_entry(shared, room, seq).await?;
    let found = found.ok_or_else(|| Fault::Broken(format!("no bucket holds {seq}")))?;
    Ok(signed(found.number))
}

async fn edit(shared: &Shared, room: RoomId, target: u64, seq: u64, body: Vec<u8>) -> Result<()> {
    let client = &shared.client;
    let bucket = bucket_of(shared, room, target).await?;
    let values = (stamp(seq), body, signed(seq), room.key(), bucket, signed(target));
    client.write(&client.statements.edit_entry, values).await
}

async fn delete(shared: &Shared, room: RoomId, target: u64, versions: &[u64], seq: u64) -> Result<()> {
    let client = &shared.client;
    let nothing: &[u8] = &[];
    // The entry of an edit may carry the message's text among what follows from it.
    let no_changes = rmp_serde::to_vec(&Changes::new()).map_err(|error| Fault::Broken(error.to_string()))?;
    let bucket = bucket_of(shared, room, target).await?;
    let values = (stamp(seq), nothing, signed(seq), room.key(), bucket, signed(target));
    client.write(&client.statements.delete_entry, values).await?;
    for version in versions {
        let bucket = bucket_of(shared, room, *version).await?;
        let values = (stamp(seq), nothing, &no_changes, room.key(), bucket, signed(*version));
        client.write(&client.statements.empty_entry, values).await?;
    }
    Ok(())
}

/// Writes a new member's rows.
pub(super) async fn insert_member(
    client: &Client,
    room: RoomId,
    user: &str,
    role: u8,
    joined: (u64, u64, i64),
) -> Result<()> {
    let (seq, number, time_ms) = joined;
    let role = i8::try_from(role).map_err(|_| wrong("a role"))?;
    let values = (
        room.key(),
        user.to_owned(),
        role,
        signed(seq),
        signed(number),
        time_ms,
        stamp(seq),
    );
    let statements = &client.statements;
    client.write(&statements.insert_member, &values).await?;
    client.write(&statements.insert_member_by_user, &values).await
}

async fn join(client: &Client, room: RoomId, user: &str, role: u8, entry: &Entry) -> Result<()> {
    insert_member(client, room, user, role, (entry.seq, entry.number, entry.time_ms)).await
}

async fn change_role(client: &Client, room: RoomId, user: &str, role: u8, seq: u64) -> Result<()> {
    let role = i8::try_from(role).map_err(|_| wrong("a role"))?;
    let statements = &client.statements;
    client
        .write(&statements.change_role, (stamp(seq), role, room.key(), user))
        .await?;
    client
        .write(&statements.change_role_by_user, (stamp(seq), role, user, room.key()))
        .await
}

async fn leave(client: &Client, room: RoomId, user: &str, seq: u64) -> Result<()> {
    let statements = &client.statements;
    client
        .write(&statements.delete_member, (stamp(seq), room.key(), user))
        .await?;
    client
        .write(&statements.delete_member_by_user, (stamp(seq), user, room.key()))
        .await?;
    delete_mark(client, room, user, stamp(seq)).await
}

async fn delete_mark(client: &Client, room: RoomId, user: &str, stamp: i64) -> Result<()> {
    let statements = &client.statements;
    client.write(&statements.delete_mark, (stamp, room.key(), user)).await?;
    client
        .write(&statements.delete_mark_by_user, (stamp, user, room.key()))
        .await
}

/// Removes a mark that lies ahead of the entry by which its owner left. Only right then: whoever has come back since has a mark of their
/// own, which a log that is read again must not take from them.
pub(super) async fn forget_mark_ahead(client: &Client, room: RoomId, user: &str, seq: u64) -> Result<()> {
    let mark = client
        .row::<MarkRow>(&client.statements.mark, (room.key(), user))
        .await?;
    let mark = mark.map(|row| row.mark()).transpose()?.unwrap_or_default();
    match mark.read_seq.max(mark.received_seq) {
        ahead if ahead > seq => delete_mark(client, room, user, stamp(ahead)).await,
        _ => Ok(()),
    }
}

/// What the chain of a message's versions goes on with.
pub(super) struct Link {
    pub(super) version: u64,
    pub(super) deleted: bool,
}

/// The link of an entry that is in the store.
pub(super) async fn stored_link(shared: &Shared, room: RoomId, seq: u64) -> Result<Option<Link>> {
    let client = &shared.client;
    let Some(bucket) = log::bucket_of_entry(shared, room, seq).await? else {
        return Ok(None);
    };
    let values = (room.key(), signed(bucket.number), signed(seq));
    let found = client
        .row::<(i8, i64, bool)>(&client.statements.entry_version, values)
        .await?;
    found
        .map(|(_, version, deleted)| {
            Ok(Link {
                version: unsigned(version)?,
                deleted,
            })
        })
        .transpose()
}

/// A role's number.
pub(super) fn role_number(role: Role) -> u8 {
    role as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_survives_its_row() {
        let all = vec![
            Change::Edited(7),
            Change::EditedAs(8, vec![1, 2]),
            Change::Deleted(9, vec![12, 11]),
            Change::Joined("alice".into(), 1),
            Change::RoleChanged("bob".into(), 3),
            Change::Left("carol".into()),
            Change::Renamed("ours".into()),
            Change::RetentionChanged(Some(30)),
            Change::RetentionChanged(None),
            Change::RoomDeleted,
            Change::Read("alice".into(), 1 << 40, 77),
        ];
        let stored = encode(&all).expect("it can be written").expect("it is something");
        assert_eq!(decode(Some(&stored)).expect("it can be read"), all);
        assert_eq!(encode(&Vec::new()).expect("nothing can be written"), None);
        assert!(decode(None).expect("nothing").is_empty());
        assert!(decode(Some(b"\x93damaged")).is_err());
    }

    #[test]
    fn a_mark_that_moves_with_every_message_costs_few_bytes() {
        let read = vec![Change::Read("0123456789abc".into(), 1_000_000, 900_000)];
        let stored = encode(&read).expect("it can be written").expect("it is something");
        assert!(stored.len() <= 32, "{} bytes", stored.len());
    }
}
