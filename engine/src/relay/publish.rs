//! Committed entries come in, in order of seq; holes are filled from storage.

use std::sync::Arc;

use protocol::{Epoch, UserId, payload::Payload};
use storage::{EntryRange, Order, Permit, Select, UserEntry};

use super::{Ephemeral, Relay, RelayEntry, Relays, state::Place};
use crate::{
    Channel, ChannelKind,
    limits::{PAGE_BYTES_MAX, RING_ENTRIES_MAX, RING_EPHEMERAL_MAX},
};

impl Relays {
    /// Takes in what a room has committed. Called by the room after each commit, in order of seq; what a
    /// deposed incarnation brings is dropped, what is known already is ignored.
    pub fn publish(&self, channel: &Channel, permit: &Permit, epoch: Epoch, entries: Vec<Arc<RelayEntry>>) {
        let Some(relay) = self.get(channel) else { return };
        let _span = tracing::debug_span!("relay", %channel, entries = entries.len()).entered();
        let mut state = relay.lock();
        if permit.incarnation() < state.incarnation {
            return;
        }
        state.incarnation = permit.incarnation();
        drop(state);
        self.take_in(&relay, epoch, entries);
    }

    /// Takes in a stored fact of a user's own log.
    pub fn publish_user(&self, user: &UserId, epoch: Epoch, entry: UserEntry) {
        if let Some(relay) = self.get(&Channel::of_user(user)) {
            self.take_in(&relay, epoch, vec![Arc::new(RelayEntry::fact(entry))]);
        }
    }

    /// Shows a user's devices something that is never stored.
    pub fn hint_user(&self, user: &UserId, data: Payload) {
        self.publish_ephemeral(&Channel::of_user(user), Ephemeral::Hint(data));
    }

    /// Shows listeners something that is never stored; the oldest of too many are dropped.
    pub fn publish_ephemeral(&self, channel: &Channel, ephemeral: Ephemeral) {
        let Some(relay) = self.get(channel) else { return };
        let mut state = relay.lock();
        let Some(place) = state.place else { return };
        state.ephemeral.push_back((place.seq, ephemeral));
        state.ephemeral_next += 1;
        if state.ephemeral.len() > RING_EPHEMERAL_MAX {
            state.ephemeral.pop_front();
        }
        state.wake(&relay);
    }

    /// The log has a new identity or was emptied: listeners have to begin anew.
    pub fn reset(&self, channel: &Channel, epoch: Epoch, seq: u64) {
        self.note_deletion(channel);
        let Some(relay) = self.get(channel) else { return };
        let mut state = relay.lock();
        state.place = Some(Place { epoch, seq });
        state.ring.clear();
        state.early.clear();
        state.wake(&relay);
    }

    fn take_in(&self, relay: &Arc<Relay>, epoch: Epoch, entries: Vec<Arc<RelayEntry>>) {
        let mut state = relay.lock();
        for entry in entries {
            state.early.insert(entry.seq, (epoch, entry));
        }
        // A relay that can't be settled for long keeps the newest; what is dropped is read from storage.
        while state.early.len() > RING_ENTRIES_MAX {
            state.early.pop_first();
        }
        let Some(place) = state.place else { return };
        drop(state);
        self.settle(relay, place);
    }

    /// Moves early entries that follow the place into the ring and wakes the shards; fills a hole from storage.
    pub(super) fn settle(&self, relay: &Arc<Relay>, known: Place) {
        let mut state = relay.lock();
        let mut place = *state.place.get_or_insert(known);
        let before = place.seq;
        while let Some((&seq, &(epoch, _))) = state.early.first_key_value() {
            if epoch == place.epoch && seq > place.seq + 1 {
                break;
            }
            let (_, (_, entry)) = state.early.pop_first().expect("there is a first");
            if epoch == place.epoch && seq == place.seq + 1 {
                state.ring.push(&relay.channel, entry);
                place.seq = seq;
            }
        }
        state.place = Some(place);
        if place.seq > before {
            self.metrics.entries.inc_by(place.seq - before);
            state.wake(relay);
        }
        let hole = state
            .early
            .first_key_value()
            .map(|(&next, _)| (place.seq + 1, next - 1));
        if let Some((first, last)) = hole
            && !state.is_filling
        {
            state.is_filling = true;
            drop(state);
            self.metrics.holes.inc();
            let (relays, relay) = (self.clone(), Arc::clone(relay));
            tokio::spawn(async move { relays.fill(&relay, place, first, last).await });
        }
    }

    async fn fill(&self, relay: &Arc<Relay>, place: Place, first: u64, last: u64) {
        let read = self.read(&relay.channel, first, last).await;
        let mut state = relay.lock();
        state.is_filling = false;
        match read {
            Ok(entries) if entries.first().is_some_and(|entry| entry.seq == first) => {
                for entry in entries {
                    state.early.entry(entry.seq).or_insert((place.epoch, entry));
                }
            }
            // Not there yet or not readable: whoever publishes next tries again.
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(channel = %relay.channel, %error, "a hole in the relay could not be filled");
                return;
            }
        }
        drop(state);
        self.settle(relay, place);
    }

    /// Entries `first..=last` of any channel from storage, rendered.
    ///
    /// # Errors
    /// What the store says.
    pub async fn read(
        &self,
        channel: &Channel,
        first: u64,
        last: u64,
    ) -> Result<Vec<Arc<RelayEntry>>, storage::StoreError> {
        let room = match channel.kind() {
            ChannelKind::User(user) => {
                let entries = self.store.user_entries(&user, first, last, RING_ENTRIES_MAX).await?;
                return Ok(entries
                    .into_iter()
                    .map(|entry| Arc::new(RelayEntry::fact(entry)))
                    .collect());
            }
            ChannelKind::Room(room) => room,
            ChannelKind::Open => match self.store.channel(channel.as_str()).await? {
                Some(room) => room.id,
                None => return Ok(Vec::new()),
            },
            ChannelKind::Nothing => return Ok(Vec::new()),
        };
        let range = EntryRange {
            first,
            last,
            limit: RING_ENTRIES_MAX,
            bytes_max: PAGE_BYTES_MAX,
            order: Order::Ascending,
            select: Select::Everything,
        };
        let entries = self.store.entries(room, range).await?;
        Ok(entries
            .into_iter()
            .map(|entry| Arc::new(RelayEntry::new(channel, entry)))
            .collect())
    }
}
