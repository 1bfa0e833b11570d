//! A room as of one moment, while a node goes on writing it.
//!
//! The picture ends at the seq that the log had when the room's reading began. What an entry changes elsewhere (edited messages, members,
//! marks) may be read a little before it is written or long after that; both are put right here:
//!
//! - What follows from the newest entries and may not be written yet is taken from the entries themselves.
//! - Members who joined behind the end are left out, marks behind the end are moved back to it, and a message that was changed behind the
//!   end names the last change that lies before it. Its text is the newest all the same: nobody keeps the one before.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use protocol::{RoomId, UserId};

use super::{Result, Shared};
use crate::{
    Entry, Mark, Member, Role,
    scylla::{
        cells::Known,
        effects::{self, Change, Changes},
        rows, settle,
    },
};

/// What has become of a message or one of its versions.
#[derive(Debug, Default)]
struct Changed {
    /// The newest change, 0 for a version that lost its body.
    version: u64,
    body: Bytes,
    deleted: bool,
}

/// What has become of somebody's membership.
#[derive(Debug)]
enum Moved {
    Joined(Member),
    Role(Role),
    /// Behind this seq they were no member.
    Left(u64),
}

/// What has become of somebody's mark.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Marked {
    /// What was there before is gone.
    is_new: bool,
    mark: Mark,
}

/// What a dump needs to know of a room beside its rows.
pub(super) struct Picture {
    pub(super) known: Known,
    end: u64,
    changed: HashMap<u64, Changed>,
    moved: BTreeMap<String, Moved>,
    pub(super) marked: BTreeMap<String, Marked>,
}

impl Picture {
    /// The room as it is now, or as it was when its log ended at `end`. None: there is no such room.
    pub(super) async fn take(shared: &Shared, room: RoomId, end: Option<u64>) -> Result<Option<Self>> {
        let Some((known, tail)) = settle::picture(shared, room).await? else {
            return Ok(None);
        };
        // What is written from here on is in the rows that are read later.
        let cell = shared.cells.existing(room);
        let behind = cell.map(|cell| cell.behind().marks.clone());
        let mut picture = Self {
            end: end.unwrap_or(known.state.head.seq),
            known,
            changed: HashMap::new(),
            moved: BTreeMap::new(),
            marked: BTreeMap::new(),
        };
        for (user, mark) in behind.unwrap_or_default() {
            picture.marked.entry(user.as_str().to_owned()).or_default().mark = mark;
        }
        for (entry, changes) in &tail {
            if entry.seq <= picture.end {
                picture.follow(entry, changes)?;
            }
        }
        Ok(Some(picture))
    }

    fn follow(&mut self, entry: &Entry, changes: &Changes) -> Result<()> {
        for change in changes {
            match change {
                Change::Edited(target) => self.change(*target, entry.seq, entry.body.clone(), false),
                Change::EditedAs(target, body) => self.change(*target, entry.seq, body.clone().into(), false),
                Change::Deleted(target, versions) => {
                    self.change(*target, entry.seq, Bytes::new(), true);
                    versions
                        .iter()
                        .for_each(|version| self.change(*version, 0, Bytes::new(), true));
                }
                Change::Joined(user, role) => self.join(user, *role, entry)?,
                Change::RoleChanged(user, role) => self.change_role(user, *role)?,
                Change::Left(user) => {
                    self.moved.insert(user.clone(), Moved::Left(entry.seq));
                    let gone = Marked {
                        is_new: true,
                        ..Marked::default()
                    };
                    self.marked.insert(user.clone(), gone);
                }
                Change::Renamed(_) | Change::RetentionChanged(_) | Change::RoomDeleted | Change::Read(..) => {}
            }
        }
        for (user, mark) in effects::marks(changes)? {
            let marked = self.marked.entry(user.as_str().to_owned()).or_default();
            marked.mark = marked.mark.advanced(mark);
        }
        Ok(())
    }

    fn change(&mut self, target: u64, version: u64, body: Bytes, deleted: bool) {
        let changed = Changed { version, body, deleted };
        self.changed.insert(target, changed);
    }

    fn join(&mut self, user: &str, role: u8, entry: &Entry) -> Result<()> {
        let member = Member {
            user: rows::user(user)?,
            role: rows::role(role.cast_signed())?,
            joined_seq: entry.seq,
            joined_number: entry.number,
            joined_ms: entry.time_ms,
            muted_until_ms: 0,
        };
        self.moved.insert(user.to_owned(), Moved::Joined(member));
        Ok(())
    }

    fn change_role(&mut self, user: &str, role: u8) -> Result<()> {
        let role = rows::role(role.cast_signed())?;
        match self.moved.get_mut(user) {
            Some(Moved::Joined(member)) => member.role = role,
            _ => drop(self.moved.insert(user.to_owned(), Moved::Role(role))),
        }
        Ok(())
    }

    /// An entry as it was at the end of the picture.
    pub(super) async fn entry(&mut self, shared: &Shared, room: RoomId, mut entry: Entry) -> Result<Entry> {
        if let Some(changed) = self.changed.get(&entry.seq) {
            if changed.deleted || entry.version < changed.version {
                entry.body = changed.body.clone();
            }
            entry.version = entry.version.max(changed.version);
            entry.deleted |= changed.deleted;
        }
        if entry.version > self.end {
            let newest = entry.version;
            entry.version = self.version_before(shared, room, newest, entry.deleted).await?;
        }
        Ok(entry)
    }

    /// The newest change of a message that lies before the end. Of a message that was deleted, the changes before the deletion are too,
    /// also where that is not written yet.
    async fn version_before(&mut self, shared: &Shared, room: RoomId, newest: u64, is_deleted: bool) -> Result<u64> {
        let (mut next, mut found) = (newest, 0);
        while next != 0 {
            if next <= self.end {
                found = found.max(next);
                if !is_deleted {
                    break;
                }
                self.change(next, 0, Bytes::new(), true);
            }
            let link = effects::stored_link(shared, room, next).await?;
            next = link.map_or(0, |link| link.version);
        }
        Ok(found)
    }

    /// The members of a range of ids, in order: the rows that were found in it, put right.
    pub(super) fn members(&self, found: Vec<Member>, after: &str, last: Option<&str>) -> Vec<Member> {
        let mut members = BTreeMap::new();
        for member in found {
            if member.joined_seq <= self.end {
                members.insert(member.user.as_str().to_owned(), member);
            }
        }
        for (user, moved) in between(&self.moved, after, last) {
            match moved {
                Moved::Joined(member) => drop(members.entry(user.clone()).or_insert_with(|| member.clone())),
                Moved::Role(role) => {
                    if let Some(member) = members.get_mut(user) {
                        member.role = *role;
                    }
                }
                Moved::Left(seq) => {
                    if members.get(user).is_some_and(|member| member.joined_seq <= *seq) {
                        members.remove(user);
                    }
                }
            }
        }
        members.into_values().collect()
    }

    /// The marks of a range of ids, in order: the rows that were found in it, put right. `number` is that of the picture's end.
    pub(super) fn marks(
        &self,
        found: Vec<(String, Mark)>,
        (after, last): (&str, Option<&str>),
        number: u64,
    ) -> Result<Vec<(UserId, Mark)>> {
        let mut marks: BTreeMap<String, Mark> = found.into_iter().collect();
        for (user, marked) in between(&self.marked, after, last) {
            let before = marks.entry(user.clone()).or_default();
            *before = if marked.is_new {
                marked.mark
            } else {
                before.advanced(marked.mark)
            };
        }
        let marks = marks
            .into_iter()
            .map(|(user, mark)| (user, self.moved_back(mark, number)));
        let marks = marks.filter(|(_, mark)| *mark != Mark::default());
        marks.map(|(user, mark)| Ok((rows::user(&user)?, mark))).collect()
    }

    fn moved_back(&self, mut mark: Mark, number: u64) -> Mark {
        if mark.read_seq > self.end {
            (mark.read_seq, mark.read_number) = (self.end, number);
        }
        mark.received_seq = mark.received_seq.min(self.end);
        mark
    }
}

/// What lies behind `after`, up to `last` where there is one.
fn between<'a, T>(
    all: &'a BTreeMap<String, T>,
    after: &'a str,
    last: Option<&'a str>,
) -> impl Iterator<Item = (&'a String, &'a T)> {
    all.iter()
        .filter(move |(user, _)| user.as_str() > after && last.is_none_or(|last| user.as_str() <= last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogHead, LogStart, Room, RoomKind, RoomState, bucket::BucketHead};

    fn picture(end: u64) -> Picture {
        let head = LogHead {
            epoch: protocol::Epoch::from_key(1),
            seq: end,
            number: end,
            time_ms: 0,
            message_seq: 0,
            bucket: BucketHead::default(),
        };
        let room = Room {
            id: RoomId::from_key(7),
            kind: RoomKind::Group,
            name: String::new(),
            initiator: None,
            created_ms: 0,
            deleted: false,
            members_count: 0,
            retention_days: None,
        };
        Picture {
            known: Known {
                state: RoomState {
                    room,
                    start: LogStart::default(),
                    head,
                },
                last: None,
            },
            end,
            changed: HashMap::new(),
            moved: BTreeMap::new(),
            marked: BTreeMap::new(),
        }
    }

    fn entry(seq: u64) -> Entry {
        Entry {
            seq,
            number: seq,
            kind: crate::EntryKind::Participants,
            sender: None,
            actor: None,
            client: None,
            time_ms: 5,
            created_ms: 5,
            command_id: uuid::Uuid::nil(),
            reply_to: 0,
            target: 0,
            version: 0,
            deleted: false,
            body: Bytes::new(),
        }
    }

    fn member(name: &str, joined_seq: u64) -> Member {
        Member {
            user: name.parse().expect("an id"),
            role: Role::Member,
            joined_seq,
            joined_number: 0,
            joined_ms: 0,
            muted_until_ms: 0,
        }
    }

    fn names(members: &[Member]) -> Vec<&str> {
        members.iter().map(|member| member.user.as_str()).collect()
    }

    #[test]
    fn members_are_those_of_the_end_whatever_was_written_before_or_behind_it() {
        let mut picture = picture(10);
        let changes = vec![
            Change::Left("bob".into()),
            Change::Joined("carol".into(), Role::Member as u8),
            Change::RoleChanged("alice".into(), Role::Owner as u8),
        ];
        picture.follow(&entry(10), &changes).expect("it follows");
        let found = vec![member("alice", 0), member("bob", 3), member("dora", 11)];
        let members = picture.members(found, "", None);
        assert_eq!(names(&members), ["alice", "carol"]);
        assert_eq!(members[0].role, Role::Owner);
        // Written meanwhile: nothing is there twice, and each page has its own.
        let first = picture.members(vec![member("alice", 0)], "", Some("alice"));
        let second = picture.members(vec![member("carol", 10)], "alice", None);
        assert_eq!((names(&first), names(&second)), (vec!["alice"], vec!["carol"]));
    }

    #[test]
    fn marks_go_up_to_the_end_and_not_behind_it() {
        let mut picture = picture(10);
        let changes = vec![Change::Read("bob".into(), 10, 9), Change::Left("carol".into())];
        picture.follow(&entry(10), &changes).expect("it follows");
        let mark = |seq| Mark {
            read_seq: seq,
            read_number: seq,
            received_seq: seq,
        };
        let found = [("alice", mark(12)), ("bob", mark(2)), ("carol", mark(3))];
        let found = found.map(|(user, mark)| (user.to_owned(), mark)).into();
        let marks = picture.marks(found, ("", None), 9).expect("marks");
        let at_the_end = Mark {
            read_number: 9,
            ..mark(10)
        };
        let marks: Vec<_> = marks.iter().map(|(user, mark)| (user.as_str(), *mark)).collect();
        assert_eq!(marks, [("alice", at_the_end), ("bob", at_the_end)]);
    }
}
