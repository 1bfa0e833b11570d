//! What happens in a room, entry by entry: messages, edits, deletions.

use bytes::Bytes;
use uuid::Uuid;

use super::{
    names::user_id,
    random::Random,
    texts::{Shape, Texts},
};
use crate::{Effect, Entry, EntryKind, LogHead, NewEntry};

/// Share of entries that edit a message shortly before.
const EDITS: f64 = 0.03;
/// Share of entries that delete one.
const DELETIONS: f64 = 0.005;
/// How far back they reach at most, in entries.
const BACK_MAX: u64 = 200;

/// Writes one room's log.
#[derive(Debug, Clone)]
pub struct LogWriter {
    random: Random,
    texts: Texts,
    people: u64,
    pause_ms: i64,
    /// Kind and author of the last [`BACK_MAX`] entries, by seq; None: no message that may be changed.
    recent: Vec<Option<u64>>,
}

impl LogWriter {
    /// A room in which so many people write, `pause_ms` milliseconds apart on average.
    pub fn new(seed: u64, shape: Shape, people: u64, pause_ms: i64) -> Self {
        Self {
            random: Random::new(seed ^ 0x5eed),
            texts: Texts::new(seed, shape),
            people: people.max(1),
            pause_ms: pause_ms.max(1),
            recent: vec![None; BACK_MAX as usize],
        }
    }

    /// The next entries behind a log's end.
    pub fn entries(&mut self, head: &LogHead, count: u64) -> Vec<NewEntry> {
        let (mut number, mut time_ms) = (head.number, head.time_ms);
        (head.seq + 1..=head.seq + count)
            .map(|seq| {
                time_ms += self.random.below(2 * self.pause_ms as u64) as i64;
                let new = self.entry(seq, time_ms, &mut number);
                let author = (new.entry.kind == EntryKind::Message)
                    .then(|| self.author_of(&new.entry))
                    .flatten();
                self.recent[(seq % BACK_MAX) as usize] = author;
                new
            })
            .collect()
    }

    fn author_of(&self, entry: &Entry) -> Option<u64> {
        let number = entry.sender.as_ref()?.as_str().strip_prefix("person-")?;
        number.parse().ok()
    }

    fn entry(&mut self, seq: u64, time_ms: i64, number: &mut u64) -> NewEntry {
        let what = self.random.share();
        let target = seq.saturating_sub(1 + self.random.below(BACK_MAX - 1));
        let author = self.recent[(target % BACK_MAX) as usize].filter(|_| target > 0 && what < EDITS + DELETIONS);
        let (kind, author, body, effects) = match author {
            None => {
                *number += 1;
                (
                    EntryKind::Message,
                    self.random.zipf(self.people) - 1,
                    self.texts.body(),
                    Vec::new(),
                )
            }
            Some(author) if what < EDITS => {
                let body = self.texts.body();
                let effect = Effect::Edit {
                    target,
                    body: body.clone(),
                };
                (EntryKind::Edit, author, body, vec![effect])
            }
            Some(author) => {
                self.recent[(target % BACK_MAX) as usize] = None;
                (EntryKind::Delete, author, Bytes::new(), vec![Effect::Delete { target }])
            }
        };
        let entry = Entry {
            seq,
            number: *number,
            kind,
            sender: Some(user_id(author)),
            actor: None,
            client: None,
            time_ms,
            created_ms: time_ms,
            command_id: Uuid::from_u64_pair(self.random.number(), self.random.number()),
            reply_to: 0,
            target: if kind == EntryKind::Message { 0 } else { target },
            version: 0,
            deleted: false,
            body,
        };
        NewEntry {
            entry,
            is_repeatable: false,
            effects,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Epoch;

    use super::*;
    use crate::bucket::BucketHead;

    fn some(seed: u64) -> Vec<NewEntry> {
        let head = LogHead {
            epoch: Epoch::generate(),
            seq: 0,
            number: 0,
            time_ms: 0,
            message_seq: 0,
            bucket: BucketHead::default(),
        };
        LogWriter::new(seed, Shape::Office, 100, 1_000).entries(&head, 5_000)
    }

    #[test]
    fn one_seed_gives_one_log_with_everything_in_it() {
        let (one, same, other) = (some(7), some(7), some(8));
        let bodies = |log: &[NewEntry]| log.iter().map(|new| new.entry.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&one), bodies(&same));
        assert_ne!(bodies(&one), bodies(&other));
        for kind in [EntryKind::Message, EntryKind::Edit, EntryKind::Delete] {
            assert!(one.iter().any(|new| new.entry.kind == kind), "{kind:?}");
        }
        let bytes: usize = one.iter().map(|new| new.entry.body.len()).sum();
        let mean = bytes / one.len();
        assert!((80..400).contains(&mean), "{mean} bytes on average");
    }
}
