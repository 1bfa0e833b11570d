//! Rooms that do not keep everything: what is over is dropped, about once an hour and when the setting changes.
//!
//! The node that owns the installation is the only one with an engine, so nobody else looks. The store decides which buckets are over and
//! moves the log's beginning, fenced like a purge; then everything that the node has in memory forgets what lies before it, and the
//! search index does. Never decides who may set a retention, and never renumbers anything.

mod metrics;

use std::sync::{Arc, Weak};

use futures_util::{StreamExt as _, stream};
use protocol::RoomId;
use storage::{DroppedPast, Permit, RetainedRoom, Store, StoreError, bucket::DAY_MS, search::forget_before};

use crate::{
    Channel, Clock, Engine, Parts,
    functions::Hints,
    limits::{
        RETENTION_FIRST_PAUSE, RETENTION_PAGE_PAUSE, RETENTION_PAGE_ROOMS, RETENTION_PAUSE, RETENTION_ROOMS_AT_ONCE,
    },
    relay::Relays,
};

use metrics::Outcome;
pub(crate) use metrics::RetentionMetrics;

/// Drops what rooms do not keep. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Retention {
    store: Arc<dyn Store>,
    relays: Relays,
    clock: Clock,
    hints: Arc<Hints>,
    metrics: RetentionMetrics,
}

impl Retention {
    /// Over the same store, relays, clock and hints as the engine.
    pub(crate) fn new(parts: &Parts, hints: &Arc<Hints>, metrics: RetentionMetrics) -> Self {
        Self {
            store: Arc::clone(&parts.store),
            relays: parts.relays.clone(),
            clock: parts.clock.clone(),
            hints: Arc::clone(hints),
            metrics,
        }
    }

    /// Drops what a room does not keep any more. Runs to its end, whether or not whoever asked still waits; a failure is logged, and the
    /// next look tries again.
    pub(crate) async fn look(&self, room: RetainedRoom) {
        let retention = self.clone();
        let looked = tokio::spawn(async move { retention.drop_over(room).await });
        let outcome = match looked.await {
            Ok(Ok(dropped)) if dropped.entries > 0 => {
                self.metrics.looked(Outcome::Dropped, dropped.entries);
                return;
            }
            Ok(Ok(_)) => Outcome::Kept,
            Ok(Err(error)) => {
                tracing::warn!(room = %room.room, %error, "a room could not drop what is over");
                Outcome::Failed
            }
            Err(error) => {
                tracing::error!(room = %room.room, %error, "a room could not drop what is over");
                Outcome::Failed
            }
        };
        self.metrics.looked(outcome, 0);
    }

    async fn drop_over(&self, RetainedRoom { room, retention_days }: RetainedRoom) -> Result<DroppedPast, StoreError> {
        let before_ms = self.clock.now_ms() - i64::from(retention_days) * DAY_MS;
        let permit = Permit::take_over(&Arc::default());
        let dropped = self.store.drop_before(room, &permit, before_ms).await;
        // Without an answer it may have come to pass: then the next look has the relay forget it.
        if !matches!(dropped, Ok(DroppedPast { entries: 0, .. })) {
            self.relays.warm.forget(room);
        }
        let dropped = dropped?;
        // Behind this nobody sends any of it.
        if self.relays.drop_before(&Channel::of_room(room), dropped.start.seq) {
            self.relays.taken_in_everywhere().await;
        }
        if dropped.entries > 0 && !self.relays.is_empty() {
            self.hints.note(room);
        }
        forget_before(&*self.store, room, dropped.start.seq).await?;
        Ok(dropped)
    }

    /// Looks at a page of rooms, from behind `after`; the last room, if more may follow.
    async fn look_at_page(&self, after: Option<RoomId>) -> Result<Option<RoomId>, StoreError> {
        let page = self.store.retained_rooms(after, RETENTION_PAGE_ROOMS).await?;
        let last = page.last().filter(|_| page.len() >= RETENTION_PAGE_ROOMS);
        let last = last.map(|last| last.room);
        stream::iter(page)
            .for_each_concurrent(RETENTION_ROOMS_AT_ONCE, |room| self.look(room))
            .await;
        Ok(last)
    }
}

impl Engine {
    /// Looks once at every room that does not keep everything, and drops what is over: what happens about once an hour by itself.
    ///
    /// # Errors
    /// When the store can not say which rooms there are. That one of them fails is logged and counted.
    pub async fn drop_past(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            after = self.retention.look_at_page(after).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Does the same page by page, again and again, until the engine is gone.
    pub(crate) async fn keep_dropping(engine: Weak<Self>) {
        let (mut after, mut pause) = (None, RETENTION_FIRST_PAUSE);
        loop {
            tokio::time::sleep(pause).await;
            let Some(retention) = engine.upgrade().map(|engine| engine.retention.clone()) else {
                return;
            };
            after = retention.look_at_page(after).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "rooms with a retention could not be listed");
                None
            });
            pause = if after.is_some() {
                RETENTION_PAGE_PAUSE
            } else {
                RETENTION_PAUSE
            };
        }
    }
}
