//! Finding out which commands were appended before: from memory where that knows, else in the buckets that may hold their records, all at
//! once.

use std::collections::HashMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{RoomId, UserId};
use uuid::Uuid;

use super::{
    super::{
        cells::Known,
        client::Client,
        failure::Result,
        options::{CALL_STATEMENTS_AT_ONCE, COMMAND_LIFETIME_MS, IN_KEYS_MAX},
        rows::{signed, unsigned},
    },
    Record, issuer, key,
    known::KnownCommands,
    load,
};
use crate::{AppendBatch, NewEntry};

/// Keys to ask a bucket for, which holds the records of entries from `first` to `last`.
struct Question {
    bucket: u64,
    first: u64,
    last: u64,
    keys: Vec<i64>,
}

/// Which of these commands were appended before: the seq of each, by its place in `wanted`.
pub(in crate::scylla) async fn find(
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
        commands.recent = Some(load::recent(client, room, known, since_ms).await?);
    }
    commands.forget_before(since_ms);
    let keys: Vec<i64> = wanted.iter().map(|(sender, id, _)| key(sender, *id)).collect();
    let mut found = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        let recent = commands.recent.iter().flatten().rev();
        if let Some((seq, time_ms)) = recent.filter_map(|bucket| bucket.kept.find(*key)).next()
            && counts(known, *seq, *time_ms, wanted[at].2)
        {
            found.insert(at, *seq);
        }
    }
    let asked = questions(commands, &keys, known.state.head.seq);
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

/// What memory does not know of these keys, in a log that ends at `end`: each bucket ends where the next one begins.
fn questions(commands: &KnownCommands, keys: &[i64], end: u64) -> Vec<Question> {
    let mut questions = Vec::new();
    let mut last = end;
    for bucket in commands.recent.iter().flatten().rev() {
        let open: Vec<i64> = keys.iter().copied().filter(|key| bucket.kept.is_open(*key)).collect();
        questions.extend(open.chunks(IN_KEYS_MAX).map(|keys| Question {
            bucket: bucket.number,
            first: bucket.first_seq,
            last,
            keys: keys.to_vec(),
        }));
        last = bucket.first_seq.saturating_sub(1);
    }
    questions
}

/// Asks the store for the records of keys in buckets: their seq, time and key.
async fn ask(
    client: &Client,
    room: RoomId,
    questions: Vec<Question>,
    wanted: &[(UserId, Uuid, i64)],
) -> Result<Vec<(u64, i64, i64)>> {
    let answers: Vec<Vec<(u64, i64, i64)>> = stream::iter(questions)
        .map(|question| answer(client, room, question, wanted))
        .buffered(CALL_STATEMENTS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(answers.into_iter().flatten().collect())
}

async fn answer(
    client: &Client,
    room: RoomId,
    question: Question,
    wanted: &[(UserId, Uuid, i64)],
) -> Result<Vec<(u64, i64, i64)>> {
    let values = (room.key(), signed(question.bucket), question.keys);
    let records = client.rows::<Record>(&client.statements.commands, values).await?;
    let mut found = Vec::new();
    for (key, sender, time_ms, command_id, target) in records {
        let seq = unsigned(target)?;
        // What a batch that was given up has left behind a bucket's end is nobody's.
        let is_there = question.first <= seq && seq <= question.last;
        let is_wanted = |(user, id, _): &(UserId, Uuid, i64)| user.as_str() == sender && *id == command_id;
        if is_there && wanted.iter().any(is_wanted) {
            found.push((seq, time_ms, key));
        }
    }
    Ok(found)
}

/// Which entries of a batch are repetitions: of what the log holds, or of an earlier entry of the batch itself, whose place in the log is
/// the one proposed.
pub(in crate::scylla) async fn repetitions(
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
