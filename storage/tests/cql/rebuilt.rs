//! What a room has to be like according to its log: rebuilt from the entries that were sent, by the contract's own words, and compared
//! with everything that the store says.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use protocol::{RoomId, UserId};
use storage::{
    Effect, Entry, EntryKind, LogHead, Mark, Member, NewEntry, NewRoom, Permit, RoomState, Store,
    conformance::kit::range,
};

/// A room as its entries make it.
pub struct Rebuilt {
    id: RoomId,
    name: String,
    deleted: bool,
    retention_days: Option<u32>,
    created: Vec<UserId>,
    entries: Vec<Entry>,
    members: BTreeMap<UserId, Member>,
    marks: BTreeMap<UserId, Mark>,
    /// Everybody who has ever been in it.
    people: Vec<UserId>,
}

impl Rebuilt {
    /// A room without entries.
    pub fn new(room: &NewRoom) -> Self {
        let members = room.members.iter().map(|(user, role)| {
            let member = Member {
                user: user.clone(),
                role: *role,
                joined_seq: 0,
                joined_number: 0,
                joined_ms: room.now_ms,
                muted_until_ms: 0,
            };
            (user.clone(), member)
        });
        let people: Vec<UserId> = room.members.iter().map(|(user, _)| user.clone()).collect();
        Self {
            id: room.id,
            name: room.name.clone(),
            deleted: false,
            retention_days: None,
            created: people.clone(),
            entries: Vec::new(),
            members: members.collect(),
            marks: BTreeMap::new(),
            people,
        }
    }

    /// The room with these entries.
    pub fn with(room: &NewRoom, entries: &[NewEntry]) -> Self {
        let mut rebuilt = Self::new(room);
        entries.iter().for_each(|new| rebuilt.take(new));
        rebuilt
    }

    /// A mark that somebody has moved by themselves.
    pub fn marked(&mut self, user: &UserId, mark: Mark) {
        let before = self.marks.entry(user.clone()).or_default();
        *before = before.advanced(mark);
    }

    fn row(&mut self, seq: u64) -> &mut Entry {
        &mut self.entries[seq as usize - 1]
    }

    fn take(&mut self, new: &NewEntry) {
        let mut entry = new.entry.clone();
        let seq = entry.seq;
        for effect in &new.effects {
            match effect {
                Effect::Edit { target, body } => {
                    let message = self.row(*target);
                    entry.version = std::mem::replace(&mut message.version, seq);
                    message.body = body.clone();
                }
                Effect::Delete { target } => entry.version = self.delete(*target, seq),
                Effect::MemberAdded(user, role) => self.join(user, *role, &entry),
                Effect::MemberRemoved(user) => {
                    self.members.remove(user);
                    self.marks.remove(user);
                }
                Effect::Renamed(name) => self.name.clone_from(name),
                Effect::RetentionChanged(days) => self.retention_days = *days,
                Effect::RoomDeleted => self.deleted = true,
                Effect::Read { user, seq, number } => {
                    let (read_seq, read_number, received_seq) = (*seq, *number, *seq);
                    self.marked(
                        user,
                        Mark {
                            read_seq,
                            read_number,
                            received_seq,
                        },
                    );
                }
            }
        }
        self.entries.push(entry);
    }

    fn join(&mut self, user: &UserId, role: storage::Role, entry: &Entry) {
        if let Some(member) = self.members.get_mut(user) {
            member.role = role;
            return;
        }
        self.people.push(user.clone());
        let member = Member {
            user: user.clone(),
            role,
            joined_seq: entry.seq,
            joined_number: entry.number,
            joined_ms: entry.time_ms,
            muted_until_ms: 0,
        };
        self.members.insert(user.clone(), member);
    }

    /// Empties a message and its versions; gives the newest version until now.
    fn delete(&mut self, target: u64, seq: u64) -> u64 {
        let message = self.row(target);
        (message.body, message.deleted) = (Bytes::new(), true);
        let newest = std::mem::replace(&mut message.version, seq);
        let mut next = newest;
        while next != 0 {
            let version = self.row(next);
            (version.body, version.deleted) = (Bytes::new(), true);
            next = version.version;
        }
        newest
    }

    /// Holds the store against it; `when` names the situation. Gives the log's end.
    pub async fn equals(&self, store: &Arc<dyn Store>, when: &str) -> LogHead {
        let permit = Permit::take_over(&Arc::default());
        let opened = store.open_log(self.id, &permit).await;
        let state = opened
            .expect("the log opens")
            .unwrap_or_else(|| panic!("{when}: the room is there"));
        self.has_state(&state, when);
        self.has_entries(store, when).await;
        self.has_dates(store, when).await;
        self.has_people(store, when).await;
        let behind = protocol::RoomId::from_key(self.id.key() - 1);
        let listed = store.retained_rooms(Some(behind), 1).await.expect("a read");
        let listed = listed.iter().find(|listed| listed.room == self.id);
        let listed = listed.map(|listed| listed.retention_days);
        assert_eq!(
            listed, self.retention_days,
            "{when}: among those that do not keep everything"
        );
        state.head
    }

    fn has_state(&self, state: &RoomState, when: &str) {
        let head = &state.head;
        let last = self.entries.last();
        assert_eq!(head.seq, self.entries.len() as u64, "{when}: the end");
        assert_eq!(head.number, last.map_or(0, |last| last.number), "{when}: the number");
        assert_eq!(head.time_ms, last.map_or(0, |last| last.time_ms), "{when}: the time");
        let message = self.entries.iter().rfind(|entry| entry.kind == EntryKind::Message);
        assert_eq!(
            head.message_seq,
            message.map_or(0, |entry| entry.seq),
            "{when}: the newest message"
        );
        assert_eq!(
            (&state.room.name, state.room.deleted, state.room.retention_days),
            (&self.name, self.deleted, self.retention_days),
            "{when}"
        );
        assert_eq!(
            state.room.members_count,
            self.members.len() as u64,
            "{when}: the count of members"
        );
    }

    async fn has_entries(&self, store: &Arc<dyn Store>, when: &str) {
        let found = store.entries(self.id, range(1, u64::MAX)).await.expect("a read");
        assert_eq!(found.len(), self.entries.len(), "{when}: the entries");
        for (found, expected) in found.iter().zip(&self.entries) {
            assert_eq!(found, expected, "{when}");
        }
        // In a long log the first ones and the last ones by seq.
        let (first, last) = (self.entries.iter().take(8), self.entries.iter().rev().take(8));
        for expected in first.chain(last) {
            let found = store.entry(self.id, expected.seq).await.expect("a read");
            assert_eq!(found.as_ref(), Some(expected), "{when}: by seq");
        }
    }

    async fn has_dates(&self, store: &Arc<dyn Store>, when: &str) {
        let mut times: Vec<i64> = self.entries.iter().map(|entry| entry.time_ms).collect();
        times.dedup();
        let kept = times.len().saturating_sub(8);
        let times = times
            .drain(kept..)
            .flat_map(|time_ms| [time_ms - 1, time_ms, time_ms + 1]);
        for time_ms in times {
            let expected = self.entries.iter().take_while(|entry| entry.time_ms < time_ms).count() as u64 + 1;
            let found = store.seq_at(self.id, time_ms).await.expect("a read");
            assert_eq!(found, expected, "{when}: the first from {time_ms} on");
        }
    }

    async fn has_people(&self, store: &Arc<dyn Store>, when: &str) {
        let members = store.members(self.id, None, 1_000).await.expect("a read");
        let expected: Vec<&Member> = self.members.values().collect();
        assert_eq!(members.iter().collect::<Vec<_>>(), expected, "{when}: the members");
        for user in self.created.iter().chain(&self.people) {
            let expected = self.marks.get(user).copied().unwrap_or_default();
            let mark = store.mark(self.id, user).await.expect("a read");
            assert_eq!(mark, expected, "{when}: how far {user} has read");
            let chat = store.chat_of(user, self.id).await.expect("a read");
            assert_eq!(
                chat.map(|chat| (chat.member, chat.mark)),
                self.member_and_mark(user),
                "{when}: {user}'s chat"
            );
            // By user there are rows of their own.
            let chats = store.chats_of(user, None, 10_000).await.expect("a read");
            let listed = chats.into_iter().find(|chat| chat.state.room.id == self.id);
            let expected = self.member_and_mark(user).filter(|_| !self.deleted);
            assert_eq!(
                listed.map(|chat| (chat.member, chat.mark)),
                expected,
                "{when}: in {user}'s list"
            );
        }
    }

    fn member_and_mark(&self, user: &UserId) -> Option<(Member, Mark)> {
        let mark = self.marks.get(user).copied().unwrap_or_default();
        self.members.get(user).map(|member| (member.clone(), mark))
    }
}
