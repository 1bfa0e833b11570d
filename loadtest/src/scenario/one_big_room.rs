//! Everybody follows one room; one publisher speaks in it; some drop out and come back.

use std::time::Instant;

use tokio::sync::watch;

use super::{
    Plan, RunError,
    conclude::conclude,
    conduct::{Conduct, Waited},
};
use crate::{measure::Host, publisher::Publisher, report::Report, settings::Stage};

pub(super) async fn run(plan: Plan, host: Host, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    let mut conduct = Conduct::begin(&plan, interrupt).await?;
    let publisher = conduct.start_publisher()?;
    let opened = conduct.open(plan.open_timeout, |live| &live.joined).await?;
    conduct.settle().await?;
    talk(plan, host, conduct, publisher, opened).await
}

/// The publisher speaks, unless the user has had enough of what went before; then all phones get the rest.
pub(super) async fn talk(
    plan: Plan,
    host: Host,
    mut conduct: Conduct,
    mut publisher: Publisher,
    mut waited: Waited,
) -> Result<Report, RunError> {
    if conduct.sum(|live| &live.joined) == 0 {
        conduct
            .ended
            .get_or_insert_with(|| "no phone got into the room".to_owned());
    } else if waited != Waited::Interrupted {
        conduct.stage.send_replace(Stage::Running(Instant::now()));
        let planned = plan.settings.publishing.count();
        waited = conduct.send(&mut publisher, planned).await;
    }
    conduct.stop.send_replace(true);
    if waited == Waited::Interrupted {
        // What is under way is still answered, so that the verdict covers all that was sent.
        let _ = (&mut publisher.done).await;
    }
    let published = publisher.finish()?;
    if let Some((end, _)) = &published.end
        && waited != Waited::Dead
    {
        conduct.drain(*end, plan.drain_timeout).await;
    }
    conduct.look()?;
    conclude(plan, host, conduct, published).await
}
