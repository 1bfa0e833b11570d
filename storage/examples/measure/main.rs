//! What the store makes of everyday calls, on either backend: each measurement prints one line of JSON, which a row of `make bench` reads.
//!
//! ```sh
//! cargo run --release -p storage --features sqlite,scylla,dump,generator --example measure -- pages --store sqlite:pages.db --size 100000
//! cargo run … -- pages --store scylla://127.0.0.1:9042/pages --size 100000
//! ```
//!
//! How far a filling has come is told on standard error. What it wrote stays: a file, or a keyspace, that nothing else is in.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement speaks on standard output, and beside it"
)]

mod append;
mod chats;
mod export;
mod pages;
mod people;
mod progress;
mod room;
mod rooms;
mod search;
mod searches;
mod target;
mod times;

use std::error::Error;

use clap::{Parser, ValueEnum};
use serde_json::Value;
use target::Target;

/// What a measurement gives, or why it gives nothing.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What every filling begins with.
const SEED: u64 = 20_240_531;

/// What is measured.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Pages and dates of a very large room beside those of a small one; the size is the large one's in entries.
    Pages,
    /// Searches of somebody who is in 500 rooms, and the list of these rooms; the size is their entries.
    Rooms,
    /// Finding people by the beginnings of their names; the size is how many there are.
    People,
    /// Durable sends, also while they are indexed; the size is the seconds of each repetition.
    Append,
    /// Export out of a file and import into the store; the size is the entries.
    Export,
}

/// Measures one thing of a store.
#[derive(Debug, Parser)]
struct Arguments {
    /// What.
    what: What,
    /// An empty store: `sqlite:PATH` or `scylla://host[:port][,host…]/keyspace`.
    #[arg(long, value_name = "URL")]
    store: Target,
    /// How large.
    #[arg(long, value_name = "NUMBER")]
    size: u64,
    /// How often each thing is timed; of sends, how often they are repeated.
    #[arg(long, value_name = "NUMBER")]
    samples: u64,
}

async fn measure(arguments: &Arguments) -> Outcome<Value> {
    let (target, size, samples) = (&arguments.store, arguments.size, arguments.samples);
    match arguments.what {
        What::Pages => pages::measure(target, size, samples).await,
        What::Rooms => rooms::measure(target, size, samples).await,
        What::People => people::measure(target, size, samples).await,
        What::Append => append::measure(target, size, samples).await,
        What::Export => export::measure(target, size).await,
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    println!("{}", measure(&Arguments::parse()).await?);
    Ok(())
}
