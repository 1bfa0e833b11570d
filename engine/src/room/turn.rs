//! The room's work: batch after batch, until the queue is empty.

use std::collections::HashMap;

use protocol::ErrorCode;

use super::{
    Desk, append, commit, lookup,
    open::{self, Log, Opened},
    plan::Plan,
    rights, settle,
};
use crate::rooms::{Assignment, Outcome, Taken};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The queue is empty.
    Idle,
    /// There is no such room; everybody was told so.
    Absent,
    /// A newer incarnation owns the room.
    Superseded,
    /// Storage failed; the room has to be started again.
    Failed,
}

enum Next {
    Batch,
    Reopen,
    End(End),
}

/// Works the queue off. Gives back the log where it may be gone on with.
pub(super) async fn run(desk: Desk, log: Option<Log>) -> (Option<Log>, End) {
    let mut known = log;
    loop {
        let mut log = match known.take() {
            Some(log) => log,
            None => match start(&desk).await {
                Ok(log) => log,
                Err(end) => return (None, end),
            },
        };
        let Some(taken) = desk.take() else {
            return (None, End::Superseded);
        };
        if taken.is_empty() {
            return (Some(log), End::Idle);
        }
        match turn(&desk, &mut log, taken).await {
            Next::Batch => {
                desk.cell.set_sound(&desk.shared);
                known = Some(log);
            }
            Next::Reopen => {}
            Next::End(end) => return (None, end),
        }
    }
}

async fn start(desk: &Desk) -> Result<Log, End> {
    match open::open(desk).await {
        Opened::Here(log) => match settle::settle(desk, &log).await {
            Ok(()) => Ok(*log),
            Err(error) => {
                tracing::error!(channel = %desk.cell.channel, %error, "a room can not find out where it stands");
                Err(End::Failed)
            }
        },
        Opened::Absent => Err(refuse_all(desk)),
        Opened::Failed => Err(End::Failed),
    }
}

/// Answers everybody that there is no such room.
fn refuse_all(desk: &Desk) -> End {
    loop {
        let Some(taken) = desk.take() else {
            return End::Superseded;
        };
        if taken.is_empty() {
            return End::Absent;
        }
        let answers = taken
            .iter()
            .map(|taken| (taken.ticket, Err(ErrorCode::NotFound.into()), Outcome::Refused))
            .collect();
        desk.answer(answers);
    }
}

/// One batch: looks up, decides, appends, answers. Decides again without what turned out to be repeated or answered already.
async fn turn(desk: &Desk, log: &mut Log, mut taken: Vec<Taken>) -> Next {
    let view = lookup::look_up(desk, log, &taken).await;
    let now_ms = desk.shared.clock.now_ms();
    let mut earlier: HashMap<u64, u64> = HashMap::new();
    loop {
        let mut plan = Plan::make(log, &view, &taken, &earlier, now_ms);
        if plan.entries.is_empty() {
            commit::answer(desk, log, plan, true).await;
            return Next::Batch;
        }
        let deadline = match desk.assign(&plan.seqs()) {
            Assignment::Done(deadline) => deadline,
            Assignment::Gone(gone) => {
                taken.retain(|taken| !gone.contains(&taken.ticket));
                continue;
            }
            Assignment::Superseded => return Next::End(End::Superseded),
        };
        let rights = rights::begin(desk, log, &plan);
        let outcome = append::append(desk, log, plan.entries.clone(), deadline).await;
        rights.end(desk, log, &outcome);
        match outcome {
            append::Outcome::Committed(head) => {
                commit::commit(desk, log, &mut plan, head);
                commit::answer(desk, log, plan, true).await;
                return Next::Batch;
            }
            append::Outcome::Repeated(repetitions) => {
                let known = repetitions
                    .into_iter()
                    .filter_map(|(index, seq)| Some((*plan.tickets.get(index)?, seq)));
                earlier.extend(known);
            }
            append::Outcome::Refused => {
                commit::answer(desk, log, plan, false).await;
                return Next::Batch;
            }
            append::Outcome::Broken => {
                commit::answer(desk, log, plan, false).await;
                return Next::End(End::Failed);
            }
            append::Outcome::Uncertain => return Next::Reopen,
            append::Outcome::Superseded => return Next::End(End::Superseded),
        }
    }
}
