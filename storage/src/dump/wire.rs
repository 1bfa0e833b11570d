//! Records as they stand in files: what is stored, converted by hand from and to the rows of the traits.
//!
//! Each is an array in MessagePack (<https://github.com/msgpack/msgpack/blob/master/spec.md>), its fields in the order given
//! here. A field may be added at an end; anything else is another [`FORMAT`](super::FORMAT). The same bytes are what a record's
//! hash is of, therefore nothing stands in them that differs between two stores with the same content: no epoch, no bucket.

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ChannelName, Command, DirectPair, DumpRecord, Login, RecordKind};
use crate::{
    AuthSession, Entry, EntryKind, LogHead, Mark, Member, Origin, Role, Room, RoomKind, RoomState, User, UserEntry,
    UserLogHead, UserRole, bucket::BucketHead,
};

/// Bytes are no record of this version.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("{0}")]
    Malformed(#[from] rmp_serde::decode::Error),
    #[error("not {0}")]
    Value(&'static str),
}

/// Byte strings, borrowed: serde alone would write them as arrays of numbers.
mod blob {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<&'a [u8], D::Error> {
        <&'a [u8]>::deserialize(from)
    }
}

/// A byte string.
#[derive(Serialize, Deserialize)]
struct Blob<'a>(#[serde(borrow, with = "blob")] &'a [u8]);

#[derive(Serialize, Deserialize)]
struct RoomWire<'a> {
    room: i64,
    kind: u8,
    name: &'a str,
    initiator: Option<&'a str>,
    created_ms: i64,
    deleted: bool,
    members_count: u64,
    seq: u64,
    number: u64,
    time_ms: i64,
    message_seq: u64,
}

#[derive(Serialize, Deserialize)]
struct EntryWire<'a> {
    room: i64,
    seq: u64,
    number: u64,
    kind: u8,
    sender: Option<&'a str>,
    actor: Option<&'a str>,
    #[serde(borrow)]
    client: Option<Blob<'a>>,
    time_ms: i64,
    created_ms: i64,
    command_id: Blob<'a>,
    reply_to: u64,
    target: u64,
    version: u64,
    deleted: bool,
    body: Blob<'a>,
}

#[derive(Serialize, Deserialize)]
struct CommandWire<'a> {
    room: i64,
    sender: &'a str,
    #[serde(borrow)]
    command_id: Blob<'a>,
    seq: u64,
    time_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct MemberWire<'a> {
    room: i64,
    user: &'a str,
    role: u8,
    joined_seq: u64,
    joined_number: u64,
    joined_ms: i64,
    muted_until_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct MarkWire<'a> {
    room: i64,
    user: &'a str,
    read_seq: u64,
    read_number: u64,
    received_seq: u64,
}

#[derive(Serialize, Deserialize)]
struct MetaWire<'a> {
    key: &'a str,
    #[serde(borrow)]
    value: Blob<'a>,
}

#[derive(Serialize, Deserialize)]
struct UserWire<'a> {
    user: &'a str,
    username: &'a str,
    password_hash: Option<&'a str>,
    origin: u8,
    role: u8,
    #[serde(borrow)]
    info: Blob<'a>,
    status: &'a str,
    created_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct LoginWire<'a> {
    #[serde(borrow)]
    session: Blob<'a>,
    user: &'a str,
    refresh_hash: Blob<'a>,
    created_ms: i64,
    refreshed_ms: i64,
    expires_ms: i64,
    agent: &'a str,
    replaced: Vec<(Blob<'a>, u64)>,
}

#[derive(Serialize, Deserialize)]
struct DirectPairWire<'a> {
    low: &'a str,
    high: &'a str,
    room: i64,
}

#[derive(Serialize, Deserialize)]
struct ChannelWire<'a> {
    name: &'a str,
    room: i64,
}

#[derive(Serialize, Deserialize)]
struct UserLogWire<'a> {
    user: &'a str,
    seq: u64,
}

#[derive(Serialize, Deserialize)]
struct UserEntryWire<'a> {
    user: &'a str,
    seq: u64,
    time_ms: i64,
    #[serde(borrow)]
    body: Blob<'a>,
}

/// Appends a record's bytes.
pub(super) fn encode(record: &DumpRecord, out: &mut Vec<u8>) {
    let written = match record {
        DumpRecord::Room(state) => write(out, &room_wire(state)),
        DumpRecord::Entry(room, entry) => write(out, &entry_wire(*room, entry)),
        DumpRecord::Command(room, command) => write(
            out,
            &CommandWire {
                room: room.key(),
                sender: command.sender.as_str(),
                command_id: Blob(command.command_id.as_bytes()),
                seq: command.seq,
                time_ms: command.time_ms,
            },
        ),
        DumpRecord::Member(room, member) => write(
            out,
            &MemberWire {
                room: room.key(),
                user: member.user.as_str(),
                role: member.role as u8,
                joined_seq: member.joined_seq,
                joined_number: member.joined_number,
                joined_ms: member.joined_ms,
                muted_until_ms: member.muted_until_ms,
            },
        ),
        DumpRecord::Mark(room, user, mark) => write(
            out,
            &MarkWire {
                room: room.key(),
                user: user.as_str(),
                read_seq: mark.read_seq,
                read_number: mark.read_number,
                received_seq: mark.received_seq,
            },
        ),
        DumpRecord::Meta(key, value) => write(
            out,
            &MetaWire {
                key,
                value: Blob(value),
            },
        ),
        DumpRecord::User(user) => write(out, &user_wire(user)),
        DumpRecord::Login(login) => write(out, &login_wire(login)),
        DumpRecord::DirectPair(pair) => write(
            out,
            &DirectPairWire {
                low: pair.low.as_str(),
                high: pair.high.as_str(),
                room: pair.room.key(),
            },
        ),
        DumpRecord::Channel(channel) => write(
            out,
            &ChannelWire {
                name: &channel.name,
                room: channel.room.key(),
            },
        ),
        DumpRecord::UserLog(user, head) => write(
            out,
            &UserLogWire {
                user: user.as_str(),
                seq: head.seq,
            },
        ),
        DumpRecord::UserEntry(user, entry) => write(
            out,
            &UserEntryWire {
                user: user.as_str(),
                seq: entry.seq,
                time_ms: entry.time_ms,
                body: Blob(&entry.body),
            },
        ),
    };
    written.expect("rows of plain values are written to memory");
}

fn write(mut out: &mut Vec<u8>, wire: &impl Serialize) -> Result<(), rmp_serde::encode::Error> {
    rmp_serde::encode::write(&mut out, wire)
}

fn room_wire(state: &RoomState) -> RoomWire<'_> {
    let (room, head) = (&state.room, &state.head);
    RoomWire {
        room: room.id.key(),
        kind: room.kind as u8,
        name: &room.name,
        initiator: room.initiator.as_ref().map(UserId::as_str),
        created_ms: room.created_ms,
        deleted: room.deleted,
        members_count: room.members_count,
        seq: head.seq,
        number: head.number,
        time_ms: head.time_ms,
        message_seq: head.message_seq,
    }
}

fn entry_wire(room: RoomId, entry: &Entry) -> EntryWire<'_> {
    EntryWire {
        room: room.key(),
        seq: entry.seq,
        number: entry.number,
        kind: entry.kind as u8,
        sender: entry.sender.as_ref().map(UserId::as_str),
        actor: entry.actor.as_ref().map(UserId::as_str),
        client: entry.client.as_ref().map(|client| Blob(client.as_bytes())),
        time_ms: entry.time_ms,
        created_ms: entry.created_ms,
        command_id: Blob(entry.command_id.as_bytes()),
        reply_to: entry.reply_to,
        target: entry.target,
        version: entry.version,
        deleted: entry.deleted,
        body: Blob(&entry.body),
    }
}

fn user_wire(user: &User) -> UserWire<'_> {
    UserWire {
        user: user.id.as_str(),
        username: &user.username,
        password_hash: user.password_hash.as_deref(),
        origin: user.origin as u8,
        role: user.role as u8,
        info: Blob(&user.info),
        status: &user.status,
        created_ms: user.created_ms,
    }
}

fn login_wire(login: &Login) -> LoginWire<'_> {
    let session = &login.session;
    LoginWire {
        session: Blob(session.id.as_bytes()),
        user: session.user.as_str(),
        refresh_hash: Blob(&session.refresh_hash),
        created_ms: session.created_ms,
        refreshed_ms: session.refreshed_ms,
        expires_ms: session.expires_ms,
        agent: &session.agent,
        replaced: login
            .replaced
            .iter()
            .map(|(hash, number)| (Blob(hash), *number))
            .collect(),
    }
}

/// Reads a record of this kind. Logs get a new epoch each.
pub(super) fn decode(kind: RecordKind, bytes: &[u8]) -> Result<DumpRecord, WireError> {
    Ok(match kind {
        RecordKind::Room => DumpRecord::Room(read_room(rmp_serde::from_slice(bytes)?)?),
        RecordKind::Entry => read_entry(rmp_serde::from_slice(bytes)?)?,
        RecordKind::Command => read_command(rmp_serde::from_slice(bytes)?)?,
        RecordKind::Member => read_member(rmp_serde::from_slice(bytes)?)?,
        RecordKind::Mark => read_mark(&rmp_serde::from_slice(bytes)?)?,
        RecordKind::Meta => {
            let wire: MetaWire<'_> = rmp_serde::from_slice(bytes)?;
            DumpRecord::Meta(wire.key.to_owned(), wire.value.0.to_vec())
        }
        RecordKind::User => DumpRecord::User(read_user(&rmp_serde::from_slice(bytes)?)?),
        RecordKind::Login => DumpRecord::Login(read_login(&rmp_serde::from_slice(bytes)?)?),
        RecordKind::DirectPair => read_direct_pair(&rmp_serde::from_slice(bytes)?)?,
        RecordKind::Channel => {
            let wire: ChannelWire<'_> = rmp_serde::from_slice(bytes)?;
            DumpRecord::Channel(ChannelName {
                name: wire.name.to_owned(),
                room: RoomId::from_key(wire.room),
            })
        }
        RecordKind::UserLog => {
            let wire: UserLogWire<'_> = rmp_serde::from_slice(bytes)?;
            let head = UserLogHead {
                epoch: Epoch::generate(),
                seq: wire.seq,
            };
            DumpRecord::UserLog(user(wire.user)?, head)
        }
        RecordKind::UserEntry => read_user_entry(&rmp_serde::from_slice(bytes)?)?,
    })
}

/// A user id; the anonymous user is the empty text.
fn user(text: &str) -> Result<UserId, WireError> {
    if text.is_empty() {
        return Ok(UserId::anonymous());
    }
    text.parse().map_err(|_| WireError::Value("a user id"))
}

fn uuid(blob: &Blob<'_>) -> Result<Uuid, WireError> {
    Uuid::from_slice(blob.0).map_err(|_| WireError::Value("a UUID"))
}

fn hash(blob: &Blob<'_>) -> Result<[u8; 32], WireError> {
    blob.0.try_into().map_err(|_| WireError::Value("a SHA-256"))
}

/// One of a closed list, by its stored number.
fn closed<T: Copy, const COUNT: usize>(
    known: [(T, u8); COUNT],
    number: u8,
    what: &'static str,
) -> Result<T, WireError> {
    let found = known.into_iter().find(|(_, stored)| *stored == number);
    found.map(|(value, _)| value).ok_or(WireError::Value(what))
}

fn room_kind(number: u8) -> Result<RoomKind, WireError> {
    let known = [RoomKind::Direct, RoomKind::Group, RoomKind::Channel].map(|kind| (kind, kind as u8));
    closed(known, number, "a kind of room")
}

fn role(number: u8) -> Result<Role, WireError> {
    let known = [Role::Member, Role::Moderator, Role::Owner].map(|role| (role, role as u8));
    closed(known, number, "a role")
}

fn origin(number: u8) -> Result<Origin, WireError> {
    let known = [Origin::Own, Origin::Outside].map(|origin| (origin, origin as u8));
    closed(known, number, "an origin")
}

fn user_role(number: u8) -> Result<UserRole, WireError> {
    let known = [UserRole::User, UserRole::Support, UserRole::Admin].map(|role| (role, role as u8));
    closed(known, number, "a user's role")
}

fn read_room(wire: RoomWire<'_>) -> Result<RoomState, WireError> {
    Ok(RoomState {
        room: Room {
            id: RoomId::from_key(wire.room),
            kind: room_kind(wire.kind)?,
            name: wire.name.to_owned(),
            initiator: wire.initiator.map(user).transpose()?,
            created_ms: wire.created_ms,
            deleted: wire.deleted,
            members_count: wire.members_count,
        },
        head: LogHead {
            epoch: Epoch::generate(),
            seq: wire.seq,
            number: wire.number,
            time_ms: wire.time_ms,
            message_seq: wire.message_seq,
            bucket: BucketHead::default(),
        },
    })
}

fn read_entry(wire: EntryWire<'_>) -> Result<DumpRecord, WireError> {
    let entry = Entry {
        seq: wire.seq,
        number: wire.number,
        kind: EntryKind::from_number(wire.kind).ok_or(WireError::Value("a kind of entry"))?,
        sender: wire.sender.map(user).transpose()?,
        actor: wire.actor.map(user).transpose()?,
        client: wire.client.as_ref().map(uuid).transpose()?,
        time_ms: wire.time_ms,
        created_ms: wire.created_ms,
        command_id: uuid(&wire.command_id)?,
        reply_to: wire.reply_to,
        target: wire.target,
        version: wire.version,
        deleted: wire.deleted,
        body: Bytes::copy_from_slice(wire.body.0),
    };
    Ok(DumpRecord::Entry(RoomId::from_key(wire.room), entry))
}

fn read_command(wire: CommandWire<'_>) -> Result<DumpRecord, WireError> {
    let command = Command {
        sender: user(wire.sender)?,
        command_id: uuid(&wire.command_id)?,
        seq: wire.seq,
        time_ms: wire.time_ms,
    };
    Ok(DumpRecord::Command(RoomId::from_key(wire.room), command))
}

fn read_member(wire: MemberWire<'_>) -> Result<DumpRecord, WireError> {
    let member = Member {
        user: user(wire.user)?,
        role: role(wire.role)?,
        joined_seq: wire.joined_seq,
        joined_number: wire.joined_number,
        joined_ms: wire.joined_ms,
        muted_until_ms: wire.muted_until_ms,
    };
    Ok(DumpRecord::Member(RoomId::from_key(wire.room), member))
}

fn read_mark(wire: &MarkWire<'_>) -> Result<DumpRecord, WireError> {
    let mark = Mark {
        read_seq: wire.read_seq,
        read_number: wire.read_number,
        received_seq: wire.received_seq,
    };
    Ok(DumpRecord::Mark(RoomId::from_key(wire.room), user(wire.user)?, mark))
}

fn read_user(wire: &UserWire<'_>) -> Result<User, WireError> {
    Ok(User {
        id: user(wire.user)?,
        username: wire.username.to_owned(),
        password_hash: wire.password_hash.map(str::to_owned),
        origin: origin(wire.origin)?,
        role: user_role(wire.role)?,
        info: Bytes::copy_from_slice(wire.info.0),
        status: wire.status.to_owned(),
        created_ms: wire.created_ms,
    })
}

fn read_login(wire: &LoginWire<'_>) -> Result<Login, WireError> {
    let replaced = wire
        .replaced
        .iter()
        .map(|(token, number)| Ok::<_, WireError>((hash(token)?, *number)));
    Ok(Login {
        replaced: replaced.collect::<Result<_, _>>()?,
        session: AuthSession {
            id: uuid(&wire.session)?,
            user: user(wire.user)?,
            refresh_hash: hash(&wire.refresh_hash)?,
            created_ms: wire.created_ms,
            refreshed_ms: wire.refreshed_ms,
            expires_ms: wire.expires_ms,
            agent: wire.agent.to_owned(),
        },
    })
}

fn read_direct_pair(wire: &DirectPairWire<'_>) -> Result<DumpRecord, WireError> {
    Ok(DumpRecord::DirectPair(DirectPair {
        low: user(wire.low)?,
        high: user(wire.high)?,
        room: RoomId::from_key(wire.room),
    }))
}

fn read_user_entry(wire: &UserEntryWire<'_>) -> Result<DumpRecord, WireError> {
    let entry = UserEntry {
        seq: wire.seq,
        time_ms: wire.time_ms,
        body: Bytes::copy_from_slice(wire.body.0),
    };
    Ok(DumpRecord::UserEntry(user(wire.user)?, entry))
}
