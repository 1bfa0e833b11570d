//! A session begins to listen: hold a cursor, find what was missed, release.
//!
//! The cursor is placed at the log's end before anything is awaited, and held: entries that come meanwhile wait behind it. The session
//! decides the right to read while it is held (a removal that comes meanwhile ends the held cursor), queues the reply, and releases.

use protocol::{Epoch, Error};

use super::{
    Inner, SessionKey, Shard,
    cursor::{Cursor, Ended},
};
use crate::{Channel, relay::Attachment};

/// A cursor that waits for its subscribe reply.
#[derive(Debug, Clone)]
pub struct Held {
    /// Whose.
    pub key: SessionKey,
    /// Where.
    pub channel: Channel,
    /// The log's identity.
    pub epoch: Epoch,
    /// The seq of the last entry before the cursor.
    pub offset: u64,
}

/// Where a client says it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// The log's identity then.
    pub epoch: Epoch,
    /// The seq of the last entry it has.
    pub offset: u64,
}

/// Where a recovered subscription goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// Everything missed follows as pushes, behind `offset`.
    pub is_recovered: bool,
    /// The last seq that the client has, or is told to take for granted.
    pub offset: u64,
}

impl Shard {
    /// Places a held cursor at the log's end.
    ///
    /// # Errors
    /// `UnknownChannel` when there is no such room, `Unavailable` when the store does not answer, `AlreadySubscribed`.
    pub async fn hold(&self, key: SessionKey, channel: &Channel, is_server_side: bool) -> Result<Held, Error> {
        let known = self.inner.borrow().by_channel.get(channel).copied();
        let log = match known {
            Some(log) => log,
            None => {
                let attachment: Attachment = self.relays.attach(channel, &self.inbox, self.clock.now_ms()).await?;
                self.inner.borrow_mut().log_of(attachment)
            }
        };
        self.inner.borrow_mut().place(self, key, log, is_server_side)
    }

    /// Moves a held cursor back to where the client was, if everything since then can be given.
    ///
    /// # Errors
    /// `TooManyRequests` when the node's memory for recovery is used up, `Unavailable` when the store does not answer.
    pub async fn resume(&self, held: &Held, recovery: Recovery) -> Result<Resumed, Error> {
        let refused = Resumed {
            is_recovered: false,
            offset: held.offset,
        };
        let Some(log) = self.bring_up_to_date(&held.channel) else {
            return Ok(refused);
        };
        let (epoch, end) = log;
        let is_within = recovery.epoch == epoch
            && recovery.offset <= end
            && end - recovery.offset <= self.limits.recovery_max_entries;
        if !is_within || (recovery.offset < end && !self.prefill(held, recovery.offset + 1).await?) {
            return Ok(refused);
        }
        let is_recovered = self.inner.borrow_mut().rewind(held, recovery.offset);
        Ok(if is_recovered {
            self.metrics.recovered_entries.inc_by(end - recovery.offset);
            Resumed {
                is_recovered,
                offset: recovery.offset,
            }
        } else {
            refused
        })
    }

    /// The reply is queued: entries may follow. Nothing happens when the cursor has gone meanwhile.
    pub fn release(&self, held: &Held) {
        let mut inner = self.inner.borrow_mut();
        if let Some(cursor) = inner.cursor_mut(held.key, &held.channel) {
            cursor.is_held = false;
        }
    }

    /// Ends a subscription; whether there was one. Nothing of the log follows.
    pub fn unsubscribe(&self, key: SessionKey, channel: &Channel) -> bool {
        let mut inner = self.inner.borrow_mut();
        let Some(&log) = inner.by_channel.get(channel) else {
            return false;
        };
        inner.remove_cursor(self, key, log)
    }

    /// The log's identity and end, with everything that the relay has taken in.
    fn bring_up_to_date(&self, channel: &Channel) -> Option<(Epoch, u64)> {
        let mut inner = self.inner.borrow_mut();
        let &log = inner.by_channel.get(channel)?;
        inner.take_log(self, log);
        let log = &inner.logs[log];
        Some((log.epoch, log.seq))
    }
}

impl Inner {
    fn place(&mut self, shard: &Shard, key: SessionKey, log_index: usize, is_server_side: bool) -> Result<Held, Error> {
        self.take_log(shard, log_index);
        let Some(slot) = self
            .slots
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
        else {
            self.drop_log_if_idle(shard, log_index);
            return Err(protocol::ErrorCode::Unavailable.into());
        };
        if slot.cursors.iter().any(|cursor| cursor.log as usize == log_index) {
            return Err(protocol::ErrorCode::AlreadySubscribed.into());
        }
        let log = &mut self.logs[log_index];
        let window = log.window_mut(slot.wire);
        window.listeners += 1;
        let frame = window.end();
        slot.cursors.push(Cursor {
            log: log_index as u32,
            listener: log.listeners.len() as u32,
            frame,
            end: u64::MAX,
            why: Ended::Lagged,
            is_held: true,
            is_server_side,
        });
        log.listeners.push(key);
        shard.metrics.cursors.inc();
        Ok(Held {
            key,
            channel: log.relay.channel().clone(),
            epoch: log.epoch,
            offset: log.seq,
        })
    }

    fn cursor_mut(&mut self, key: SessionKey, channel: &Channel) -> Option<&mut Cursor> {
        let &log = self.by_channel.get(channel)?;
        self.slot_mut(key)?
            .cursors
            .iter_mut()
            .find(|cursor| cursor.log as usize == log)
    }

    /// Sets a held cursor right behind `offset`; whether what follows is kept.
    fn rewind(&mut self, held: &Held, offset: u64) -> bool {
        let Some(&log_index) = self.by_channel.get(&held.channel) else {
            return false;
        };
        let Some(wire) = self.slot(held.key).map(|slot| slot.wire) else {
            return false;
        };
        let log = &self.logs[log_index];
        let Some(window) = log.window(wire) else { return false };
        let frame = if offset == log.seq {
            Some(window.end())
        } else {
            window.frame_of(offset + 1)
        };
        let Some(frame) = frame else { return false };
        let Some(cursor) = self.cursor_mut(held.key, &held.channel) else {
            return false;
        };
        // A person removed meanwhile gets nothing back, not even what came before the removal.
        if cursor.end != u64::MAX {
            return false;
        }
        cursor.frame = frame;
        true
    }
}
