//! The driver's errors in the words of the contract.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};

use crate::{AppendError, StoreError};

/// Why something was not done.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The contract's own answer; the servers are fine.
    Refused(StoreError),
    /// The servers could not do it now; nothing of it was done, or doing it again does no harm.
    Unavailable(String),
    /// A conditional statement may have been applied or not.
    Unknown(String),
    /// Anything else: a defect, or a schema that is not ours.
    Broken(String),
}

impl Fault {
    /// Whether the same may well succeed in a moment.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Refused(StoreError::Busy))
    }
}

pub(super) type Result<T, E = Fault> = std::result::Result<T, E>;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Unavailable(reason) => {
                tracing::warn!(%reason, "the store does not answer");
                Self::Busy
            }
            Fault::Unknown(reason) => Self::Failed(format!("outcome unknown: {reason}")),
            Fault::Broken(reason) => Self::Failed(reason),
        }
    }
}

impl From<Fault> for AppendError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(StoreError::Full(reason)) => Self::Full(reason),
            Fault::Refused(StoreError::Busy) | Fault::Unavailable(_) => Self::Busy,
            Fault::Refused(error) => Self::Failed(error.to_string()),
            Fault::Unknown(reason) => Self::Unknown(reason),
            Fault::Broken(reason) => Self::Failed(reason),
        }
    }
}

/// What an error of a statement that may be repeated means.
pub(super) fn of_statement(error: &ExecutionError) -> Fault {
    if is_passing(error) {
        Fault::Unavailable(error.to_string())
    } else {
        Fault::Broken(error.to_string())
    }
}

/// What an error of a conditional statement means: only a definite answer of the server says that nothing was done.
pub(super) fn of_conditional(error: &ExecutionError) -> Fault {
    match error {
        ExecutionError::EmptyPlan | ExecutionError::ConnectionPoolError(_) => Fault::Unavailable(error.to_string()),
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(told, _)) => match told {
            DbError::Unavailable { .. } | DbError::Overloaded | DbError::IsBootstrapping => {
                Fault::Unavailable(error.to_string())
            }
            DbError::WriteTimeout { .. }
            | DbError::WriteFailure { .. }
            | DbError::ReadTimeout { .. }
            | DbError::ReadFailure { .. }
            | DbError::ServerError => Fault::Unknown(error.to_string()),
            _ => Fault::Broken(error.to_string()),
        },
        _ if is_passing(error) => Fault::Unknown(error.to_string()),
        _ => Fault::Broken(error.to_string()),
    }
}

/// Whether the same statement may well succeed later.
fn is_passing(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::EmptyPlan | ExecutionError::ConnectionPoolError(_) | ExecutionError::RequestTimeout(_) => true,
        ExecutionError::LastAttemptError(attempt) => match attempt {
            RequestAttemptError::UnableToAllocStreamId
            | RequestAttemptError::BrokenConnectionError(_)
            | RequestAttemptError::RepreparedIdMissingInBatch => true,
            RequestAttemptError::DbError(told, _) => is_passing_answer(told),
            _ => false,
        },
        _ => false,
    }
}

fn is_passing_answer(told: &DbError) -> bool {
    matches!(
        told,
        DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::ReadTimeout { .. }
            | DbError::WriteTimeout { .. }
            | DbError::ReadFailure { .. }
            | DbError::WriteFailure { .. }
            | DbError::ServerError
            | DbError::RateLimitReached { .. }
            | DbError::Unprepared { .. }
    )
}
