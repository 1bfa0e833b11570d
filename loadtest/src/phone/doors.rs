//! Phones that are connected and wait until the room may be opened.

use std::task::Waker;

use super::Desk;
use crate::connection::Outbox;

/// One phone in front of the room.
#[derive(Debug, Default)]
struct Waiting {
    /// It is connected, and has not asked for the room yet.
    is_there: bool,
    /// It may open the room.
    is_let_in: bool,
    waker: Option<Waker>,
}

/// The doors of the room: closed in a rush until everybody is there, open from the beginning in all other scenarios.
#[derive(Debug, Default)]
pub struct Doors(Vec<Waiting>);

impl Doors {
    /// Closed for so many phones.
    pub fn closed(phones: usize) -> Self {
        Self((0..phones).map(|_| Waiting::default()).collect())
    }

    /// Lets a phone in, or has it go in as soon as it is connected.
    pub fn let_in(&mut self, phone: usize) {
        if let Some(waiting) = self.0.get_mut(phone) {
            waiting.is_let_in = true;
            if let Some(waker) = waiting.waker.take() {
                waker.wake();
            }
        }
    }

    /// Phones that wait.
    pub fn waiting(&self) -> u64 {
        self.0.iter().filter(|waiting| waiting.is_there).count() as u64
    }

    /// A phone is connected; whether it has to wait.
    pub(super) fn holds(&mut self, phone: usize) -> bool {
        let Some(waiting) = self.0.get_mut(phone) else {
            return false;
        };
        waiting.is_there = !waiting.is_let_in;
        waiting.is_there
    }

    /// Whether a phone waits; it needs no place among those that are being opened.
    pub(super) fn is_waiting(&self, phone: usize) -> bool {
        self.0.get(phone).is_some_and(|waiting| waiting.is_there)
    }

    /// A phone's connection is gone.
    pub(super) fn leaves(&mut self, phone: usize) {
        if let Some(waiting) = self.0.get_mut(phone) {
            waiting.is_there = false;
        }
    }

    /// Whether a phone that waits may go in now; if not, it is woken when it may.
    fn may_go(&mut self, phone: usize, waker: &Waker) -> bool {
        let Some(waiting) = self.0.get_mut(phone).filter(|waiting| waiting.is_there) else {
            return false;
        };
        if !waiting.is_let_in && !waiting.waker.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            waiting.waker = Some(waker.clone());
        }
        waiting.is_let_in
    }

    fn goes(&mut self, phone: usize) -> bool {
        let waiting = self.0.get_mut(phone);
        let waiting = waiting.filter(|waiting| waiting.is_there && waiting.is_let_in);
        waiting.map(|waiting| waiting.is_there = false).is_some()
    }
}

impl Desk {
    /// Whether a phone has something to do without having been told by the server; if not, it is woken when it has.
    pub(super) fn has_orders(&mut self, phone: usize, waker: &Waker) -> bool {
        self.doors.may_go(phone, waker) || self.has_chat_orders(phone, waker)
    }

    /// Does it; `first` is the number of the thread's first phone.
    pub(super) fn carry_out(&mut self, phone: usize, first: u64, channel: &str, outbox: &mut Outbox) {
        if self.doors.goes(phone) {
            outbox.command(&self.subscribe(phone, channel));
        }
        self.carry_out_in_chats(phone, first, outbox);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_wait_until_they_are_let_in_and_do_not_wait_a_second_time() {
        let mut doors = Doors::closed(2);
        let waker = Waker::noop();
        assert!(doors.holds(0) && doors.is_waiting(0));
        assert!(!doors.may_go(0, waker) && !doors.goes(0));
        doors.let_in(0);
        assert!(doors.may_go(0, waker) && doors.goes(0));
        assert!(!doors.is_waiting(0) && !doors.goes(0), "once");
        doors.leaves(0);
        assert!(!doors.holds(0), "whoever comes back goes in at once");
        assert_eq!(doors.waiting(), 0);
        doors.let_in(1);
        assert!(!doors.holds(1), "let in before it was there");
    }

    #[test]
    fn open_doors_hold_nobody() {
        let mut doors = Doors::default();
        doors.let_in(5);
        assert!(!doors.holds(5) && !doors.may_go(5, Waker::noop()));
    }
}
