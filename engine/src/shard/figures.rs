//! What a shard shows of itself once a second, so that a scrape asks no session: who is behind, and how much memory its logs take.

use super::{Inner, Shard, Slot};

/// What was shown last, and what is being added up for the next time.
#[derive(Default)]
pub(super) struct Figures {
    /// The shard's number among the node's shards.
    shard: usize,
    lagging: i64,
    log_bytes: i64,
}

impl Figures {
    /// Nothing shown yet by the shard of this number.
    pub(super) fn of(shard: usize) -> Self {
        Self {
            shard,
            ..Self::default()
        }
    }
}

/// Sessions that are behind, as one look over the shard finds them.
#[derive(Default)]
pub(super) struct Lag {
    sessions: i64,
    frames_max: u64,
}

impl Inner {
    /// Takes a session into account.
    pub(super) fn add_lag(&self, shard: &Shard, slot: &Slot, lag: &mut Lag) {
        if !slot.is_blocked || slot.is_closing {
            return;
        }
        let frames = self.frames_behind(slot);
        shard.metrics.lag_frames.observe(frames as f64);
        lag.sessions += 1;
        lag.frames_max = lag.frames_max.max(frames);
    }

    /// Frames between a session's cursors and the ends of their logs.
    fn frames_behind(&self, slot: &Slot) -> u64 {
        let behind = slot.cursors.iter().filter_map(|cursor| {
            let window = self.logs[cursor.log as usize].window(slot.wire)?;
            Some(window.end().min(cursor.end).saturating_sub(cursor.frame))
        });
        behind.sum()
    }

    /// Shows what has changed since the last time.
    pub(super) fn show_figures(&mut self, shard: &Shard, lag: &Lag) {
        let log_bytes = self.log_bytes as i64;
        let figures = &mut self.figures;
        shard.metrics.lagging.add(lag.sessions - figures.lagging);
        shard.metrics.log_bytes.add(log_bytes - figures.log_bytes);
        shard.metrics.show_most_lagging(figures.shard, lag.frames_max);
        (figures.lagging, figures.log_bytes) = (lag.sessions, log_bytes);
    }
}
