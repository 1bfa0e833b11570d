//! The life of a phone: visit after visit, with the pauses that SDKs make between them.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Poll, ready},
};

use protocol::client::Transport;
use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    task::yield_now,
    time::sleep,
};

use super::{Desk, open::connect, receive::Read, slow::Slow};
use crate::{
    connection::{Connection, Emulation, Ended, OpenError, Outbox, Sources},
    limits::{BACKOFF_FIRST, BACKOFF_MAX, READ_BUFFER_BYTES, RECEIVE_BUFFER_BYTES, SLOW_RECEIVE_BUFFER_BYTES},
    random::Random,
    settings::{Settings, Stage},
    target::Target,
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
    /// Commands of phones whose connection is a stream.
    pub emulation: Emulation,
    /// How many may open at the same time.
    pub opening: Semaphore,
    /// How far the run is.
    pub stage: watch::Receiver<Stage>,
}

impl Crew {
    /// The server of a phone.
    fn target(&self, phone: usize) -> &Target {
        let targets = &self.settings.targets;
        &targets[((self.first + phone as u64) % targets.len() as u64) as usize]
    }
}

/// Ready when a phone has to cut its connection; what it gives is ready when the phone comes back.
pub type Cut = Pin<Box<dyn Future<Output = Away>>>;
/// The time that a phone stays away.
pub struct Away(Pin<Box<dyn Future<Output = ()>>>);

impl Away {
    /// Until `is_back` is ready.
    pub fn until(is_back: impl Future<Output = ()> + 'static) -> Self {
        Self(Box::pin(is_back))
    }
}

enum Leave {
    Cut(Away),
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
            Next::After(Away(is_back)) => is_back.await,
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
    After(Away),
    Later,
    Never,
}

impl Desk {
    /// The phone follows the room no more; whether it did.
    fn leaves(&mut self, phone: usize) -> bool {
        self.chats.leaves(phone);
        self.doors.leaves(phone);
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
    match open(crew, phone, random).await {
        Ok((connection, outbox)) => stay(crew, phone, connection, outbox, permit, cut).await,
        Err(error) => Leave::NotOpen(error),
    }
}

/// The connect command goes down a WebSocket, or with the request for a stream.
async fn open(crew: &Crew, phone: usize, random: &mut Random) -> Result<(Connection, Outbox), OpenError> {
    let settings = &*crew.settings;
    let connect = connect(settings.tokens.of(crew.first + phone as u64));
    let (target, encoding) = (crew.target(phone), settings.variant.encoding());
    let receive_buffer_bytes = if crew.desk.borrow().records[phone].slow {
        SLOW_RECEIVE_BUFFER_BYTES
    } else {
        RECEIVE_BUFFER_BYTES
    };
    let stream = crew.sources.dial(target.address, receive_buffer_bytes).await?;
    if settings.variant.transport() == Transport::WebSocket {
        let connection = Connection::open_over(stream, target, encoding, random.nonce()).await?;
        let mut outbox = Outbox::new(encoding, random.clone());
        outbox.command(&connect);
        return Ok((connection, outbox));
    }
    let connection = Connection::open_stream(stream, target, settings.variant, &connect).await?;
    Ok((connection, Outbox::beside_stream(encoding)))
}

/// Writes everything that waits, down the connection or beside it.
async fn say(crew: &Crew, phone: usize, connection: &mut Connection, outbox: &mut Outbox) -> Result<(), Ended> {
    let encoding = crew.settings.variant.encoding();
    match outbox.take_request()? {
        Some(request) => {
            let target = crew.target(phone);
            crew.emulation.post(&crew.sources, target, encoding, &request).await
        }
        None => connection.flush(outbox).await,
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
    let mut slow = Slow::of(&crew.settings, crew.first + phone as u64, &crew.stage);
    let early = std::mem::take(&mut connection.early);
    let mut taken = take(crew, phone, &mut connection, &early, &mut outbox).map(|()| false);
    loop {
        let more = match taken {
            Ok(more) => more,
            Err(ended) => {
                // The answer to a goodbye, or nothing.
                let _ = say(crew, phone, &mut connection, &mut outbox).await;
                return Leave::Ended(ended);
            }
        };
        let channel = &crew.settings.channel;
        crew.desk
            .borrow_mut()
            .carry_out(phone, crew.first, channel, &mut outbox);
        if let Err(ended) = say(crew, phone, &mut connection, &mut outbox).await {
            return Leave::Ended(ended);
        }
        if permit.is_some() && crew.desk.borrow().is_in_or_waits(phone) {
            permit = None;
        }
        if more {
            yield_now().await;
        }
        if let Some(slow) = &mut slow {
            slow.pause().await;
            if slow.ends() {
                connection.widen();
            }
        }
        let at_once = slow.as_ref().map_or(READ_BUFFER_BYTES, Slow::bytes_at_once);
        taken = match receive(crew, phone, &mut connection, &mut outbox, cut, at_once).await {
            Ok(taken) => taken.map(|read| {
                if let Some(slow) = &mut slow {
                    slow.has_read(read);
                }
                read == at_once
            }),
            Err(away) => return Leave::Cut(away),
        };
    }
}

/// Waits for one read of `at_once` bytes at most and takes it in, or for an order; gives their number. An error is the time to stay away.
async fn receive(
    crew: &Crew,
    phone: usize,
    connection: &mut Connection,
    outbox: &mut Outbox,
    cut: &mut Option<Cut>,
    at_once: usize,
) -> Result<Result<usize, Ended>, Away> {
    poll_fn(|context| {
        if let Some(waiting) = cut
            && let Poll::Ready(away) = waiting.as_mut().poll(context)
        {
            *cut = None;
            return Poll::Ready(Err(away));
        }
        let is_told = crew.desk.borrow_mut().has_orders(phone, context.waker());
        if is_told {
            return Poll::Ready(Ok(Ok(0)));
        }
        let mut buffer = crew.buffer.borrow_mut();
        let read = ready!(connection.poll_read(context, &mut buffer[..at_once]));
        let taken = read.and_then(|length| {
            take(crew, phone, connection, &buffer[..length], outbox)?;
            Ok(length)
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
        encoding: crew.settings.variant.encoding(),
        channel: &crew.settings.channel,
    };
    crew.desk
        .borrow_mut()
        .take(read, &mut connection.incoming, bytes, outbox)
}
