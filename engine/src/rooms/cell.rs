//! A room's queue and its actor's state, outside the actor: what outlives a panic, a freeze and a night's sleep.
//!
//! Everything is decided under one short lock, in which nothing waits: whether a command is taken in, whether the actor has to be woken or started,
//! whether it may go to sleep. An incarnation that is not the newest can do nothing here.

mod oversight;
mod settle;
mod work;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use actix::Addr;
use protocol::{Error, ErrorCode};
use storage::Permit;
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use self::{
    oversight::Look,
    settle::Assigned,
    work::{Assignment, Taken},
};
use super::{Answer, Command, Event, Shared, answer::AnswerSlot, metrics::Outcome};
use crate::{
    Channel, command_id,
    limits::{NODE_QUEUE_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_COMMANDS_MAX},
    room::{Desk, RoomActor, Wake},
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
    /// Failures since the room was last seen to work.
    failures: AtomicU32,
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
            failures: AtomicU32::new(0),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                bytes: 0,
                next_ticket: 1,
                life: Life::Asleep,
                is_awake: false,
                is_watched: false,
                is_removed: false,
                published: None,
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
        command: Arc<Command>,
    ) -> Result<oneshot::Receiver<Answer>, Arc<Command>> {
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
            command,
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
        // Before the actor exists: it may be at work before this call returns.
        self.is_storing.store(false, Ordering::Relaxed);
        let desk = Desk::new(Arc::clone(shared), Arc::clone(self), permit, thread.pulse);
        let address = RoomActor::start_on(&thread.arbiter, desk);
        state.life = Life::Running {
            incarnation,
            address,
            thread: thread.serial,
        };
        state.is_awake = true;
    }

    /// Marks the cell as gone from the directory, if nobody needs it.
    pub(super) fn remove(&self) -> bool {
        let mut state = self.lock();
        let is_unused = matches!(state.life, Life::Asleep) && state.queue.is_empty();
        state.is_removed |= is_unused;
        is_unused
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

impl Waiting {
    fn answer(self, shared: &Shared, answer: Answer, outcome: Outcome) {
        shared.release(self.bytes);
        shared.metrics.answered(&self.command.verb, outcome);
        self.slot.send(answer);
    }
}
