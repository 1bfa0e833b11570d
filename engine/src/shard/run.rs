//! The shard's task.

use std::time::{Duration, Instant};

use super::Shard;

impl Shard {
    /// Takes in, frames and delivers, for as long as the thread lives. Spawn it once per shard.
    pub async fn run(self) {
        tokio::join!(self.deliver(), self.keep_time());
    }

    async fn deliver(&self) {
        loop {
            self.take_in();
            let next = self.begin_sweeps(Instant::now());
            if self.sweep() {
                // Sockets are read and replies written between two portions.
                tokio::task::yield_now().await;
                continue;
            }
            let until_due = next.map(|at| at.saturating_duration_since(Instant::now()));
            tokio::select! {
                () = self.inbox.changed() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(until_due.unwrap_or_default()), if until_due.is_some() => {}
            }
        }
    }

    async fn keep_time(&self) {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            seconds.tick().await;
            self.tick();
        }
    }
}
