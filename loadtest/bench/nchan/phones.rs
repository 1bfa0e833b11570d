//! Phones of nchan in a thread of their own: each counts what it gets and looks at its place.

use std::{
    cell::RefCell,
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use loadtest::measure::Times;
use protocol::websocket::{ClientHandshake, Decoder, Event, Opcode, Role, write_frame};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime,
    sync::{Semaphore, oneshot},
    task::{JoinSet, LocalSet},
    time::{Instant, sleep_until},
};

use super::{MARKER, Shared};
use crate::failure::{Failure, Outcome};

const READ_BUFFER_BYTES: usize = 64 << 10;
const MESSAGE_BYTES_MAX: u32 = 1 << 20;
const HEAD_BYTES_MAX: usize = 16 << 10;
/// As the simulator's phones.
const RECEIVE_BUFFER_BYTES: u32 = 64 << 10;
const OPENING_MAX: usize = 256;
/// One phone in so many microseconds: the simulator's rate of opening.
const OPEN_EVERY: Duration = Duration::from_micros(500);
/// Phones of one source address: fewer than it has ports.
const PHONES_OF_ADDRESS: u64 = 20_000;

/// Phones that listen.
pub(super) struct Phones {
    enough: oneshot::Sender<()>,
    thread: thread::JoinHandle<io::Result<Times>>,
}

/// What the phones of the thread write into.
struct Desk {
    buffer: Vec<u8>,
    times: Times,
}

impl Phones {
    /// Lets them come.
    pub(super) fn start(address: SocketAddr, sessions: u64, shared: Arc<Shared>) -> Outcome<Self> {
        raise_descriptors();
        let (enough, ended) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("nchan-phones".to_owned())
            .spawn(move || run(address, sessions, &shared, ended))?;
        Ok(Self { enough, thread })
    }

    /// Ends them; gives how long messages were under way.
    pub(super) fn finish(self) -> Outcome<Times> {
        // A thread that has ended already says why below.
        let _ = self.enough.send(());
        let times = self
            .thread
            .join()
            .map_err(|_| Failure::new("nchan: a thread panicked"))?;
        Ok(times?)
    }
}

fn raise_descriptors() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Refused: the old limit holds, and the phones that do not fit are missed.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

fn run(address: SocketAddr, sessions: u64, shared: &Arc<Shared>, ended: oneshot::Receiver<()>) -> io::Result<Times> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let desk = Rc::new(RefCell::new(Desk {
        buffer: vec![0; READ_BUFFER_BYTES],
        times: Times::default(),
    }));
    let all = async {
        let (begin, opening) = (Instant::now(), Rc::new(Semaphore::new(OPENING_MAX)));
        let mut phones = JoinSet::new();
        for number in 0..sessions {
            // The timer is coarse: when it is late, several come at once.
            sleep_until(begin + OPEN_EVERY.mul_f64(number as f64)).await;
            let (desk, shared, opening) = (Rc::clone(&desk), Arc::clone(shared), Rc::clone(&opening));
            phones.spawn_local(async move {
                let _ = live(address, number, &desk, &shared, &opening).await;
                shared.gone.fetch_add(1, Relaxed);
            });
        }
        while phones.join_next().await.is_some() {}
    };
    runtime.block_on(LocalSet::new().run_until(async {
        tokio::select! {
            () = all => {}
            _ = ended => {}
        }
    }));
    Ok(desk.borrow().times.clone())
}

/// Until the connection ends.
async fn live(
    address: SocketAddr,
    number: u64,
    desk: &RefCell<Desk>,
    shared: &Shared,
    opening: &Semaphore,
) -> io::Result<()> {
    let place = opening.acquire().await.map_err(io::Error::other)?;
    let (stream, early) = open(address, number).await?;
    drop(place);
    shared.open.fetch_add(1, Relaxed);
    let mut decoder = Decoder::new(Role::Client, MESSAGE_BYTES_MAX, None);
    let mut last = 0;
    let mut pongs = take(&mut decoder, &early, &mut last, &mut desk.borrow_mut().times, shared)?;
    loop {
        if !pongs.is_empty() {
            stream.writable().await?;
            // A pong that finds no room is asked for again.
            let _ = stream.try_write(&pongs);
        }
        stream.readable().await?;
        let mut desk = desk.borrow_mut();
        let Desk { buffer, times } = &mut *desk;
        pongs = match stream.try_read(buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&mut decoder, &buffer[..count], &mut last, times, shared)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Vec::new(),
            Err(error) => return Err(error),
        };
    }
}

/// Opens a WebSocket; gives what came behind its answer too.
async fn open(address: SocketAddr, number: u64) -> io::Result<(TcpStream, Vec<u8>)> {
    let socket = TcpSocket::new_v4()?;
    let source = 1 + u8::try_from(number / PHONES_OF_ADDRESS).unwrap_or(u8::MAX - 1);
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, source), 0)))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    // Ports of phones that are dropped do not rest.
    socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
    let mut stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    let handshake = ClientHandshake::new(&address.to_string(), "/listen", nonce, &[], false, &[]);
    stream.write_all(handshake.request().as_bytes()).await?;
    let mut head = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut head).await? == 0 || head.len() > HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            let early = head.split_off(end + 4);
            let is_open = head.starts_with(b"HTTP/1.1 101");
            return if is_open {
                Ok((stream, early))
            } else {
                Err(io::ErrorKind::ConnectionRefused.into())
            };
        }
    }
}

/// Counts messages; gives what has to be answered.
fn take(
    decoder: &mut Decoder,
    mut input: &[u8],
    last: &mut u64,
    times: &mut Times,
    shared: &Shared,
) -> io::Result<Vec<u8>> {
    let now_us = shared.origin.elapsed().as_micros() as u64;
    let mut pongs = Vec::new();
    let (mut count, mut faults) = (0, 0);
    while let Some(event) = decoder.decode(&mut input).map_err(io::Error::other)? {
        match event {
            Event::Text(text) => match MARKER.find(text.as_bytes()) {
                Some(mark) => {
                    faults += u64::from(mark.number != *last + 1);
                    *last = mark.number;
                    count += 1;
                    times.record_us(now_us.saturating_sub(mark.intended_us));
                }
                None => faults += 1,
            },
            Event::Ping(payload) => write_frame(&mut pongs, Opcode::Pong, true, &payload, Some([1; 4])),
            Event::Binary(_) | Event::Pong(_) => {}
            Event::Close(_) => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
    shared.deliveries.fetch_add(count, Relaxed);
    shared.faults.fetch_add(faults, Relaxed);
    Ok(pongs)
}
