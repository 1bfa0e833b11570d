//! The life of a phone: visit after visit, with the pauses that SDKs make between them.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::yield_now,
    time::sleep,
};

use super::{Desk, open::connect, receive::Read};
use crate::{
    connection::{Connection, Ended, OpenError, Outbox, Sources},
    limits::{BACKOFF_FIRST, BACKOFF_MAX},
    random::Random,
    settings::Settings,
};

/// What the phones of one thread share.
#[derive(Debug)]
pub struct Crew {
    /// What the run is like.
    pub settings: Arc<Settings>,
    /// The number of this thread's first phone.
    pub first: u64,
    /// Results.
    pub desk: RefCell<Desk>,
    /// The buffer that everybody is read into.
    pub buffer: RefCell<Vec<u8>>,
    /// Source addresses.
    pub sources: Sources,
    /// How many may open at the same time.
    pub opening: Semaphore,
}

/// Ready when a phone has to cut its connection; says how long it stays away.
pub type Cut = Pin<Box<dyn Future<Output = Duration>>>;

enum Leave {
    Cut(Duration),
    NotOpen(OpenError),
    Ended(Ended),
}

/// Lives until the thread ends or the server says that it must not come back.
pub async fn live(crew: Rc<Crew>, phone: usize, mut cut: Option<Cut>) {
    let mut random = Random::part(crew.settings.seed, crew.first + phone as u64);
    let mut pause = BACKOFF_FIRST;
    loop {
        let leave = visit(&crew, phone, &mut cut, &mut random).await;
        if crew.desk.borrow_mut().leaves(phone) {
            pause = BACKOFF_FIRST;
        }
        let next = crew.desk.borrow_mut().takes_leave(leave);
        match next {
            Next::Never => return,
            Next::After(away) => sleep(away).await,
            Next::Later => {
                // Spread, so that a thousand phones do not come back at the same moment.
                sleep(pause.mul_f64(0.5 + random.share())).await;
                pause = (pause * 2).min(BACKOFF_MAX);
            }
        }
    }
}

/// When the next visit is.
enum Next {
    After(Duration),
    Later,
    Never,
}

impl Desk {
    /// The phone follows the room no more; whether it did.
    fn leaves(&mut self, phone: usize) -> bool {
        std::mem::take(&mut self.records[phone].listening)
    }

    fn takes_leave(&mut self, leave: Leave) -> Next {
        let (reason, is_final) = match leave {
            Leave::Cut(away) => {
                self.tally.cuts += 1;
                return Next::After(away);
            }
            Leave::NotOpen(error) => (error.to_string(), !error.is_temporary()),
            Leave::Ended(error) => (error.to_string(), error.is_final()),
        };
        self.reason(reason);
        self.tally.refused += u64::from(is_final);
        if is_final { Next::Never } else { Next::Later }
    }
}

async fn visit(crew: &Crew, phone: usize, cut: &mut Option<Cut>, random: &mut Random) -> Leave {
    let permit = crew.opening.acquire().await.ok();
    let settings = &*crew.settings;
    let number = crew.first + phone as u64;
    let target = &settings.targets[(number % settings.targets.len() as u64) as usize];
    let opened = Connection::open(target, settings.encoding, &crew.sources, random.nonce()).await;
    match opened {
        Ok(connection) => {
            let mut outbox = Outbox::new(settings.encoding, random.clone());
            outbox.command(&connect(settings.tokens.of(number)));
            stay(crew, phone, connection, outbox, permit, cut).await
        }
        Err(error) => Leave::NotOpen(error),
    }
}

async fn stay(
    crew: &Crew,
    phone: usize,
    mut connection: Connection,
    mut outbox: Outbox,
    mut permit: Option<SemaphorePermit<'_>>,
    cut: &mut Option<Cut>,
) -> Leave {
    let early = std::mem::take(&mut connection.early);
    let mut taken = take(crew, phone, &mut connection, &early, &mut outbox).map(|()| false);
    loop {
        let more = match taken {
            Ok(more) => more,
            Err(ended) => {
                // The answer to a goodbye, or nothing.
                let _ = connection.flush(&mut outbox).await;
                return Leave::Ended(ended);
            }
        };
        if let Err(ended) = connection.flush(&mut outbox).await {
            return Leave::Ended(ended);
        }
        if permit.is_some() && crew.desk.borrow().records[phone].listening {
            permit = None;
        }
        if more {
            yield_now().await;
        }
        taken = match receive(crew, phone, &mut connection, &mut outbox, cut).await {
            Ok(taken) => taken,
            Err(away) => return Leave::Cut(away),
        };
    }
}

/// Waits for one read and takes it in; says whether there is more. An error is the time to stay away.
async fn receive(
    crew: &Crew,
    phone: usize,
    connection: &mut Connection,
    outbox: &mut Outbox,
    cut: &mut Option<Cut>,
) -> Result<Result<bool, Ended>, Duration> {
    poll_fn(|context| {
        if let Some(waiting) = cut
            && let Poll::Ready(away) = waiting.as_mut().poll(context)
        {
            *cut = None;
            return Poll::Ready(Err(away));
        }
        let mut buffer = crew.buffer.borrow_mut();
        let read = ready!(connection.poll_read(context, &mut buffer));
        let taken = read.and_then(|length| {
            take(crew, phone, connection, &buffer[..length], outbox)?;
            Ok(length == buffer.len())
        });
        Poll::Ready(Ok(taken))
    })
    .await
}

fn take(
    crew: &Crew,
    phone: usize,
    connection: &mut Connection,
    bytes: &[u8],
    outbox: &mut Outbox,
) -> Result<(), Ended> {
    let read = Read {
        phone,
        now_us: crew.settings.now_us(),
        encoding: crew.settings.encoding,
        channel: &crew.settings.channel,
    };
    crew.desk
        .borrow_mut()
        .take(read, &mut connection.decoder, bytes, outbox)
}
