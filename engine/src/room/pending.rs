//! The room as it will be once the batch under way is committed: commands are decided against this, so that each sees what those before it do.

use std::collections::HashMap;

use bytes::Bytes;
use protocol::{Error, ErrorCode, UserId};
use storage::{Effect, Entry, EntryKind, LogHead, Member, NewEntry, Role, Room, RoomKind};
use uuid::Uuid;

use super::{
    lookup::{Unreadable, View},
    open::Log,
};
use crate::rooms::{Command, Taken};

/// The uncommitted state and the entries that lead to it.
pub(super) struct Pending<'a> {
    view: &'a View,
    /// The room with the changes so far.
    pub(super) room: Room,
    /// Entries so far, in order of seq.
    pub(super) entries: Vec<NewEntry>,
    /// Memberships that the batch changes.
    pub(super) members: HashMap<UserId, Option<Member>>,
    /// Messages that the batch changes, as they will be.
    changed: HashMap<u64, Entry>,
    /// Entries of the batch by who asked for them under which id of their own.
    ids: HashMap<(UserId, Uuid), usize>,
    first_seq: u64,
    head: LogHead,
    now_ms: i64,
}

/// What differs from entry to entry; [`Pending::push`] adds its place and time.
pub(super) struct Draft {
    /// What happens.
    pub(super) kind: EntryKind,
    /// The author; None: whoever asks.
    pub(super) author: Option<Entry>,
    /// The seq of the message replied to; 0: none.
    pub(super) reply_to: u64,
    /// What is stored.
    pub(super) body: Bytes,
    /// What changes with it; given the entry.
    pub(super) effects: Vec<Effect>,
}

impl Draft {
    /// An entry of the caller's own, without effects.
    pub(super) fn new(kind: EntryKind, body: Bytes) -> Self {
        Self {
            kind,
            author: None,
            reply_to: 0,
            body,
            effects: Vec::new(),
        }
    }
}

impl<'a> Pending<'a> {
    /// Nothing is decided yet.
    pub(super) fn new(log: &Log, view: &'a View, now_ms: i64) -> Self {
        Self {
            view,
            room: log.room.clone(),
            entries: Vec::new(),
            members: HashMap::new(),
            changed: HashMap::new(),
            ids: HashMap::new(),
            first_seq: log.head.seq + 1,
            head: log.head.clone(),
            // Times of one room never go back, whatever the clock does.
            now_ms: now_ms.max(log.head.time_ms),
        }
    }

    /// The time of the batch, Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The seq of the next entry.
    pub(super) fn next_seq(&self) -> u64 {
        self.head.seq + 1
    }

    /// A membership, with what the batch has changed.
    pub(super) fn member(&self, user: &UserId) -> Result<Option<&Member>, Error> {
        if let Some(changed) = self.members.get(user) {
            return Ok(changed.as_ref());
        }
        match self.view.members.get(user) {
            Some(Ok(member)) => Ok(member.as_ref()),
            Some(Err(Unreadable)) => Err(ErrorCode::Unavailable.into()),
            None => Ok(None),
        }
    }

    /// The message at a seq, with what the batch has changed. Deleted ones and other entries are not there.
    pub(super) fn message(&self, seq: u64) -> Result<&Entry, Error> {
        let found = if let Some(changed) = self.changed.get(&seq) {
            Some(changed)
        } else if seq >= self.first_seq {
            let index = usize::try_from(seq - self.first_seq).unwrap_or(usize::MAX);
            self.entries.get(index).map(|new| &new.entry)
        } else {
            match self.view.entries.get(&seq) {
                Some(Ok(entry)) => entry.as_ref(),
                Some(Err(Unreadable)) => return Err(ErrorCode::Unavailable.into()),
                None => None,
            }
        };
        found
            .filter(|entry| entry.kind == EntryKind::Message && !entry.deleted)
            .ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Notes what a message will be.
    pub(super) fn change_message(&mut self, message: Entry) {
        self.changed.insert(message.seq, message);
    }

    /// Adds or promotes a member at the next seq; gives nothing when there is nothing to change.
    pub(super) fn set_member(&mut self, user: &UserId, role: Role) -> Result<(), Error> {
        let member = match self.member(user)? {
            Some(member) => Member { role, ..member.clone() },
            None => {
                self.room.members_count += 1;
                Member {
                    user: user.clone(),
                    role,
                    joined_seq: self.next_seq(),
                    joined_number: self.head.number,
                    joined_ms: self.now_ms,
                    muted_until_ms: 0,
                }
            }
        };
        self.members.insert(user.clone(), Some(member));
        Ok(())
    }

    /// Removes a member.
    pub(super) fn remove_member(&mut self, user: &UserId) {
        self.room.members_count = self.room.members_count.saturating_sub(1);
        self.members.insert(user.clone(), None);
    }

    /// Gives an entry its place, number and time, and puts it into the batch. Gives its index.
    pub(super) fn push(&mut self, taken: &Taken, draft: Draft) -> usize {
        let Command { caller, .. } = &*taken.command;
        let seq = self.next_seq();
        // What should make somebody look gets a number.
        let is_numbered = matches!(draft.kind, EntryKind::Message | EntryKind::Publication);
        let number = self.head.number + u64::from(is_numbered);
        let person = (!caller.is_system() && !caller.is_anonymous()).then(|| caller.user.clone());
        let target = draft.author;
        let sender = target
            .as_ref()
            .map_or_else(|| person.clone(), |target| target.sender.clone());
        let entry = Entry {
            seq,
            number,
            kind: draft.kind,
            actor: person.filter(|person| sender.as_ref() != Some(person)),
            sender,
            client: caller.client.filter(|_| self.room.kind == RoomKind::Channel),
            time_ms: self.now_ms,
            created_ms: target.as_ref().map_or(self.now_ms, |target| target.created_ms),
            command_id: taken.command_id,
            reply_to: target.as_ref().map_or(draft.reply_to, |target| target.reply_to),
            target: target.as_ref().map_or(0, |target| target.seq),
            version: target.as_ref().map_or(0, |target| target.version),
            deleted: draft.kind == EntryKind::Delete,
            body: draft.body,
        };
        let mut effects = draft.effects;
        if entry.kind == EntryKind::Message
            && let Some(user) = entry.sender.clone()
        {
            // Who sends has read: one's own mark, nobody else's.
            effects.push(Effect::Read { user, seq, number });
        }
        self.head.seq = seq;
        self.head.number = number;
        let index = self.entries.len();
        let is_repeatable = taken.command.is_repeatable();
        if is_repeatable {
            self.ids.insert((caller.user.clone(), taken.command_id), index);
        }
        self.entries.push(NewEntry {
            entry,
            is_repeatable,
            effects,
        });
        index
    }

    /// The entry of the batch that the same caller asked for under the same id.
    pub(super) fn repeated(&self, taken: &Taken) -> Option<usize> {
        if !taken.command.is_repeatable() {
            return None;
        }
        self.ids
            .get(&(taken.command.caller.user.clone(), taken.command_id))
            .copied()
    }
}
