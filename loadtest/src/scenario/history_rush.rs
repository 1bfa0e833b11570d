//! The doors open: everybody is there, and opens one room within a moment: its newest page, and the page before.
//!
//! The room is cold in this sense: since its messages were written nobody has followed it, or has asked for its history or who is in it.

use std::time::Instant;

use tokio::sync::watch;

use super::{
    Plan, RunError,
    conclude::conclude,
    conduct::{Conduct, Rush, Waited},
};
use crate::{
    measure::{Host, statements},
    report::Report,
    settings::Stage,
};

pub(super) async fn run(plan: Plan, host: Host, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    let planned = plan.settings.publishing.count();
    let mut conduct = Conduct::begin(&plan, interrupt).await?;
    // First the past that everybody will ask for.
    let mut publisher = conduct.start_publisher()?;
    conduct.stage.send_replace(Stage::Running(Instant::now()));
    let filled = conduct.send(&mut publisher, planned).await;
    conduct.stop.send_replace(true);
    let published = publisher.finish()?;
    conduct.look()?;
    if let Some((end, epoch)) = published.end.clone()
        && filled == Waited::Met
    {
        (conduct.contact.end, conduct.contact.epoch) = (end, epoch);
        conduct.stage.send_replace(Stage::Opening);
        let gathered = conduct.open(plan.open_timeout, |live| &live.waiting).await?;
        conduct.look()?;
        if gathered != Waited::Interrupted {
            conduct.rush(&plan).await;
            conduct.look()?;
            conduct.drain(end, plan.drain_timeout).await;
        }
    }
    conduct.look()?;
    conclude(plan, host, conduct, published).await
}

impl Conduct {
    /// Opens the doors, and waits until everybody has what they asked for.
    async fn rush(&mut self, plan: &Plan) {
        let before = self.quiet_statements().await;
        let begin = Instant::now();
        let at_us = self.settings.now_us();
        self.stage.send_replace(Stage::Rush(begin));
        let waited = self
            .everybody("rushing", plan.open_timeout, |live| &live.answered)
            .await;
        let after = statements(&self.settings.targets).await;
        self.rush = Some(Rush {
            at_us,
            statements: before.zip(after).map(|(before, after)| after.saturating_sub(before)),
            is_whole: waited == Waited::Met,
        });
    }
}
