//! Many chats of two beside one large room: what each costs the server, and whether everything that is said in them arrives.

use tokio::sync::watch;

use super::{
    Plan, RunError,
    conduct::{Conduct, Gathered, Waited},
    one_big_room::talk,
};
use crate::{measure::Host, report::Report, settings::Stage};

pub(super) async fn run(plan: Plan, host: Host, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    let mut conduct = Conduct::begin(&plan, interrupt).await?;
    let publisher = conduct.start_publisher()?;
    let mut waited = conduct.open(plan.open_timeout, |live| &live.joined).await?;
    conduct.settle().await?;
    if waited != Waited::Interrupted {
        waited = gather(&mut conduct, &plan).await?;
    }
    talk(plan, host, conduct, publisher, waited).await
}

/// All chats are created, and their people follow them. What is not there in time counts as lost.
async fn gather(conduct: &mut Conduct, plan: &Plan) -> Result<Waited, RunError> {
    let count = plan.settings.chats.map_or(0, |chats| chats.count);
    let idle = conduct.looks.last().copied();
    conduct.stage.send_replace(Stage::Gathering);
    conduct.progress.part("chats", count);
    let waited = conduct.wait(plan.open_timeout, |conduct| {
        let open = conduct.sum(|live| &live.chats);
        conduct.progress.at(open, "chats".to_owned());
        open >= count
    });
    let waited = waited.await;
    // What was needed for the creation alone is gone after a while.
    if waited != Waited::Interrupted {
        conduct.wait(plan.rest, |_| false).await;
    }
    conduct.look()?;
    let gathered = conduct.looks.last().copied();
    conduct.gathered = idle.zip(gathered).map(|(idle, gathered)| Gathered { idle, gathered });
    Ok(waited)
}
