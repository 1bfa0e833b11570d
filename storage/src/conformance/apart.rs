//! A store of its own inside one that many stories share, for backends whose tables take long to make: it puts a prefix before every name
//! on the way in and takes it off on the way out. What belongs to the whole store (lists of all rooms, the epochs' salt) is not apart;
//! stories about that need a store of their own.

use std::sync::Arc;

use async_trait::async_trait;
use protocol::{RoomId, UserId};
use uuid::Uuid;

use crate::{
    AccountRepository, AppendBatch, AppendError, AuthSession, Chat, Effect, Entry, EntryRange, Invitation,
    InvitationRepository, LogHead, LogRepository, Mark, MarkRepository, Member, MemberRepository, MetaRepository,
    NewRoom, Permit, RefreshOutcome, Room, RoomCreated, RoomKind, RoomRepository, RoomState, SearchBacklog,
    SearchRepository, SearchScope, SegmentId, Store, StoreError, TopMarks, User, UserChange, UserEntry, UserFact,
    UserLogHead, UserLogRepository,
    dump::{Dump, DumpRecord, DumpRepository, ImportBegun, ImportMark},
    search::{Block, SearchState},
};

/// A part of a store that sees only its own names.
pub struct Apart {
    store: Arc<dyn Store>,
    prefix: String,
}

impl Apart {
    /// A part of `store`; `prefix` has small letters and digits only, and no other part has it.
    pub fn new(store: Arc<dyn Store>, prefix: &str) -> Self {
        let prefix = format!("{prefix}-");
        Self { store, prefix }
    }

    fn text_in(&self, text: &str) -> String {
        format!("{}{text}", self.prefix)
    }

    fn text_out(&self, text: &str) -> String {
        text.strip_prefix(&self.prefix).unwrap_or(text).to_owned()
    }

    fn user_in(&self, user: &UserId) -> UserId {
        self.text_in(user.as_str()).parse().expect("a longer name is an id too")
    }

    fn user_out(&self, user: &UserId) -> UserId {
        self.text_out(user.as_str())
            .parse()
            .unwrap_or_else(|_| UserId::anonymous())
    }

    fn entry_in(&self, entry: &mut Entry) {
        entry.sender = entry.sender.as_ref().map(|user| self.user_in(user));
        entry.actor = entry.actor.as_ref().map(|user| self.user_in(user));
    }

    fn entry_out(&self, mut entry: Entry) -> Entry {
        entry.sender = entry.sender.as_ref().map(|user| self.user_out(user));
        entry.actor = entry.actor.as_ref().map(|user| self.user_out(user));
        entry
    }

    fn effect_in(&self, effect: &Effect) -> Effect {
        match effect.clone() {
            Effect::MemberAdded(user, role) => Effect::MemberAdded(self.user_in(&user), role),
            Effect::MemberRemoved(user) => Effect::MemberRemoved(self.user_in(&user)),
            Effect::Read { user, seq, number } => Effect::Read {
                user: self.user_in(&user),
                seq,
                number,
            },
            other => other,
        }
    }

    fn room_out(&self, mut room: Room) -> Room {
        if room.kind == RoomKind::Channel {
            room.name = self.text_out(&room.name);
        }
        room.initiator = room.initiator.as_ref().map(|user| self.user_out(user));
        room
    }

    fn state_out(&self, state: RoomState) -> RoomState {
        RoomState {
            room: self.room_out(state.room),
            ..state
        }
    }

    fn member_out(&self, member: Member) -> Member {
        Member {
            user: self.user_out(&member.user),
            ..member
        }
    }

    fn chat_out(&self, chat: Chat) -> Chat {
        Chat {
            state: self.state_out(chat.state),
            member: self.member_out(chat.member),
            last: chat.last.map(|last| self.entry_out(last)),
            ..chat
        }
    }

    fn account_out(&self, user: User) -> User {
        User {
            id: self.user_out(&user.id),
            username: self.text_out(&user.username),
            ..user
        }
    }

    fn invitation_out(&self, invitation: Invitation) -> Invitation {
        Invitation {
            code: self.text_out(&invitation.code),
            ..invitation
        }
    }

    fn login_out(&self, login: AuthSession) -> AuthSession {
        AuthSession {
            user: self.user_out(&login.user),
            ..login
        }
    }

    /// Another hash for each part: a token is known to one of them only.
    fn hash_in(&self, mut hash: [u8; 32]) -> [u8; 32] {
        for (at, byte) in self.prefix.bytes().enumerate() {
            hash[at % 32] ^= byte;
        }
        hash
    }
}

#[async_trait]
impl LogRepository for Apart {
    async fn open_log(&self, room: RoomId, permit: &Permit) -> Result<Option<RoomState>, StoreError> {
        let found = self.store.open_log(room, permit).await?;
        Ok(found.map(|state| self.state_out(state)))
    }

    async fn append(&self, mut batch: AppendBatch) -> Result<LogHead, AppendError> {
        for new in &mut batch.entries {
            self.entry_in(&mut new.entry);
            new.effects = new.effects.iter().map(|effect| self.effect_in(effect)).collect();
        }
        self.store.append(batch).await
    }

    async fn entries(&self, room: RoomId, range: EntryRange) -> Result<Vec<Entry>, StoreError> {
        let found = self.store.entries(room, range).await?;
        Ok(found.into_iter().map(|entry| self.entry_out(entry)).collect())
    }

    async fn entry(&self, room: RoomId, seq: u64) -> Result<Option<Entry>, StoreError> {
        let found = self.store.entry(room, seq).await?;
        Ok(found.map(|entry| self.entry_out(entry)))
    }

    async fn seq_at(&self, room: RoomId, time_ms: i64) -> Result<u64, StoreError> {
        self.store.seq_at(room, time_ms).await
    }

    async fn find_command(
        &self,
        room: RoomId,
        sender: &UserId,
        command_id: Uuid,
        now_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        let sender = self.user_in(sender);
        self.store.find_command(room, &sender, command_id, now_ms).await
    }
}

#[async_trait]
impl RoomRepository for Apart {
    async fn create_room(&self, mut room: NewRoom) -> Result<RoomCreated, StoreError> {
        if room.kind == RoomKind::Channel {
            room.name = self.text_in(&room.name);
        }
        room.initiator = room.initiator.as_ref().map(|user| self.user_in(user));
        for (user, _) in &mut room.members {
            *user = self.user_in(user);
        }
        Ok(match self.store.create_room(room).await? {
            RoomCreated::New(state) => RoomCreated::New(self.state_out(state)),
            RoomCreated::Existing(state) => RoomCreated::Existing(self.state_out(state)),
        })
    }

    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        let found = self.store.room(room).await?;
        Ok(found.map(|state| self.state_out(state)))
    }

    async fn channel(&self, name: &str) -> Result<Option<Room>, StoreError> {
        let found = self.store.channel(&self.text_in(name)).await?;
        Ok(found.map(|room| self.room_out(room)))
    }

    async fn rooms(&self, kind: RoomKind, after: Option<RoomId>, limit: usize) -> Result<Vec<Room>, StoreError> {
        let found = self.store.rooms(kind, after, limit).await?;
        Ok(found.into_iter().map(|room| self.room_out(room)).collect())
    }

    async fn purge_log(&self, room: RoomId, permit: &Permit) -> Result<RoomState, StoreError> {
        Ok(self.state_out(self.store.purge_log(room, permit).await?))
    }
}

#[async_trait]
impl MemberRepository for Apart {
    async fn room_for(&self, room: RoomId, user: &UserId) -> Result<Option<(RoomState, Option<Member>)>, StoreError> {
        let found = self.store.room_for(room, &self.user_in(user)).await?;
        Ok(found.map(|(state, member)| (self.state_out(state), member.map(|member| self.member_out(member)))))
    }

    async fn member(&self, room: RoomId, user: &UserId) -> Result<Option<Member>, StoreError> {
        let found = self.store.member(room, &self.user_in(user)).await?;
        Ok(found.map(|member| self.member_out(member)))
    }

    async fn members(&self, room: RoomId, after: Option<&UserId>, limit: usize) -> Result<Vec<Member>, StoreError> {
        let after = after.map(|user| self.user_in(user));
        let found = self.store.members(room, after.as_ref(), limit).await?;
        Ok(found.into_iter().map(|member| self.member_out(member)).collect())
    }

    async fn members_of(&self, room: RoomId, users: &[UserId]) -> Result<Vec<Member>, StoreError> {
        let users: Vec<UserId> = users.iter().map(|user| self.user_in(user)).collect();
        let found = self.store.members_of(room, &users).await?;
        Ok(found.into_iter().map(|member| self.member_out(member)).collect())
    }

    async fn chats_of(
        &self,
        user: &UserId,
        before: Option<(i64, RoomId)>,
        limit: usize,
    ) -> Result<Vec<Chat>, StoreError> {
        let found = self.store.chats_of(&self.user_in(user), before, limit).await?;
        Ok(found.into_iter().map(|chat| self.chat_out(chat)).collect())
    }

    async fn chat_of(&self, user: &UserId, room: RoomId) -> Result<Option<Chat>, StoreError> {
        let found = self.store.chat_of(&self.user_in(user), room).await?;
        Ok(found.map(|chat| self.chat_out(chat)))
    }

    async fn mute_member(&self, room: RoomId, user: &UserId, until_ms: i64) -> Result<(), StoreError> {
        self.store.mute_member(room, &self.user_in(user), until_ms).await
    }
}

#[async_trait]
impl MarkRepository for Apart {
    async fn advance_mark(&self, room: RoomId, user: &UserId, mark: Mark) -> Result<(Mark, Mark), StoreError> {
        self.store.advance_mark(room, &self.user_in(user), mark).await
    }

    async fn mark(&self, room: RoomId, user: &UserId) -> Result<Mark, StoreError> {
        self.store.mark(room, &self.user_in(user)).await
    }

    async fn top_marks(&self, room: RoomId) -> Result<TopMarks, StoreError> {
        let top = self.store.top_marks(room).await?;
        let out = |marks: Vec<(UserId, u64)>| {
            marks
                .into_iter()
                .map(|(user, seq)| (self.user_out(&user), seq))
                .collect()
        };
        Ok(TopMarks {
            read: out(top.read),
            received: out(top.received),
        })
    }
}

#[async_trait]
impl AccountRepository for Apart {
    async fn create_user(&self, mut user: User) -> Result<(), StoreError> {
        user.id = self.user_in(&user.id);
        user.username = self.text_in(&user.username);
        self.store.create_user(user).await
    }

    async fn user(&self, user: &UserId) -> Result<Option<User>, StoreError> {
        let found = self.store.user(&self.user_in(user)).await?;
        Ok(found.map(|user| self.account_out(user)))
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>, StoreError> {
        let found = self.store.user_by_name(&self.text_in(username)).await?;
        Ok(found.map(|user| self.account_out(user)))
    }

    async fn users_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<User>, StoreError> {
        let found = self.store.users_by_prefix(&self.text_in(prefix), limit).await?;
        Ok(found.into_iter().map(|user| self.account_out(user)).collect())
    }

    async fn change_user(&self, user: &UserId, change: UserChange) -> Result<User, StoreError> {
        let changed = self.store.change_user(&self.user_in(user), change).await?;
        Ok(self.account_out(changed))
    }

    async fn create_session(&self, mut session: AuthSession) -> Result<(), StoreError> {
        session.user = self.user_in(&session.user);
        session.refresh_hash = self.hash_in(session.refresh_hash);
        self.store.create_session(session).await
    }

    async fn rotate_session(
        &self,
        presented: [u8; 32],
        next: [u8; 32],
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<RefreshOutcome, StoreError> {
        let (presented, next) = (self.hash_in(presented), self.hash_in(next));
        let outcome = self.store.rotate_session(presented, next, now_ms, expires_ms).await?;
        Ok(match outcome {
            RefreshOutcome::Rotated(login) => RefreshOutcome::Rotated(self.with_own_hash(login)),
            other => other,
        })
    }

    async fn session(&self, session: Uuid) -> Result<Option<AuthSession>, StoreError> {
        let found = self.store.session(session).await?;
        Ok(found.map(|login| self.with_own_hash(login)))
    }

    async fn sessions_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<AuthSession>, StoreError> {
        let found = self.store.sessions_of(&self.user_in(user), now_ms).await?;
        Ok(found.into_iter().map(|login| self.with_own_hash(login)).collect())
    }

    async fn end_session(&self, user: &UserId, session: Uuid) -> Result<bool, StoreError> {
        self.store.end_session(&self.user_in(user), session).await
    }
}

impl Apart {
    fn with_own_hash(&self, login: AuthSession) -> AuthSession {
        let mut login = self.login_out(login);
        login.refresh_hash = self.hash_in(login.refresh_hash);
        login
    }
}

#[async_trait]
impl InvitationRepository for Apart {
    async fn create_invitation(&self, mut new: Invitation) -> Result<Invitation, StoreError> {
        new.code = self.text_in(&new.code);
        let counts = self.store.create_invitation(new).await?;
        Ok(self.invitation_out(counts))
    }

    async fn invitation(&self, code: &str) -> Result<Option<Invitation>, StoreError> {
        let found = self.store.invitation(&self.text_in(code)).await?;
        Ok(found.map(|invitation| self.invitation_out(invitation)))
    }

    async fn invitation_of(&self, room: RoomId) -> Result<Option<Invitation>, StoreError> {
        let found = self.store.invitation_of(room).await?;
        Ok(found.map(|invitation| self.invitation_out(invitation)))
    }

    async fn end_invitation(&self, room: RoomId) -> Result<bool, StoreError> {
        self.store.end_invitation(room).await
    }
}

#[async_trait]
impl UserLogRepository for Apart {
    async fn append_facts(&self, facts: Vec<UserFact>, now_ms: i64) -> Result<Vec<u64>, StoreError> {
        let facts = facts.into_iter().map(|fact| UserFact {
            user: self.user_in(&fact.user),
            ..fact
        });
        self.store.append_facts(facts.collect(), now_ms).await
    }

    async fn user_log_head(&self, user: &UserId) -> Result<UserLogHead, StoreError> {
        self.store.user_log_head(&self.user_in(user)).await
    }

    async fn user_entries(
        &self,
        user: &UserId,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<UserEntry>, StoreError> {
        self.store.user_entries(&self.user_in(user), first, last, limit).await
    }
}

#[async_trait]
impl MetaRepository for Apart {
    async fn meta_or_insert(&self, key: &str, value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.store.meta_or_insert(&self.text_in(key), value).await
    }

    async fn renew_epochs(&self) -> Result<(), StoreError> {
        self.store.renew_epochs().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

#[async_trait]
impl SearchRepository for Apart {
    async fn search_scope(&self, user: &UserId, limit: usize) -> Result<Vec<SearchScope>, StoreError> {
        self.store.search_scope(&self.user_in(user), limit).await
    }

    async fn search_state(&self, room: RoomId) -> Result<SearchState, StoreError> {
        self.store.search_state(room).await
    }

    async fn replace_search_state(&self, room: RoomId, state: SearchState) -> Result<bool, StoreError> {
        self.store.replace_search_state(room, state).await
    }

    async fn put_search_blocks(&self, segment: SegmentId, blocks: Vec<Block>) -> Result<(), StoreError> {
        self.store.put_search_blocks(segment, blocks).await
    }

    async fn search_blocks(&self, places: Vec<(SegmentId, Vec<u8>)>) -> Result<Vec<Option<Block>>, StoreError> {
        self.store.search_blocks(places).await
    }

    async fn search_blocks_behind(
        &self,
        segment: SegmentId,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Block>, StoreError> {
        self.store.search_blocks_behind(segment, after, limit).await
    }

    async fn remove_search_blocks(&self, segment: SegmentId) -> Result<bool, StoreError> {
        self.store.remove_search_blocks(segment).await
    }

    async fn search_backlog(&self, after: Option<RoomId>, limit: usize) -> Result<Vec<SearchBacklog>, StoreError> {
        self.store.search_backlog(after, limit).await
    }

    async fn entries_at(&self, places: Vec<(RoomId, u64)>) -> Result<Vec<Option<Entry>>, StoreError> {
        let found = self.store.entries_at(places).await?;
        Ok(found
            .into_iter()
            .map(|entry| entry.map(|entry| self.entry_out(entry)))
            .collect())
    }

    async fn people_by_word(&self, beginning: &str, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let found = self.store.people_by_word(beginning, limit).await?;
        Ok(found.iter().map(|user| self.user_out(user)).collect())
    }

    async fn users_at(&self, users: Vec<UserId>) -> Result<Vec<User>, StoreError> {
        let users = users.iter().map(|user| self.user_in(user)).collect();
        let found = self.store.users_at(users).await?;
        Ok(found.into_iter().map(|user| self.account_out(user)).collect())
    }
}

/// A dump is one of the whole store.
#[async_trait]
impl DumpRepository for Apart {
    async fn open_dump(&self, commands_since_ms: i64) -> Result<Box<dyn Dump>, StoreError> {
        self.store.open_dump(commands_since_ms).await
    }

    async fn begin_import(&self, mark: &ImportMark) -> Result<ImportBegun, StoreError> {
        self.store.begin_import(mark).await
    }

    async fn import_mark(&self) -> Result<Option<ImportMark>, StoreError> {
        self.store.import_mark().await
    }

    async fn set_import_mark(&self, mark: Option<&ImportMark>) -> Result<(), StoreError> {
        self.store.set_import_mark(mark).await
    }

    async fn load(&self, records: Vec<DumpRecord>) -> Result<(), StoreError> {
        self.store.load(records).await
    }
}
