//! What the phones of one thread write into while they receive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Chats, Doors, Place};
use crate::{ledger::Ledger, mark::Marker, measure::Times, publisher::Contact};

/// Different reasons for ends of connections that are told apart.
const REASONS_MAX: usize = 64;

/// Everything that a server must not do, holes aside: those are counted at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// An entry came to a phone that had it.
    pub doubled: u64,
    /// An entry came after a later one.
    pub out_of_order: u64,
    /// Phones got different contents under the same offset.
    pub altered: u64,
    /// An entry came before the answer to the subscription.
    pub early: u64,
    /// A phone was refused the recovery of no more than the server promises.
    pub unrecovered: u64,
    /// The log's identity changed.
    pub another_epoch: u64,
    /// A page of history had holes, foreign places or too few entries.
    pub wrong_history: u64,
}

impl Faults {
    /// All together.
    pub const fn sum(&self) -> u64 {
        self.doubled
            + self.out_of_order
            + self.altered
            + self.early
            + self.unrecovered
            + self.another_epoch
            + self.wrong_history
    }

    /// Adds those of another thread.
    pub const fn add(&mut self, other: &Self) {
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
        self.altered += other.altered;
        self.early += other.early;
        self.unrecovered += other.unrecovered;
        self.another_epoch += other.another_epoch;
        self.wrong_history += other.wrong_history;
    }
}

/// What became of a phone's question for history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answer {
    /// Not asked, or not answered.
    #[default]
    None,
    /// It came, and was right.
    Right,
    /// It came, and was wrong.
    Wrong,
}

/// One phone's results.
#[derive(Debug, Default)]
pub struct Record {
    /// Where it is in the log.
    pub place: Place,
    /// It follows the room now.
    pub listening: bool,
    /// It followed the room once.
    pub joined: bool,
    /// When it began to follow the room last, in microseconds since the run's origin.
    pub joined_us: u64,
    /// When it should have opened its connection first.
    pub begin_us: u64,
    /// Its pages of history.
    pub answer: Answer,
    /// Where its newest page of history began.
    pub older_before: u64,
    /// It reads slowly.
    pub slow: bool,
}

/// Counters of one thread.
#[derive(Debug, Default)]
pub struct Tally {
    /// Entries that phones got.
    pub deliveries: u64,
    /// Those of them that phones got back after they had been away.
    pub recovered: u64,
    /// Phones that came back and were given everything.
    pub resumed: u64,
    /// Phones that had been away for more entries than the server promises, and were told so.
    pub told_anew: u64,
    /// Subscriptions that the server ended because their phone was too far behind.
    pub lagged: u64,
    /// Phones that cut their connection on purpose.
    pub cuts: u64,
    /// Phones that were sent away for good.
    pub refused: u64,
    /// Received bytes.
    pub bytes: u64,
    /// Frames beside the log.
    pub beside: u64,
    /// Everything wrong.
    pub faults: Faults,
    /// Why connections did not open or ended, other than on purpose.
    pub reasons: BTreeMap<String, u64>,
}

/// All of it.
#[derive(Debug)]
pub struct Desk {
    /// What was seen of the log.
    pub ledger: Ledger,
    /// By phone.
    pub records: Vec<Record>,
    /// Counters.
    pub tally: Tally,
    /// From the intended time of sending to a phone that was there.
    pub latency: Times,
    /// The same to a phone that reads slowly.
    pub slow_latency: Times,
    /// From the intended time of sending to a phone that had been away.
    pub recovery: Times,
    /// From the intended time of opening to the answer to the subscription; first visits only.
    pub opening: Times,
    /// From the intended time of opening to the page of history.
    pub history: Times,
    /// Chats of two beside the room.
    pub chats: Chats,
    /// What phones wait in front of in a rush.
    pub doors: Doors,
    /// Recognizes this run's messages.
    pub(super) marker: Marker,
    /// When the last entry came, in microseconds since the run's origin.
    pub last_entry_us: u64,
    /// When the last phone had its history, in microseconds since the run's origin.
    pub last_history_us: u64,
    /// The log's identity; empty until the first phone was told.
    pub epoch: String,
    /// The end of the log when phones began to come.
    pub(super) end: u64,
    /// Entries that the server promises to recover.
    pub(super) recovery_entries: u64,
    /// Entries that each phone asks for when it opens the room.
    pub(super) history_limit: u32,
}

impl Desk {
    /// For `phones` phones in the log of `contact`, with these chats beside it, behind these doors.
    pub fn new(
        phones: usize,
        contact: Contact,
        marker: Marker,
        recovery_entries: u64,
        history_limit: u32,
        chats: Chats,
        doors: Doors,
    ) -> Self {
        Self {
            ledger: Ledger::new(contact.base),
            records: (0..phones).map(|_| Record::default()).collect(),
            tally: Tally::default(),
            latency: Times::default(),
            slow_latency: Times::default(),
            recovery: Times::default(),
            opening: Times::default(),
            history: Times::default(),
            last_entry_us: 0,
            last_history_us: 0,
            chats,
            doors,
            marker,
            epoch: contact.epoch,
            end: contact.end,
            recovery_entries,
            history_limit,
        }
    }

    /// Whether a phone follows the room, or waits until it may: nothing is left to do for opening its connection.
    pub(super) fn is_in_or_waits(&self, phone: usize) -> bool {
        self.records[phone].listening || self.doors.is_waiting(phone)
    }

    /// Counts why something ended.
    pub fn reason(&mut self, reason: String) {
        let known = self.tally.reasons.len() < REASONS_MAX || self.tally.reasons.contains_key(&reason);
        let key = if known { reason } else { "other reasons".to_owned() };
        *self.tally.reasons.entry(key).or_default() += 1;
    }

    /// Phones that lack something before `end`, or are away, and chats in which something is missing.
    pub fn behind(&self, end: u64) -> u64 {
        let behind = |record: &&Record| record.joined && (record.place.last() < end || !record.listening);
        self.records.iter().filter(behind).count() as u64 + self.chats.behind()
    }
}

impl Tally {
    /// Adds those of another thread.
    pub fn add(&mut self, other: &Self) {
        self.deliveries += other.deliveries;
        self.recovered += other.recovered;
        self.resumed += other.resumed;
        self.told_anew += other.told_anew;
        self.lagged += other.lagged;
        self.cuts += other.cuts;
        self.refused += other.refused;
        self.bytes += other.bytes;
        self.beside += other.beside;
        self.faults.add(&other.faults);
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
    }
}
