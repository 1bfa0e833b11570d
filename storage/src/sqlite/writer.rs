//! The writer's thread: the only one that changes the database. It takes what waits, writes it in one transaction with
//! a
//! savepoint per job, and answers when the transaction is durable.

use std::{sync::Arc, time::Instant};

use rusqlite::Connection;

use super::{
    Shared,
    chores::{Chores, Signals},
    failure,
    faults::{Failure, Step},
    job::{Context, End, Job, Ran},
    options::{COMMIT_BYTES_MAX, COMMIT_JOBS_MAX, COMMITS_PER_SLICE, Fatal},
    queue::{Bounds, Taken},
};
use crate::StoreError;

/// How often a group is tried again without one of its jobs before all of it is refused.
const TRIES_MAX: u32 = 3;

/// Jobs in the order they were handed over.
pub(super) type Jobs = Vec<Box<dyn Job>>;

pub(super) struct Writer {
    connection: Connection,
    shared: Arc<Shared>,
    signals: Signals,
    chores: Chores,
    /// Transactions since the last slice of background work.
    commits: u32,
    fatal: Option<Fatal>,
}

/// What is left after one transaction.
enum Attempt {
    /// Everybody has been answered.
    Over,
    /// These jobs come into other transactions, one per group.
    Again(Vec<Jobs>),
}

impl Writer {
    pub(super) fn new(connection: Connection, shared: Arc<Shared>, signals: Signals) -> Self {
        Self {
            connection,
            shared,
            signals,
            chores: Chores::default(),
            commits: 0,
            fatal: None,
        }
    }

    /// Works until the queue is closed and empty, or until the process has to end.
    pub(super) fn run(&mut self) -> Option<Fatal> {
        let bounds = Bounds {
            jobs: COMMIT_JOBS_MAX,
            bytes: COMMIT_BYTES_MAX,
        };
        while self.fatal.is_none() {
            let patience = self.chores.patience(&self.signals);
            match self.shared.writes.take(Some(patience), bounds) {
                Taken::Jobs(jobs) => {
                    self.shared.metrics.queue_jobs.set(gauge(self.shared.writes.len()));
                    self.commit(jobs);
                    if self.commits >= COMMITS_PER_SLICE {
                        self.commits = 0;
                        self.background(false);
                    }
                }
                Taken::Nothing => self.background(true),
                Taken::Closed => break,
            }
        }
        self.fatal.take()
    }

    fn background(&mut self, is_idle: bool) {
        let result = self.chores.slice(&self.connection, &self.signals, is_idle);
        self.shared.metrics.wal_bytes.set(self.signals.wal_bytes());
        if let Err(error) = result {
            tracing::warn!(%error, "background work on the database failed");
            self.notice(&error);
        }
    }

    fn notice(&mut self, error: &rusqlite::Error) {
        if failure::is_flush(error) {
            self.fatal = Some(Fatal::Disk(error.to_string()));
        }
    }

    /// Commits jobs, in as few transactions as their failures allow.
    fn commit(&mut self, jobs: Jobs) {
        let mut groups = vec![(jobs, 0)];
        while let Some((jobs, tries)) = groups.pop() {
            if jobs.is_empty() {
                continue;
            }
            if tries > TRIES_MAX || self.fatal.is_some() {
                let reason = "not tried again after the transactions before it failed";
                refuse(jobs, &StoreError::Failed(reason.to_owned()));
                continue;
            }
            if let Attempt::Again(again) = self.attempt(jobs) {
                // The first group comes first: `pop` takes from the end. What stood behind the broken job starts
                // afresh.
                let mut again = again.into_iter();
                let first = again.next().unwrap_or_default();
                groups.extend(again.rev().map(|jobs| (jobs, tries)));
                groups.push((first, tries + 1));
            }
        }
    }

    fn attempt(&mut self, jobs: Jobs) -> Attempt {
        self.commits = self.commits.saturating_add(1);
        let entries: usize = jobs.iter().map(|job| job.entries()).sum();
        let together = jobs.len();
        let span = tracing::debug_span!("commit", jobs = jobs.len(), entries);
        let _entered = span.enter();
        let begun = Instant::now();
        let attempt = self.transaction(jobs);
        if entries > 0 {
            self.shared
                .metrics
                .commit_seconds
                .observe(begun.elapsed().as_secs_f64());
            self.shared.metrics.commit_entries.observe(entries as f64);
            self.shared.metrics.commit_jobs.observe(together as f64);
        }
        attempt
    }

    fn transaction(&mut self, mut jobs: Jobs) -> Attempt {
        if let Some(pages_max) = self.shared.faults.take_page_limit()
            && let Err(error) = self.connection.pragma_update(None, "max_page_count", pages_max)
        {
            tracing::error!(%error, "the number of pages can not be limited");
        }
        let begun = self
            .shared
            .faults
            .statement(Step::Begin)
            .and_then(|()| self.execute("BEGIN IMMEDIATE"));
        if let Err(error) = begun {
            self.roll_back(&error);
            refuse(jobs, &failure::store_error(&error));
            return Attempt::Over;
        }
        let mut broken: Vec<(Box<dyn Job>, End)> = Vec::new();
        let mut kept: Jobs = Vec::with_capacity(jobs.len());
        let mut rest = jobs.drain(..);
        while let Some(mut job) = rest.next() {
            match self.run_in_savepoint(job.as_mut()) {
                Ok(()) => kept.push(job),
                Err(error) => {
                    broken.push((job, End::RolledBack(failure::store_error(&error))));
                    if self.connection.is_autocommit() {
                        // SQLite has rolled back everything: what was done before is done again, alone.
                        self.roll_back(&error);
                        let behind = rest.collect();
                        answer(broken);
                        return Attempt::Again(vec![kept, behind]);
                    }
                }
            }
        }
        drop(rest);
        let attempt = self.end(kept);
        answer(broken);
        attempt
    }

    /// Runs a job; what it did stays, or none of it. An error means that the job has failed.
    fn run_in_savepoint(&self, job: &mut dyn Job) -> Result<(), rusqlite::Error> {
        self.execute("SAVEPOINT job")?;
        let context = Context {
            connection: &self.connection,
            salt: &self.shared.salt,
            faults: &self.shared.faults,
            signals: &self.signals,
        };
        let broken = match job.run(&context) {
            Ran::Done => match self.execute("RELEASE job") {
                Ok(()) => return Ok(()),
                Err(error) => Some(error),
            },
            Ran::Refused => None,
            Ran::Broken(error) => Some(error),
        };
        if !self.connection.is_autocommit() {
            let undone = self
                .execute("ROLLBACK TO job")
                .and_then(|()| self.execute("RELEASE job"));
            if let Err(error) = undone {
                // What it did can not be taken out of the transaction: nothing of the transaction may stay.
                let _ = self.execute("ROLLBACK");
                return Err(broken.unwrap_or(error));
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// Ends the transaction: without the jobs that have lost their right, these come first of all.
    fn end(&mut self, jobs: Jobs) -> Attempt {
        if jobs.iter().any(|job| !job.is_valid()) {
            let _ = self.execute("ROLLBACK");
            let (valid, fenced): (Jobs, Jobs) = jobs.into_iter().partition(|job| job.is_valid());
            answer(fenced.into_iter().map(|job| (job, End::Fenced)).collect());
            return Attempt::Again(vec![valid]);
        }
        match self.commit_transaction() {
            Ok(()) => {
                self.shared.metrics.commits_ok.inc();
                // Failures asked for at this step are ends of the process only.
                let _ = self.shared.faults.reach(Step::Committed);
                answer(jobs.into_iter().map(|job| (job, End::Settled)).collect());
                let _ = self.shared.faults.reach(Step::Answered);
            }
            Err(error) => self.commit_failed(jobs, &error),
        }
        Attempt::Over
    }

    fn commit_transaction(&self) -> Result<(), rusqlite::Error> {
        match self.shared.faults.reach(Step::Commit) {
            None => self.execute("COMMIT"),
            Some(Failure::IoThoughCommitted) => {
                self.execute("COMMIT")?;
                Err(Failure::Io.as_error())
            }
            Some(failure) => Err(failure.as_error()),
        }
    }

    fn commit_failed(&mut self, jobs: Jobs, error: &rusqlite::Error) {
        let is_unknown = failure::is_unknown_after_commit(error);
        self.roll_back(error);
        if is_unknown {
            self.shared.metrics.commits_unknown.inc();
            let reason = error.to_string();
            answer(
                jobs.into_iter()
                    .map(|job| (job, End::Unknown(reason.clone())))
                    .collect(),
            );
        } else {
            refuse(jobs, &failure::store_error(error));
        }
    }

    /// After an error: leaves no transaction open.
    fn roll_back(&mut self, error: &rusqlite::Error) {
        self.notice(error);
        if !failure::is_unknown_after_commit(error) {
            self.shared.metrics.commits_rolled_back.inc();
        }
        tracing::warn!(%error, "a transaction failed");
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a transaction can not be rolled back");
        }
    }

    fn execute(&self, statement: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Answers jobs of which nothing is in the database.
pub(super) fn refuse(jobs: Jobs, error: &StoreError) {
    answer(
        jobs.into_iter()
            .map(|job| (job, End::RolledBack(error.clone())))
            .collect(),
    );
}

fn answer(jobs: Vec<(Box<dyn Job>, End)>) {
    for (job, end) in jobs {
        job.finish(end);
    }
}
