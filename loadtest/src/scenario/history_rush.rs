//! The doors open: everybody comes at the same moment and asks for what was said before.

use std::time::Instant;

use tokio::sync::watch;

use super::{
    Plan, RunError,
    conclude::conclude,
    conduct::{Conduct, Waited},
};
use crate::{measure::Host, report::Report, settings::Stage};

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
        conduct.open(plan.open_timeout, |live| &live.answered).await?;
        conduct.look()?;
        conduct.drain(end, plan.drain_timeout).await;
    }
    conduct.look()?;
    conclude(plan, host, conduct, published).await
}
