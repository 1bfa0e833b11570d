//! What is kept of a run, and how it is shown.

mod print;

pub(crate) use print::grouped;

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

pub use crate::{
    judge::{LogFaults, Losses, Verdict},
    measure::{Host, Percentiles, ProcessSample},
    phone::Faults,
};

/// The shape of kept reports.
pub const VERSION: u32 = 1;

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// Which scenario.
    pub scenario: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<String>,
    /// Where and when.
    pub host: Host,
    /// What was asked for.
    pub parameters: Parameters,
    /// Messages of the publisher.
    pub messages: Messages,
    /// Entries that phones got.
    pub deliveries: Deliveries,
    /// What phones lack.
    pub losses: Losses,
    /// What the server did to phones and must not.
    pub faults: Faults,
    /// What is wrong with the log itself.
    pub log_faults: LogFaults,
    /// Distributions of times.
    pub times: AllTimes,
    /// The server's process, if it was named.
    pub server: Option<ServerFigures>,
    /// Chats of two beside the room, if there were any.
    pub chats: Option<Chats>,
    /// Phones that read slowly, if there were any.
    pub slow: Option<SlowPhones>,
    /// The opening of one room by all phones, in a history-rush that got so far.
    #[serde(default)]
    pub rush: Option<Rush>,
    /// The return of all phones at once, in a reconnect-storm that got so far.
    pub storm: Option<Storm>,
    /// The simulator itself.
    pub simulator: SimulatorFigures,
    /// Why connections did not open or ended, other than on purpose.
    pub ends: BTreeMap<String, u64>,
}

/// What was asked for. Tokens and keys are not kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Parameters {
    /// Hosts and paths.
    pub targets: Vec<String>,
    /// The room.
    pub channel: String,
    /// The encoding's sub-protocol.
    pub encoding: String,
    /// What carried messages to phones: `websocket`, `http_stream` or `sse`.
    #[serde(default = "usual_transport")]
    pub transport: String,
    /// Phones.
    pub sessions: u64,
    /// Threads of phones.
    pub threads: u64,
    /// Messages per second; of a ramp, at its end.
    pub rate_per_second: f64,
    /// The shape of load.
    pub shape: String,
    /// Seconds of sending.
    pub seconds: f64,
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Share of phones that cut their connection and come back.
    pub resume_share: f64,
    /// Entries of history that phones ask for.
    pub history: u32,
    /// Makes cuts and pauses reproducible.
    pub seed: u64,
}

/// What reports of before there was a choice mean.
fn usual_transport() -> String {
    "websocket".to_owned()
}

/// Messages of the publisher.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Messages {
    /// To be sent.
    pub planned: u64,
    /// Sent.
    pub sent: u64,
    /// Acknowledged by the server.
    pub acknowledged: u64,
    /// Refused, by the answer.
    pub refused: BTreeMap<String, u64>,
    /// Entries of the log behind the place where the run began.
    pub log_entries: u64,
}

/// Entries that phones got.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Deliveries {
    /// All.
    pub count: u64,
    /// Those that phones got back after they had been away.
    pub recovered: u64,
    /// Seconds from the first message to the last phone's last entry.
    pub seconds: f64,
    /// All, by these seconds.
    pub per_second: f64,
    /// Received bytes, beginning with the opening.
    pub bytes: u64,
    /// Frames beside the log.
    pub beside_log: u64,
    /// Phones that cut their connection on purpose.
    pub cuts: u64,
    /// Phones that came back and were given everything.
    pub resumed: u64,
    /// Phones that were away too long for recovery, and were told so.
    pub told_anew: u64,
    /// Phones that were sent away for good.
    pub refused_phones: u64,
}

/// Distributions of times, in microseconds; absent where nothing was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AllTimes {
    /// From the intended time of sending to a phone that was there.
    pub delivery: Option<Percentiles>,
    /// From the intended time of sending to the last phone that was there, one per message.
    pub last_phone: Option<Percentiles>,
    /// From the intended time of sending to a phone that had been away.
    pub recovery: Option<Percentiles>,
    /// From the intended time of sending to the acknowledgement.
    pub acknowledgement: Option<Percentiles>,
    /// From the intended time of opening to the answer to the subscription.
    pub opening: Option<Percentiles>,
    /// From the intended time of opening to the last page of history.
    pub history: Option<Percentiles>,
}

/// Looks at the server's process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ServerFigures {
    /// Before the first phone.
    pub before: ProcessSample,
    /// With all phones there and nothing to say.
    pub idle: ProcessSample,
    /// After the last delivery.
    pub after: ProcessSample,
    /// Resident memory that opening the phones took, by phone.
    pub rss_per_session_bytes: f64,
    /// Processor time that opening the phones took, by phone, in microseconds.
    pub cpu_per_opening_us: f64,
    /// Share of one processor while messages were sent and delivered.
    pub cpu_share: f64,
    /// Deliveries by processor time, between idle and the last delivery.
    pub deliveries_per_cpu_second: f64,
    /// Seconds in which all phones were there and idle; 0 = there was no rest.
    #[serde(default)]
    pub rest_seconds: f64,
    /// Processor time of an idle phone, in microseconds per second.
    #[serde(default)]
    pub idle_cpu_us_per_session_second: f64,
    /// The most resident memory while the run was under way, in bytes.
    #[serde(default)]
    pub rss_max_bytes: u64,
    /// Some time after the phones had left, if that was asked for.
    pub left: Option<ProcessSample>,
    /// The most kernel memory of its sockets in bytes, if its metrics say.
    pub kernel_socket_bytes_max: Option<u64>,
}

/// Chats of two beside the room. What is wrong in them counts among the losses and faults.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Chats {
    /// How many.
    pub chats: u64,
    /// Subscriptions to them: two each, when all are there.
    pub subscriptions: u64,
    /// Resident memory of the server that they and their subscriptions took, by chat; 0 if it was not looked at.
    pub rss_per_chat_bytes: f64,
    /// Messages that were to be sent in them.
    pub messages: u64,
    /// Those of them that the server has acknowledged.
    pub acknowledged: u64,
    /// Entries that came to their people.
    pub deliveries: u64,
    /// From the intended time of sending to the other one.
    pub delivery: Option<Percentiles>,
}

/// Phones that read slowly while messages were sent. What they lack counts like anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SlowPhones {
    /// How many.
    pub phones: u64,
    /// What each of them read while messages were sent.
    pub bytes_per_second: u32,
    /// Subscriptions that the server ended because their phone was too far behind.
    pub lagged: u64,
    /// Returns that were told honestly that more was missed than is recovered.
    pub told_anew: u64,
    /// From the intended time of sending to a slow phone.
    pub delivery: Option<Percentiles>,
}

/// The opening of one cold room by phones that were connected already.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rush {
    /// How many.
    pub sessions: u64,
    /// Statements that it cost the server's store, by the server's metrics; absent if it does not say.
    pub statements: Option<u64>,
    /// How many it might cost, if that was judged.
    pub statements_max: Option<u64>,
    /// Seconds from the opening of the doors until the last phone had both pages; absent when not all got there.
    pub seconds: Option<f64>,
}

/// The return of all phones at once. Seconds count from the moment when they could come back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// Phones that were cut and came back.
    pub sessions: u64,
    /// Messages that each had missed.
    pub missed: u64,
    /// Until the last phone followed the room again; absent when not all did.
    pub live_seconds: Option<f64>,
    /// Until the last phone had every entry; absent when not all got there.
    pub complete_seconds: Option<f64>,
}

/// The simulator itself.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct SimulatorFigures {
    /// Processor time and memory at the end.
    pub process: ProcessSample,
    /// Share of one processor while messages were sent and delivered.
    pub cpu_share: f64,
    /// How late its threads came to their turn, the worst thread's distribution.
    pub lag: Option<Percentiles>,
    /// How late they may be 1 time in 100, in microseconds.
    pub lag_limit_us: u64,
}

/// Why a kept report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// Its contents.
    #[error("{0} is not a report: {1}")]
    Contents(String, serde_json::Error),
    /// Another version.
    #[error("{0} is a report of version {1}, this program reads version {VERSION}")]
    Version(String, u32),
}

impl Report {
    /// Keeps the report as JSON. The old file stays whole until the new one is.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        fs::write(&beside, json)?;
        fs::rename(&beside, path)
    }

    /// Reads a kept report.
    ///
    /// # Errors
    /// When it can't be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let name = || path.display().to_string();
        let json = fs::read(path).map_err(|error| ReadError::File(name(), error))?;
        let contents = |error| ReadError::Contents(name(), error);
        let Version { version } = serde_json::from_slice(&json).map_err(contents)?;
        if version != VERSION {
            return Err(ReadError::Version(name(), version));
        }
        serde_json::from_slice(&json).map_err(contents)
    }
}
