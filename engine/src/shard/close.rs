//! The server ends a connection: the close frame is the last thing written.

use protocol::{
    Disconnect,
    client::{Event, Push, Transport},
    websocket::write_close,
};

use super::{Inner, SessionKey, Shard, Wire};

impl Shard {
    /// Ends a session: what is in its personal queue goes out, then the reason, then nothing.
    pub fn close(&self, key: SessionKey, why: Disconnect) {
        self.inner.borrow_mut().begin_close(self, key, why);
        self.flush(key);
    }

    /// Answers the client's own WebSocket close, or ends with a code of the WebSocket protocol itself (RFC 6455, section 7.4).
    pub fn close_websocket(&self, key: SessionKey, code: u16, reason: &str) {
        let mut bytes = Vec::new();
        write_close(&mut bytes, code, reason, None);
        self.inner.borrow_mut().close_with(self, key, &bytes);
        self.flush(key);
    }

    /// Ends every session and refuses new ones: the node leaves.
    pub fn drain(&self, why: Disconnect) {
        let keys: Vec<_> = {
            let mut inner = self.inner.borrow_mut();
            inner.is_draining = true;
            let key = |(index, slot): (usize, &super::Slot)| SessionKey {
                index: index as u32,
                generation: slot.generation,
            };
            inner.slots.iter().map(key).collect()
        };
        keys.into_iter().for_each(|key| self.close(key, why));
    }

    /// Whether the node leaves.
    pub fn is_draining(&self) -> bool {
        self.inner.borrow().is_draining
    }
}

impl Inner {
    pub(super) fn begin_close(&mut self, shard: &Shard, key: SessionKey, why: Disconnect) {
        let Some(wire) = self.slot(key).map(|slot| slot.wire) else {
            return;
        };
        let mut bytes = Vec::with_capacity(64);
        frame_close(wire, why, &mut bytes);
        if self.close_with(shard, key, &bytes) {
            shard.metrics.closed(why);
        }
    }

    fn close_with(&mut self, shard: &Shard, key: SessionKey, bytes: &[u8]) -> bool {
        while let Some(log) = self
            .slot(key)
            .and_then(|slot| slot.cursors.last())
            .map(|cursor| cursor.log)
        {
            self.remove_cursor(shard, key, log as usize);
        }
        let now_s = shard.now_s();
        let Some(slot) = self.slot_mut(key) else { return false };
        if slot.is_closing {
            return false;
        }
        slot.queue_personal(bytes);
        slot.is_closing = true;
        slot.progress_s = now_s;
        true
    }
}

/// The end of a connection as its transport says it: a close frame, or a last push in streams.
fn frame_close(wire: Wire, why: Disconnect, out: &mut Vec<u8>) {
    if wire.variant.transport() == Transport::WebSocket {
        write_close(out, why.number(), why.reason(), None);
    } else {
        wire.frame_push(
            &Push {
                channel: "".into(),
                event: Event::Disconnect(why.into()),
            },
            out,
        );
    }
}
