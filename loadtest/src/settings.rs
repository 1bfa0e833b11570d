//! What all threads of one run agree on.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use protocol::client::{Encoding, Variant};

use crate::{mark::Marker, pacing::Pace, phone::SlowReading, target::Target, token::Tokens};

/// Everything about a run that does not change.
#[derive(Debug)]
pub struct Settings {
    /// Where to; phones take them in turn.
    pub targets: Vec<Target>,
    /// The room.
    pub channel: String,
    /// How messages are written.
    pub encoding: Encoding,
    /// The same, with what carries messages to phones.
    pub variant: Variant,
    /// Of connections.
    pub tokens: Tokens,
    /// Of this run's messages.
    pub marker: Marker,
    /// Of masks and cuts.
    pub seed: u64,
    /// How many phones.
    pub sessions: u64,
    /// In how many threads.
    pub threads: u64,
    /// When phones open their connections.
    pub opening: Pace,
    /// Phones that open theirs at the same time, in each thread.
    pub opening_at_once: usize,
    /// When messages are due.
    pub publishing: Pace,
    /// Bytes of a message.
    pub message_bytes: usize,
    /// The share of phones that cut their connection once, 0 to 1.
    pub resume_share: f64,
    /// All phones are cut at [`Stage::Away`], and stay away until [`Stage::Draining`].
    pub storm: bool,
    /// Chats of two beside the room, if there are any.
    pub chats: Option<ManyChats>,
    /// Phones that read slowly while messages are sent, if there are any.
    pub slow: Option<SlowReading>,
    /// How long the run lasts, for the times of cuts.
    pub lasts: Duration,
    /// How long phones that cut are away at most.
    pub away_max: Duration,
    /// Entries that the server promises to recover.
    pub recovery_entries: u64,
    /// Entries of each of the two pages that a phone asks for when it opens the room; 0 = it does not ask. Then phones are connected first, and
    /// wait until they may open it.
    pub history: u32,
    /// The beginning of all times.
    pub origin: Instant,
}

impl Settings {
    /// Microseconds since the run's origin.
    pub fn now_us(&self) -> u64 {
        self.origin.elapsed().as_micros() as u64
    }
}

/// Chats of two beside the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManyChats {
    /// How many.
    pub count: u64,
    /// The time between two messages of one chat.
    pub interval: Duration,
}

/// How far a run is; said to all threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Phones come.
    Opening,
    /// Chats of two come into being.
    Gathering,
    /// In a storm: no phone has a network any more.
    Away,
    /// In a rush: phones that are connected open the room, from this moment on.
    Rush(Instant),
    /// Messages are sent, from this moment on.
    Running(Instant),
    /// All messages are sent: the log ends here.
    Draining(u64),
    /// Everything ends.
    Over,
}

/// How far a thread is; read by whoever shows or waits.
#[derive(Debug, Default)]
pub struct Live {
    /// Phones that follow the room now.
    pub listening: AtomicU64,
    /// Phones that ever did.
    pub joined: AtomicU64,
    /// Chats that both people follow.
    pub chats: AtomicU64,
    /// Phones that are connected and wait until they may open the room.
    pub waiting: AtomicU64,
    /// Phones that have their history, or that were told they can't.
    pub answered: AtomicU64,
    /// Phones that were sent away for good.
    pub refused: AtomicU64,
    /// Entries that phones got.
    pub deliveries: AtomicU64,
    /// Everything wrong so far, holes aside.
    pub faults: AtomicU64,
    /// Phones that are behind the log's end, as of the last look.
    pub behind: AtomicU64,
    /// The end of the log for which `behind` was counted.
    pub behind_of: AtomicU64,
    /// Messages sent.
    pub sent: AtomicU64,
    /// Messages that the server has acknowledged.
    pub acknowledged: AtomicU64,
}

impl Live {
    /// Adds one field up over all threads.
    pub fn sum<'a>(
        all: impl IntoIterator<Item = &'a std::sync::Arc<Self>>,
        field: impl Fn(&Self) -> &AtomicU64,
    ) -> u64 {
        all.into_iter().map(|live| field(live).load(Ordering::Relaxed)).sum()
    }
}
