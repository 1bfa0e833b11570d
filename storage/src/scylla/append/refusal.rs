//! How an append ends that does not end well, and how long it is tried before it does.

use std::time::{Duration, Instant};

use super::super::{
    connect::Pauses,
    failure::{Fault, Result},
    options::{RETRY_PAUSE, RETRY_PAUSE_MAX},
};
use crate::{AppendError, StoreError};

/// Why a batch was not appended.
pub(super) enum Refusal {
    /// Nothing of it was written.
    Answer(AppendError),
    /// Some of it may have been.
    Doubt(String),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Answer(fault.into())
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        Self::Answer(error)
    }
}

/// Does something again and again while the servers do not answer; in the end there is a doubt.
pub(super) async fn repeated<T, F>(patience: Instant, mut work: impl FnMut() -> F) -> Result<T, Refusal>
where
    F: Future<Output = Result<T>>,
{
    let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
    loop {
        let fault = match work().await {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        let pause: Duration = pauses.next();
        let is_passing = matches!(fault, Fault::Unavailable(_) | Fault::Unknown(_));
        if !is_passing || Instant::now() + pause > patience {
            return Err(Refusal::Doubt(StoreError::from(fault).to_string()));
        }
        tokio::time::sleep(pause).await;
    }
}
