//! What has to be known before a batch is decided: members, and messages that commands name. Everything that may await is here.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};
use protocol::UserId;
use storage::{Entry, Member, RoomKind, StoreError};

use super::{Desk, open::Log};
use crate::{
    limits::LOOKUPS_AT_ONCE,
    rooms::{Taken, Verb},
};

/// A look-up failed: the commands that need it are answered "unavailable".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// What was looked up for one batch.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Every member that a command of the batch concerns.
    pub(super) members: HashMap<UserId, Result<Option<Member>, Unreadable>>,
    /// Every entry that a command of the batch names and that was in the log before it.
    pub(super) entries: HashMap<u64, Result<Option<Entry>, Unreadable>>,
}

/// Looks up what the commands need.
pub(super) async fn look_up(desk: &Desk, log: &mut Log, taken: &[Taken]) -> View {
    let mut view = View::default();
    let mut users = HashSet::new();
    let mut seqs = HashSet::new();
    for Taken { command, .. } in taken {
        if log.room.kind != RoomKind::Channel {
            concerned(command, &mut users);
        }
        let named = match &command.verb {
            Verb::Send { reply_to, .. } => *reply_to,
            Verb::Edit { target, .. } | Verb::Delete { target } => *target,
            _ => 0,
        };
        if (1..=log.head.seq).contains(&named) {
            seqs.insert(named);
        }
    }
    read_members(desk, log, users, &mut view).await;
    read_entries(desk, log, seqs, &mut view).await;
    view
}

fn concerned(command: &crate::rooms::Command, users: &mut HashSet<UserId>) {
    if !command.caller.is_system() && !command.caller.is_anonymous() {
        users.insert(command.caller.user.clone());
    }
    match &command.verb {
        Verb::AddParticipants { users: added } => users.extend(added.iter().map(|(user, _)| user.clone())),
        Verb::RemoveParticipants { users: removed } => users.extend(removed.iter().cloned()),
        _ => {}
    }
}

async fn read_members(desk: &Desk, log: &mut Log, users: HashSet<UserId>, view: &mut View) {
    let mut unknown = Vec::new();
    for user in users {
        match log.members.get(&user) {
            Some(known) => {
                view.members.insert(user, Ok(known));
            }
            None => unknown.push(user),
        }
    }
    let room = log.room.id;
    let mut reads = stream::iter(unknown)
        .map(|user| async move {
            let read = desk.shared.store.member(room, &user).await;
            (user, read)
        })
        .buffer_unordered(LOOKUPS_AT_ONCE);
    while let Some((user, read)) = reads.next().await {
        desk.cell.step();
        if let Ok(member) = &read {
            log.members.put(user.clone(), member.clone());
        }
        view.members
            .insert(user, read.map_err(|error| unreadable(desk, &error)));
    }
}

async fn read_entries(desk: &Desk, log: &Log, seqs: HashSet<u64>, view: &mut View) {
    let room = log.room.id;
    let mut reads = stream::iter(seqs)
        .map(|seq| async move { (seq, desk.shared.store.entry(room, seq).await) })
        .buffer_unordered(LOOKUPS_AT_ONCE);
    while let Some((seq, read)) = reads.next().await {
        desk.cell.step();
        view.entries.insert(seq, read.map_err(|error| unreadable(desk, &error)));
    }
}

fn unreadable(desk: &Desk, error: &StoreError) -> Unreadable {
    tracing::warn!(channel = %desk.cell.channel, %error, "a room's look-up failed");
    Unreadable
}
