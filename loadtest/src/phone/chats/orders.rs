//! What phones have been told to do in chats, and how they are woken for it.

use std::{collections::VecDeque, task::Waker};

/// One thing to do, in the chat with this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// To create it.
    Create(u32),
    /// To follow it.
    Follow(u32),
    /// To say something in it, which is due at this time in microseconds since the run's origin.
    Say(u32, u64),
}

/// By phone. There are never more orders than chats have people and messages.
#[derive(Debug)]
pub(super) struct Orders(Vec<(VecDeque<Order>, Option<Waker>)>);

impl Orders {
    pub(super) fn new(phones: usize) -> Self {
        Self((0..phones).map(|_| Default::default()).collect())
    }

    /// Gives an order and wakes the phone.
    pub(super) fn give(&mut self, phone: usize, order: Order) {
        let (waiting, waker) = &mut self.0[phone];
        waiting.push_back(order);
        if let Some(waker) = waker.take() {
            waker.wake();
        }
    }

    /// The next order of a phone.
    pub(super) fn take(&mut self, phone: usize) -> Option<Order> {
        self.0.get_mut(phone)?.0.pop_front()
    }

    /// Drops orders of a phone.
    pub(super) fn drop_if(&mut self, phone: usize, is_idle: impl Fn(&Order) -> bool) {
        if let Some((waiting, _)) = self.0.get_mut(phone) {
            waiting.retain(|order| !is_idle(order));
        }
    }

    /// Whether a phone has something to do; if not, it is woken when it has.
    pub(super) fn is_there(&mut self, phone: usize, waker: &Waker) -> bool {
        let Some((waiting, kept)) = self.0.get_mut(phone) else {
            return false;
        };
        if waiting.is_empty() && !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
        !waiting.is_empty()
    }
}
