//! The members of the room that a page ended in, until the next page asks for them.

use std::sync::{Mutex, PoisonError};

use protocol::RoomId;

use super::{super::Source, place::Place};
use crate::Member;

/// Members of the room that a page ended in, with the end of its log.
#[derive(Default)]
pub(in super::super) struct Kept(Mutex<Option<(RoomId, u64, Vec<Member>)>>);

impl Source {
    pub(super) fn keep_members(&self, place: &Place, members: Option<Vec<Member>>) {
        let kept = members.map(|members| (place.room, place.end, members));
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    pub(super) fn kept_members(&self, place: &Place) -> Option<Vec<Member>> {
        let kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let kept = kept.filter(|(room, end, _)| (*room, *end) == (place.room, place.end));
        kept.map(|(.., members)| members)
    }
}
