//! The command line.

mod descriptors;
mod error;
mod file;
mod given;
mod keys;
mod plan;
mod scenario;
mod tokens;

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use error::ArgumentError;
pub use given::Given;
pub use scenario::{ScenarioArgument, scenarios};

/// A word that is shown to nobody.
#[derive(Clone)]
pub struct Secret(String);

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(Self(word.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a secret")
    }
}

/// Load for a Plenum server, and a verdict on it.
#[derive(Debug, Parser)]
#[command(name = "plenum-loadtest", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Runs a scenario. Exit code 0: the verdict holds; 1: the server failed; 2: nothing was measured; 3: the run says too little.
    Run(Box<RunArguments>),
    /// Lists the built-in scenarios.
    Scenarios,
    /// Prints a kept report; the exit code is that of its verdict.
    Report {
        /// What `--json` wrote.
        file: PathBuf,
    },
}

/// The scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScenarioName {
    /// Everybody follows one room in which one publisher speaks.
    OneBigRoom,
    /// Everybody opens one cold room at the same moment and asks for its two newest pages of history.
    HistoryRush,
    /// Everybody's network fails, and all come back at the same moment and recover what they missed.
    ReconnectStorm,
    /// Some phones read more slowly than the publisher speaks, and catch up in the end.
    SlowPhones,
    /// Chats of two beside one room that everybody follows; needs the signing key.
    ManyChats,
}

/// The shapes of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShapeName {
    /// The same number in every second.
    Steady,
    /// From nothing up to the full rate.
    Ramp,
    /// All messages of a second at its beginning.
    Bursts,
}

/// The encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EncodingName {
    /// JSON text.
    Json,
    /// Protobuf.
    Protobuf,
    /// MessagePack.
    Msgpack,
}

/// What carries messages to phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TransportName {
    /// A WebSocket, for both directions.
    Websocket,
    /// An endless HTTP answer; commands go in requests of their own.
    HttpStream,
    /// Server-sent events; commands go in requests of their own.
    Sse,
}

/// What a run is like.
#[derive(Debug, Clone, Args)]
#[command(after_help = scenario::ABOUT_FILES)]
pub struct RunArguments {
    /// Where each setting stands.
    #[command(flatten)]
    pub given: Given,
    /// Which scenario: a built-in one's name, or a scenario file, whose path ends in .toml or has a `/`.
    pub scenario: ScenarioArgument,
    /// A server, ws://HOST:PORT or http://HOST:PORT; several times for several nodes, which phones take in turn.
    #[arg(long, num_args = 1.., value_name = "URL")]
    pub target: Vec<String>,
    /// The target is not on this machine, and it is yours or its operator has agreed.
    #[arg(long)]
    pub i_own_the_target: bool,
    /// Phones.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub sessions: u64,
    /// Messages per second.
    #[arg(long, default_value_t = 5.0, value_name = "R")]
    pub rate: f64,
    /// Seconds of sending.
    #[arg(long, default_value_t = 20.0, value_name = "S")]
    pub seconds: f64,
    /// Bytes of a message.
    #[arg(long, default_value_t = 128, value_name = "BYTES")]
    pub size: usize,
    /// How messages are spread over time.
    #[arg(long, value_enum, default_value_t = ShapeName::Steady)]
    pub shape: ShapeName,
    /// Share of phones, 0 to 1, that cut their connection once and come back with recovery.
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    pub resume_share: f64,
    /// Milliseconds that such phones are away at most.
    #[arg(long, default_value_t = 2_000, value_name = "MS")]
    pub away_ms: u64,
    /// Entries of each of the two pages of history that every phone asks for (history-rush); twice as many are written first.
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub history: u32,
    /// Statements that a rush may cost the server's store, by its metrics, before the server has failed (history-rush); not judged if not given.
    #[arg(long, value_name = "N")]
    pub statements_max: Option<u64>,
    /// Messages that all phones miss while they are away (reconnect-storm).
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub missed: u64,
    /// Share of phones, 0 to 1, that read slowly while messages are sent (slow-phones).
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub slow_share: f64,
    /// What each of them reads.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub slow_bytes_per_second: u32,
    /// Chats of two beside the room (many-chats).
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub chats: u64,
    /// Seconds between two messages of one chat.
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    pub chat_interval: f64,
    /// The room: an open channel, or room:ID. An open channel of its own if not given.
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Makes the phones' users members of a new group room before they come; needs the signing key.
    #[arg(long)]
    pub members: bool,
    /// How messages are written.
    #[arg(long, value_enum, default_value_t = EncodingName::Json)]
    pub encoding: EncodingName,
    /// What carries messages to phones; the publisher has a WebSocket.
    #[arg(long, value_enum, default_value_t = TransportName::Websocket)]
    pub transport: TransportName,
    /// Connection tokens, one per line, which phones take in turn; the publisher has the one after the last phone's.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["token", "hmac_secret", "hmac_secret_file"])]
    pub tokens_file: Option<PathBuf>,
    /// One connection token for everybody.
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["hmac_secret", "hmac_secret_file"])]
    pub token: Option<Secret>,
    /// Signs tokens for users load-0, load-1 …: the server's auth.jwt.hmac_secret. Others on this machine can see it here.
    #[arg(long, value_name = "KEY", conflicts_with = "hmac_secret_file")]
    pub hmac_secret: Option<Secret>,
    /// The same key, from a file.
    #[arg(long, value_name = "FILE")]
    pub hmac_secret_file: Option<PathBuf>,
    /// Phones that open their connection per second.
    #[arg(long, default_value_t = 2_000.0, value_name = "R")]
    pub open_rate: f64,
    /// Seconds that opening may take beyond what its rate says.
    #[arg(long, default_value_t = 60, value_name = "S")]
    pub open_timeout: u64,
    /// Seconds between opening and sending in which everybody is idle; only with --server-pid, which sees what that costs.
    #[arg(long, default_value_t = 1.0, value_name = "S")]
    pub rest: f64,
    /// Seconds after all phones have left until the server's memory is looked at again; 0: not at all. Only with --server-pid.
    #[arg(long, default_value_t = 0.0, value_name = "S")]
    pub leave: f64,
    /// Seconds that phones may take to get the last entries.
    #[arg(long, default_value_t = 15, value_name = "S")]
    pub drain_timeout: u64,
    /// Entries that the server promises to recover (realtime.recovery_max_entries).
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub recovery_entries: u64,
    /// Threads with phones; by the number of processors if not given.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Milliseconds that the simulator may be late 1 time in 100 before its figures are INVALID.
    #[arg(long, default_value_t = 100, value_name = "MS")]
    pub lag_limit_ms: u64,
    /// The server's process on this machine, for its processor time and memory.
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Repeats masks, cuts and pauses of another run.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Keeps the report.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Shows no progress.
    #[arg(long)]
    pub quiet: bool,
}
