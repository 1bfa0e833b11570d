//! A log has dropped its beginning: what is kept of it goes, and shards are told with their next mark.

use super::Relays;
use crate::Channel;

impl Relays {
    /// Forgets the entries of a room before a seq, and has reads of its past that are under way begin again. Whether that was news.
    pub(crate) fn drop_before(&self, channel: &Channel, first_seq: u64) -> bool {
        let Some(relay) = self.get(channel) else {
            // Nobody listens, but somebody may be reading.
            self.note_deletion(channel);
            return false;
        };
        let mut state = relay.lock();
        if state.first_seq >= first_seq {
            return false;
        }
        state.first_seq = first_seq;
        state.ring.drop_before(first_seq);
        state.early = state.early.split_off(&first_seq);
        // A hole that nothing can fill any more: whoever has not come that far begins anew.
        if let Some(place) = state.place.as_mut().filter(|place| place.seq + 1 < first_seq) {
            place.seq = first_seq - 1;
        }
        state.wake(&relay);
        drop(state);
        self.note_deletion(channel);
        true
    }
}
