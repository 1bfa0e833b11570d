//! A client that hears no ping in time takes the server for dead: pings are due, however late the shard's clock comes.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use engine::{
    Clock, Limits,
    limits::PING_INTERVAL_S,
    metrics::EngineMetrics,
    relay::Relays,
    shard::{Outbox, Shard, Wire},
};
use prometheus::Registry;
use protocol::{
    UserId,
    client::{Encoding, Transport, Variant},
};

/// Counts what it is given: nothing but pings in this story, one a write.
struct Ear(Rc<Cell<u32>>);

impl Outbox for Ear {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.set(self.0.get() + 1);
        Ok(slices.iter().map(|slice| slice.len()).sum())
    }

    fn wait(&self) {}

    fn close(&self) {
        panic!("everybody answers: nobody is closed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_comes_late_leaves_no_ping_out() {
    tokio::task::LocalSet::new().run_until(story()).await;
}

async fn story() {
    const STEP_S: u32 = 3;
    const STEPS: u32 = 60;
    let folder = tempfile::tempdir().expect("a folder");
    let store = storage::sqlite::SqliteStore::open(&folder.path().join("story.sqlite"), Default::default());
    let clock = Clock::fixed(1_700_000_000_000);
    let metrics = Arc::new(EngineMetrics::register(&Registry::new()).expect("a fresh registry"));
    let relays = Relays::new(Arc::new(store.expect("a store")));
    let shard = Shard::new(relays, clock.clone(), Arc::new(Limits::default()), metrics);
    tokio::task::spawn_local(shard.clone().run());
    let wire = Wire::new(
        Variant::new(Encoding::Json, Transport::WebSocket).expect("a variant"),
        None,
    );
    let phones: Vec<_> = (0..2 * PING_INTERVAL_S)
        .map(|_| {
            let pings = Rc::new(Cell::new(0));
            let key = shard.open(Rc::new(Ear(Rc::clone(&pings))), wire);
            shard.connected(key, UserId::anonymous(), true);
            (key, pings)
        })
        .collect();
    for _ in 0..STEPS {
        clock.advance(i64::from(STEP_S) * 1_000);
        tokio::time::sleep(Duration::from_secs(1)).await;
        phones.iter().for_each(|(key, _)| shard.pong(*key));
    }
    // The first ping comes within one interval, each further one an interval and a late step after the one before.
    let least = (STEP_S * STEPS - PING_INTERVAL_S - STEP_S) / (PING_INTERVAL_S + STEP_S);
    for (place, (_, pings)) in phones.iter().enumerate() {
        assert!(
            pings.get() >= least,
            "phone {place} heard {} pings, not {least}",
            pings.get()
        );
    }
}
