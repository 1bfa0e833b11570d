//! Where a page of rooms ends and the next one begins. Called by whoever makes pages; the cursor lives as long as one export.

use protocol::RoomId;

use super::super::{Result, malformed};
use crate::{
    dump::{Cursor, DumpRecord},
    scylla::commands,
};

/// What of a room comes next. The numbers stand in cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    /// The room itself.
    Room = 0,
    Entries = 1,
    Commands = 2,
    Members = 3,
    Marks = 4,
}

/// A place among the records of a room, whose picture ends with a log from `first` to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) room: RoomId,
    pub(super) first: u64,
    pub(super) end: u64,
    /// The number of the entry at the end.
    pub(super) number: u64,
    pub(super) part: Part,
    /// The last entry's or command's seq.
    pub(super) seq: u64,
    /// The last member's or mark's user.
    pub(super) user: String,
    /// Where the last command lies.
    pub(super) key: i64,
}

impl Place {
    pub(super) fn beginning(room: RoomId) -> Self {
        Self {
            room,
            first: 0,
            end: 0,
            number: 0,
            part: Part::Room,
            seq: 0,
            user: String::new(),
            key: 0,
        }
    }

    pub(super) fn of(cursor: &Cursor) -> Result<Self> {
        let (words, rest) = cursor.0.as_chunks::<8>();
        let [room, first, end, number, part, seq, key] = *words.first_chunk::<7>().ok_or_else(malformed)?;
        let parts = [Part::Room, Part::Entries, Part::Commands, Part::Members, Part::Marks];
        let part = parts
            .into_iter()
            .find(|known| *known as u64 == u64::from_be_bytes(part))
            .ok_or_else(malformed)?;
        let user = [words[7..].as_flattened(), rest].concat();
        Ok(Self {
            room: RoomId::from_key(i64::from_be_bytes(room)),
            first: u64::from_be_bytes(first),
            end: u64::from_be_bytes(end),
            number: u64::from_be_bytes(number),
            part,
            seq: u64::from_be_bytes(seq),
            key: i64::from_be_bytes(key),
            user: String::from_utf8(user).map_err(|_| malformed())?,
        })
    }

    pub(super) fn cursor(&self) -> Vec<u8> {
        let words = [
            self.room.key().cast_unsigned(),
            self.first,
            self.end,
            self.number,
            self.part as u64,
            self.seq,
            self.key.cast_unsigned(),
        ];
        let words = words.map(u64::to_be_bytes);
        [words.as_flattened(), self.user.as_bytes()].concat()
    }

    /// The place behind a record of the same room.
    pub(super) fn behind(&self, record: &DumpRecord) -> Self {
        let mut place = Self {
            seq: 0,
            key: 0,
            user: String::new(),
            ..self.clone()
        };
        match record {
            DumpRecord::Entry(_, entry) => (place.part, place.seq) = (Part::Entries, entry.seq),
            DumpRecord::Command(_, command) => {
                let key = commands::key(&command.sender, command.command_id);
                (place.part, place.seq, place.key) = (Part::Commands, command.seq, key);
            }
            DumpRecord::Member(_, member) => (place.part, place.user) = (Part::Members, member.user.to_string()),
            DumpRecord::Mark(_, user, _) => (place.part, place.user) = (Part::Marks, user.to_string()),
            _ => place.part = Part::Entries,
        }
        place
    }

    pub(super) fn go_on(&mut self) {
        self.part = match self.part {
            Part::Room => Part::Entries,
            Part::Entries => Part::Commands,
            Part::Commands => Part::Members,
            Part::Members | Part::Marks => Part::Marks,
        };
        (self.seq, self.key) = (0, 0);
        self.user.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_cursor_and_nonsense_is_none() {
        for user in ["", "alice", "a much longer name"] {
            let place = Place {
                room: RoomId::from_key(-7),
                first: 3,
                end: 1 << 40,
                number: 9,
                part: Part::Marks,
                seq: 4,
                user: user.to_owned(),
                key: -1,
            };
            let cursor = Cursor(place.cursor().into());
            assert_eq!(Place::of(&cursor).expect("a cursor"), place);
        }
        assert!(Place::of(&Cursor(vec![0; 55].into())).is_err());
        assert!(Place::of(&Cursor(vec![255; 56].into())).is_err());
    }
}
