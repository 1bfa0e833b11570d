//! Deciding what a batch becomes: what follows from each entry and which bucket it goes into. Reads what it has to know; writes nothing.

use std::collections::HashMap;

use protocol::{RoomId, UserId};

use super::{
    super::{
        Shared,
        cells::Known,
        effects::{self, Change, Changes, Link},
        members,
    },
    refusal::Refusal,
};
use crate::{AppendBatch, AppendError, Effect, Entry, NewEntry, bucket::BucketHead};

/// An entry that is ready to be written.
pub(super) struct Planned {
    pub(super) entry: Entry,
    pub(super) changes: Changes,
    pub(super) is_repeatable: bool,
    pub(super) bucket: BucketHead,
    pub(super) opens: bool,
}

/// Decides what each entry changes and where it goes: never into a bucket up to `doubtful` that is not open yet. Writes nothing.
pub(super) async fn plan(
    shared: &Shared,
    batch: &AppendBatch,
    known: &Known,
    doubtful: u64,
) -> Result<Vec<Planned>, Refusal> {
    let mut plan = Plan {
        shared,
        room: batch.room,
        log: (known.log_first(), known.state.head.seq),
        links: HashMap::new(),
        members: HashMap::new(),
    };
    let mut bucket = known.state.head.bucket;
    let mut planned = Vec::with_capacity(batch.entries.len());
    for new in &batch.entries {
        let (changes, version) = plan.changes(new).await?;
        let mut entry = new.entry.clone();
        entry.version = version.unwrap_or(entry.version);
        plan.links.insert(entry.seq, (entry.version, entry.deleted));
        let before = bucket.within(known.state.room.retention_days, entry.time_ms);
        let place = before.place(shared.term(), entry.seq, entry.time_ms, entry.body.len());
        bucket = place.head;
        if place.opens {
            bucket.bucket = bucket.bucket.max(doubtful + 1);
        }
        planned.push(Planned {
            entry,
            changes,
            is_repeatable: new.is_repeatable,
            bucket,
            opens: place.opens,
        });
    }
    Ok(planned)
}

/// What has been decided for the entries before, which the store does not know yet.
struct Plan<'a> {
    shared: &'a Shared,
    room: RoomId,
    /// The first and the last seq that can be read.
    log: (u64, u64),
    /// Version and deletion of entries, by seq.
    links: HashMap<u64, (u64, bool)>,
    /// Whether people are members.
    members: HashMap<UserId, bool>,
}

impl Plan<'_> {
    /// What follows from an entry; and of an edit or deletion, the version of its message until now.
    async fn changes(&mut self, new: &NewEntry) -> Result<(Changes, Option<u64>), Refusal> {
        let mut changes = Vec::with_capacity(new.effects.len());
        let mut version = None;
        for effect in &new.effects {
            if let Some(change) = effects::plain(effect) {
                changes.push(change);
                continue;
            }
            match effect {
                Effect::Edit { target, body } => {
                    version = Some(self.edit(*target, new.entry.seq).await?);
                    let is_own = *body == new.entry.body;
                    changes.push(if is_own {
                        Change::Edited(*target)
                    } else {
                        Change::EditedAs(*target, body.to_vec())
                    });
                }
                Effect::Delete { target } => {
                    let (before, versions) = self.delete(*target, new.entry.seq).await?;
                    version = Some(before);
                    changes.push(Change::Deleted(*target, versions));
                }
                Effect::MemberAdded(user, role) => {
                    let (name, number) = (user.as_str().to_owned(), effects::role_number(*role));
                    let was_there = self.is_member(user).await?;
                    changes.push(if was_there {
                        Change::RoleChanged(name, number)
                    } else {
                        Change::Joined(name, number)
                    });
                    self.members.insert(user.clone(), true);
                }
                Effect::MemberRemoved(user) => {
                    if self.is_member(user).await? {
                        changes.push(Change::Left(user.as_str().to_owned()));
                    }
                    self.members.insert(user.clone(), false);
                }
                Effect::Renamed(_) | Effect::RetentionChanged(_) | Effect::RoomDeleted | Effect::Read { .. } => {}
            }
        }
        Ok((changes, version))
    }

    async fn is_member(&self, user: &UserId) -> Result<bool, Refusal> {
        if let Some(is_member) = self.members.get(user) {
            return Ok(*is_member);
        }
        Ok(members::stored(&self.shared.client, self.room, user).await?.is_some())
    }

    async fn link(&self, seq: u64) -> Result<Option<Link>, Refusal> {
        if let Some((version, deleted)) = self.links.get(&seq) {
            let (version, deleted) = (*version, *deleted);
            return Ok(Some(Link { version, deleted }));
        }
        // Rows of a former owner may lie behind the end; they are nobody's.
        if seq < self.log.0 || seq > self.log.1 {
            return Ok(None);
        }
        Ok(effects::stored_link(self.shared, self.room, seq).await?)
    }

    async fn edit(&mut self, target: u64, seq: u64) -> Result<u64, Refusal> {
        let Some(message) = self.link(target).await? else {
            return refused(format!("no message at {target}"));
        };
        if message.deleted {
            return refused(format!("the message at {target} is deleted"));
        }
        self.links.insert(target, (seq, false));
        Ok(message.version)
    }

    /// Walks a message's chain of edits, newest first.
    async fn delete(&mut self, target: u64, seq: u64) -> Result<(u64, Vec<u64>), Refusal> {
        let Some(message) = self.link(target).await? else {
            return refused(format!("no message at {target}"));
        };
        let mut versions = Vec::new();
        let mut next = message.version;
        while next != 0 {
            let Some(link) = self.link(next).await? else {
                return refused(format!("the versions of {target} break off at {next}"));
            };
            // Each version is older than the one before; anything else would be a circle.
            if link.version >= next {
                return refused(format!("the versions of {target} go round at {next}"));
            }
            self.links.insert(next, (link.version, true));
            versions.push(next);
            next = link.version;
        }
        self.links.insert(target, (seq, true));
        Ok((message.version, versions))
    }
}

fn refused<T>(reason: String) -> Result<T, Refusal> {
    Err(Refusal::Answer(AppendError::Failed(reason)))
}
