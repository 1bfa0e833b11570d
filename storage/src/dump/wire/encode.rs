//! Records into bytes.

use protocol::{RoomId, UserId};
use serde::Serialize;

use super::{
    Blob, ChannelWire, CommandWire, DirectPairWire, EntryWire, InvitationWire, LoginWire, MarkWire, MemberWire,
    MetaWire, RoomWire, UserEntryWire, UserLogWire, UserWire,
};
use crate::{
    Entry, RoomState, User,
    dump::{DumpRecord, Login},
};

/// Appends a record's bytes.
pub(in crate::dump) fn encode(record: &DumpRecord, out: &mut Vec<u8>) {
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
        DumpRecord::Invitation(invitation) => write(
            out,
            &InvitationWire {
                room: invitation.room.key(),
                code: &invitation.code,
                created_ms: invitation.created_ms,
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
