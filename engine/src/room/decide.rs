//! What becomes of one command, given the room as those before it leave it. A verb is a file; rights are in `crate::access`.

use protocol::{Error, ErrorCode};

use super::{
    delete, delete_room, edit, participants,
    pending::{Draft, Pending},
    publish, send, update,
};
use crate::{
    access,
    rooms::{Taken, Verb},
};

/// What becomes of a command.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// The entry with this index in the batch.
    Entry(usize),
    /// The same entry as an earlier command of the batch: it was sent twice.
    Same(usize),
    /// The entry at this seq, from an earlier batch: it was sent before.
    Earlier(u64),
    /// Nothing.
    Refused(Error),
}

/// Decides a command and adds its entry to the batch.
pub(super) fn decide(pending: &mut Pending<'_>, taken: &Taken) -> Decision {
    if let Some(index) = pending.repeated(taken) {
        return Decision::Same(index);
    }
    match draft(pending, taken) {
        Ok(draft) => Decision::Entry(pending.push(taken, draft)),
        Err(error) => Decision::Refused(error),
    }
}

fn draft(pending: &mut Pending<'_>, taken: &Taken) -> Result<Draft, Error> {
    let command = &*taken.command;
    let caller = &command.caller;
    let member = pending.member(&caller.user)?.cloned();
    let target = match &command.verb {
        Verb::Edit { target, .. } | Verb::Delete { target } => Some(pending.message(*target)?.clone()),
        _ => None,
    };
    let now_ms = pending.now_ms();
    access::may_change(
        caller,
        &pending.room,
        member.as_ref(),
        &command.verb,
        target.as_ref(),
        now_ms,
    )?;
    match (&command.verb, target) {
        (
            Verb::Send {
                content,
                reply_to,
                attachments,
            },
            _,
        ) => send::draft(pending, content, *reply_to, attachments),
        (Verb::Publish { data }, _) => publish::draft(pending, data),
        (Verb::Edit { content, .. }, Some(target)) => Ok(edit::draft(pending, target, content)),
        (Verb::Delete { .. }, Some(target)) => Ok(delete::draft(pending, target)),
        (Verb::AddParticipants { users }, _) => {
            let role = member.map(|member| member.role);
            participants::add(pending, role, users)
        }
        (Verb::RemoveParticipants { users }, _) => participants::remove(pending, caller, member.as_ref(), users),
        (Verb::Update { name, retention_days }, _) => Ok(update::draft(pending, name.as_deref(), *retention_days)),
        (Verb::DeleteRoom, _) => Ok(delete_room::draft(pending)),
        (Verb::Edit { .. } | Verb::Delete { .. }, None) => Err(ErrorCode::NotFound.into()),
    }
}
