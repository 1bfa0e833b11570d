//! The verdict: what every phone got, held against what the sender was told and against the log's end.

use serde::{Deserialize, Serialize};

use crate::{
    ledger::Entry,
    measure::{Percentiles, Times},
    phone::{Answer, Faults, Record},
    publisher::Answers,
};

/// What is wrong with the log itself, whoever reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFaults {
    /// Messages that were acknowledged and are not in the log.
    pub acknowledged_missing: u64,
    /// Messages that are in the log more than once.
    pub doubled: u64,
    /// Messages that stand before one that was sent earlier.
    pub out_of_order: u64,
}

impl LogFaults {
    /// All together.
    pub const fn sum(&self) -> u64 {
        self.acknowledged_missing + self.doubled + self.out_of_order
    }
}

/// One log out of what each thread has seen of it.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Option<Entry>>,
    /// Offsets under which threads saw different contents.
    pub altered: u64,
}

impl Log {
    /// Adds what one thread has seen.
    pub fn add(&mut self, seen: Vec<Option<Entry>>) {
        if self.entries.len() < seen.len() {
            self.entries.resize(seen.len(), None);
        }
        for (known, other) in self.entries.iter_mut().zip(seen) {
            match (known, other) {
                (_, None) => {}
                (known @ None, other) => *known = other,
                (Some(known), Some(other)) => {
                    self.altered += u64::from(known.digest != other.digest);
                    known.last_us = known.last_us.max(other.last_us);
                    known.deliveries += other.deliveries;
                }
            }
        }
    }

    /// Holds the log against what the sender was told. If no phone came to the log's end, `whole` is false, and nothing
    /// is said of messages behind the newest that was seen: those are counted as not come.
    pub fn judge(&self, answers: &Answers, whole: bool) -> LogFaults {
        let sent = answers.sent_count();
        let mut times = vec![0_u8; sent as usize + 1];
        let mut faults = LogFaults::default();
        let mut newest = 0;
        for mark in self.entries.iter().flatten().filter_map(|entry| entry.mark) {
            if mark.number == 0 || mark.number > sent {
                continue; // of this run and never sent: the content is altered, which shows in what is missing
            }
            let count = &mut times[mark.number as usize];
            *count = count.saturating_add(1);
            faults.doubled += u64::from(*count > 1);
            faults.out_of_order += u64::from(mark.number < newest);
            newest = newest.max(mark.number);
        }
        let missing = |number: &u64| answers.is_acknowledged(*number) && times[*number as usize] == 0;
        let judged = if whole { sent } else { newest };
        faults.acknowledged_missing = (1..=judged).filter(missing).count() as u64;
        faults
    }

    /// From the intended time of sending until the last phone that was there had each message.
    pub fn last_phone(&self) -> Option<Percentiles> {
        let mut times = Times::default();
        for entry in self.entries.iter().flatten() {
            if let Some(mark) = entry.mark.filter(|_| entry.deliveries > 0) {
                times.record_us(entry.last_us.saturating_sub(mark.intended_us));
            }
        }
        times.percentiles()
    }
}

/// What phones lack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Phones that never followed the room.
    pub never_joined: u64,
    /// Phones that were not there at the end.
    pub away_at_end: u64,
    /// Phones that lack something.
    pub phones: u64,
    /// Entries that did not come while later ones did, for all phones together.
    pub holes: u64,
    /// Entries at the log's end that had not come when the run was over, for all phones together.
    pub not_come: u64,
    /// Phones that asked for history and did not get it.
    pub without_history: u64,
    /// Chats of two that did not come into being.
    #[serde(default)]
    pub chats_not_open: u64,
    /// Messages acknowledged in chats of two that did not come to one of the two.
    #[serde(default)]
    pub chat_messages: u64,
}

impl Losses {
    /// Entries that did not come, for all phones together.
    pub const fn entries(&self) -> u64 {
        self.holes + self.not_come
    }

    /// Adds the phones of one thread, in a log that ends at `end`.
    pub fn add(&mut self, records: &[Record], end: u64, asked_history: bool) {
        for record in records {
            if !record.joined {
                self.never_joined += 1;
                continue;
            }
            let (holes, not_come) = (record.place.holes(), record.place.not_come(end));
            self.holes += holes;
            self.not_come += not_come;
            self.phones += u64::from(holes + not_come > 0);
            self.away_at_end += u64::from(!record.listening);
            self.without_history += u64::from(asked_history && record.answer == Answer::None);
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything held.
    Held,
    /// The server did what it must not.
    Failed,
    /// Nothing wrong was seen, but the run says too little: the simulator was too slow, or the run was not whole.
    Invalid,
}

impl Verdict {
    /// What the process ends with.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Failed => 1,
            Self::Invalid => 3,
        }
    }
}

/// What a rush cost the server's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statements {
    /// By the server's metrics; nothing if it does not say.
    pub seen: Option<u64>,
    /// What is allowed.
    pub most: u64,
}

/// Everything that the verdict depends on.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Of deliveries.
    pub faults: Faults,
    /// Of the log.
    pub log: LogFaults,
    /// Of phones.
    pub losses: Losses,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were to be sent.
    pub planned: u64,
    /// Messages that the server has acknowledged.
    pub acknowledged: u64,
    /// Messages that the server refused.
    pub refused: u64,
    /// Messages in chats of two that the server refused.
    pub refused_in_chats: u64,
    /// How late the simulator came to its turn, 99 of 100 times, in microseconds.
    pub lag_p99_us: u64,
    /// How late it may be.
    pub lag_limit_us: u64,
    /// Statements that a rush cost the server's store, and how many it may cost; nothing if there was no rush or it is not judged.
    pub statements: Option<Statements>,
    /// The user did not wait for what was still to come.
    pub cut_short: bool,
    /// Why the run ended before its time.
    pub ended: Option<String>,
}

impl Evidence {
    /// The simulator came to its turn so late that what is missing may be its own fault.
    const fn is_too_slow(&self) -> bool {
        self.lag_p99_us > self.lag_limit_us
    }
}

/// The verdict and its reasons.
pub fn judge(evidence: &Evidence) -> (Verdict, Vec<String>) {
    let mut failures = counted(&wrong(evidence));
    failures.extend(evidence.statements.and_then(Statements::too_many));
    let mut doubts = doubts(evidence);
    let missing = counted(&missing(&evidence.losses));
    if evidence.is_too_slow() || evidence.cut_short {
        doubts.extend(missing);
    } else {
        failures.extend(missing);
    }
    let verdict = match (failures.is_empty(), doubts.is_empty()) {
        (false, _) => Verdict::Failed,
        (true, false) => Verdict::Invalid,
        (true, true) => Verdict::Held,
    };
    failures.extend(doubts);
    (verdict, failures)
}

impl Statements {
    fn too_many(self) -> Option<String> {
        let seen = self.seen.filter(|seen| *seen > self.most)?;
        let most = self.most;
        Some(format!(
            "{seen} statements reached the server's store, {most} are allowed"
        ))
    }
}

type Count = (u64, &'static str);

/// What no server may do, however slow anybody is.
const fn wrong(evidence: &Evidence) -> [Count; 11] {
    let Evidence {
        faults, log, losses, ..
    } = evidence;
    [
        (losses.holes, "entries lost, for all phones together"),
        (faults.doubled, "entries delivered twice"),
        (faults.out_of_order, "entries delivered out of order"),
        (faults.altered, "entries with different contents for different phones"),
        (faults.early, "entries delivered before the answer to the subscription"),
        (faults.unrecovered, "recoveries refused that the server promises"),
        (faults.another_epoch, "subscriptions to a log with another epoch"),
        (faults.wrong_history, "pages of history with holes or too few entries"),
        (log.acknowledged_missing, "messages acknowledged and not in the log"),
        (log.doubled, "messages in the log twice"),
        (log.out_of_order, "messages in the log before an earlier one"),
    ]
}

/// What had not come when the run was over.
const fn missing(losses: &Losses) -> [Count; 6] {
    [
        (
            losses.not_come,
            "entries at the log's end that did not come, for all phones together",
        ),
        (losses.never_joined, "phones that never got into the room"),
        (losses.away_at_end, "phones that were not there at the end"),
        (losses.without_history, "phones that got no history"),
        (losses.chats_not_open, "chats of two that did not come into being"),
        (losses.chat_messages, "messages in chats of two that did not come"),
    ]
}

fn counted(counts: &[Count]) -> Vec<String> {
    let given = counts.iter().filter(|(count, _)| *count > 0);
    given.map(|(count, what)| format!("{count} {what}")).collect()
}

fn doubts(evidence: &Evidence) -> Vec<String> {
    let mut doubts: Vec<String> = evidence.ended.clone().into_iter().collect();
    if evidence.sent < evidence.planned {
        doubts.push(format!(
            "only {} of {} messages were sent",
            evidence.sent, evidence.planned
        ));
    }
    if evidence.refused > 0 {
        doubts.push(format!("{} messages were refused", evidence.refused));
    }
    if evidence.refused_in_chats > 0 {
        doubts.push(format!(
            "{} messages in chats of two were refused",
            evidence.refused_in_chats
        ));
    }
    let unanswered = evidence.sent.saturating_sub(evidence.acknowledged + evidence.refused);
    if unanswered > 0 {
        doubts.push(format!("{unanswered} messages were not answered"));
    }
    if evidence.statements.is_some_and(|statements| statements.seen.is_none()) {
        doubts.push("the server does not say how many statements reached its store".to_owned());
    }
    if evidence.is_too_slow() {
        doubts.push(format!(
            "the simulator itself was too slow: {} ms late 1 time in 100, {} ms are allowed",
            evidence.lag_p99_us / 1_000,
            evidence.lag_limit_us / 1_000
        ));
    }
    doubts
}

#[cfg(test)]
mod tests;
