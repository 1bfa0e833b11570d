//! The step `Commit` of a message's walk: one batch of one room's log. Decide everything by reading, write the rows as one mutation per
//! bucket, do what follows, answer. The rows are the commit: before them nothing is visible, after them everything else can be done again.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::{RoomId, UserId};
use uuid::Uuid;

use super::{
    Shared,
    cells::{Cell, Known, Owner},
    client::{Client, Values},
    commands,
    connect::Pauses,
    effects::{self, Change, Changes, Link},
    failure::{Fault, Result},
    index::{self, Opened},
    marks, members,
    options::{APPEND_PATIENCE, BATCH_BYTES_MAX, BATCH_ROWS_MAX, COMMAND_TTL_S, RETRY_PAUSE, RETRY_PAUSE_MAX},
    rows::{self, NewEntryRow, signed},
    settle,
    stamp::stamp,
};
use crate::{
    AppendBatch, AppendError, Effect, Entry, EntryKind, LogHead, NewEntry, StoreError,
    bucket::{self, BucketHead},
    order,
};

/// The row of an entry, with the record of its command where it came from a client.
pub(super) type Row = (NewEntryRow, Option<Values>);

/// Bytes that a batch holds while it waits.
pub(super) fn cost(batch: &AppendBatch) -> usize {
    let size = |new: &NewEntry| new.entry.body.len() + size_of::<NewEntry>();
    batch.entries.iter().map(size).sum()
}

/// An entry that is ready to be written.
struct Planned {
    entry: Entry,
    changes: Changes,
    is_repeatable: bool,
    bucket: BucketHead,
    opens: bool,
}

/// Why a batch was not appended.
enum Refusal {
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

/// Appends a batch. Runs to its end whether or not anybody waits for it.
pub(super) async fn append(shared: Arc<Shared>, batch: AppendBatch) -> Result<LogHead, AppendError> {
    let cell = shared.cells.get(batch.room);
    let mut owner = cell.owner.lock().await;
    let begun = Instant::now();
    let ended = append_owned(&shared, &cell, &mut owner, &batch).await;
    let metrics = &shared.client.metrics;
    match ended {
        Ok(head) => {
            metrics.commits_ok.inc();
            metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
            metrics.commit_entries.observe(batch.entries.len() as f64);
            metrics.commit_jobs.observe(1.0);
            Ok(head)
        }
        Err(Refusal::Answer(error)) => Err(error),
        Err(Refusal::Doubt(reason)) => {
            metrics.commits_unknown.inc();
            owner.is_settled = false;
            owner.is_doubtful = true;
            cell.set_known(None);
            Err(AppendError::Unknown(reason))
        }
    }
}

async fn append_owned(
    shared: &Arc<Shared>,
    cell: &Cell,
    owner: &mut Owner,
    batch: &AppendBatch,
) -> Result<LogHead, Refusal> {
    if !batch.permit.is_valid() {
        return Err(AppendError::Fenced.into());
    }
    if Instant::now() > batch.deadline {
        return Err(AppendError::Expired.into());
    }
    shared.check_lease()?;
    let Some(mut known) = settle::settled(shared, cell, owner).await? else {
        return Err(AppendError::Failed("no such room".to_owned()).into());
    };
    let head = &known.state.head;
    if head.seq != batch.head.seq || head.epoch != batch.head.epoch {
        let (expected, actual) = (batch.head.seq, head.seq);
        return Err(AppendError::Moved { expected, actual }.into());
    }
    order::check(batch, head).map_err(AppendError::Failed)?;
    let repeated = commands::repetitions(&shared.client, batch, &known, &mut owner.commands).await?;
    if !repeated.is_empty() {
        return Err(AppendError::Duplicates(repeated).into());
    }
    let now_ms = batch.entries[0].entry.time_ms;
    match settle::take_over(shared, cell, owner, &mut known, now_ms).await {
        Ok(true) => {}
        Ok(false) => return Err(AppendError::Fenced.into()),
        Err(fault) => {
            // It may have been taken over all the same: the index is asked before the next try.
            owner.is_settled = false;
            return Err(fault.into());
        }
    }
    let planned = plan(shared, batch, &known, owner.doubtful_bucket).await?;
    // The right is looked at once more: from here on the batch comes into the log.
    if !batch.permit.is_valid() {
        return Err(AppendError::Fenced.into());
    }
    match commit(shared, cell, owner, batch, known, planned).await {
        // Parts of it may be there, whatever became of the rest.
        Err(Refusal::Answer(error)) => Err(Refusal::Doubt(error.to_string())),
        ended => ended,
    }
}

/// Decides what each entry changes and where it goes: never into a bucket up to `doubtful` that is not open yet. Writes nothing.
async fn plan(shared: &Shared, batch: &AppendBatch, known: &Known, doubtful: u64) -> Result<Vec<Planned>, Refusal> {
    let mut plan = Plan {
        shared,
        room: batch.room,
        log: (known.log_first, known.state.head.seq),
        links: HashMap::new(),
        members: HashMap::new(),
    };
    let mut bucket = known.state.head.bucket;
    let mut planned = Vec::with_capacity(batch.entries.len());
    for new in &batch.entries {
        let (changes, version) = plan.changes(new).await?;
        let mut entry = new.entry.clone();
        entry.version = version.unwrap_or(entry.version);
        plan.links.insert(entry.seq, (entry.version, entry.deleted));
        let place = bucket.place(shared.term(), entry.seq, entry.time_ms, entry.body.len());
        bucket = place.head;
        if place.opens {
            bucket.bucket = bucket.bucket.max(doubtful + 1);
        }
        planned.push(Planned {
            entry,
            changes,
            is_repeatable: new.is_repeatable,
            bucket,
            opens: place.opens,
        });
    }
    Ok(planned)
}

/// What has been decided for the entries before, which the store does not know yet.
struct Plan<'a> {
    shared: &'a Shared,
    room: RoomId,
    /// The first and the last seq that can be read.
    log: (u64, u64),
    /// Version and deletion of entries, by seq.
    links: HashMap<u64, (u64, bool)>,
    /// Whether people are members.
    members: HashMap<UserId, bool>,
}

impl Plan<'_> {
    /// What follows from an entry; and of an edit or deletion, the version of its message until now.
    async fn changes(&mut self, new: &NewEntry) -> Result<(Changes, Option<u64>), Refusal> {
        let mut changes = Vec::with_capacity(new.effects.len());
        let mut version = None;
        for effect in &new.effects {
            if let Some(change) = effects::plain(effect) {
                changes.push(change);
                continue;
            }
            match effect {
                Effect::Edit { target, body } => {
                    version = Some(self.edit(*target, new.entry.seq).await?);
                    let is_own = *body == new.entry.body;
                    changes.push(if is_own {
                        Change::Edited(*target)
                    } else {
                        Change::EditedAs(*target, body.to_vec())
                    });
                }
                Effect::Delete { target } => {
                    let (before, versions) = self.delete(*target, new.entry.seq).await?;
                    version = Some(before);
                    changes.push(Change::Deleted(*target, versions));
                }
                Effect::MemberAdded(user, role) => {
                    let (name, number) = (user.as_str().to_owned(), effects::role_number(*role));
                    let was_there = self.is_member(user).await?;
                    changes.push(if was_there {
                        Change::RoleChanged(name, number)
                    } else {
                        Change::Joined(name, number)
                    });
                    self.members.insert(user.clone(), true);
                }
                Effect::MemberRemoved(user) => {
                    if self.is_member(user).await? {
                        changes.push(Change::Left(user.as_str().to_owned()));
                    }
                    self.members.insert(user.clone(), false);
                }
                Effect::Renamed(_) | Effect::RoomDeleted | Effect::Read { .. } => {}
            }
        }
        Ok((changes, version))
    }

    async fn is_member(&self, user: &UserId) -> Result<bool, Refusal> {
        if let Some(is_member) = self.members.get(user) {
            return Ok(*is_member);
        }
        Ok(members::stored(&self.shared.client, self.room, user).await?.is_some())
    }

    async fn link(&self, seq: u64) -> Result<Option<Link>, Refusal> {
        if let Some((version, deleted)) = self.links.get(&seq) {
            let (version, deleted) = (*version, *deleted);
            return Ok(Some(Link { version, deleted }));
        }
        // Rows of a former owner may lie behind the end; they are nobody's.
        if seq < self.log.0 || seq > self.log.1 {
            return Ok(None);
        }
        Ok(effects::stored_link(self.shared, self.room, seq).await?)
    }

    async fn edit(&mut self, target: u64, seq: u64) -> Result<u64, Refusal> {
        let Some(message) = self.link(target).await? else {
            return refused(format!("no message at {target}"));
        };
        if message.deleted {
            return refused(format!("the message at {target} is deleted"));
        }
        self.links.insert(target, (seq, false));
        Ok(message.version)
    }

    /// Walks a message's chain of edits, newest first.
    async fn delete(&mut self, target: u64, seq: u64) -> Result<(u64, Vec<u64>), Refusal> {
        let Some(message) = self.link(target).await? else {
            return refused(format!("no message at {target}"));
        };
        let mut versions = Vec::new();
        let mut next = message.version;
        while next != 0 {
            let Some(link) = self.link(next).await? else {
                return refused(format!("the versions of {target} break off at {next}"));
            };
            // Each version is older than the one before; anything else would be a circle.
            if link.version >= next {
                return refused(format!("the versions of {target} go round at {next}"));
            }
            self.links.insert(next, (link.version, true));
            versions.push(next);
            next = link.version;
        }
        self.links.insert(target, (seq, true));
        Ok((message.version, versions))
    }
}

fn refused<T>(reason: String) -> Result<T, Refusal> {
    Err(Refusal::Answer(AppendError::Failed(reason)))
}

/// Writes what was planned. Whatever fails from here on leaves a doubt.
async fn commit(
    shared: &Shared,
    cell: &Cell,
    owner: &mut Owner,
    batch: &AppendBatch,
    mut known: Known,
    planned: Vec<Planned>,
) -> Result<LogHead, Refusal> {
    let patience = Instant::now() + APPEND_PATIENCE;
    let first = batch.head.seq + 1;
    let mut bucket = known.state.head.bucket;
    for part in parts(&planned) {
        if part[0].opens {
            open_bucket(shared, cell, owner, &known, &bucket, &part[0], patience).await?;
        }
        bucket = part[0].bucket;
        owner.doubtful_bucket = owner.doubtful_bucket.max(bucket.bucket);
        write_part(shared, batch, part, first, patience).await?;
        remember_commands(owner, part);
        bucket = part.last().map_or(bucket, |last| last.bucket);
        known.state.head.seq = part.last().map_or(known.state.head.seq, |last| last.entry.seq);
        known.state.head.time_ms = part.last().map_or(known.state.head.time_ms, |last| last.entry.time_ms);
    }
    shared
        .check_lease()
        .map_err(|_| Refusal::Doubt("the lease ended while the batch was written".to_owned()))?;
    follow(shared, cell, &planned, patience).await?;
    for one in &planned {
        effects::fold(&mut known.state, &one.entry, &one.changes);
        if one.entry.kind == EntryKind::Message {
            known.last = Some(one.entry.clone());
        }
        if one
            .changes
            .iter()
            .any(|change| matches!(change, Change::Edited(_) | Change::EditedAs(..) | Change::Deleted(..)))
        {
            known.last = None;
        }
    }
    owner.doubtful_bucket = 0;
    known.state.head.bucket = bucket;
    let head = known.state.head.clone();
    cell.set_known(Some(known));
    cell.behind().head = true;
    Ok(head)
}

/// Takes in the commands of what was written, before its bucket is sealed: the bucket's filter has to hold them.
fn remember_commands(owner: &mut Owner, part: &[Planned]) {
    for one in part.iter().filter(|one| one.is_repeatable) {
        let key = commands::key(&commands::issuer(&one.entry), one.entry.command_id);
        owner
            .commands
            .written(one.bucket.bucket, key, one.entry.seq, one.entry.time_ms);
    }
}

/// Cuts a plan into mutations: each of one bucket, bounded in rows and bytes.
fn parts(planned: &[Planned]) -> Vec<&[Planned]> {
    let mut parts = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, one) in planned.iter().enumerate() {
        let size = one.entry.body.len();
        if at > from && (one.opens || at - from >= BATCH_ROWS_MAX || bytes + size > BATCH_BYTES_MAX) {
            parts.push(&planned[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += size;
    }
    parts.push(&planned[from..]);
    parts
}

/// Seals the bucket before and opens the next one.
async fn open_bucket(
    shared: &Shared,
    cell: &Cell,
    owner: &mut Owner,
    known: &Known,
    before: &BucketHead,
    next: &Planned,
    patience: Instant,
) -> Result<(), Refusal> {
    let (client, room, head) = (&shared.client, cell.room, &known.state.head);
    // What a purge has left behind is nobody's, and what another owner opened was sealed when the log was taken over.
    let is_ours = bucket::term(before.bucket) == shared.term();
    if before.bucket != 0 && before.first_seq >= known.log_first && is_ours {
        let sealed = repeated(patience, || index::seal(client, room, before, head.seq, head.time_ms)).await?;
        if !sealed {
            return Err(AppendError::Fenced.into());
        }
        let sealed = (before, head.seq);
        commands::leave_filter(client, room, &mut owner.commands, sealed, next.entry.time_ms).await;
    }
    let new = &next.bucket;
    match repeated(patience, || index::open(client, room, new)).await? {
        Opened::Ours => {}
        // An empty bucket that was opened before a crash is harmless; one that somebody writes into is not ours.
        Opened::Theirs(found) => {
            let range = (room.key(), signed(found.number));
            let used = client.row::<(i64, i64)>(&client.statements.last_entry, range).await?;
            let is_older = bucket::term(found.number) <= shared.term();
            let is_taken = used.is_none() && found.last_seq.is_none() && is_older;
            if !is_taken || !repeated(patience, || index::adopt_empty(client, room, &found, new)).await? {
                return Err(AppendError::Fenced.into());
            }
        }
    }
    owner.commands.opened(new.bucket, new.first_seq, new.first_ms);
    Ok(())
}

async fn write_part(
    shared: &Shared,
    batch: &AppendBatch,
    part: &[Planned],
    first: u64,
    patience: Instant,
) -> Result<(), Refusal> {
    let rows = || -> Result<Vec<Row>> { part.iter().map(|one| row(batch.room, one, first)).collect() };
    // Values that the servers do not take are found before anything is sent.
    let first_try = rows()?;
    match write_rows(&shared.client, first_try).await {
        Ok(()) => Ok(()),
        Err(Fault::Unavailable(_)) => repeated(patience, || async { write_rows(&shared.client, rows()?).await }).await,
        Err(fault) => Err(Refusal::Doubt(StoreError::from(fault).to_string())),
    }
}

fn row(room: RoomId, one: &Planned, batch_first: u64) -> Result<Row> {
    let entry = &one.entry;
    let command = one.is_repeatable.then(|| {
        let issuer = commands::issuer(entry);
        let key = commands::key(&issuer, entry.command_id);
        let record = (
            key,
            issuer.as_str().to_owned(),
            entry.time_ms,
            entry.command_id,
            signed(entry.seq),
        );
        command_values(room, one.bucket.bucket, record, stamp(entry.seq))
    });
    let changes = effects::encode(&one.changes)?;
    Ok((
        NewEntryRow::new(room, entry, &one.bucket, batch_first, changes),
        command,
    ))
}

/// The values of a command's record.
pub(super) fn command_values(room: RoomId, bucket: u64, record: (i64, String, i64, Uuid, i64), written: i64) -> Values {
    let (key, sender, time_ms, command_id, target) = record;
    let place = (room.key(), signed(bucket), key);
    Box::new((
        place.0,
        place.1,
        place.2,
        sender,
        time_ms,
        command_id,
        target,
        written,
        COMMAND_TTL_S,
    ))
}

/// Writes rows of one bucket as one mutation.
pub(super) async fn write_rows(client: &Client, rows: Vec<Row>) -> Result<()> {
    let statements = &client.statements;
    let mut writes: Vec<(_, Values)> = Vec::with_capacity(rows.len() * 2);
    for (row, command) in rows {
        writes.push((&statements.insert_entry, Box::new(row)));
        writes.extend(command.map(|command| (&statements.insert_command, command)));
    }
    client.batch(writes).await
}

/// Does what follows from the entries: what others read at once, now; the rest is written behind.
async fn follow(shared: &Shared, cell: &Cell, planned: &[Planned], patience: Instant) -> Result<(), Refusal> {
    for one in planned {
        if effects::is_awaited(&one.changes) {
            let apply = || effects::apply(shared, cell.room, &one.entry, &one.changes);
            repeated(patience, apply).await?;
        }
        for change in &one.changes {
            if let Change::Left(user) = change {
                let forget = || effects::forget_mark_ahead(&shared.client, cell.room, user, one.entry.seq);
                repeated(patience, forget).await?;
                marks::forget(cell, &rows::user(user)?).await;
            }
        }
        marks::moved_with(cell, &effects::marks(&one.changes)?);
    }
    Ok(())
}

/// Does something again and again while the servers do not answer; in the end there is a doubt.
async fn repeated<T, F>(patience: Instant, mut work: impl FnMut() -> F) -> Result<T, Refusal>
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
