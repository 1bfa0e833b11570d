//! Commands and their repetition: which entry a client's `client_msg_id` became.
//!
//! The record of a command lies in the partition of its entry, below seq 0, under a key that follows from sender and id: one mutation
//! makes both durable, and one statement asks for many. A new command has to be looked for in every bucket of the last seven days;
//! buckets that this process has filled from the beginning are known by heart, up to a limit, and beyond that by a filter that says which
//! commands are certainly new, so a room that is in use asks next to nothing.

use std::collections::{HashMap, VecDeque};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};
use uuid::Uuid;

use super::{
    cells::Known,
    client::Client,
    command_filter::CommandFilter,
    failure::Result,
    index,
    options::{
        CALL_STATEMENTS_AT_ONCE, COMMAND_FILTERS_KEPT_MAX, COMMAND_IDS_KEPT_MAX, COMMAND_LIFETIME_MS, IN_KEYS_MAX,
    },
    rows::{signed, unsigned},
};
use crate::{AppendBatch, Entry, NewEntry};

/// Whose `client_msg_id` it is: of whoever did it.
pub(super) fn issuer(entry: &Entry) -> UserId {
    let who = entry.actor.as_ref().or(entry.sender.as_ref());
    who.cloned().unwrap_or_else(UserId::anonymous)
}

/// Where the record of a command lies in its bucket: below seq 0. The key follows from both through SHA-1 (UUID version 5, RFC 9562), so
/// that nobody finds an id that hides somebody else's.
pub(super) fn key(issuer: &UserId, command_id: Uuid) -> i64 {
    let mixed = Uuid::new_v5(&command_id, issuer.as_str().as_bytes());
    let (high, _) = mixed.as_u64_pair();
    -1 - (high >> 1) as i64
}

/// A bucket in which records may lie.
#[derive(Debug)]
struct Recent {
    number: u64,
    first_ms: i64,
    kept: Kept,
}

/// What this process remembers of a bucket's commands.
#[derive(Debug)]
enum Kept {
    /// Nothing: the store is asked.
    Nothing,
    /// All of them, because this process has written all of them: entry's seq and time by key.
    ByHeart(HashMap<i64, (u64, i64)>),
    /// Which are certainly not there; the store is asked about the others.
    Filter(CommandFilter),
}

impl Kept {
    /// How many are known by heart.
    fn by_heart(&self) -> usize {
        match self {
            Self::ByHeart(known) => known.len(),
            _ => 0,
        }
    }

    fn find(&self, key: i64) -> Option<&(u64, i64)> {
        match self {
            Self::ByHeart(known) => known.get(&key),
            _ => None,
        }
    }

    /// Whether the store has to be asked about a key.
    fn is_open(&self, key: i64) -> bool {
        match self {
            Self::Nothing => true,
            Self::ByHeart(_) => false,
            Self::Filter(filter) => filter.may_hold(key),
        }
    }
}

/// What is known of a room's commands.
#[derive(Debug, Default)]
pub(super) struct KnownCommands {
    recent: Option<VecDeque<Recent>>,
    kept: usize,
}

impl KnownCommands {
    /// A bucket of ours was opened: its commands are known from the first on.
    pub(super) fn opened(&mut self, number: u64, first_ms: i64) {
        if let Some(recent) = &mut self.recent {
            let kept = Kept::ByHeart(HashMap::new());
            recent.push_back(Recent { number, first_ms, kept });
        }
    }

    /// A bucket has been taken over into one of ours, with these records: entry's seq and time by key.
    pub(super) fn taken_over(&mut self, from: u64, to: u64, records: HashMap<i64, (u64, i64)>) {
        let Some(recent) = &mut self.recent else { return };
        let Some(taken) = recent.iter_mut().find(|recent| recent.number == from) else {
            return self.forget();
        };
        taken.number = to;
        self.kept += records.len();
        self.kept -= std::mem::replace(&mut taken.kept, Kept::ByHeart(records)).by_heart();
        self.forget_some();
    }

    /// A command was written.
    pub(super) fn written(&mut self, bucket: u64, key: i64, seq: u64, time_ms: i64) {
        let Some(recent) = &mut self.recent else { return };
        let newest = recent.back_mut().filter(|recent| recent.number == bucket);
        if let Some(Kept::ByHeart(known)) = newest.map(|recent| &mut recent.kept) {
            known.insert(key, (seq, time_ms));
            self.kept += 1;
        }
        self.forget_some();
    }

    /// Makes filters of the oldest until few enough are known by heart, and drops the oldest filters when there are too many.
    fn forget_some(&mut self) {
        if self.kept <= COMMAND_IDS_KEPT_MAX {
            return;
        }
        let Some(recent) = &mut self.recent else { return };
        for bucket in recent.iter_mut() {
            if self.kept <= COMMAND_IDS_KEPT_MAX {
                break;
            }
            if let Kept::ByHeart(known) = &bucket.kept {
                self.kept -= known.len();
                bucket.kept = Kept::Filter(CommandFilter::of(known.keys().copied()));
            }
        }
        let mut filters = 0;
        for bucket in recent.iter_mut().rev() {
            filters += usize::from(matches!(bucket.kept, Kept::Filter(_)));
            if filters > COMMAND_FILTERS_KEPT_MAX && matches!(bucket.kept, Kept::Filter(_)) {
                bucket.kept = Kept::Nothing;
            }
        }
    }

    /// Nothing is known any more; the store is asked.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// A room without entries has no commands: all that come are known.
pub(super) fn none_yet() -> KnownCommands {
    KnownCommands {
        recent: Some(VecDeque::new()),
        kept: 0,
    }
}

/// The buckets that may hold commands younger than `since_ms`, by the index.
async fn load(client: &Client, room: RoomId, known: &Known, since_ms: i64) -> Result<VecDeque<Recent>> {
    let head = known.state.head.bucket;
    let mut recent = VecDeque::new();
    if head.bucket == 0 || head.first_seq < known.log_first() {
        return Ok(recent);
    }
    let mut oldest = (head.first_seq, head.first_ms);
    recent.push_front(unknown(head.bucket, head.first_ms));
    while oldest.1 >= since_ms && oldest.0 > known.log_first() {
        let before = index::buckets_up_to(client, room, oldest.0 - 1).await?;
        let Some(last) = before.last() else { break };
        oldest = (last.first_seq, last.first_ms);
        for bucket in before {
            recent.push_front(unknown(bucket.number, bucket.first_ms));
        }
    }
    Ok(recent)
}

fn unknown(number: u64, first_ms: i64) -> Recent {
    let kept = Kept::Nothing;
    Recent { number, first_ms, kept }
}

/// A record as it is read.
type Record = (i64, String, i64, Uuid, i64);

/// Which of these commands were appended before: the seq of each, by its place in `wanted`.
pub(super) async fn find(
    client: &Client,
    room: RoomId,
    known: &Known,
    commands: &mut KnownCommands,
    wanted: &[(UserId, Uuid, i64)],
) -> Result<HashMap<usize, u64>> {
    let Some(now_ms) = wanted.iter().map(|(_, _, now_ms)| *now_ms).min() else {
        return Ok(HashMap::new());
    };
    let since_ms = now_ms.saturating_sub(COMMAND_LIFETIME_MS);
    if commands.recent.is_none() {
        commands.recent = Some(load(client, room, known, since_ms).await?);
    }
    let recent = commands.recent.as_mut().expect("it was just loaded");
    // A bucket whose successor begins before that time holds nothing younger.
    while recent.len() > 1 && recent[1].first_ms < since_ms {
        let dropped = recent.pop_front();
        commands.kept -= dropped.map_or(0, |bucket| bucket.kept.by_heart());
    }
    let recent = commands.recent.as_ref().expect("it was just loaded");
    let keys: Vec<i64> = wanted.iter().map(|(sender, id, _)| key(sender, *id)).collect();
    let mut found = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        let by_heart = recent.iter().filter_map(|bucket| bucket.kept.find(*key)).next_back();
        if let Some((seq, time_ms)) = by_heart
            && counts(known, *seq, *time_ms, wanted[at].2)
        {
            found.insert(at, *seq);
        }
    }
    let mut asked = Vec::new();
    for bucket in recent {
        let open: Vec<i64> = keys.iter().copied().filter(|key| bucket.kept.is_open(*key)).collect();
        asked.extend(open.chunks(IN_KEYS_MAX).map(|keys| (bucket.number, keys.to_vec())));
    }
    for (seq, time_ms, record_key) in ask(client, room, asked, wanted).await? {
        let at = keys.iter().position(|key| *key == record_key);
        if let Some(at) = at.filter(|at| counts(known, seq, time_ms, wanted[*at].2)) {
            found.insert(at, seq);
        }
    }
    Ok(found)
}

fn counts(known: &Known, seq: u64, time_ms: i64, now_ms: i64) -> bool {
    seq >= known.log_first() && now_ms.saturating_sub(time_ms) < COMMAND_LIFETIME_MS
}

/// Asks the store for the records of keys in buckets: their seq, time and key.
async fn ask(
    client: &Client,
    room: RoomId,
    asked: Vec<(u64, Vec<i64>)>,
    wanted: &[(UserId, Uuid, i64)],
) -> Result<Vec<(u64, i64, i64)>> {
    let answers: Vec<Vec<Record>> = stream::iter(asked)
        .map(|(bucket, keys)| async move {
            let values = (room.key(), signed(bucket), keys);
            client.rows::<Record>(&client.statements.commands, values).await
        })
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    let is_wanted = |record: &Record| {
        let (_, sender, _, command_id, _) = record;
        wanted
            .iter()
            .any(|(user, id, _)| user.as_str() == sender && id == command_id)
    };
    let records = answers.into_iter().flatten().filter(is_wanted);
    records
        .map(|(key, _, time_ms, _, target)| Ok((unsigned(target)?, time_ms, key)))
        .collect()
}

/// Which entries of a batch are repetitions: of what the log holds, or of an earlier entry of the batch itself, whose place in the log is
/// the one proposed.
pub(super) async fn repetitions(
    client: &Client,
    batch: &AppendBatch,
    known: &Known,
    commands: &mut KnownCommands,
) -> Result<Vec<(usize, u64)>> {
    let repeatable: Vec<(usize, &NewEntry)> = batch
        .entries
        .iter()
        .enumerate()
        .filter(|(_, new)| new.is_repeatable)
        .collect();
    let wanted: Vec<(UserId, Uuid, i64)> = repeatable
        .iter()
        .map(|(_, new)| (issuer(&new.entry), new.entry.command_id, new.entry.time_ms))
        .collect();
    let before = find(client, batch.room, known, commands, &wanted).await?;
    let mut seen: HashMap<(&UserId, Uuid), u64> = HashMap::new();
    let mut repeated = Vec::new();
    for (at, (index, new)) in repeatable.iter().enumerate() {
        let (sender, id, _) = &wanted[at];
        match before.get(&at).or_else(|| seen.get(&(sender, *id))) {
            Some(seq) => repeated.push((*index, *seq)),
            None => {
                seen.insert((sender, *id), new.entry.seq);
            }
        }
    }
    Ok(repeated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_lie_below_the_log_and_apart_from_each_other() {
        let (alice, bob): (UserId, UserId) = ("alice".parse().expect("an id"), "bob".parse().expect("an id"));
        let id = Uuid::from_u128(7);
        let keys = [key(&alice, id), key(&bob, id), key(&alice, Uuid::from_u128(8))];
        assert!(keys.iter().all(|key| *key < 0));
        assert!(keys[0] != keys[1] && keys[0] != keys[2]);
        assert_eq!(key(&alice, id), keys[0]);
    }

    #[test]
    fn what_is_kept_by_heart_is_bounded() {
        let mut commands = none_yet();
        for bucket in 1..=4 {
            commands.opened(bucket, 0);
            for key in 0..40_000 {
                commands.written(bucket, -1 - key, key as u64, 0);
            }
        }
        assert!(commands.kept <= COMMAND_IDS_KEPT_MAX);
        let by_heart = commands
            .recent
            .iter()
            .flatten()
            .filter(|bucket| matches!(bucket.kept, Kept::ByHeart(_)))
            .count();
        assert_eq!(by_heart, 2);
        let oldest = commands.recent.iter().flatten().next().expect("four buckets");
        assert!(oldest.kept.is_open(-1), "the store is asked about what may be there");
    }
}
