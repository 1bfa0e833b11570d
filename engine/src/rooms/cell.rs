//! A room's queue and its actor's state, outside the actor: what outlives a panic, a freeze and a night's sleep.
//!
//! Everything is decided under one short lock, in which nothing waits: whether a command is taken in, whether the actor has to be woken or started,
//! whether it may go to sleep. An incarnation that is not the newest can do nothing here.

mod settle;
mod work;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use actix::Addr;
use protocol::{Error, ErrorCode};
use storage::Permit;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use self::{
    settle::Assigned,
    work::{Assignment, Taken},
};
use super::{Answer, Command, Event, Exit, Shared, answer::AnswerSlot, exit::pause_after, metrics::Outcome};
use crate::{
    Channel, command_id,
    limits::{NODE_QUEUE_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_COMMANDS_MAX},
    room::{Desk, Retire, RoomActor, Wake},
};

/// One room of the node.
pub(crate) struct Cell {
    /// The channel's name.
    pub(crate) channel: Channel,
    /// A number of its own, from 1: tells who was running when a thread blocked.
    pub(crate) id: u64,
    incarnations: Arc<AtomicU64>,
    /// Steps taken by the actor: a room whose number stands still is stuck.
    progress: AtomicU64,
    /// The actor waits for the store's writer.
    is_storing: AtomicBool,
    state: Mutex<State>,
}

struct State {
    queue: VecDeque<Waiting>,
    bytes: usize,
    next_ticket: u64,
    life: Life,
    /// The actor has been woken and has not yet found the queue empty.
    is_awake: bool,
    /// The supervisor looks at this cell.
    is_watched: bool,
    /// No longer in the directory: a command has to find its successor.
    is_removed: bool,
    /// Up to here the relay has been told; None: by nobody yet.
    published: Option<u64>,
    /// Failures in a row.
    failures: u32,
}

/// What there is of the actor.
enum Life {
    /// None; the next command starts one.
    Asleep,
    /// This one.
    Running {
        incarnation: u64,
        address: Addr<RoomActor>,
        thread: u64,
    },
    /// None for now: it failed. The supervisor starts it again when its pause is over.
    Resting,
}

/// A command in the queue.
struct Waiting {
    ticket: u64,
    command: Arc<Command>,
    command_id: Uuid,
    bytes: usize,
    deadline: Instant,
    /// The seq under which it was handed to the store last; 0: never.
    seq: u64,
    slot: AnswerSlot,
}

impl Cell {
    /// A room that sleeps, with an empty queue.
    pub(super) fn new(channel: Channel, shared: &Shared) -> Self {
        Self {
            channel,
            id: shared.next_cell_id.fetch_add(1, Ordering::Relaxed) + 1,
            // A later cell of the same room goes on counting where an earlier one may have ended.
            incarnations: Arc::new(AtomicU64::new(shared.newest_incarnation.load(Ordering::SeqCst))),
            progress: AtomicU64::new(0),
            is_storing: AtomicBool::new(false),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                bytes: 0,
                next_ticket: 1,
                life: Life::Asleep,
                is_awake: false,
                is_watched: false,
                is_removed: false,
                published: None,
                failures: 0,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a command at the end of the queue and sees to it that an actor comes for it. Gives it back when the cell is no longer in the directory.
    pub(super) fn submit(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        command: Command,
    ) -> Result<oneshot::Receiver<Answer>, Command> {
        let bytes = command.size_bytes();
        let mut state = self.lock();
        if state.is_removed {
            return Err(command);
        }
        let (slot, receiver) = AnswerSlot::new();
        if let Err(code) = state.admit(shared, bytes) {
            drop(state);
            let answer = Err(Error::from(code));
            shared.metrics.answered(&command.verb, Outcome::of(&answer));
            slot.send(answer);
            return Ok(receiver);
        }
        let waiting = Waiting {
            ticket: state.next_ticket,
            command_id: command.client_msg_id.unwrap_or_else(command_id::engine_made),
            command: Arc::new(command),
            bytes,
            deadline: Instant::now() + shared.options.command_deadline,
            seq: 0,
            slot,
        };
        state.next_ticket += 1;
        state.bytes += bytes;
        state.queue.push_back(waiting);
        self.rouse(shared, &mut state);
        Ok(receiver)
    }

    fn rouse(self: &Arc<Self>, shared: &Arc<Shared>, state: &mut State) {
        self.be_watched(shared, state);
        match &state.life {
            Life::Asleep => self.start(shared, state),
            Life::Running { address, .. } if !state.is_awake => {
                // At most one of these is on its way, whatever the number of commands.
                address.do_send(Wake);
                state.is_awake = true;
            }
            Life::Running { .. } | Life::Resting => {}
        }
    }

    fn be_watched(self: &Arc<Self>, shared: &Shared, state: &mut State) {
        if !state.is_watched {
            state.is_watched = true;
            shared.tell(Event::Watch(Arc::clone(self)));
        }
    }

    /// Starts the next incarnation; it takes the right to append from every earlier one.
    fn start(self: &Arc<Self>, shared: &Arc<Shared>, state: &mut State) {
        let permit = Permit::take_over(&self.incarnations);
        let incarnation = permit.incarnation();
        shared.newest_incarnation.fetch_max(incarnation, Ordering::SeqCst);
        let thread = shared.threads.of(self.id);
        let desk = Desk::new(Arc::clone(shared), Arc::clone(self), permit, thread.pulse);
        let address = RoomActor::start_on(&thread.arbiter, desk);
        state.life = Life::Running {
            incarnation,
            address,
            thread: thread.serial,
        };
        state.is_awake = true;
        self.is_storing.store(false, Ordering::Relaxed);
    }

    /// Ends an incarnation that failed and plans the next start. Gives when that is due and how many failures in a row there were;
    /// None when the incarnation is not the newest. `is_to_blame`: it was this room's own doing.
    pub(super) fn fail(
        &self,
        shared: &Shared,
        incarnation: u64,
        exit: Exit,
        is_to_blame: bool,
    ) -> Option<(Instant, u32)> {
        let mut state = self.lock();
        let Life::Running {
            incarnation: newest,
            address,
            ..
        } = &state.life
        else {
            return None;
        };
        if *newest != incarnation {
            return None;
        }
        // From here on it can append nothing, though its actor may still exist.
        Permit::take_over(&self.incarnations);
        address.do_send(Retire);
        if is_to_blame {
            state.failures = state.failures.saturating_add(1);
            shared.note_failure(&self.channel, exit, state.failures);
        }
        let failures = if is_to_blame { state.failures } else { 0 };
        let due = Instant::now() + pause_after(failures);
        state.life = Life::Resting;
        state.is_awake = false;
        Some((due, failures))
    }

    /// Starts a room again whose pause is over. Its commands have waited, and what it may have committed unseen has to reach the relay.
    pub(super) fn resume(self: &Arc<Self>, shared: &Arc<Shared>) {
        let mut state = self.lock();
        if matches!(state.life, Life::Resting) {
            self.start(shared, &mut state);
            self.be_watched(shared, &mut state);
        }
    }

    /// The incarnation that runs on this thread, if one does.
    pub(super) fn incarnation_on(&self, thread: u64) -> Option<u64> {
        match &self.lock().life {
            Life::Running {
                incarnation,
                thread: on,
                ..
            } if *on == thread => Some(*incarnation),
            _ => None,
        }
    }

    /// Asks the actor to end, for a node that stops.
    pub(super) fn retire(&self) {
        let mut state = self.lock();
        if let Life::Running { address, .. } = &state.life {
            Permit::take_over(&self.incarnations);
            address.do_send(Retire);
            state.life = Life::Asleep;
        }
    }

    /// Marks the cell as gone from the directory, if nobody needs it.
    pub(super) fn remove(&self) -> bool {
        let mut state = self.lock();
        let is_unused = matches!(state.life, Life::Asleep) && state.queue.is_empty();
        state.is_removed |= is_unused;
        is_unused
    }

    /// What the supervisor needs to know; None, and no longer watched, when there is no work.
    pub(super) fn look(&self) -> Option<Look> {
        let mut state = self.lock();
        let incarnation = match &state.life {
            Life::Running { incarnation, .. } => Some(*incarnation),
            _ => None,
        };
        if state.queue.is_empty() && (incarnation.is_none() || !state.is_awake) {
            state.is_watched = false;
            return None;
        }
        Some(Look {
            incarnation,
            progress: self.progress.load(Ordering::Relaxed),
            is_storing: self.is_storing.load(Ordering::Relaxed),
        })
    }

    /// Answers "unavailable" to everything whose deadline is at or before `until`; what has no seq by then is not appended.
    pub(super) fn expire(&self, shared: &Shared, until: Instant) {
        let mut expired = Vec::new();
        let mut state = self.lock();
        while state.queue.front().is_some_and(|first| first.deadline <= until) {
            let waiting = state.queue.pop_front().expect("there is a first");
            state.bytes -= waiting.bytes;
            expired.push(waiting);
        }
        drop(state);
        for waiting in expired {
            waiting.answer(shared, Err(ErrorCode::Unavailable.into()), Outcome::Unavailable);
        }
    }
}

impl State {
    /// Counts a command in, if there is room for it.
    fn admit(&self, shared: &Shared, bytes: usize) -> Result<(), ErrorCode> {
        if self.queue.len() >= QUEUE_COMMANDS_MAX || self.bytes + bytes > QUEUE_BYTES_MAX {
            return Err(ErrorCode::TooManyRequests);
        }
        if !shared.reserve(bytes, NODE_QUEUE_BYTES_MAX) {
            return Err(ErrorCode::Unavailable);
        }
        // Counted first, asked then: either this sees that the node stops, or the stopping node sees this command.
        if shared.is_closed.load(Ordering::SeqCst) {
            shared.release(bytes);
            return Err(ErrorCode::Unavailable);
        }
        Ok(())
    }
}

/// A moment of a room with work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// The running incarnation.
    pub(super) incarnation: Option<u64>,
    /// Its steps so far.
    pub(super) progress: u64,
    /// It waits for the store's writer.
    pub(super) is_storing: bool,
}

impl Waiting {
    fn answer(self, shared: &Shared, answer: Answer, outcome: Outcome) {
        shared.release(self.bytes);
        shared.metrics.answered(&self.command.verb, outcome);
        self.slot.send(answer);
    }
}
