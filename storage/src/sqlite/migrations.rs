//! The schema's versions, in `PRAGMA user_version`. Each step is one transaction; a file of a newer Plenum is refused.

use rusqlite::{Connection, TransactionBehavior};

use super::search;

/// A step to the next version.
struct Step {
    /// What changes.
    schema: &'static str,
    /// What is filled in out of what is there.
    fill: fn(&Connection) -> rusqlite::Result<()>,
}

/// The steps: the first makes version 1 out of an empty file, the next version 2 out of that, and so on. A step that
/// has been
/// published never changes.
const STEPS: &[Step] = &[
    Step {
        schema: include_str!("schema.sql"),
        fill: |_| Ok(()),
    },
    Step {
        schema: include_str!("search.sql"),
        fill: search::add_everybody,
    },
    Step {
        schema: include_str!("invitations.sql"),
        fill: |_| Ok(()),
    },
];

/// The version that this build writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// The version of a file; 0: it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a file to [`VERSION`]. Another process may be doing the same: the version is read again inside each
/// transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from = version(&transaction)?;
        let Some(step) = usize::try_from(from).ok().and_then(|at| STEPS.get(at)) else {
            return Ok(());
        };
        transaction.execute_batch(step.schema)?;
        (step.fill)(&transaction)?;
        transaction.pragma_update(None, "user_version", from + 1)?;
        transaction.commit()?;
        tracing::info!(version = from + 1, "the database has a new schema");
    }
}
