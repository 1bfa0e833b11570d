//! Reading rooms, each whole: the room, its log, its commands, members, marks.

use protocol::{RoomId, UserId};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Picture, read::malformed};
use crate::{
    RoomState,
    dump::{Command, Cursor, DumpRecord, Filling, Page, PageLimit},
    sqlite::{
        failure::Fault,
        log::{BEHIND, HOLDING, bucket},
        rows::{self, signed},
    },
};

/// What of a room comes next. The numbers stand in cursors, which live as long as one export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    /// The room is whole: the next room.
    NextRoom = 0,
    Entries = 1,
    Commands = 2,
    Members = 3,
    Marks = 4,
}

impl Part {
    fn next(self) -> Self {
        match self {
            Self::NextRoom => Self::Entries,
            Self::Entries => Self::Commands,
            Self::Commands => Self::Members,
            Self::Members => Self::Marks,
            Self::Marks => Self::NextRoom,
        }
    }
}

/// A place among the rooms' records.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    room: i64,
    part: Part,
    /// The key of the last record of this part; empty: none was given yet.
    behind: Vec<u8>,
}

impl Place {
    const BEGINNING: Self = Self {
        room: i64::MIN,
        part: Part::NextRoom,
        behind: Vec::new(),
    };

    fn of(cursor: Option<&Cursor>) -> Result<Self, Fault> {
        let Some(Cursor(bytes)) = cursor else {
            return Ok(Self::BEGINNING);
        };
        let (room, rest) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let (part, behind) = rest.split_first().ok_or_else(malformed)?;
        let parts = [
            Part::NextRoom,
            Part::Entries,
            Part::Commands,
            Part::Members,
            Part::Marks,
        ];
        let part = parts.into_iter().find(|known| *known as u8 == *part);
        Ok(Self {
            room: i64::from_be_bytes(*room),
            part: part.ok_or_else(malformed)?,
            behind: behind.to_vec(),
        })
    }

    fn cursor(&self) -> Vec<u8> {
        [&self.room.to_be_bytes()[..], &[self.part as u8], &self.behind].concat()
    }

    /// The least user id that comes next: of all, or behind the one that was last.
    fn user(&self) -> Result<&str, Fault> {
        std::str::from_utf8(&self.behind).map_err(|_| malformed())
    }

    fn go_on(&mut self) {
        self.part = self.part.next();
        self.behind.clear();
    }
}

fn next_room(picture: &Picture, behind: i64) -> Result<Option<RoomState>, Fault> {
    let query = format!(
        "SELECT {} FROM rooms r JOIN heads h ON h.room = r.room WHERE r.room > ?1 ORDER BY r.room LIMIT 1",
        rows::ROOM_STATE
    );
    let mut statement = picture.connection.prepare_cached(&query)?;
    let found = statement.query_row([behind], |row| rows::room_state(row, &picture.salt));
    Ok(found.optional()?)
}

/// A page of rooms without what belongs to them.
pub(super) fn heads(picture: &Picture, after: Option<&Cursor>, mut filling: Filling) -> Result<Page, Fault> {
    let mut place = Place::of(after)?;
    while let Some(state) = next_room(picture, place.room)? {
        place.room = state.room.id.key();
        filling.push(DumpRecord::Room(state));
        if filling.is_full() {
            return Ok(filling.end(Some(place.cursor())));
        }
    }
    Ok(filling.end(None))
}

/// A page of whole rooms.
pub(super) fn whole(picture: &Picture, after: Option<&Cursor>, limit: PageLimit) -> Result<Page, Fault> {
    let (mut place, mut filling) = (Place::of(after)?, Filling::new(limit));
    while !filling.is_full() {
        let is_over = match place.part {
            Part::NextRoom => {
                let Some(state) = next_room(picture, place.room)? else {
                    return Ok(filling.end(None));
                };
                place.room = state.room.id.key();
                filling.push(DumpRecord::Room(state));
                true
            }
            Part::Entries => entries(picture, &mut place, &mut filling)?,
            Part::Commands => commands(picture, &mut place, &mut filling)?,
            Part::Members => members(picture, &mut place, &mut filling)?,
            Part::Marks => marks(picture, &mut place, &mut filling)?,
        };
        if is_over {
            place.go_on();
        }
    }
    Ok(filling.end(Some(place.cursor())))
}

/// The least text behind a user's id: no id holds a control character.
fn behind_user(user: &UserId) -> Vec<u8> {
    format!("{user}\0").into_bytes()
}

/// Takes rows until the page is full; whether that were all.
fn take(
    found: &mut rusqlite::Rows<'_>,
    place: &mut Place,
    filling: &mut Filling,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<(DumpRecord, Vec<u8>)>,
) -> Result<bool, Fault> {
    while let Some(row) = found.next()? {
        let (record, behind) = read(row)?;
        filling.push(record);
        if filling.is_full() {
            place.behind = behind;
            return Ok(false);
        }
    }
    Ok(true)
}

fn entries(picture: &Picture, place: &mut Place, filling: &mut Filling) -> Result<bool, Fault> {
    let behind = place
        .behind
        .first_chunk()
        .map_or(0, |seq| signed(u64::from_be_bytes(*seq)));
    let room = RoomId::from_key(place.room);
    let query = format!(
        "SELECT {} FROM entries WHERE room = ?1 AND bucket = ?2 AND seq > ?3 ORDER BY seq",
        rows::ENTRY
    );
    let mut statement = picture.connection.prepare_cached(&query)?;
    let mut next = match behind {
        0 => bucket(&picture.connection, BEHIND, place.room, 0)?,
        _ => bucket(&picture.connection, HOLDING, place.room, behind)?,
    };
    while let Some((first_seq, number)) = next {
        let mut found = statement.query(params![place.room, number, behind])?;
        let is_over = take(&mut found, place, filling, |row| {
            let entry = rows::entry(row)?;
            let behind = entry.seq.to_be_bytes().to_vec();
            Ok((DumpRecord::Entry(room, entry), behind))
        })?;
        if !is_over {
            return Ok(false);
        }
        next = bucket(&picture.connection, BEHIND, place.room, first_seq)?;
    }
    Ok(true)
}

fn commands(picture: &Picture, place: &mut Place, filling: &mut Filling) -> Result<bool, Fault> {
    // The key of a command: its id, then whose it is.
    let (id, sender) = place.behind.split_at_checked(16).unwrap_or_default();
    let sender = std::str::from_utf8(sender).map_err(|_| malformed())?;
    // Those of entries that were purged count no more.
    let Some((first_seq, _)) = bucket(&picture.connection, BEHIND, place.room, 0)? else {
        return Ok(true);
    };
    let mut statement = picture.connection.prepare_cached(
        "SELECT sender, command_id, seq, time_ms FROM client_msg_ids WHERE room = ?1 \
         AND (sender, command_id) > (?2, ?3) AND time_ms > ?4 AND seq >= ?5 ORDER BY sender, command_id",
    )?;
    let since_ms = picture.commands_since_ms;
    let mut found = statement.query(params![place.room, sender, id, since_ms, first_seq])?;
    let room = RoomId::from_key(place.room);
    take(&mut found, place, filling, |row| {
        let command = Command {
            sender: rows::user(row, 0)?,
            command_id: rows::uuid(row, 1)?,
            seq: rows::unsigned(row, 2)?,
            time_ms: row.get(3)?,
        };
        let behind = [command.command_id.as_bytes(), command.sender.as_str().as_bytes()].concat();
        Ok((DumpRecord::Command(room, command), behind))
    })
}

fn members(picture: &Picture, place: &mut Place, filling: &mut Filling) -> Result<bool, Fault> {
    let query = format!(
        "SELECT {} FROM members m WHERE m.room = ?1 AND m.user >= ?2 ORDER BY m.user",
        rows::MEMBER
    );
    let mut statement = picture.connection.prepare_cached(&query)?;
    let mut found = statement.query(params![place.room, place.user()?])?;
    let room = RoomId::from_key(place.room);
    take(&mut found, place, filling, |row| {
        let member = rows::member(row, 0)?;
        let behind = behind_user(&member.user);
        Ok((DumpRecord::Member(room, member), behind))
    })
}

fn marks(picture: &Picture, place: &mut Place, filling: &mut Filling) -> Result<bool, Fault> {
    let mut statement = picture.connection.prepare_cached(
        "SELECT user, read_seq, read_number, received_seq FROM marks WHERE room = ?1 AND user >= ?2 ORDER BY user",
    )?;
    let mut found = statement.query(params![place.room, place.user()?])?;
    let room = RoomId::from_key(place.room);
    take(&mut found, place, filling, |row| {
        let user: UserId = rows::user(row, 0)?;
        let behind = behind_user(&user);
        Ok((DumpRecord::Mark(room, user, rows::mark(row, 1)?), behind))
    })
}
