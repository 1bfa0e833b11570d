//! The wire between a store and a CQL server, on which statements get lost, are held back or answered by somebody else, one by one, and
//! which can be cut. A rule sees the text of every prepared statement that is executed and says what becomes of it.
//!
//! It knows frames and nothing of the store. Only one server lies behind it.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

pub use super::frame::Answer;
use super::frame::{AUTH_RESPONSE, BATCH, EXECUTE, Frame, PREPARE, STARTUP};

/// What becomes of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on, and so does its answer.
    Pass,
    /// It never arrives.
    Lose,
    /// It arrives; its answer does not.
    LoseAnswer,
    /// It waits until it is released.
    Hold,
    /// It never arrives; this is the answer.
    Answer(Answer),
    /// It never arrives, and from now on nothing does.
    Cut,
    /// It arrives, and when the server has done it nothing gets through any more, its answer included.
    CutBehind,
}

type Rule = Box<dyn FnMut(&str) -> Fate + Send>;
type Writer = Arc<tokio::sync::Mutex<OwnedWriteHalf>>;

/// What all connections share.
struct Shared {
    server: String,
    rule: Mutex<Rule>,
    texts: Mutex<HashMap<Vec<u8>, Arc<str>>>,
    held: Mutex<Vec<(Writer, Frame)>>,
    held_count: watch::Sender<usize>,
    refuses_logins: AtomicBool,
    is_closing: AtomicBool,
    is_cut: watch::Sender<bool>,
}

/// A wire to one server; when it is dropped, every connection ends.
pub struct Wire {
    shared: Arc<Shared>,
    host: String,
    task: JoinHandle<()>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wire {
    /// A wire to `server`, `host:port`, on which nothing happens yet. It lies on the server's own address: a driver believes a server about
    /// its address and takes the port of the contact point.
    pub async fn to(server: &str) -> Self {
        let (host, _) = server.rsplit_once(':').expect("host and port");
        let listener = TcpListener::bind(format!("{host}:0")).await;
        let listener = listener.unwrap_or_else(|error| {
            panic!("{host}: {error}; stories with faults at the wire need a CQL server on this machine: `make cql`")
        });
        let host = listener.local_addr().expect("its address").to_string();
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            rule: Mutex::new(Box::new(|_| Fate::Pass)),
            texts: Mutex::default(),
            held: Mutex::default(),
            held_count: watch::Sender::new(0),
            refuses_logins: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            is_cut: watch::Sender::new(false),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { shared, host, task }
    }

    /// Where the store finds it, `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// From now on this says what becomes of each statement.
    pub fn rule(&self, rule: impl FnMut(&str) -> Fate + Send + 'static) {
        *locked(&self.shared.rule) = Box::new(rule);
    }

    /// Lets everything pass again. What is held stays held.
    pub fn calm(&self) {
        self.rule(|_| Fate::Pass);
    }

    /// Whoever connects is asked for a name and a password, and both are wrong.
    pub fn refuse_logins(&self) {
        self.shared.refuses_logins.store(true, Ordering::SeqCst);
    }

    /// Nothing gets through any more: connections end, and new ones end at once.
    pub fn cut(&self) {
        self.shared.is_cut.send_replace(true);
    }

    /// The wire is whole again.
    pub fn mend(&self) {
        self.shared.is_closing.store(false, Ordering::SeqCst);
        self.shared.is_cut.send_replace(false);
    }

    /// Ends when the wire has been cut.
    pub async fn is_cut(&self) {
        let mut is_cut = self.shared.is_cut.subscribe();
        is_cut.wait_for(|is_cut| *is_cut).await.expect("the wire is there");
    }

    /// Ends when that many statements are held.
    pub async fn holds(&self, count: usize) {
        let mut held = self.shared.held_count.subscribe();
        held.wait_for(|held| *held >= count).await.expect("the wire is there");
    }

    /// Sends what was held, in its order, also on connections that the store has given up.
    pub async fn release(&self) {
        let held = std::mem::take(&mut *locked(&self.shared.held));
        self.shared.held_count.send_replace(0);
        for (server, frame) in held {
            let sent = server.lock().await.write_all(frame.bytes()).await;
            sent.expect("the server takes what was held");
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if *shared.is_cut.borrow() {
            continue;
        }
        tokio::spawn(connection(client, Arc::clone(&shared)));
    }
}

/// One connection of the store, until one side ends or the wire is cut.
async fn connection(client: TcpStream, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(&shared.server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let one = One {
        shared: Arc::clone(&shared),
        client: Arc::new(tokio::sync::Mutex::new(client_writes)),
        server: Arc::new(tokio::sync::Mutex::new(server_writes)),
        prepared: Mutex::default(),
        lost: Mutex::default(),
        last: Mutex::default(),
    };
    let mut is_cut = shared.is_cut.subscribe();
    tokio::select! {
        () = one.requests(client_reads) => {}
        () = one.answers(server_reads) => {}
        _ = is_cut.wait_for(|is_cut| *is_cut) => {}
    }
}

/// One connection.
struct One {
    shared: Arc<Shared>,
    client: Writer,
    server: Writer,
    /// Texts that are being prepared, by stream.
    prepared: Mutex<HashMap<i16, String>>,
    /// Streams whose next answer gets lost.
    lost: Mutex<HashSet<i16>>,
    /// The stream whose answer cuts the wire.
    last: Mutex<Option<i16>>,
}

impl One {
    async fn requests(&self, mut client: OwnedReadHalf) {
        while let Some(frame) = Frame::read(&mut client).await {
            if self.shared.is_closing.load(Ordering::SeqCst) {
                continue;
            }
            let stream = frame.stream();
            let refuses_logins = self.shared.refuses_logins.load(Ordering::SeqCst);
            let fate = match frame.opcode() {
                STARTUP if refuses_logins => {
                    self.send(&self.client, &Frame::who_are_you(stream)).await;
                    continue;
                }
                AUTH_RESPONSE if refuses_logins => Fate::Answer(Answer::BadCredentials),
                PREPARE => {
                    let text = frame.prepared_text().expect("a whole PREPARE");
                    locked(&self.prepared).insert(stream, text);
                    Fate::Pass
                }
                EXECUTE | BATCH => self.fate(&frame),
                _ => Fate::Pass,
            };
            if !self.meets(fate, frame).await {
                return;
            }
        }
    }

    fn fate(&self, frame: &Frame) -> Fate {
        let id = frame
            .executed_id()
            .expect("a whole EXECUTE or BATCH")
            .unwrap_or_default();
        let text = locked(&self.shared.texts).get(&id).cloned();
        text.map_or(Fate::Pass, |text| locked(&self.shared.rule)(&text))
    }

    /// Does with a request what is to be done; false: the connection is over.
    async fn meets(&self, fate: Fate, frame: Frame) -> bool {
        let stream = frame.stream();
        match fate {
            Fate::Pass => {}
            Fate::Lose => return true,
            Fate::LoseAnswer => {
                locked(&self.lost).insert(stream);
            }
            Fate::Hold => {
                locked(&self.shared.held).push((Arc::clone(&self.server), frame));
                self.shared.held_count.send_modify(|count| *count += 1);
                return true;
            }
            Fate::Answer(answer) => return self.send(&self.client, &Frame::error(stream, answer)).await,
            Fate::Cut => {
                self.shared.is_closing.store(true, Ordering::SeqCst);
                self.shared.is_cut.send_replace(true);
                return false;
            }
            Fate::CutBehind => {
                *locked(&self.last) = Some(stream);
                self.shared.is_closing.store(true, Ordering::SeqCst);
            }
        }
        self.send(&self.server, &frame).await
    }

    async fn answers(&self, mut server: OwnedReadHalf) {
        while let Some(frame) = Frame::read(&mut server).await {
            let stream = frame.stream();
            let text = locked(&self.prepared).remove(&stream);
            if let Some(text) = text
                && let Some(id) = frame.prepared_id().expect("a whole answer")
            {
                locked(&self.shared.texts).insert(id, text.into());
            }
            if *locked(&self.last) == Some(stream) {
                self.shared.is_cut.send_replace(true);
                return;
            }
            let is_lost = locked(&self.lost).remove(&stream);
            if !is_lost && !self.send(&self.client, &frame).await {
                return;
            }
        }
    }

    async fn send(&self, to: &Writer, frame: &Frame) -> bool {
        to.lock().await.write_all(frame.bytes()).await.is_ok()
    }
}
