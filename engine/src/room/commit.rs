//! After the commit: the room's heads move, the relay is told, the senders are answered. In this order, all by seq.

use std::{collections::HashMap, sync::Arc};

use futures_util::{StreamExt, stream};
use protocol::{Error, ErrorCode};
use storage::{Entry, EntryKind, LogHead, NewEntry, RoomKind};

use super::{Desk, decide::Decision, open::Log, plan::Plan};
use crate::{
    limits::LOOKUPS_AT_ONCE,
    relay::RelayEntry,
    rooms::{Answer, Appended, Outcome, Taken},
};

/// Takes a committed batch in and tells the relay.
pub(super) fn commit(desk: &Desk, log: &mut Log, plan: &mut Plan, head: LogHead) {
    log.head = head;
    log.room.clone_from(&plan.room);
    let rosters = &desk.shared.relays.warm.rosters;
    rosters.changed(desk.permit.incarnation(), &log.room, &plan.members);
    for (user, member) in plan.members.drain() {
        log.members.put(user, member);
    }
    publish(desk, log, plan.entries.iter().map(|new| &new.entry));
}

/// Tells the relay, and the search index, of entries that are durable.
pub(super) fn publish<'a>(desk: &Desk, log: &Log, entries: impl Iterator<Item = &'a Entry>) {
    let channel = &desk.cell.channel;
    let warm = &desk.shared.relays.warm;
    let mut has_deletions = false;
    // What is in memory goes before reads of the past are told to look again.
    let entries = entries.inspect(|entry| {
        warm.committed(log.room.id, entry);
        if entry.kind == EntryKind::Delete {
            desk.shared.relays.note_deletion(channel);
            has_deletions = true;
        }
    });
    let mut last = 0;
    if desk.shared.relays.has_listeners(channel) {
        let rendered: Vec<Arc<RelayEntry>> = entries
            .inspect(|entry| last = entry.seq)
            .map(|entry| Arc::new(RelayEntry::new(channel, entry.clone())))
            .collect();
        desk.shared
            .relays
            .publish(channel, &desk.permit, log.head.epoch, rendered);
        if has_deletions {
            // Whoever read the ring in between, before it lost the text.
            desk.shared.relays.note_deletion(channel);
        }
    } else {
        // Who begins to listen from here on reads the log's end from storage, where these entries are.
        last = entries.last().map_or(0, |entry| entry.seq);
    }
    warm.rosters.moved(log.room.id, &log.head);
    desk.cell.set_published(last);
    if log.room.kind != RoomKind::Channel {
        desk.shared.unindexed.note(log.room.id, log.head.seq, log.head.time_ms);
    }
}

/// Answers every command of a batch. `is_committed`: its entries are durable; else they are not in the log, and their senders may try again.
pub(super) async fn answer(desk: &Desk, log: &Log, plan: Plan, is_committed: bool) {
    let earlier = read_earlier(desk, log, &plan.decisions).await;
    let answers = plan
        .decisions
        .into_iter()
        .map(|(taken, decision)| {
            let (answer, outcome) = match (earlier.get(&taken.ticket), decision) {
                (Some(Found::Entry(entry)), _) => (Ok(appended(log, entry)), Outcome::Repeated),
                (Some(Found::Unreadable), _) => refused(ErrorCode::Unavailable.into()),
                (None, Decision::Entry(_) | Decision::Same(_)) if !is_committed => {
                    refused(ErrorCode::Unavailable.into())
                }
                (None, Decision::Entry(index)) => (of_batch(log, &plan.entries, index), Outcome::Appended),
                (None, Decision::Same(index)) => (of_batch(log, &plan.entries, index), Outcome::Repeated),
                (None, Decision::Earlier(_)) => refused(ErrorCode::NotFound.into()),
                (None, Decision::Refused(error)) => refused(error),
            };
            (taken.ticket, answer, outcome)
        })
        .collect();
    desk.answer(answers);
}

/// What a command gets whose entry is this one.
pub(super) fn appended(log: &Log, entry: &Entry) -> Appended {
    Appended {
        entry: entry.clone(),
        epoch: log.head.epoch,
        room: log.room.clone(),
    }
}

fn of_batch(log: &Log, entries: &[NewEntry], index: usize) -> Answer {
    Ok(appended(log, &entries[index].entry))
}

fn refused(error: Error) -> (Answer, Outcome) {
    let answer = Err(error);
    let outcome = Outcome::of(&answer);
    (answer, outcome)
}

enum Found {
    Entry(Box<Entry>),
    Unreadable,
}

/// First results of commands that were sent before, by ticket, as they are now. A command that would be refused today (its message is deleted, its
/// sender has left) may have succeeded when it was sent first: then that result counts.
async fn read_earlier(desk: &Desk, log: &Log, decisions: &[(Taken, Decision)]) -> HashMap<u64, Found> {
    let suspects = decisions.iter().filter_map(|(taken, decision)| match decision {
        Decision::Earlier(seq) => Some((taken, Some(*seq))),
        Decision::Refused(error) if taken.command.is_repeatable() && error.code != ErrorCode::Unavailable => {
            Some((taken, None))
        }
        _ => None,
    });
    let mut found = HashMap::new();
    let mut reads = stream::iter(suspects)
        .map(|(taken, seq)| async move { (taken.ticket, read_one(desk, log, taken, seq).await) })
        .buffer_unordered(LOOKUPS_AT_ONCE);
    while let Some((ticket, read)) = reads.next().await {
        desk.cell.step();
        match read {
            Ok(Some(entry)) => {
                found.insert(ticket, Found::Entry(Box::new(entry)));
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(channel = %desk.cell.channel, %error, "a first result can not be read");
                found.insert(ticket, Found::Unreadable);
            }
        }
    }
    found
}

async fn read_one(
    desk: &Desk,
    log: &Log,
    taken: &Taken,
    seq: Option<u64>,
) -> Result<Option<Entry>, storage::StoreError> {
    let store = &desk.shared.store;
    let room = log.room.id;
    let seq = match seq {
        Some(seq) => Some(seq),
        None => {
            let now_ms = desk.shared.clock.now_ms();
            let user = &taken.command.caller.user;
            store.find_command(room, user, taken.command_id, now_ms).await?
        }
    };
    match seq {
        Some(seq) => store.entry(room, seq).await,
        None => Ok(None),
    }
}
