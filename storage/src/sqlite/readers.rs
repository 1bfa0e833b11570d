//! The threads that read. Each has a connection of its own and works in one short transaction per call, so that a call
//! sees
//! one state and a long list never holds back the write-ahead log.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    Shared,
    epoch::Salt,
    failure::{self, Fault},
    options::{READ_JOBS_MAX, READ_JOBS_PER_WAKE},
    queue::{Bounds, Queue, Taken},
};
use crate::StoreError;

/// What a read works with.
pub(super) struct ReadContext<'a> {
    pub(super) connection: &'a Connection,
    pub(super) salt: &'a Salt,
}

pub(super) type ReadJob = Box<dyn FnOnce(&ReadContext<'_>) + Send>;

pub(super) fn queue() -> Queue<ReadJob> {
    let bounds = Bounds {
        jobs: READ_JOBS_MAX,
        bytes: usize::MAX,
    };
    Queue::new(bounds, READ_JOBS_PER_WAKE)
}

/// Wraps a read so that it runs in a transaction and answers its caller.
pub(super) fn job<T, F>(work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> ReadJob
where
    T: Send + 'static,
    F: FnOnce(&ReadContext<'_>) -> Result<T, Fault> + Send + 'static,
{
    Box::new(move |context| {
        let result = in_transaction(context, work).map_err(Fault::into_store_error);
        // A caller that gave up waiting needs no answer.
        let _ = reply.send(result);
    })
}

fn in_transaction<T>(
    context: &ReadContext<'_>,
    work: impl FnOnce(&ReadContext<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    context.connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    let result = work(context);
    let ended = context
        .connection
        .prepare_cached("ROLLBACK")
        .and_then(|mut end| end.execute([]));
    let value = result?;
    ended?;
    Ok(value)
}

/// A reader's thread: works until the queue is closed. A read that panics takes nothing with it.
pub(super) fn run(connection: &Connection, shared: &Arc<Shared>) {
    let at_once = Bounds {
        jobs: READ_JOBS_PER_WAKE,
        bytes: usize::MAX,
    };
    let context = ReadContext {
        connection,
        salt: &shared.salt,
    };
    loop {
        let jobs = match shared.reads.take(None, at_once) {
            Taken::Jobs(jobs) => jobs,
            Taken::Nothing => continue,
            Taken::Closed => return,
        };
        for job in jobs {
            if catch_unwind(AssertUnwindSafe(|| job(&context))).is_err() {
                tracing::error!("a read panicked");
                leave_transaction(connection);
            }
        }
    }
}

fn leave_transaction(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(error = %failure::store_error(&error), "a reader can not end its transaction");
    }
}
