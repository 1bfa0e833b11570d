//! A thread with its share of the phones.

mod chats;
mod cuts;
mod rush;

use std::{
    cell::RefCell,
    io,
    ops::Range,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use tokio::{
    runtime,
    sync::{Semaphore, watch},
    task::{LocalSet, spawn_local},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    connection::{Emulation, Sources},
    limits::{LIVE_EVERY, READ_BUFFER_BYTES},
    measure::{Times, measure_lag},
    phone::{Answer, Chats, Crew, Desk, Doors, live},
    publisher::Contact,
    settings::{Live, Settings, Stage},
};

/// What a thread has found out.
#[derive(Debug)]
pub struct Findings {
    /// Of its phones.
    pub desk: Desk,
    /// How late it came to its turn.
    pub lag: Times,
}

/// A thread that runs.
#[derive(Debug)]
pub struct Worker {
    /// How far it is.
    pub live: Arc<Live>,
    thread: thread::JoinHandle<io::Result<Findings>>,
}

impl Worker {
    /// Starts the thread number `index` with its share of the phones.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        settings: Arc<Settings>,
        index: u64,
        contact: Contact,
        stage: watch::Receiver<Stage>,
    ) -> io::Result<Self> {
        let live = Arc::<Live>::default();
        let shown = live.clone();
        let thread = thread::Builder::new()
            .name(format!("phones-{index}"))
            .spawn(move || run(settings, index, contact, stage, &shown))?;
        Ok(Self { live, thread })
    }

    /// Waits for the end of the thread, after [`Stage::Over`].
    ///
    /// # Errors
    /// When the thread had no runtime, or panicked.
    pub fn finish(self) -> io::Result<Findings> {
        let panicked = |_| Err(io::Error::other("a thread with phones panicked"));
        self.thread.join().unwrap_or_else(panicked)
    }
}

/// The phones of the thread number `index`.
fn share(settings: &Settings, index: u64) -> Range<u64> {
    let at = |index: u64| settings.sessions * index / settings.threads;
    at(index)..at(index + 1)
}

fn run(
    settings: Arc<Settings>,
    index: u64,
    contact: Contact,
    stage: watch::Receiver<Stage>,
    shown: &Arc<Live>,
) -> io::Result<Findings> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let phones = share(&settings, index);
    let count = (phones.end - phones.start) as usize;
    let chats = Chats::new(
        chats::count(&settings, &phones),
        count,
        settings.marker,
        settings.message_bytes,
    );
    let desk = Desk::new(
        count,
        contact,
        settings.marker,
        settings.recovery_entries,
        settings.history,
        chats,
        if settings.history > 0 {
            Doors::closed(count)
        } else {
            Doors::default()
        },
    );
    let crew = Rc::new(Crew {
        first: phones.start,
        desk: RefCell::new(desk),
        buffer: RefCell::new(vec![0; READ_BUFFER_BYTES]),
        sources: Sources::default(),
        emulation: Emulation::of_threads(settings.threads),
        opening: Semaphore::new(settings.opening_at_once),
        stage: stage.clone(),
        settings,
    });
    let lag = Rc::new(RefCell::new(Times::default()));
    let tasks = LocalSet::new();
    tasks.spawn_local(open_all(crew.clone(), phones.clone(), stage.clone()));
    if crew.settings.history > 0 {
        tasks.spawn_local(rush::let_in(crew.clone(), phones, stage.clone()));
    }
    if let Some(many) = crew.settings.chats {
        tasks.spawn_local(chats::drive(crew.clone(), many, stage.clone()));
    }
    tasks.spawn_local(measure_lag(stage.clone(), lag.clone()));
    runtime.block_on(tasks.run_until(show_until_over(crew.clone(), stage, shown.clone())));
    drop(tasks); // with every phone
    show(&crew.desk.borrow(), shown, None);
    let lag = lag.borrow().clone();
    let crew = Rc::into_inner(crew).ok_or_else(|| io::Error::other("a phone outlived its thread"))?;
    Ok(Findings {
        desk: crew.desk.into_inner(),
        lag,
    })
}

/// Lets the phones come, each at its time.
async fn open_all(crew: Rc<Crew>, phones: Range<u64>, stage: watch::Receiver<Stage>) {
    let settings = crew.settings.clone();
    let begin = Instant::from_std(settings.origin);
    let opening_began_us = settings.now_us();
    for number in phones.clone() {
        // Times count from where the opening began, which all threads begin together.
        let due = settings.opening.due(number).unwrap_or_default() + Duration::from_micros(opening_began_us);
        sleep_until(begin + due).await;
        let phone = (number - phones.start) as usize;
        let slow = settings.slow.is_some_and(|reading| reading.is_for(number));
        let record = &mut crew.desk.borrow_mut().records[phone];
        (record.begin_us, record.slow) = (due.as_micros() as u64, slow);
        spawn_local(live(
            crew.clone(),
            phone,
            cuts::cut_of(&settings, number, stage.clone()),
        ));
    }
}

async fn show_until_over(crew: Rc<Crew>, stage: watch::Receiver<Stage>, shown: Arc<Live>) {
    loop {
        let end = match *stage.borrow() {
            Stage::Over => return,
            Stage::Draining(end) => Some(end),
            Stage::Opening | Stage::Gathering | Stage::Away | Stage::Rush(_) | Stage::Running(_) => None,
        };
        show(&crew.desk.borrow(), &shown, end);
        sleep(LIVE_EVERY).await;
    }
}

fn show(desk: &Desk, shown: &Live, end: Option<u64>) {
    let count = |is: fn(&crate::phone::Record) -> bool| desk.records.iter().filter(|record| is(record)).count() as u64;
    shown.listening.store(count(|record| record.listening), Relaxed);
    shown.joined.store(count(|record| record.joined), Relaxed);
    shown
        .answered
        .store(count(|record| record.answer != Answer::None), Relaxed);
    shown.waiting.store(desk.doors.waiting(), Relaxed);
    shown.chats.store(desk.chats.open(), Relaxed);
    shown.refused.store(desk.tally.refused, Relaxed);
    shown.deliveries.store(desk.tally.deliveries, Relaxed);
    shown.faults.store(desk.tally.faults.sum(), Relaxed);
    if let Some(end) = end {
        shown.behind.store(desk.behind(end), Relaxed);
        shown.behind_of.store(end, Relaxed);
    }
}
