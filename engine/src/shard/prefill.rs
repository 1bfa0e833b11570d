//! Older entries are put in front of a log's window, so that recovery is a cursor set back and nothing is copied per session.
//!
//! One reader at a time per log; a crowd that comes back at once shares what the first one read. A deletion that comes while a read is under way
//! is remembered and takes its content out before anything is framed.

use std::{rc::Rc, sync::Arc};

use protocol::{
    Error, ErrorCode,
    client::{Event, Push},
};

use super::{Held, Inner, Shard};
use crate::{
    limits::{SHARD_LOG_BYTES_MAX, WINDOW_BYTES_MAX},
    metrics::Limit,
    relay::{Relay, RelayEntry},
};

/// How often a read is repeated because the window's front moved meanwhile.
const TRIES_MAX: usize = 8;

/// Ends a read however its future ends.
struct Reading<'shard> {
    shard: &'shard Shard,
    log: usize,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut inner = self.shard.inner.borrow_mut();
        let log = &mut inner.logs[self.log];
        log.reads -= 1;
        if log.reads == 0 {
            log.deletions = Vec::new();
        }
        inner.drop_log_if_idle(self.shard, self.log);
    }
}

/// What has to be read.
enum Missing {
    Nothing,
    Range(u64, u64),
    Gone,
}

impl Shard {
    /// Makes sure that the window keeps every entry from `wanted` on; whether it does.
    pub(super) async fn prefill(&self, held: &Held, wanted: u64) -> Result<bool, Error> {
        let Some((reading, relay, filling)) = self.begin_read(held) else {
            return Ok(false);
        };
        let _one_at_a_time = filling.lock().await;
        for _ in 0..TRIES_MAX {
            let (first, last) = match self.inner.borrow().missing(held, wanted) {
                Missing::Nothing => return Ok(true),
                Missing::Gone => return Ok(false),
                Missing::Range(first, last) => (first, last),
            };
            let Some(entries) = self.read_range(&relay, first, last).await? else {
                return Ok(false);
            };
            let count = entries.len() as u64;
            let put = self.inner.borrow_mut().put_in_front(reading.log, held, entries);
            if put.is_err() {
                self.metrics.limited(Limit::LogBytes);
            }
            if let Some(done) = put? {
                if done {
                    self.metrics.prefilled_entries.inc_by(count);
                }
                return Ok(done);
            }
        }
        Ok(false)
    }

    fn begin_read(&self, held: &Held) -> Option<(Reading<'_>, Arc<Relay>, Rc<tokio::sync::Mutex<()>>)> {
        let mut inner = self.inner.borrow_mut();
        let &index = inner.by_channel.get(&held.channel)?;
        let log = &mut inner.logs[index];
        log.reads += 1;
        let filling = Rc::clone(log.filling.get_or_insert_with(Rc::default));
        Some((
            Reading {
                shard: self,
                log: index,
            },
            Arc::clone(&log.relay),
            filling,
        ))
    }

    /// Every entry `first..=last`, from the ring or from storage; None when some are gone.
    async fn read_range(&self, relay: &Relay, first: u64, last: u64) -> Result<Option<Vec<Arc<RelayEntry>>>, Error> {
        if let Some(entries) = relay.kept(first, last) {
            return Ok(Some(entries));
        }
        let mut entries: Vec<Arc<RelayEntry>> = Vec::new();
        let mut next = first;
        let mut size_bytes = 0;
        while next <= last {
            let page = self.relays.read(relay.channel(), next, last).await.map_err(|error| {
                tracing::warn!(%error, "entries for a recovery could not be read");
                Error::from(ErrorCode::Unavailable)
            })?;
            size_bytes += page.iter().map(|entry| entry.data.as_bytes().len()).sum::<usize>();
            for entry in page.iter() {
                if entry.seq != next {
                    return Ok(None);
                }
                next += 1;
            }
            if page.is_empty() || size_bytes > WINDOW_BYTES_MAX {
                return Ok(None);
            }
            entries.extend(page);
        }
        Ok(Some(entries))
    }
}

impl Inner {
    fn missing(&self, held: &Held, wanted: u64) -> Missing {
        let log = self.by_channel.get(&held.channel).map(|&log| &self.logs[log]);
        let (Some(log), Some(slot)) = (log, self.slot(held.key)) else {
            return Missing::Gone;
        };
        let Some(window) = log.window(slot.wire).filter(|_| log.epoch == held.epoch) else {
            return Missing::Gone;
        };
        match window.first_seq() {
            Some(first) if first <= wanted => Missing::Nothing,
            Some(first) => Missing::Range(wanted, first - 1),
            None if wanted > log.seq => Missing::Nothing,
            None => Missing::Range(wanted, log.seq),
        }
    }

    /// Frames and prepends what was read. None: the window's front has moved meanwhile, read again.
    fn put_in_front(
        &mut self,
        log_index: usize,
        held: &Held,
        entries: Vec<Arc<RelayEntry>>,
    ) -> Result<Option<bool>, Error> {
        let Some(wire) = self.slot(held.key).map(|slot| slot.wire) else {
            return Ok(Some(false));
        };
        let log = &mut self.logs[log_index];
        let (Some(first), Some(last), Some(window)) = (entries.first(), entries.last(), log.window(wire)) else {
            return Ok(Some(false));
        };
        // What was read belongs to a log that is no more, or to what it has dropped since.
        if log.epoch != held.epoch || first.seq < log.first_seq {
            return Ok(Some(false));
        }
        if window.first_seq().unwrap_or(log.seq + 1) != last.seq + 1 {
            return Ok(None);
        }
        let channel = log.relay.channel();
        let frames: Vec<_> = entries
            .iter()
            .map(|entry| {
                let deletion = log
                    .deletions
                    .iter()
                    .find(|deletion| deletion.deletes(entry.seq, entry.target));
                let redacted = deletion.map(|deletion| deletion.redacted(channel, entry.seq, entry.target));
                let event = Event::Publication(redacted.as_ref().unwrap_or(entry).publication());
                let mut bytes = Vec::new();
                wire.frame_push(
                    &Push {
                        channel: channel.as_str().into(),
                        event,
                    },
                    &mut bytes,
                );
                (entry.seq, entry.target, bytes)
            })
            .collect();
        let size_bytes: usize = frames.iter().map(|(_, _, bytes)| bytes.len()).sum();
        if self.log_bytes + size_bytes > SHARD_LOG_BYTES_MAX {
            return Err(ErrorCode::TooManyRequests.into());
        }
        if window.size_bytes + size_bytes > WINDOW_BYTES_MAX {
            return Ok(Some(false));
        }
        log.window_mut(wire).prepend(frames);
        self.log_bytes += size_bytes;
        Ok(Some(true))
    }
}
