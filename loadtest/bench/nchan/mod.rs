//! nginx with nchan (<https://nchan.io>) in the same run: the same phones, the same bytes, no message lost.
//!
//! It speaks no client protocol, so it has phones and a publisher of its own here. It is asked for less than plenum: it
//! authenticates nobody and stores nothing.

mod phones;
mod publisher;
mod server;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use loadtest::{mark::Marker, measure::Percentiles};
use tokio::time::{sleep, timeout};

use crate::{
    failure::{Failure, Outcome},
    figures::per,
    programs::Programs,
};
use phones::Phones;
use server::Nginx;

/// This run's marks.
const MARKER: Marker = Marker::new(1);
/// Bytes of a message, as the simulator's.
const MESSAGE_BYTES: usize = 128;
/// Everything rests so long before and after, as in the simulator.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the phones may take to come, and to get the last message.
const OPEN_TIMEOUT: Duration = Duration::from_secs(90);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(120);
/// How often is looked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) sessions: u64,
    /// Messages per second.
    pub(crate) rate: f64,
    /// Seconds of sending.
    pub(crate) seconds: f64,
}

impl Load {
    /// Messages altogether.
    fn messages(self) -> u64 {
        (self.rate * self.seconds) as u64
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Audience {
    /// Of all of nginx, for one delivery.
    pub(crate) cpu_per_delivery_us: f64,
    /// Deliveries per second of processor time.
    pub(crate) deliveries_per_cpu_second: f64,
    /// From the intended time of sending.
    pub(crate) times: Option<Percentiles>,
    /// Memory of all processes that opening took, by phone.
    pub(crate) rss_per_session_bytes: f64,
    /// Processor time that opening took, by phone.
    pub(crate) cpu_per_opening_us: f64,
}

/// What the threads tell each other.
#[derive(Debug)]
struct Shared {
    origin: Instant,
    open: AtomicU64,
    deliveries: AtomicU64,
    /// Wrong in place or number.
    faults: AtomicU64,
    /// Connections that ended.
    gone: AtomicU64,
}

/// Whether there is anything to measure.
pub(crate) const fn is_installed(programs: &Programs) -> bool {
    programs.nginx.is_some() && programs.nchan.is_some()
}

/// Starts it and measures.
pub(crate) async fn measure(programs: &Programs, load: Load) -> Outcome<Audience> {
    let nginx = Nginx::start(programs, load).await?;
    let shared = Arc::new(Shared {
        origin: Instant::now(),
        open: AtomicU64::new(0),
        deliveries: AtomicU64::new(0),
        faults: AtomicU64::new(0),
        gone: AtomicU64::new(0),
    });
    sleep(SETTLE).await;
    let before = nginx.look()?;
    let phones = Phones::start(nginx.address(), load.sessions, Arc::clone(&shared))?;
    until(OPEN_TIMEOUT, "the phones were not all there", || {
        shared.open.load(Relaxed) == load.sessions
    })
    .await?;
    sleep(SETTLE).await;
    let idle = nginx.look()?;
    publisher::publish(nginx.address(), load, shared.origin).await?;
    let expected = load.messages() * load.sessions;
    until(DRAIN_TIMEOUT, "messages were lost or late", || {
        shared.deliveries.load(Relaxed) >= expected || shared.gone.load(Relaxed) > 0
    })
    .await?;
    let after = nginx.look()?;
    let times = phones.finish()?;
    let deliveries = whole(&shared, expected)?;
    let (sessions, spent_s) = (load.sessions as f64, after.cpu_s() - idle.cpu_s());
    Ok(Audience {
        cpu_per_delivery_us: per(spent_s * 1e6, deliveries),
        deliveries_per_cpu_second: per(deliveries, spent_s),
        times: times.percentiles(),
        rss_per_session_bytes: per(idle.rss_bytes as f64 - before.rss_bytes as f64, sessions),
        cpu_per_opening_us: per((idle.cpu_s() - before.cpu_s()) * 1e6, sessions),
    })
}

/// Deliveries, when nothing is wrong with them.
fn whole(shared: &Shared, expected: u64) -> Outcome<f64> {
    let (got, faults, gone) = (
        shared.deliveries.load(Relaxed),
        shared.faults.load(Relaxed),
        shared.gone.load(Relaxed),
    );
    if got == expected && faults == 0 && gone == 0 {
        return Ok(got as f64);
    }
    Err(Failure::new(format!(
        "nchan: {got} of {expected} messages came, {faults} at the wrong place, {gone} phones were dropped"
    )))
}

/// Waits until `is_met`, or says what was not.
async fn until(at_most: Duration, failure: &str, is_met: impl Fn() -> bool) -> Outcome<()> {
    let met = async {
        while !is_met() {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(at_most, met)
        .await
        .map_err(|_| Failure::new(format!("nchan: {failure} after {} s", at_most.as_secs())))
}
