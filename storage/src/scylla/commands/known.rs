//! What a process knows of a room's commands: by heart, by a filter, or not at all. Belongs to whoever holds the room's cell; asks nobody.

use std::collections::{HashMap, VecDeque};

use super::{
    super::options::{COMMAND_FILTERS_KEPT_MAX, COMMAND_IDS_KEPT_MAX},
    filter::CommandFilter,
};

/// A bucket in which records may lie.
#[derive(Debug)]
pub(super) struct Recent {
    pub(super) number: u64,
    pub(super) first_seq: u64,
    pub(super) first_ms: i64,
    pub(super) kept: Kept,
}

/// What this process remembers of a bucket's commands.
#[derive(Debug)]
pub(super) enum Kept {
    /// Nothing: the store is asked.
    Nothing,
    /// All of them, because this process has written all of them: entry's seq and time by key.
    ByHeart(HashMap<i64, (u64, i64)>),
    /// Which are certainly not there; the store is asked about the others.
    Filter(CommandFilter),
}

impl Kept {
    /// How many are known by heart.
    pub(super) fn by_heart(&self) -> usize {
        match self {
            Self::ByHeart(known) => known.len(),
            _ => 0,
        }
    }

    pub(super) fn find(&self, key: i64) -> Option<&(u64, i64)> {
        match self {
            Self::ByHeart(known) => known.get(&key),
            _ => None,
        }
    }

    /// Whether the store has to be asked about a key.
    pub(super) fn is_open(&self, key: i64) -> bool {
        match self {
            Self::Nothing => true,
            Self::ByHeart(_) => false,
            Self::Filter(filter) => filter.may_hold(key),
        }
    }
}

/// What is known of a room's commands.
#[derive(Debug, Default)]
pub(in crate::scylla) struct KnownCommands {
    /// The buckets of the last seven days, oldest first; None: nobody has looked yet.
    pub(super) recent: Option<VecDeque<Recent>>,
    kept: usize,
}

/// A room without entries has no commands: all that come are known.
pub(in crate::scylla) fn none_yet() -> KnownCommands {
    KnownCommands {
        recent: Some(VecDeque::new()),
        kept: 0,
    }
}

impl KnownCommands {
    /// A bucket of ours was opened: its commands are known from the first on.
    pub(in crate::scylla) fn opened(&mut self, number: u64, first_seq: u64, first_ms: i64) {
        if let Some(recent) = &mut self.recent {
            recent.push_back(Recent {
                number,
                first_seq,
                first_ms,
                kept: Kept::ByHeart(HashMap::new()),
            });
        }
    }

    /// A bucket has been taken over into one of ours, with these records: entry's seq and time by key.
    pub(in crate::scylla) fn taken_over(&mut self, from: u64, to: u64, records: HashMap<i64, (u64, i64)>) {
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
    pub(in crate::scylla) fn written(&mut self, bucket: u64, key: i64, seq: u64, time_ms: i64) {
        let Some(recent) = &mut self.recent else { return };
        let newest = recent.back_mut().filter(|recent| recent.number == bucket);
        if let Some(Kept::ByHeart(known)) = newest.map(|recent| &mut recent.kept) {
            known.insert(key, (seq, time_ms));
            self.kept += 1;
        }
        self.forget_some();
    }

    /// What is known of a bucket.
    pub(super) fn of(&mut self, bucket: u64) -> Option<&mut Kept> {
        let mut recent = self.recent.iter_mut().flatten().rev();
        let found = recent.find(|recent| recent.number == bucket);
        found.map(|recent| &mut recent.kept)
    }

    /// Drops the buckets that hold nothing as young as this: their successors begin before it.
    pub(super) fn forget_before(&mut self, since_ms: i64) {
        let Some(recent) = &mut self.recent else { return };
        while recent.len() > 1 && recent[1].first_ms < since_ms {
            let dropped = recent.pop_front();
            self.kept -= dropped.map_or(0, |bucket| bucket.kept.by_heart());
        }
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
    pub(in crate::scylla) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_by_heart_is_bounded() {
        let mut commands = none_yet();
        for bucket in 1..=4 {
            commands.opened(bucket, bucket, 0);
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
