//! A keyspace for each story on the server that `SCYLLA_URI` names, and a gate that stands between a node and its servers.

#[path = "../../../storage/tests/cql/keyspaces.rs"]
mod keyspaces;

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use self::keyspaces::hosts;

/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(90);

/// A keyspace that nobody else uses.
pub struct Keyspace {
    pub url: String,
}

impl Keyspace {
    pub fn fresh() -> Self {
        Self::at(&hosts())
    }

    /// One that is reached through a gate.
    pub fn behind(gate: &Gate) -> Self {
        Self::at(&gate.address)
    }

    fn at(hosts: &str) -> Self {
        let url = keyspaces::fresh_at(hosts);
        Self { url }
    }

    /// What a node is told.
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [
            ("PLENUM_STORAGE__URL", &self.url),
            ("PLENUM_STORAGE__REPLICATION_FACTOR", "1"),
        ]
    }
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The status that a path answers; None: nobody answers.
pub fn status(address: &str, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split_whitespace().nth(1)?.parse().ok()
}

/// Stands between a node and the first of the servers: while it is closed, there are none.
pub struct Gate {
    pub address: String,
    state: Arc<State>,
}

struct State {
    is_open: AtomicBool,
    passing: Mutex<Vec<TcpStream>>,
}

impl Gate {
    pub fn closed() -> Self {
        // On the server's own address: a driver goes on to the addresses that servers tell of themselves, by the port that it was given.
        let servers = hosts();
        let server = servers.split(',').next().expect("a server");
        let (host, _) = server.rsplit_once(':').unwrap_or((server, ""));
        let listener = TcpListener::bind((host, 0)).expect("the CQL server of these stories is on this machine");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(State {
            is_open: AtomicBool::new(false),
            passing: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A closed gate takes a connection and ends it: there is no server behind it.
                if shared.is_open.load(Ordering::SeqCst) {
                    shared.pass(stream);
                }
            }
        });
        Self { address, state }
    }

    pub fn open(&self) {
        self.state.is_open.store(true, Ordering::SeqCst);
    }

    /// Ends every connection and lets no other one through.
    pub fn close(&self) {
        self.state.is_open.store(false, Ordering::SeqCst);
        for stream in self.state.passing.lock().expect("no holder panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn pass(&self, client: TcpStream) {
        let host = hosts();
        let host = host.split(',').next().expect("a server");
        let server = TcpStream::connect(host).expect("the server listens");
        for (from, to) in [(&client, &server), (&server, &client)] {
            let (mut from, mut to) = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        self.passing.lock().expect("no holder panics").extend([client, server]);
    }
}
