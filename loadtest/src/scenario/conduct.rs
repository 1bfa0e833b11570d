//! What scenarios are made of: threads, stages, and waiting while the figures are shown.

mod observe;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

pub(super) use observe::{Look, Seen};

use super::{Plan, RunError};
use crate::{
    limits::{DEAD_AFTER, LIVE_EVERY, STORE_QUIET_FOR, STORE_QUIET_TIMEOUT},
    measure::{Scraper, sample, statements},
    progress::Progress,
    publisher::{Contact, Publisher},
    report::grouped,
    settings::{Live, Settings, Stage},
    worker::{Findings, Worker},
};

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// What was waited for is there.
    Met,
    /// It did not come in time.
    TooLong,
    /// The user has enough.
    Interrupted,
    /// All connections are gone.
    Dead,
}

/// A storm: when all phones came back, and whether they did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Returned {
    /// Microseconds since the run's origin.
    pub(super) at_us: u64,
    /// Phones that were cut.
    pub(super) sessions: u64,
    /// Messages that they missed.
    pub(super) missed: u64,
    /// All follow the room again.
    pub(super) is_live: bool,
    /// All have every entry.
    pub(super) is_complete: bool,
}

/// A rush: when the doors opened, and what it cost the server's store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rush {
    /// Microseconds since the run's origin.
    pub(super) at_us: u64,
    /// Statements that reached the store from the moment when all waited until all had their history; nothing if the server does not say.
    pub(super) statements: Option<u64>,
    /// All had their history in time.
    pub(super) is_whole: bool,
}

/// The server before the chats came into being, and with them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gathered {
    pub(super) idle: Look,
    pub(super) gathered: Look,
}

/// A run under way.
#[derive(Debug)]
pub(super) struct Conduct {
    pub(super) settings: Arc<Settings>,
    pub(super) stage: watch::Sender<Stage>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) workers: Vec<Worker>,
    /// Whether every phone had its chance to come.
    pub(super) opened: bool,
    pub(super) contact: Contact,
    pub(super) looks: Vec<Look>,
    pub(super) seen: Seen,
    pub(super) returned: Option<Returned>,
    pub(super) gathered: Option<Gathered>,
    pub(super) rush: Option<Rush>,
    /// The user ended the run while phones still had something to come.
    pub(super) cut_short: bool,
    /// Why the run ended before its time.
    pub(super) ended: Option<String>,
    pub(super) progress: Progress,
    interrupt: watch::Receiver<bool>,
    interrupted: bool,
    server_pid: Option<u32>,
    rest: Duration,
    scraper: Option<Scraper>,
    shown: (Instant, u64),
}

impl Conduct {
    /// Makes sure that there is a server that answers.
    pub(super) async fn begin(plan: &Plan, interrupt: watch::Receiver<bool>) -> Result<Self, RunError> {
        let settings = plan.settings.clone();
        let contact = Contact::make(&settings).await.map_err(|error| RunError::Contact {
            target: settings.targets[0].authority.clone(),
            error,
        })?;
        let mut conduct = Self {
            stage: watch::channel(Stage::Opening).0,
            stop: watch::channel(false).0,
            workers: Vec::new(),
            opened: false,
            contact,
            looks: Vec::new(),
            seen: Seen::default(),
            returned: None,
            gathered: None,
            rush: None,
            cut_short: false,
            ended: None,
            progress: Progress::new(plan.quiet),
            interrupt,
            interrupted: false,
            server_pid: plan.server_pid,
            rest: plan.rest,
            scraper: None,
            shown: (Instant::now(), 0),
            settings,
        };
        conduct.look()?;
        conduct.scraper = plan.server_pid.map(|_| Scraper::start(&conduct.settings.targets[0]));
        Ok(conduct)
    }

    /// Starts the publisher's thread.
    pub(super) fn start_publisher(&self) -> Result<Publisher, RunError> {
        let (stage, stop) = (self.stage.subscribe(), self.stop.subscribe());
        Ok(Publisher::start(self.settings.clone(), stage, stop)?)
    }

    /// Starts all threads with phones, and waits until every phone has got in or was sent away.
    pub(super) async fn open(&mut self, at_most: Duration, done: fn(&Live) -> &AtomicU64) -> Result<Waited, RunError> {
        for index in 0..self.settings.threads {
            let (settings, contact) = (self.settings.clone(), self.contact.clone());
            self.workers
                .push(Worker::start(settings, index, contact, self.stage.subscribe())?);
        }
        let waited = self.everybody("opening", at_most, done).await;
        self.opened = waited != Waited::Interrupted;
        Ok(waited)
    }

    /// Waits until every phone is counted in `done`, or was sent away.
    pub(super) async fn everybody(
        &mut self,
        part: &'static str,
        at_most: Duration,
        done: fn(&Live) -> &AtomicU64,
    ) -> Waited {
        let sessions = self.settings.sessions;
        self.progress.part(part, sessions);
        self.wait(at_most, |conduct| {
            let done = conduct.sum(done);
            conduct.progress.at(done, "phones".to_owned());
            done + conduct.sum(|live| &live.refused) >= sessions
        })
        .await
    }

    /// Waits until nothing reaches the servers' stores any more; gives what has reached them, if they say. An endless load is not waited for.
    pub(super) async fn quiet_statements(&self) -> Option<u64> {
        let begin = Instant::now();
        let mut known = statements(&self.settings.targets).await?;
        loop {
            sleep(STORE_QUIET_FOR).await;
            let now = statements(&self.settings.targets).await?;
            if now == known || begin.elapsed() > STORE_QUIET_TIMEOUT {
                return Some(now);
            }
            known = now;
        }
    }

    /// All phones leave; gives what they have found out. After `wait`, the server is looked at again.
    pub(super) async fn leave(&mut self, wait: Duration) -> Result<Vec<Findings>, RunError> {
        self.stage.send_replace(Stage::Over);
        let workers = std::mem::take(&mut self.workers);
        let findings: Result<Vec<_>, _> = workers.into_iter().map(Worker::finish).collect();
        if let Some(scraper) = self.scraper.take() {
            self.seen.kernel_socket_bytes_max = scraper.most_bytes();
        }
        if let Some(pid) = self.server_pid
            && !wait.is_zero()
            && !self.interrupted
        {
            self.progress.part("leaving", 1);
            self.wait(wait, |_| false).await;
            self.seen.left = sample(pid).ok();
        }
        self.progress.end();
        Ok(findings?)
    }

    /// Waits for `met`, asked again and again.
    pub(super) async fn wait(&mut self, at_most: Duration, mut met: impl FnMut(&mut Self) -> bool) -> Waited {
        let begin = Instant::now();
        loop {
            self.note_memory(self.server_pid.and_then(|pid| sample(pid).ok()));
            if met(self) {
                return Waited::Met;
            }
            if begin.elapsed() >= at_most {
                return Waited::TooLong;
            }
            if self.interrupted {
                sleep(LIVE_EVERY).await; // heard already: what is under way comes to its end
            } else if let Ok(Ok(_)) = timeout(LIVE_EVERY, self.interrupt.wait_for(|interrupt| *interrupt)).await {
                self.interrupted = true;
                self.ended.get_or_insert_with(|| "interrupted".to_owned());
                return Waited::Interrupted;
            }
        }
    }

    /// Waits until the publisher is done; ends early when all connections are gone.
    pub(super) async fn send(&mut self, publisher: &mut Publisher, planned: u64) -> Waited {
        if self.interrupted {
            return Waited::Interrupted;
        }
        self.progress.part("sending", planned);
        let live = publisher.live.clone();
        let mut last_alive = Instant::now();
        let mut dead = false;
        let waited = self
            .wait(Duration::MAX, |conduct| {
                conduct.show(&live);
                let nobody_is_expected = conduct.workers.is_empty() || conduct.settings.storm;
                if nobody_is_expected || conduct.sum(|live| &live.listening) > 0 {
                    last_alive = Instant::now();
                }
                dead = last_alive.elapsed() > DEAD_AFTER;
                dead || publisher.done.try_recv() != Err(tokio::sync::oneshot::error::TryRecvError::Empty)
            })
            .await;
        if dead {
            self.ended
                .get_or_insert_with(|| "all connections were gone: the server died".to_owned());
            return Waited::Dead;
        }
        waited
    }

    /// Waits until every phone has everything up to `end`.
    pub(super) async fn drain(&mut self, end: u64, at_most: Duration) {
        self.stage.send_replace(Stage::Draining(end));
        let joined = self.sum(|live| &live.joined);
        self.progress.part("draining", joined);
        let waited = self.wait(at_most, |conduct| conduct.everybody_has(end, joined));
        self.cut_short |= waited.await == Waited::Interrupted;
    }

    /// Whether all of `joined` phones are there and have everything up to `end`, as of their threads' last look.
    pub(super) fn everybody_has(&self, end: u64, joined: u64) -> bool {
        let looked = |worker: &Worker| worker.live.behind_of.load(Relaxed) == end;
        let behind = self.sum(|live| &live.behind);
        self.progress.at(joined.saturating_sub(behind), "phones".to_owned());
        self.workers.iter().all(looked) && behind == 0
    }

    /// Adds up one figure over all threads.
    pub(super) fn sum(&self, field: impl Fn(&Live) -> &AtomicU64) -> u64 {
        Live::sum(self.workers.iter().map(|worker| &worker.live), field)
    }

    fn show(&mut self, publisher: &Arc<Live>) {
        let deliveries = self.sum(|live| &live.deliveries);
        let (before, count) = std::mem::replace(&mut self.shown, (Instant::now(), deliveries));
        let per_second = (deliveries - count) as f64 / before.elapsed().as_secs_f64().max(0.001);
        let sent = Live::sum([publisher], |live| &live.sent);
        let figures = format!(
            "messages, {} acknowledged, {} phones, {} deliveries/s, {} faults",
            grouped(Live::sum([publisher], |live| &live.acknowledged)),
            grouped(self.sum(|live| &live.listening)),
            grouped(per_second as u64),
            self.sum(|live| &live.faults)
        );
        self.progress.at(sent, figures);
    }
}
