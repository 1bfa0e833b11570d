//! What the writer's thread does for callers: jobs that run in a savepoint of a shared transaction.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    chores::Signals,
    epoch::Salt,
    failure::{self, Fault},
    faults::Faults,
};
use crate::{AppendError, StoreError};

/// What a job works with.
pub(super) struct Context<'a> {
    pub(super) connection: &'a Connection,
    pub(super) salt: &'a Salt,
    pub(super) faults: &'a Faults,
    pub(super) signals: &'a Signals,
}

/// How running a job ended.
pub(super) enum Ran {
    /// Keep what it did.
    Done,
    /// The contract says no; undo what it did. The job knows its answer.
    Refused,
    /// SQLite failed; undo what it did.
    Broken(rusqlite::Error),
}

/// What became of a job.
#[derive(Clone)]
pub(super) enum End {
    /// It is durable, or it was refused: the job's own answer counts.
    Settled,
    /// The permit ended before COMMIT; nothing of it is there.
    Fenced,
    /// Nothing of it is there.
    RolledBack(StoreError),
    /// COMMIT failed in a way that leaves open what is on the disk.
    Unknown(String),
}

/// A job of the writer. It may be run more than once: a transaction that has to do without one of its jobs is done
/// again.
pub(super) trait Job: Send {
    /// Log entries it writes.
    fn entries(&self) -> usize {
        0
    }

    /// Whether it may still be committed; asked right before COMMIT.
    fn is_valid(&self) -> bool {
        true
    }

    /// Does the work; the answer is kept until [`Job::finish`].
    fn run(&mut self, context: &Context<'_>) -> Ran;

    /// Answers the caller.
    fn finish(self: Box<Self>, end: End);
}

/// An ordinary write, or a read that must come after earlier writes.
pub(super) struct Write<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Write<T, F>
where
    F: FnMut(&Context<'_>) -> Result<T, Fault>,
{
    pub(super) fn new(work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self {
            work,
            result: None,
            reply,
        }
    }
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnMut(&Context<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, context: &Context<'_>) -> Ran {
        match (self.work)(context) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Ran::Done
            }
            Err(Fault::Refused(error)) => {
                self.result = Some(Err(error));
                Ran::Refused
            }
            Err(Fault::Sqlite(error)) => {
                self.result = Some(Err(failure::store_error(&error)));
                Ran::Broken(error)
            }
        }
    }

    fn finish(self: Box<Self>, end: End) {
        let answer = match end {
            End::Settled => self
                .result
                .unwrap_or_else(|| Err(StoreError::Failed("the job was not run".to_owned()))),
            End::Fenced => Err(StoreError::Failed(AppendError::Fenced.to_string())),
            End::RolledBack(error) => Err(error),
            End::Unknown(reason) => Err(StoreError::Failed(format!("outcome unknown: {reason}"))),
        };
        // A caller that gave up waiting needs no answer.
        let _ = self.reply.send(answer);
    }
}
