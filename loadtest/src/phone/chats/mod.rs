//! Chats of two between phones of one thread, beside the room that all of them follow.
//!
//! [`Chats`] keeps what each chat is and where each of its people is in its log; [`Orders`] is what phones have been told to
//! do. The thread's schedule gives orders, each phone carries its own out when it follows the room.

mod open;
mod orders;
mod receive;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::orders::{Order, Orders};
use super::Place;
use crate::{judge::Losses, mark::Marker, measure::Times};

/// All chats of one thread.
#[derive(Debug)]
pub struct Chats {
    all: Vec<Chat>,
    by_channel: HashMap<Box<str>, u32>,
    /// The chats of each phone; a chat's place there is its slot.
    by_phone: Vec<Vec<u32>>,
    orders: Orders,
    /// Orders that the server had no time for.
    later: Vec<(usize, Order)>,
    /// Recognizes messages in chats of this run.
    marker: Marker,
    message_bytes: usize,
    /// Messages that the server refused.
    pub refused: u64,
    /// Entries that came to people.
    pub deliveries: u64,
    /// From the intended time of sending to the other one.
    pub latency: Times,
}

/// One chat.
#[derive(Debug)]
struct Chat {
    /// The phone that creates it and speaks in it, and the one that listens.
    phones: [usize; 2],
    /// `room:` and its id, when it is there.
    channel: Option<Box<str>>,
    epoch: String,
    sides: [Side; 2],
    /// It has been told to come into being.
    ordered: bool,
    /// Messages that were to be sent so far.
    due: u64,
    acknowledged: u64,
    /// Messages that were refused, or of which nobody knows what became.
    unacknowledged: u64,
    /// Messages that are sent and not answered.
    in_flight: u64,
}

/// Where one of the two is.
#[derive(Debug, Default)]
struct Side {
    place: Place,
    listening: bool,
    joined: bool,
    joined_us: u64,
    /// Messages of this run that came.
    seen: u64,
    /// The newest of them.
    newest: u64,
    /// It was told that more was missed than is recovered.
    told_anew: bool,
}

impl Chats {
    /// `count` chats of `phones` phones: nobody with themselves, and no two people twice.
    ///
    /// Who has one chat more than the other phones comes first. `count` is at most [`chats_max`].
    pub fn new(count: usize, phones: usize, marker: Marker, message_bytes: usize) -> Self {
        let all: Vec<_> = (0..count).map(|index| Chat::new(pair(index, phones))).collect();
        let mut by_phone = vec![Vec::new(); if count > 0 { phones } else { 0 }];
        for (index, chat) in all.iter().enumerate() {
            chat.phones.iter().for_each(|phone| by_phone[*phone].push(index as u32));
        }
        Self {
            all,
            by_channel: HashMap::new(),
            orders: Orders::new(by_phone.len()),
            later: Vec::new(),
            by_phone,
            marker: marker.of_chats(),
            message_bytes,
            refused: 0,
            deliveries: 0,
            latency: Times::default(),
        }
    }

    /// How many.
    pub const fn count(&self) -> usize {
        self.all.len()
    }

    /// Those that both people follow.
    pub fn open(&self) -> u64 {
        self.all.iter().filter(|chat| chat.is_open()).count() as u64
    }

    /// Those that are coming into being.
    pub fn opening(&self) -> u64 {
        let opening = |chat: &&Chat| chat.ordered && !chat.sides.iter().all(|side| side.joined);
        self.all.iter().filter(opening).count() as u64
    }

    /// Those in which something has not come, or of which nobody knows.
    pub fn behind(&self) -> u64 {
        self.all.iter().filter(|chat| chat.is_behind()).count() as u64
    }

    /// Subscriptions to them.
    pub fn subscriptions(&self) -> u64 {
        let sides = self.all.iter().flat_map(|chat| &chat.sides);
        sides.filter(|side| side.joined).count() as u64
    }

    /// Messages that the server has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.all.iter().map(|chat| chat.acknowledged).sum()
    }

    /// Messages that were to be sent.
    pub fn due(&self) -> u64 {
        self.all.iter().map(|chat| chat.due).sum()
    }

    /// Counts what people lack.
    pub fn losses(&self, losses: &mut Losses) {
        for chat in &self.all {
            losses.chats_not_open += u64::from(!chat.sides.iter().all(|side| side.joined));
            for side in chat.sides.iter().filter(|side| side.joined && !side.told_anew) {
                losses.holes += side.place.holes();
                losses.chat_messages += chat.acknowledged.saturating_sub(side.seen);
            }
        }
    }
}

impl Chat {
    fn new(phones: [usize; 2]) -> Self {
        Self {
            phones,
            channel: None,
            epoch: String::new(),
            sides: Default::default(),
            ordered: false,
            due: 0,
            acknowledged: 0,
            unacknowledged: 0,
            in_flight: 0,
        }
    }

    fn is_open(&self) -> bool {
        self.sides.iter().all(|side| side.listening)
    }

    fn is_behind(&self) -> bool {
        let is_answered = self.acknowledged + self.unacknowledged == self.due;
        let has_all =
            |side: &Side| !side.joined || (side.listening && (side.seen >= self.acknowledged || side.told_anew));
        self.ordered && !(is_answered && self.sides.iter().all(has_all))
    }

    /// Which of the two the phone is.
    fn side_of(&self, phone: usize) -> usize {
        usize::from(self.phones[1] == phone)
    }
}

/// The people of the chat with this index: round after round, each phone with one that is a step further away.
const fn pair(index: usize, phones: usize) -> [usize; 2] {
    let (first, step) = (index % phones, 1 + index / phones);
    [first, (first + step) % phones]
}

/// How many chats `phones` phones can have when each may be in `each` at most and no two people have two.
pub const fn chats_max(phones: u64, each: u64) -> u64 {
    let rounds = phones.saturating_sub(1) / 2;
    let by_each = each / 2;
    phones * if rounds < by_each { rounds } else { by_each }
}
