//! Once a second: pings, missing pongs, sessions without progress, connections that never became sessions, and the shard's figures.

use protocol::{Disconnect, client::encode_ping};

use super::{Inner, SessionKey, Shard, ShardNotice, figures::Lag, slot::Slot};
use crate::limits::{NO_PROGRESS_AFTER, PING_INTERVAL_S, PONG_TIMEOUT_S};

/// Seconds that a closing connection has for taking its last bytes.
const CLOSE_TIMEOUT_S: u32 = 5;

/// What a session is due for.
enum Due {
    Ping,
    Wake,
    Close(Disconnect),
    Abandon,
}

impl Shard {
    pub(super) fn tick(&self) {
        let now_s = self.now_s();
        let connect_timeout_s = self.limits.connect_timeout_s;
        let due: Vec<(SessionKey, Due)> = {
            let mut inner = self.inner.borrow_mut();
            let key = |index: usize, slot: &Slot| SessionKey {
                index: index as u32,
                generation: slot.generation,
            };
            let mut lag = Lag::default();
            let due = inner.slots.iter().filter_map(|(index, slot)| {
                inner.add_lag(self, slot, &mut lag);
                Some((key(index, slot), slot.due(now_s, connect_timeout_s)?))
            });
            let due = due.collect();
            inner.show_figures(self, &lag);
            due
        };
        for (key, due) in due {
            match due {
                Due::Ping => self.ping(key, now_s),
                Due::Wake => self.wake(key),
                Due::Close(why) => self.close(key, why),
                Due::Abandon => self.abandon(key),
            }
        }
    }

    fn ping(&self, key: SessionKey, now_s: u32) {
        let mut inner = self.inner.borrow_mut();
        let Some(slot) = inner.slot_mut(key) else { return };
        let (mut message, mut bytes) = (Vec::new(), Vec::new());
        encode_ping(slot.wire.variant.encoding(), &mut message);
        slot.wire.frame_personal(&message, &mut bytes);
        slot.queue_personal(&bytes);
        slot.ping_due_s = now_s + PING_INTERVAL_S;
        if slot.has_pongs {
            slot.ping_sent_s = now_s;
        }
        inner.flush(self, key);
    }

    fn wake(&self, key: SessionKey) {
        let mut inner = self.inner.borrow_mut();
        if let Some(slot) = inner.slot_mut(key) {
            slot.wake_s = 0;
            slot.notify(ShardNotice::Due);
        }
    }

    fn abandon(&self, key: SessionKey) {
        let mut inner: std::cell::RefMut<'_, Inner> = self.inner.borrow_mut();
        if let Some(slot) = inner.slot_mut(key) {
            slot.is_closed = true;
            slot.outbox.close();
        }
    }
}

impl Slot {
    fn due(&self, now_s: u32, connect_timeout_s: u32) -> Option<Due> {
        if self.is_closed {
            return None;
        }
        let since = |then_s: u32| now_s.saturating_sub(then_s);
        if self.is_closing {
            return (since(self.progress_s) >= CLOSE_TIMEOUT_S).then_some(Due::Abandon);
        }
        if self.is_blocked && since(self.progress_s) >= NO_PROGRESS_AFTER.as_secs() as u32 {
            return Some(Due::Close(Disconnect::Slow));
        }
        if self.connected_s == 0 {
            return (since(self.opened_s) >= connect_timeout_s).then_some(Due::Close(Disconnect::Stale));
        }
        if self.ping_sent_s != 0 && since(self.ping_sent_s) >= PONG_TIMEOUT_S && !self.is_blocked {
            return Some(Due::Close(Disconnect::NoPong));
        }
        if self.wake_s != 0 && self.wake_s <= now_s {
            return Some(Due::Wake);
        }
        // Due, not on the second: a tick that comes late, or had something else for the session, leaves no ping out.
        (now_s >= self.ping_due_s && self.ping_sent_s == 0).then_some(Due::Ping)
    }
}
