//! Loading records in bulk. A row that is there already stays as it is.

use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    Entry, Mark, Member, RoomState, StoreError, User, UserEntry, UserLogHead,
    bucket::BucketHead,
    dump::{ChannelName, Command, DirectPair, DumpRecord, Login},
    sqlite::{
        accounts, append,
        failure::Fault,
        faults::Step,
        invitations,
        job::Context,
        rows::{self, signed},
        search,
    },
};

/// Loads records in the order given.
pub(super) fn load(context: &Context<'_>, records: &[DumpRecord]) -> Result<(), Fault> {
    let mut log: Option<LoadingLog> = None;
    for record in records {
        if let DumpRecord::Entry(room, entry) = record {
            if log.as_ref().is_none_or(|log| log.room != *room) {
                if let Some(before) = log.take() {
                    before.write_bucket(context.connection)?;
                }
                log = Some(LoadingLog::open(context.connection, *room)?);
            }
            if let Some(log) = &mut log {
                log.take_in(context, entry)?;
            }
        } else {
            insert(context, record)?;
        }
    }
    match log {
        Some(log) => Ok(log.write_bucket(context.connection)?),
        None => Ok(()),
    }
}

fn insert(context: &Context<'_>, record: &DumpRecord) -> Result<(), Fault> {
    let connection = context.connection;
    match record {
        // These go through the log that is open.
        DumpRecord::Entry(..) => {}
        DumpRecord::Room(state) => room(context, state)?,
        DumpRecord::Command(room, record) => command(connection, *room, record)?,
        DumpRecord::Member(room, record) => member(connection, *room, record)?,
        DumpRecord::Mark(room, user, record) => mark(connection, *room, user, record)?,
        DumpRecord::Meta(key, value) => meta(connection, key, value)?,
        DumpRecord::User(record) => user(connection, record)?,
        DumpRecord::Login(record) => login(connection, record)?,
        DumpRecord::DirectPair(record) => direct_pair(connection, record)?,
        DumpRecord::Channel(record) => channel(connection, record)?,
        DumpRecord::UserLog(user, head) => user_log(context, user, head)?,
        DumpRecord::UserEntry(user, entry) => user_entry(connection, user, entry)?,
        DumpRecord::Invitation(record) => invitations::insert(connection, record)?,
    }
    Ok(())
}

/// A log that entries are put into. Its end stands in the store from the beginning, as the room's record says; its
/// bucket says how far it is loaded.
struct LoadingLog {
    room: RoomId,
    bucket: BucketHead,
}

impl LoadingLog {
    fn open(connection: &Connection, room: RoomId) -> Result<Self, Fault> {
        let bucket = connection
            .prepare_cached(
                "SELECT bucket, bucket_first_seq, bucket_first_ms, bucket_rows, bucket_bytes FROM heads WHERE room = ?1",
            )?
            .query_row([room.key()], |row| {
                Ok(BucketHead {
                    bucket: rows::unsigned(row, 0)?,
                    first_seq: rows::unsigned(row, 1)?,
                    first_ms: row.get(2)?,
                    rows: row.get(3)?,
                    bytes: rows::unsigned(row, 4)?,
                })
            })
            .optional()?;
        match bucket {
            Some(bucket) => Ok(Self { room, bucket }),
            None => refuse(format!("an entry of room {room}, which is not there")),
        }
    }

    fn take_in(&mut self, context: &Context<'_>, entry: &Entry) -> Result<(), Fault> {
        if self.bucket.bucket > 0 {
            let next = self.bucket.first_seq + u64::from(self.bucket.rows);
            if entry.seq < next {
                return Ok(());
            }
            if entry.seq > next {
                return refuse(format!("room {}: entry {} where {next} belongs", self.room, entry.seq));
            }
        }
        let place = self.bucket.place(0, entry.seq, entry.time_ms, entry.body.len());
        if place.opens {
            append::open_bucket(context, self.room.key(), &place.head)?;
        }
        context.faults.statement(Step::Entry)?;
        append::insert(context.connection, self.room.key(), entry, entry.version, &place.head)?;
        self.bucket = place.head;
        Ok(())
    }

    fn write_bucket(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "UPDATE heads SET bucket = ?2, bucket_first_seq = ?3, bucket_first_ms = ?4, bucket_rows = ?5, \
                 bucket_bytes = ?6 WHERE room = ?1",
            )?
            .execute(params![
                self.room.key(),
                signed(self.bucket.bucket),
                signed(self.bucket.first_seq),
                self.bucket.first_ms,
                self.bucket.rows,
                signed(self.bucket.bytes),
            ])?;
        Ok(())
    }
}

fn refuse<T>(reason: String) -> Result<T, Fault> {
    Err(Fault::Refused(StoreError::Failed(reason)))
}

fn room(context: &Context<'_>, state: &RoomState) -> rusqlite::Result<()> {
    let (room, head) = (&state.room, &state.head);
    context
        .connection
        .prepare_cached(
            "INSERT INTO rooms (room, kind, name, initiator, created_ms, deleted, members_count) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            room.id.key(),
            room.kind as u8,
            room.name,
            room.initiator.as_ref().map(UserId::as_str),
            room.created_ms,
            room.deleted,
            signed(room.members_count),
        ])?;
    context
        .connection
        .prepare_cached("INSERT INTO heads VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING")?
        .execute(params![
            room.id.key(),
            context.salt.stored(head.epoch),
            signed(head.seq),
            signed(head.number),
            head.time_ms,
            signed(head.message_seq),
        ])?;
    Ok(())
}

fn command(connection: &Connection, room: RoomId, command: &Command) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO client_msg_ids (room, sender, command_id, seq, time_ms) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            room.key(),
            command.sender.as_str(),
            command.command_id.as_bytes(),
            signed(command.seq),
            command.time_ms,
        ])?;
    Ok(())
}

fn member(connection: &Connection, room: RoomId, member: &Member) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO members (room, user, role, joined_seq, joined_number, joined_ms, muted_until_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            room.key(),
            member.user.as_str(),
            member.role as u8,
            signed(member.joined_seq),
            signed(member.joined_number),
            member.joined_ms,
            member.muted_until_ms,
        ])?;
    Ok(())
}

fn mark(connection: &Connection, room: RoomId, user: &UserId, mark: &Mark) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO marks (room, user, read_seq, read_number, received_seq) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            room.key(),
            user.as_str(),
            signed(mark.read_seq),
            signed(mark.read_number),
            signed(mark.received_seq),
        ])?;
    Ok(())
}

fn meta(connection: &Connection, key: &str, value: &[u8]) -> Result<(), Fault> {
    if key.starts_with(crate::dump::OWN_META_PREFIX) {
        return refuse(format!("the value {key} belongs to a store itself"));
    }
    connection
        .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![key, value])?;
    Ok(())
}

fn user(connection: &Connection, user: &User) -> rusqlite::Result<()> {
    // A user who is there already stays as they are.
    accounts::insert(connection, user)?;
    search::add_person(connection, user)
}

fn login(connection: &Connection, login: &Login) -> rusqlite::Result<()> {
    let session = &login.session;
    connection
        .prepare_cached(
            "INSERT INTO auth_sessions (session, user, refresh_hash, created_ms, refreshed_ms, expires_ms, agent) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            session.id.as_bytes(),
            session.user.as_str(),
            session.refresh_hash,
            session.created_ms,
            session.refreshed_ms,
            session.expires_ms,
            session.agent,
        ])?;
    let mut token = connection.prepare_cached(
        "INSERT INTO refresh_hashes (refresh_hash, session, replaced) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    let in_force = (session.refresh_hash, 0);
    for (hash, number) in std::iter::once(&in_force).chain(&login.replaced) {
        token.execute(params![hash, session.id.as_bytes(), signed(*number)])?;
    }
    Ok(())
}

fn direct_pair(connection: &Connection, pair: &DirectPair) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO direct_rooms (low, high, room) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![pair.low.as_str(), pair.high.as_str(), pair.room.key()])?;
    Ok(())
}

fn channel(connection: &Connection, channel: &ChannelName) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO channels (name, room) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![channel.name, channel.room.key()])?;
    Ok(())
}

fn user_log(context: &Context<'_>, user: &UserId, head: &UserLogHead) -> rusqlite::Result<()> {
    context
        .connection
        .prepare_cached("INSERT INTO user_logs (user, epoch, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![
            user.as_str(),
            context.salt.stored(head.epoch),
            signed(head.seq)
        ])?;
    Ok(())
}

fn user_entry(connection: &Connection, user: &UserId, entry: &UserEntry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO user_entries (user, seq, time_ms, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            user.as_str(),
            signed(entry.seq),
            entry.time_ms,
            entry.body.as_ref()
        ])?;
    Ok(())
}
