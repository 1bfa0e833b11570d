//! Loading records in bulk. A call is checked as a whole before anything of it is written; what is there already stays as it is.

use futures_util::future;
use protocol::{RoomId, UserId};
use scylla::value::MaybeUnset;

use super::{
    LOADED, Result,
    log::Logs,
    writes::{Partition, Writes},
};
use crate::{
    Invitation, Mark, Member, RoomState, StoreError, User, UserEntry, UserLogHead,
    bucket::BucketHead,
    dump::{ChannelName, DirectPair, DumpRecord, Login, OWN_META_PREFIX},
    scylla::{
        Shared, accounts,
        client::{Client, Values},
        marks, retention,
        rows::signed,
        settle,
        stamp::stamp,
    },
    search::person_words,
};

/// Loads records in the order given.
pub(super) async fn load(shared: &Shared, records: &[DumpRecord]) -> Result<()> {
    check(records)?;
    let client = &shared.client;
    let logs = Logs::place(client, records).await?;
    let mut loading = Loading {
        shared,
        client,
        writes: Writes::default(),
    };
    for record in records {
        loading.take(record, &logs);
    }
    let ends = logs.write(client, &mut loading.writes);
    loading.writes.send(client).await?;
    // The end comes last: what it covers is there.
    let mut behind = Writes::default();
    for (room, bucket) in &ends {
        write_end(client, *room, bucket, &mut behind);
    }
    behind.send(client).await?;
    forget(shared, records).await;
    Ok(())
}

fn check(records: &[DumpRecord]) -> Result<()> {
    for record in records {
        if let DumpRecord::Meta(key, _) = record
            && key.starts_with(OWN_META_PREFIX)
        {
            let reason = format!("the value {key} belongs to a store itself");
            return Err(StoreError::Failed(reason).into());
        }
    }
    Ok(())
}

/// Says how far a log is loaded. Newer than what earlier calls said, older than anything that is appended.
fn write_end<'a>(client: &'a Client, room: RoomId, bucket: &BucketHead, writes: &mut Writes<'a>) {
    let last = bucket.first_seq + u64::from(bucket.rows) - 1;
    let values = (
        stamp(last) - 1,
        signed(bucket.bucket),
        signed(bucket.first_seq),
        bucket.first_ms,
        i32::try_from(bucket.rows).unwrap_or(i32::MAX),
        signed(bucket.bytes),
        room.key(),
    );
    writes.alone(&client.statements.load_head_bucket, Box::new(values));
}

/// What this process has read of the rooms before does not hold any more.
async fn forget(shared: &Shared, records: &[DumpRecord]) {
    let mut last = None;
    for record in records {
        let room = match record {
            DumpRecord::Room(state) => state.room.id,
            DumpRecord::Entry(room, _)
            | DumpRecord::Command(room, _)
            | DumpRecord::Member(room, _)
            | DumpRecord::Mark(room, ..) => *room,
            _ => continue,
        };
        if last.replace(room) == Some(room) {
            continue;
        }
        if let Some(cell) = shared.cells.existing(room) {
            let (mut owner, mut top) = future::join(cell.owner.lock(), cell.top_marks.lock()).await;
            owner.is_settled = false;
            owner.commands.forget();
            *top = None;
            cell.set_known(None);
        }
    }
}

/// A call on its way into writes.
struct Loading<'a> {
    shared: &'a Shared,
    client: &'a Client,
    writes: Writes<'a>,
}

impl<'a> Loading<'a> {
    fn take(&mut self, record: &DumpRecord, logs: &Logs) {
        match record {
            // These are with the logs.
            DumpRecord::Entry(..) => {}
            DumpRecord::Room(state) => self.room(state),
            DumpRecord::Command(room, command) => {
                logs.write_command(self.client, *room, command, &mut self.writes);
            }
            DumpRecord::Member(room, member) => self.member(*room, member),
            DumpRecord::Mark(room, user, mark) => self.mark(*room, user, mark),
            DumpRecord::Meta(key, value) => {
                let values = (key.clone(), value.clone(), LOADED);
                self.alone(&self.client.statements.load_meta, Box::new(values));
            }
            DumpRecord::User(user) => self.user(user),
            DumpRecord::Login(login) => self.login(login),
            DumpRecord::DirectPair(pair) => self.direct_pair(pair),
            DumpRecord::Channel(channel) => self.channel(channel),
            DumpRecord::UserLog(user, head) => self.user_log(user, head),
            DumpRecord::UserEntry(user, entry) => self.user_entry(user, entry),
            DumpRecord::Invitation(invitation) => self.invitation(invitation),
        }
    }

    fn alone(&mut self, statement: &'a crate::scylla::statements::Statement, values: Values) {
        self.writes.alone(statement, values);
    }

    /// What a creation that came to its end has written; its first members are among the members.
    fn room(&mut self, state: &RoomState) {
        let (statements, room) = (&self.client.statements, &state.room);
        let initiator = room.initiator.as_ref().map(|user| user.as_str().to_owned());
        let values = (
            room.id.key(),
            room.kind as i8,
            room.name.clone(),
            MaybeUnset::from_option(initiator),
            room.created_ms,
            self.shared.salt.stored(state.head.epoch),
            // Nothing to read until the first entry comes.
            signed(state.head.seq + 1),
            signed(state.start.number),
            LOADED,
        );
        self.alone(&statements.load_room, Box::new(values));
        let part = room.id.key().rem_euclid(i64::from(settle::KIND_PARTS)) as i8;
        let values = (room.kind as i8, part, room.id.key());
        self.alone(&statements.insert_room_by_kind, Box::new(values));
        if let Some(days) = room.retention_days {
            let values = retention::values(room.id, days, 0);
            self.alone(&statements.insert_retention, Box::new(values));
        }
        let mut begun = state.clone();
        begun.head.bucket = BucketHead::default();
        let values = settle::head_values(&begun, stamp(0));
        self.alone(&statements.write_head, Box::new(values));
    }

    fn member(&mut self, room: RoomId, member: &Member) {
        let statements = &self.client.statements;
        let values = || {
            (
                room.key(),
                member.user.as_str().to_owned(),
                member.role as i8,
                signed(member.joined_seq),
                signed(member.joined_number),
                member.joined_ms,
                member.muted_until_ms,
                stamp(member.joined_seq),
            )
        };
        let by_room = Partition::Members(room);
        self.writes.within(by_room, &statements.load_member, Box::new(values()));
        let by_user = Partition::MembersOf(member.user.clone());
        self.writes
            .within(by_user, &statements.load_member_by_user, Box::new(values()));
    }

    fn mark(&mut self, room: RoomId, user: &UserId, mark: &Mark) {
        let statements = &self.client.statements;
        let by_room = marks::writes_by_room(statements, room, user, mark);
        if !by_room.is_empty() {
            self.writes.together(Partition::Marks(room), 0, by_room);
        }
        let by_user = marks::writes_by_user(statements, room, user, mark);
        self.writes.together(Partition::MarksOf(user.clone()), 0, by_user);
    }

    fn user(&mut self, user: &User) {
        let statements = &self.client.statements;
        let (name, id) = (user.username.to_lowercase(), user.id.as_str().to_owned());
        let values = (name.clone(), id.clone(), user.created_ms, LOADED);
        self.alone(&statements.load_user_by_name, Box::new(values));
        let values = (
            id.clone(),
            user.username.clone(),
            MaybeUnset::from_option(user.password_hash.clone()),
            user.origin as i8,
            user.role as i8,
            user.info.to_vec(),
            user.status.clone(),
            user.created_ms,
            LOADED,
        );
        self.alone(&statements.load_user, Box::new(values));
        if !user.is_listed() {
            return;
        }
        let beginning = self.beginning(&name);
        let values = Box::new((beginning.clone(), name, id.clone()));
        self.writes
            .within(Partition::Names(beginning), &statements.insert_user_name, values);
        for word in person_words(user) {
            let beginning = self.beginning(&word);
            let values = Box::new((beginning.clone(), word, id.clone()));
            self.writes
                .within(Partition::Words(beginning), &statements.insert_person_word, values);
        }
    }

    fn beginning(&mut self, name: &str) -> String {
        let beginning = accounts::beginning(name);
        let statement = &self.client.statements.insert_beginning;
        self.writes.once(statement, &beginning);
        beginning
    }

    fn login(&mut self, login: &Login) {
        let (statements, session) = (&self.client.statements, &login.session);
        let values = (
            session.id,
            session.user.as_str().to_owned(),
            session.refresh_hash.to_vec(),
            session.created_ms,
            session.refreshed_ms,
            session.expires_ms,
            session.agent.clone(),
            LOADED,
        );
        self.alone(&statements.load_auth_session, Box::new(values));
        let values = (session.user.as_str().to_owned(), session.id);
        self.alone(&statements.insert_auth_session_of, Box::new(values));
        let in_force = (session.refresh_hash, 0);
        for (hash, number) in std::iter::once(&in_force).chain(&login.replaced) {
            let values = (hash.to_vec(), session.id, signed(*number), LOADED);
            self.alone(&statements.load_refresh_hash, Box::new(values));
            let values = (session.id, signed(*number), hash.to_vec());
            self.alone(&statements.insert_refresh_hash_of, Box::new(values));
        }
    }

    fn direct_pair(&mut self, pair: &DirectPair) {
        let (low, high) = (pair.low.as_str().to_owned(), pair.high.as_str().to_owned());
        let values = (low, high, pair.room.key(), LOADED);
        self.alone(&self.client.statements.load_direct_room, Box::new(values));
    }

    fn channel(&mut self, channel: &ChannelName) {
        let values = (channel.name.clone(), channel.room.key(), LOADED);
        self.alone(&self.client.statements.load_channel, Box::new(values));
    }

    fn invitation(&mut self, invitation: &Invitation) {
        let (statements, room) = (&self.client.statements, invitation.room.key());
        let values = (room, invitation.code.clone(), invitation.created_ms, LOADED);
        self.alone(&statements.load_invitation, Box::new(values));
        let values = (invitation.code.clone(), room, LOADED);
        self.alone(&statements.load_invitation_code, Box::new(values));
    }

    fn user_log(&mut self, user: &UserId, head: &UserLogHead) {
        let epoch = self.shared.salt.stored(head.epoch);
        let values = (LOADED, epoch, signed(head.seq), user.as_str().to_owned());
        self.alone(&self.client.statements.load_user_log, Box::new(values));
    }

    fn user_entry(&mut self, user: &UserId, entry: &UserEntry) {
        let values = (
            user.as_str().to_owned(),
            signed(entry.seq),
            entry.time_ms,
            entry.body.clone(),
            LOADED,
        );
        let write = (&self.client.statements.load_user_entry, Box::new(values) as _);
        let bytes = entry.body.len();
        self.writes.together(Partition::UserLog(user.clone()), bytes, [write]);
    }
}
