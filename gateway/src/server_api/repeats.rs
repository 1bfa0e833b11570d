//! Facts that were published under a key a moment ago: a user's light log remembers no ids, so the node does for some minutes.
//!
//! What is remembered ends with the node. Rooms need none of this: their logs know the ids of seven days.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use protocol::{Epoch, Error, UserId};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::limits::{SERVER_API_REPEATS_KEPT_MS, SERVER_API_REPEATS_MAX};

type Key = (UserId, Uuid);
/// Where the fact stands; empty while it is being published, and after a failure.
type Place = Arc<OnceCell<(u64, Epoch)>>;

/// The facts by user and key.
#[derive(Default)]
pub(crate) struct Repeats(Mutex<State>);

#[derive(Default)]
struct State {
    places: HashMap<Key, Place>,
    /// Keys with the time when they first came, oldest first.
    ages: VecDeque<(i64, Key)>,
}

impl Repeats {
    /// Publishes, unless the same key has been published for the same user; then gives that place. Who comes while the first one is at it waits
    /// for it, and publishes if it fails.
    ///
    /// # Errors
    /// What publishing says.
    pub(super) async fn once<P>(
        &self,
        user: &UserId,
        key: Uuid,
        now_ms: i64,
        publish: impl FnOnce() -> P,
    ) -> Result<(u64, Epoch), Error>
    where
        P: Future<Output = Result<(u64, Epoch), Error>>,
    {
        let place = self.place((user.clone(), key), now_ms);
        place.get_or_try_init(publish).await.copied()
    }

    fn place(&self, key: Key, now_ms: i64) -> Place {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget(now_ms);
        if let Some(place) = state.places.get(&key) {
            return Arc::clone(place);
        }
        let place = Place::default();
        state.ages.push_back((now_ms, key.clone()));
        state.places.insert(key, Arc::clone(&place));
        place
    }
}

impl State {
    /// Forgets what is too old, and the oldest of too many.
    fn forget(&mut self, now_ms: i64) {
        while let Some((came_ms, _)) = self.ages.front() {
            let is_old = now_ms - came_ms >= SERVER_API_REPEATS_KEPT_MS;
            if !is_old && self.ages.len() < SERVER_API_REPEATS_MAX {
                break;
            }
            if let Some((_, key)) = self.ages.pop_front() {
                self.places.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::ErrorCode;

    use super::*;

    const KEY: Uuid = Uuid::from_u128(1);

    fn alice() -> UserId {
        "alice".parse().expect("an id")
    }

    async fn publish(repeats: &Repeats, now_ms: i64, offset: u64) -> u64 {
        let place = async move || Ok((offset, Epoch::from_key(1)));
        repeats.once(&alice(), KEY, now_ms, place).await.expect("published").0
    }

    #[actix_rt::test]
    async fn a_key_gives_the_first_place_until_it_is_forgotten() {
        let repeats = Repeats::default();
        assert_eq!(publish(&repeats, 0, 1).await, 1);
        assert_eq!(publish(&repeats, SERVER_API_REPEATS_KEPT_MS - 1, 2).await, 1);
        assert_eq!(publish(&repeats, SERVER_API_REPEATS_KEPT_MS, 3).await, 3);
    }

    #[actix_rt::test]
    async fn what_failed_may_be_tried_again() {
        let repeats = Repeats::default();
        let fail = async || Err(ErrorCode::Unavailable.into());
        assert!(repeats.once(&alice(), KEY, 0, fail).await.is_err());
        assert_eq!(publish(&repeats, 0, 2).await, 2);
    }

    #[actix_rt::test]
    async fn no_more_than_the_limit_are_remembered() {
        let repeats = Repeats::default();
        for key in 0..=SERVER_API_REPEATS_MAX as u128 {
            repeats.place((alice(), Uuid::from_u128(key)), 0);
        }
        let state = repeats.0.lock().expect("no panic");
        assert_eq!(
            (state.places.len(), state.ages.len()),
            (SERVER_API_REPEATS_MAX, SERVER_API_REPEATS_MAX)
        );
        assert!(!state.places.contains_key(&(alice(), Uuid::nil())));
    }
}
