//! Tokens end: the client has some time to bring a new one, then the connection or the subscription ends.

use protocol::{
    Disconnect, Unsubscribe,
    client::{Event, Push, encode_push},
};

use super::Session;
use crate::Channel;

/// How long after its end a token is still waited for, in seconds.
const GRACE_S: u32 = 25;

/// Seconds until a moment (Unix seconds), at least 1; 0 when there is none.
pub(super) fn seconds_left(expires_at: Option<i64>, now_ms: i64) -> u32 {
    let left = |at: i64| u32::try_from(at - now_ms / 1_000).unwrap_or(0).max(1);
    expires_at.map_or(0, left)
}

impl Session {
    /// Sets when the connection ends.
    pub(super) fn expires_at(&mut self, expires_at: Option<i64>) {
        self.expires_s = expires_at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
        self.wake_for_expiry();
    }

    /// Asks the shard to be woken when the first token is over.
    pub(super) fn wake_for_expiry(&self) {
        let subscriptions = self.subscriptions.iter().map(|subscription| subscription.expires_s);
        let first = subscriptions.chain([self.expires_s]).filter(|&at_s| at_s > 0).min();
        self.shard
            .wake_at(self.key, first.map_or(0, |at_s| at_s.saturating_add(GRACE_S)));
    }

    /// Ends what is over.
    pub(super) fn expire(&mut self) {
        let now_s = u32::try_from(self.engine.clock.now_ms() / 1_000).unwrap_or(u32::MAX);
        let is_over = |expires_s: u32| expires_s > 0 && expires_s.saturating_add(GRACE_S) <= now_s;
        if is_over(self.expires_s) {
            return self.close(Disconnect::Expired);
        }
        let over = self
            .subscriptions
            .iter()
            .filter(|subscription| is_over(subscription.expires_s));
        let over: Vec<Channel> = over.map(|subscription| subscription.channel.clone()).collect();
        for channel in over {
            self.end_subscription(&channel);
            self.push_unsubscribe(&channel, Unsubscribe::Expired);
        }
        self.wake_for_expiry();
        self.shard.flush(self.key);
    }

    /// Tells the client that the server ended a subscription.
    pub(super) fn push_unsubscribe(&self, channel: &Channel, why: Unsubscribe) {
        self.push(&Push {
            channel: channel.as_str().into(),
            event: Event::Unsubscribe(why.into()),
        });
    }

    /// Queues a push for this session alone.
    pub(super) fn push(&self, push: &Push) {
        let (mut message, mut frame) = (Vec::new(), Vec::new());
        encode_push(self.wire.variant.encoding(), push, &mut message);
        self.wire.frame_personal(&message, &mut frame);
        self.shard.personal(self.key, &frame);
    }
}
