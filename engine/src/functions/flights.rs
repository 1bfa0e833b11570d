//! Single flight: what many ask for at the same time is read once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use protocol::Error;

use crate::limits::FLIGHTS_KEPT_MAX;

type Reading<V> = BoxFuture<'static, Result<V, Error>>;

/// Readings under way, by what they read. A key says everything that the result depends on, the state of the world included: whoever
/// joins a reading gets nothing older than what they knew when they asked.
pub(crate) struct Flights<K, V>
where
    V: Clone,
{
    /// Bounded by the calls under way: an entry goes with the first of them that is done; those that everybody has left go when there
    /// are many.
    under_way: Mutex<HashMap<K, WeakShared<Reading<V>>>>,
}

impl<K, V: Clone> Default for Flights<K, V> {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// Joins the reading of this key that is under way, or starts `read`; gives what it read, and whether it was started here.
    pub(crate) async fn share(
        &self,
        key: K,
        read: impl Future<Output = Result<V, Error>> + Send + 'static,
    ) -> (Result<V, Error>, bool) {
        let (reading, is_own) = self.join(&key, read);
        let outcome = reading.await;
        self.lock().remove(&key);
        (outcome, is_own)
    }

    fn join(
        &self,
        key: &K,
        read: impl Future<Output = Result<V, Error>> + Send + 'static,
    ) -> (Shared<Reading<V>>, bool) {
        let mut under_way = self.lock();
        // Nobody may be left of those who started it.
        if let Some(reading) = under_way.get(key).and_then(WeakShared::upgrade) {
            return (reading, false);
        }
        let reading = read.boxed().shared();
        if under_way.len() >= FLIGHTS_KEPT_MAX {
            under_way.retain(|_, reading| reading.upgrade().is_some());
        }
        if let Some(weak) = reading.downgrade() {
            under_way.insert(key.clone(), weak);
        }
        (reading, true)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, WeakShared<Reading<V>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::sync::Notify;

    use super::*;

    /// A reading that counts itself and waits until it may go on.
    fn counted(
        count: &Arc<AtomicUsize>,
        go: &Arc<Notify>,
    ) -> impl Future<Output = Result<usize, Error>> + Send + 'static + use<> {
        let (count, go) = (Arc::clone(count), Arc::clone(go));
        async move {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            go.notified().await;
            Ok(number)
        }
    }

    #[tokio::test]
    async fn readings_of_one_key_are_shared_and_of_others_are_not() {
        let (flights, count, go) = (Flights::default(), Arc::default(), Arc::new(Notify::new()));
        let same = (0..10).map(|_| flights.share("a", counted(&count, &go)));
        let same = futures_util::future::join_all(same);
        let other = flights.share("b", counted(&count, &go));
        let release = async {
            go.notify_one();
            go.notify_one();
        };
        let (same, other, ()) = futures_util::future::join3(same, other, release).await;
        let own: Vec<bool> = same.iter().map(|(_, is_own)| *is_own).collect();
        assert!(own[0] && !own[1..].contains(&true), "the first one started it: {own:?}");
        assert!(same.iter().all(|(outcome, _)| *outcome == Ok(1)));
        assert_eq!(other, (Ok(2), true));
        go.notify_one();
        assert_eq!(
            flights.share("a", counted(&count, &go)).await,
            (Ok(3), true),
            "a later call reads anew"
        );
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn a_reading_goes_on_when_the_one_who_started_it_has_gone_away() {
        let (flights, count, go) = (Flights::default(), Arc::default(), Arc::new(Notify::new()));
        let mut first = Box::pin(flights.share("a", counted(&count, &go)));
        assert!((&mut first).now_or_never().is_none());
        let mut second = Box::pin(flights.share("a", counted(&count, &go)));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        go.notify_one();
        assert_eq!(second.await, (Ok(1), false));

        let mut left = Box::pin(flights.share("a", counted(&count, &go)));
        assert!((&mut left).now_or_never().is_none());
        drop(left);
        go.notify_one();
        assert_eq!(
            flights.share("a", counted(&count, &go)).await,
            (Ok(3), true),
            "nobody was left of the second"
        );
    }
}
