//! Bytes into records. A value that no version of Plenum writes is an error, never a guess.

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use uuid::Uuid;

use super::{
    Blob, ChannelWire, CommandWire, DirectPairWire, EntryWire, InvitationWire, LoginWire, MarkWire, MemberWire,
    MetaWire, RoomWire, UserEntryWire, UserLogWire, UserWire, WireError,
};
use crate::{
    AuthSession, Entry, EntryKind, Invitation, LogHead, Mark, Member, Origin, Role, Room, RoomKind, RoomState, User,
    UserEntry, UserLogHead, UserRole,
    bucket::BucketHead,
    dump::{ChannelName, Command, DirectPair, DumpRecord, Login, RecordKind},
};

/// Reads a record of this kind. Logs get a new epoch each.
pub(in crate::dump) fn decode(kind: RecordKind, bytes: &[u8]) -> Result<DumpRecord, WireError> {
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
        RecordKind::Invitation => {
            let wire: InvitationWire<'_> = rmp_serde::from_slice(bytes)?;
            DumpRecord::Invitation(Invitation {
                room: RoomId::from_key(wire.room),
                code: wire.code.to_owned(),
                created_ms: wire.created_ms,
            })
        }
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
    let known = [UserRole::Guest, UserRole::User, UserRole::Support, UserRole::Admin].map(|role| (role, role as u8));
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
