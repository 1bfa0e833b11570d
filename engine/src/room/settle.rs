//! What an incarnation does before it takes a command: it finds out what became of the work before it.
//!
//! After a panic, a freeze or an append of unknown outcome some waiting commands may be in the log, and the relay may not know of them. Each was
//! written down with its seq before it was handed over; if it is in the log, it is there.

use futures_util::{StreamExt, TryStreamExt, stream};
use storage::{Entry, EntryRange, Order, Select, StoreError};

use super::{Desk, commit, open::Log};
use crate::{
    limits::{BATCH_ENTRIES_MAX, LOOKUPS_AT_ONCE, PAGE_BYTES_MAX},
    rooms::{Assigned, Outcome},
};

/// Brings relay and waiting senders up to the log's end.
///
/// # Errors
/// What the store says; then nothing may be appended yet.
pub(super) async fn settle(desk: &Desk, log: &Log) -> Result<(), StoreError> {
    tell_relay(desk, log).await?;
    answer_appended(desk, log).await
}

async fn tell_relay(desk: &Desk, log: &Log) -> Result<(), StoreError> {
    let Some(mut published) = desk.cell.published() else {
        desk.cell.set_published(log.head.seq);
        return Ok(());
    };
    while published < log.head.seq {
        let range = EntryRange {
            first: published + 1,
            last: log.head.seq,
            limit: BATCH_ENTRIES_MAX,
            bytes_max: PAGE_BYTES_MAX,
            order: Order::Ascending,
            select: Select::Everything,
        };
        let entries = desk.shared.store.entries(log.room.id, range).await?;
        desk.cell.step();
        let Some(last) = entries.last() else { break };
        published = last.seq;
        commit::publish(desk, log, entries.iter());
    }
    Ok(())
}

async fn answer_appended(desk: &Desk, log: &Log) -> Result<(), StoreError> {
    let assigned = desk.take_assigned();
    let reads: Vec<(Assigned, Option<Entry>)> = stream::iter(assigned)
        .filter(|assigned| std::future::ready(assigned.seq <= log.head.seq))
        .map(|assigned| async move {
            let entry = desk.shared.store.entry(log.room.id, assigned.seq).await?;
            desk.cell.step();
            Ok::<_, StoreError>((assigned, entry))
        })
        .buffered(LOOKUPS_AT_ONCE)
        .try_collect()
        .await?;
    let answers = reads
        .into_iter()
        .filter_map(|(assigned, entry)| {
            let entry = entry.filter(|entry| is_of(entry, &assigned))?;
            Some((assigned.ticket, Ok(commit::appended(log, &entry)), Outcome::Appended))
        })
        .collect();
    desk.answer(answers);
    Ok(())
}

/// Whether the entry is this command's. Ids of clients are theirs alone, so the issuer counts too.
fn is_of(entry: &Entry, assigned: &Assigned) -> bool {
    let caller = &assigned.command.caller;
    let issuer = entry.actor.as_ref().or(entry.sender.as_ref());
    let is_same_issuer = caller.is_system() || caller.is_anonymous() || issuer == Some(&caller.user);
    entry.command_id == assigned.command_id && is_same_issuer
}
