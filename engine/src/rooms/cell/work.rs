//! What the room's actor does with its queue: takes, assigns, answers, sleeps.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use uuid::Uuid;

use super::{Cell, Life, State, Waiting};
use crate::{
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    rooms::{Answer, Command, Shared, metrics::Outcome},
};

/// A command that the actor works on. It stays in the queue until it is answered.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// Its place in the order of the queue.
    pub(crate) ticket: u64,
    /// What is asked.
    pub(crate) command: Arc<Command>,
    /// The client's id, or the engine's.
    pub(crate) command_id: Uuid,
}

/// What came of giving out seqs.
#[derive(Debug)]
pub(crate) enum Assignment {
    /// Every command has its seq; the last deadline of them.
    Done(Instant),
    /// These have been answered meanwhile and must not be appended; nothing was given out.
    Gone(Vec<u64>),
    /// A newer incarnation owns the room.
    Superseded,
}

impl State {
    fn is_newest(&self, incarnation: u64) -> bool {
        matches!(self.life, Life::Running { incarnation: newest, .. } if newest == incarnation)
    }

    fn position(&self, ticket: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()
    }
}

impl Cell {
    /// The first commands of the queue, as many as one batch may hold. None: a newer incarnation owns the room. Empty: the actor may
    /// rest, the next command wakes it.
    pub(crate) fn take(&self, incarnation: u64) -> Option<Vec<Taken>> {
        let mut state = self.lock();
        if !state.is_newest(incarnation) {
            return None;
        }
        self.step();
        let mut bytes = 0;
        let taken: Vec<Taken> = state
            .queue
            .iter()
            .take(BATCH_ENTRIES_MAX)
            .take_while(|waiting| {
                let is_first = bytes == 0;
                bytes += waiting.bytes;
                is_first || bytes <= BATCH_BYTES_MAX
            })
            .map(|waiting| Taken {
                ticket: waiting.ticket,
                command: Arc::clone(&waiting.command),
                command_id: waiting.command_id,
            })
            .collect();
        if taken.is_empty() {
            state.is_awake = false;
        }
        Some(taken)
    }

    /// Writes down under which seq each command is handed to the store, so that the next incarnation finds it there. All or none.
    pub(crate) fn assign(&self, incarnation: u64, seqs: &[(u64, u64)]) -> Assignment {
        let mut state = self.lock();
        if !state.is_newest(incarnation) {
            return Assignment::Superseded;
        }
        self.step();
        let places: Vec<Option<usize>> = seqs.iter().map(|(ticket, _)| state.position(*ticket)).collect();
        let gone: Vec<u64> = seqs
            .iter()
            .zip(&places)
            .filter_map(|((ticket, _), place)| place.is_none().then_some(*ticket))
            .collect();
        if !gone.is_empty() {
            return Assignment::Gone(gone);
        }
        let mut deadline = Instant::now();
        for ((_, seq), place) in seqs.iter().zip(places) {
            let waiting = &mut state.queue[place.expect("nothing is gone")];
            waiting.seq = *seq;
            deadline = deadline.max(waiting.deadline);
        }
        Assignment::Done(deadline)
    }

    /// Answers commands, in the order of their tickets. What has been answered meanwhile, or belongs to a newer incarnation, is left out.
    pub(crate) fn answer(&self, shared: &Shared, incarnation: u64, answers: Vec<(u64, Answer, Outcome)>) {
        let Some(last) = answers.last().map(|(ticket, ..)| *ticket) else {
            return;
        };
        let mut state = self.lock();
        if !state.is_newest(incarnation) {
            return;
        }
        self.step();
        let end = state.queue.partition_point(|waiting| waiting.ticket <= last);
        let prefix: Vec<Waiting> = state.queue.drain(..end).collect();
        let mut due = Vec::with_capacity(prefix.len());
        let mut kept = Vec::new();
        let mut answers = answers.into_iter().peekable();
        for waiting in prefix {
            while answers.next_if(|(ticket, ..)| *ticket < waiting.ticket).is_some() {}
            match answers.next_if(|(ticket, ..)| *ticket == waiting.ticket) {
                Some((_, answer, outcome)) => {
                    state.bytes -= waiting.bytes;
                    due.push((waiting, answer, outcome));
                }
                None => kept.push(waiting),
            }
        }
        for waiting in kept.into_iter().rev() {
            state.queue.push_front(waiting);
        }
        drop(state);
        for (waiting, answer, outcome) in due {
            waiting.answer(shared, answer, outcome);
        }
    }

    /// Ends the incarnation in good order, if no command came meanwhile. A command that comes after this starts the next.
    pub(crate) fn fall_asleep(&self, incarnation: u64) -> bool {
        let mut state = self.lock();
        let may_sleep = state.is_newest(incarnation) && state.queue.is_empty() && !state.is_awake;
        if may_sleep {
            state.life = Life::Asleep;
        }
        may_sleep
    }

    /// The room works: a batch has gone through, or it has rested for a while.
    pub(crate) fn set_sound(&self, shared: &Shared) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
            shared.note_recovery(&self.channel);
        }
    }

    /// The actor has come further: it is not stuck.
    pub(crate) fn step(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// The actor waits for the store's writer, or no longer.
    pub(crate) fn set_storing(&self, is_storing: bool) {
        self.is_storing.store(is_storing, Ordering::Relaxed);
        self.step();
    }
}
