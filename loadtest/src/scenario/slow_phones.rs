//! One big room in which some phones read more slowly than the publisher speaks. When it has said everything, they read as
//! fast as they can, and must have everything, or have been told honestly that it was too much.

use tokio::sync::watch;

use super::{Plan, RunError, one_big_room};
use crate::{measure::Host, report::Report};

/// The course of the run is that of any big room: how phones read is theirs, and the judge knows no exception for them.
pub(super) async fn run(plan: Plan, host: Host, interrupt: watch::Receiver<bool>) -> Result<Report, RunError> {
    one_big_room::run(plan, host, interrupt).await
}
