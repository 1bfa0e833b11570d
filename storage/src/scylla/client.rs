//! Sending statements: every read, write, batch and condition of this backend goes through here, is counted, and waits for its turn
//! when too many are under way. Nothing here knows a table.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use scylla::{
    client::session::Session,
    deserialize::row::DeserializeRow as ReadRow,
    errors::ExecutionError,
    response::{PagingState, query_result::QueryResult},
    serialize::row::SerializeRow,
    statement::{
        batch::{Batch, BatchType},
        prepared::PreparedStatement,
    },
    value::{CqlValue, Row},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    connect::Pauses,
    failure::{self, Fault, Result},
    options::{PAGE_ROWS_MAX, RETRY_PAUSE, RETRY_PAUSE_MAX, STATEMENTS_AT_ONCE_MAX, STATEMENTS_WAITING_MAX},
    profiles::Profiles,
    server::Server,
    statements::{Statement, Statements},
};
use crate::{StoreError, metrics::StorageMetrics};

/// Values of one statement of a batch.
pub(super) type Values = Box<dyn SerializeRow + Send + Sync>;

/// One page of a result, and where the next one begins.
pub(super) struct Page<R> {
    pub(super) rows: Vec<R>,
    pub(super) next: Option<PagingState>,
}

/// A connection to the cluster with everything prepared.
pub(super) struct Client {
    pub(super) session: Session,
    pub(super) server: Server,
    pub(super) statements: Statements,
    pub(super) metrics: StorageMetrics,
    profiles: Profiles,
    places: Semaphore,
    waiting: AtomicUsize,
}

impl Client {
    pub(super) fn new(
        session: Session,
        server: Server,
        statements: Statements,
        profiles: Profiles,
        metrics: StorageMetrics,
    ) -> Self {
        Self {
            session,
            server,
            statements,
            metrics,
            profiles,
            places: Semaphore::new(STATEMENTS_AT_ONCE_MAX),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for a place among the statements under way.
    async fn place(&self) -> Result<SemaphorePermit<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= STATEMENTS_WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy.into());
        }
        let place = self.places.acquire().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        place.map_err(|_| Fault::Unavailable("the store is closing".to_owned()))
    }

    /// One page of a read.
    pub(super) async fn page<R>(
        &self,
        statement: &Statement,
        values: impl SerializeRow,
        rows_max: i32,
        from: PagingState,
    ) -> Result<Page<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let prepared = sized(statement, rows_max.clamp(1, PAGE_ROWS_MAX));
        self.read_page(&prepared, values, from).await
    }

    async fn read_page<R>(
        &self,
        prepared: &PreparedStatement,
        values: impl SerializeRow,
        from: PagingState,
    ) -> Result<Page<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let _place = self.place().await?;
        self.metrics.statements.read.inc();
        let answer = self.session.execute_single_page(prepared, values, from).await;
        let (result, next) = answer.map_err(|error| failure::of_statement(&error))?;
        Ok(Page {
            rows: rows_of(result)?,
            next: next.into_paging_control_flow().continue_value(),
        })
    }

    /// All rows of a read whose result is bounded by what it asks for.
    pub(super) async fn rows<R>(&self, statement: &Statement, values: impl SerializeRow) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        self.all_pages(&sized(statement, PAGE_ROWS_MAX), values).await
    }

    /// The same where rows are so wide or so narrow that another number of them makes a good page.
    pub(super) async fn rows_by<R>(
        &self,
        statement: &Statement,
        values: impl SerializeRow,
        page_rows: i32,
    ) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        self.all_pages(&sized(statement, page_rows), values).await
    }

    async fn all_pages<R>(&self, prepared: &PreparedStatement, values: impl SerializeRow) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let mut rows = Vec::new();
        let mut from = PagingState::start();
        loop {
            let page = self.read_page(prepared, &values, from).await?;
            rows.extend(page.rows);
            match page.next {
                Some(next) => from = next,
                None => return Ok(rows),
            }
        }
    }

    /// The only row of a read, if there is one.
    pub(super) async fn row<R>(&self, statement: &Statement, values: impl SerializeRow) -> Result<Option<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let page = self.page(statement, values, 1, PagingState::start()).await?;
        Ok(page.rows.into_iter().next())
    }

    /// A few rows of a conditional table, as they were acknowledged: a plain read of a majority, which sees whatever anybody has been told
    /// of. Not for whoever has to know what became of a statement without an answer: that takes the serial reads above, which cost a
    /// round of Paxos.
    pub(super) async fn acknowledged_rows<R>(&self, statement: &Statement, values: impl SerializeRow) -> Result<Vec<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        let mut prepared = sized(statement, PAGE_ROWS_MAX);
        prepared.set_execution_profile_handle(Some(self.profiles.read.clone()));
        self.all_pages(&prepared, values).await
    }

    /// The only row of such a read, if there is one.
    pub(super) async fn acknowledged_row<R>(
        &self,
        statement: &Statement,
        values: impl SerializeRow,
    ) -> Result<Option<R>>
    where
        R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
    {
        Ok(self.acknowledged_rows(statement, values).await?.into_iter().next())
    }

    /// An idempotent write.
    pub(super) async fn write(&self, statement: &Statement, values: impl SerializeRow) -> Result<()> {
        let _place = self.place().await?;
        self.metrics.statements.write.inc();
        let answer = self.session.execute_unpaged(&statement.prepared, values).await;
        answer.map(drop).map_err(|error| failure::of_statement(&error))
    }

    /// Idempotent writes of one partition, as one mutation: all of them are durable or none.
    pub(super) async fn batch(&self, writes: Vec<(&Statement, Values)>) -> Result<()> {
        let mut batch = self.new_batch(false);
        let mut values = Vec::new();
        for (statement, bound) in writes {
            batch.append_statement(statement.prepared.clone());
            values.push(bound);
        }
        if values.is_empty() {
            return Ok(());
        }
        let _place = self.place().await?;
        self.metrics.statements.write.inc();
        let answer = self.session.batch(&batch, &values).await;
        answer.map(drop).map_err(|error| failure::of_statement(&error))
    }

    /// Idempotent writes of one partition, again and again while the servers are away, until `patience` is over. Each single write is sent
    /// as it is, several as one mutation.
    pub(super) async fn write_patiently(&self, writes: &[(&Statement, Values)], patience: Instant) -> Result<()> {
        let mut batch = self.new_batch(false);
        let mut values = Vec::with_capacity(writes.len());
        for (statement, bound) in writes {
            batch.append_statement(statement.prepared.clone());
            values.push(bound);
        }
        let mut pauses = Pauses::new(RETRY_PAUSE, RETRY_PAUSE_MAX);
        loop {
            let fault = match writes {
                [] => return Ok(()),
                [(statement, bound)] => self.write(statement, bound).await,
                _ => self.send_batch(&batch, &values).await,
            };
            let pause = pauses.next();
            match fault {
                Err(fault) if fault.is_passing() && Instant::now() + pause < patience => {
                    tokio::time::sleep(pause).await
                }
                ended => return ended,
            }
        }
    }

    async fn send_batch(&self, batch: &Batch, values: &[&Values]) -> Result<()> {
        let _place = self.place().await?;
        self.metrics.statements.write.inc();
        let answer = self.session.batch(batch, values).await;
        answer.map(drop).map_err(|error| failure::of_statement(&error))
    }

    /// Whether a conditional statement was applied.
    pub(super) async fn condition(&self, statement: &Statement, values: impl SerializeRow) -> Result<bool> {
        let _place = self.place().await?;
        self.metrics.statements.conditional.inc();
        let answer = self.session.execute_unpaged(&statement.prepared, values).await;
        self.was_applied(answer)
    }

    /// Whether conditional statements of one partition were applied, all of them.
    pub(super) async fn conditional_batch(&self, writes: Vec<(&Statement, Values)>) -> Result<bool> {
        let mut batch = self.new_batch(true);
        let mut values = Vec::new();
        for (statement, bound) in writes {
            batch.append_statement(statement.prepared.clone());
            values.push(bound);
        }
        let _place = self.place().await?;
        self.metrics.statements.conditional.inc();
        let answer = self.session.batch(&batch, &values).await;
        self.was_applied(answer)
    }

    fn new_batch(&self, is_conditional: bool) -> Batch {
        let mut batch = Batch::new(BatchType::Unlogged);
        batch.set_is_idempotent(!is_conditional);
        let profile = if is_conditional {
            &self.profiles.conditional
        } else {
            &self.profiles.write
        };
        batch.set_execution_profile_handle(Some(profile.clone()));
        batch
    }

    fn was_applied(&self, answer: Result<QueryResult, ExecutionError>) -> Result<bool> {
        applied(answer.map_err(|error| failure::of_conditional(&error))?)
    }
}

/// A statement whose pages have at most that many rows.
fn sized(statement: &Statement, page_rows: i32) -> PreparedStatement {
    let mut prepared = statement.prepared.clone();
    prepared.set_page_size(page_rows);
    prepared
}

/// Whether a conditional statement was applied. The other columns of its answer differ by server and are never looked at.
pub(super) fn applied(result: QueryResult) -> Result<bool> {
    let rows = result.into_rows_result().map_err(broken)?;
    let at = rows.column_specs().get_by_name("[applied]").map(|(at, _)| at);
    let first = rows.first_row::<Row>().map_err(broken)?;
    match at.and_then(|at| first.columns.get(at).cloned().flatten()) {
        Some(CqlValue::Boolean(applied)) => Ok(applied),
        _ => Err(Fault::Broken(
            "a conditional statement did not say whether it was applied".to_owned(),
        )),
    }
}

fn rows_of<R>(result: QueryResult) -> Result<Vec<R>>
where
    R: for<'frame, 'metadata> ReadRow<'frame, 'metadata>,
{
    let rows = result.into_rows_result().map_err(broken)?;
    rows.rows::<R>()
        .map_err(broken)?
        .collect::<Result<_, _>>()
        .map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::Broken(error.to_string())
}
