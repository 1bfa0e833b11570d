//! Everybody's network fails at the same moment; the room goes on; then all come back at once and recover.

use std::time::Instant;

use tokio::sync::watch;

use super::{
    Plan, RunError,
    conclude::conclude,
    conduct::{Conduct, Returned, Waited},
};
use crate::{
    measure::Host,
    publisher::{Published, Publisher},
    report::Report,
    settings::Stage,
};

pub(super) async fn run(plan: Plan, host: Host, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    let mut conduct = Conduct::begin(&plan, interrupt).await?;
    let publisher = conduct.start_publisher()?;
    let opened = conduct.open(plan.open_timeout, |live| &live.joined).await?;
    let rested = conduct.settle().await?;
    let sessions = conduct.sum(|live| &live.joined);
    if sessions == 0 {
        conduct
            .ended
            .get_or_insert_with(|| "no phone got into the room".to_owned());
    }
    let is_stopped = sessions == 0 || opened == Waited::Interrupted || rested == Waited::Interrupted;
    let published = miss(&mut conduct, publisher, &plan, is_stopped).await?;
    if let Some((end, _)) = &published.end {
        come_back(&mut conduct, *end, published.answers.sent_count(), &plan).await;
    }
    conduct.look()?;
    conclude(plan, host, conduct, published).await
}

/// All are cut, and while they are away the publisher sends; if `is_stopped`, nothing of this.
async fn miss(
    conduct: &mut Conduct,
    mut publisher: Publisher,
    plan: &Plan,
    is_stopped: bool,
) -> Result<Published, RunError> {
    let mut waited = Waited::Interrupted;
    if !is_stopped {
        conduct.stage.send_replace(Stage::Away);
        conduct.progress.part("cutting", 1);
        waited = conduct
            .wait(plan.open_timeout, |conduct| conduct.sum(|live| &live.listening) == 0)
            .await;
    }
    if waited != Waited::Interrupted {
        conduct.stage.send_replace(Stage::Running(Instant::now()));
        waited = conduct.send(&mut publisher, plan.settings.publishing.count()).await;
    }
    conduct.stop.send_replace(true);
    if waited == Waited::Interrupted {
        // What is under way is still answered, so that the verdict covers all that was sent.
        let _ = (&mut publisher.done).await;
    }
    Ok(publisher.finish()?)
}

/// The network is there again: waits until all follow the room, and until all have everything up to `end`.
async fn come_back(conduct: &mut Conduct, end: u64, missed: u64, plan: &Plan) {
    let sessions = conduct.sum(|live| &live.joined);
    let mut returned = Returned {
        at_us: conduct.settings.now_us(),
        sessions,
        missed,
        is_live: false,
        is_complete: false,
    };
    conduct.stage.send_replace(Stage::Draining(end));
    conduct.progress.part("returning", sessions);
    let waited = conduct.wait(plan.open_timeout, |conduct| {
        let listening = conduct.sum(|live| &live.listening);
        conduct.progress.at(listening, "phones".to_owned());
        listening >= sessions
    });
    let mut waited = waited.await;
    returned.is_live = waited == Waited::Met;
    if waited == Waited::Met {
        conduct.progress.part("recovering", sessions);
        let complete = conduct.wait(plan.drain_timeout, |conduct| conduct.everybody_has(end, sessions));
        waited = complete.await;
    }
    returned.is_complete = waited == Waited::Met;
    conduct.cut_short |= waited == Waited::Interrupted;
    if waited == Waited::TooLong && conduct.sum(|live| &live.listening) == 0 {
        conduct
            .ended
            .get_or_insert_with(|| "no phone came back: the server died".to_owned());
    }
    conduct.returned = Some(returned);
}
