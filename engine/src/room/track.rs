//! Tells the thread's pulse whose code it is in, so that a blocked thread names its room.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::rooms::Pulse;

/// A future that is known to its thread's pulse while it is polled.
pub(super) struct Tracked<F> {
    future: Pin<Box<F>>,
    pulse: Arc<Pulse>,
    cell: u64,
}

impl<F: Future> Tracked<F> {
    /// Tracks a future that works for this cell.
    pub(super) fn new(future: F, pulse: Arc<Pulse>, cell: u64) -> Self {
        Self {
            future: Box::pin(future),
            pulse,
            cell,
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.pulse.set_running(self.cell);
        let polled = self.future.as_mut().poll(context);
        self.pulse.set_running(0);
        polled
    }
}
