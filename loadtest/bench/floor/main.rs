//! The floor: the cheapest server that could serve the same phones, for the bench to compare with.
//!
//! It speaks just enough of the client protocol for the simulator's one-big-room, and for each published message it does
//! one `send(2)` of the framed message per phone and nothing else: no storage, no checks, no queue, no gathering. One
//! thread, so that no lock and no second processor's cache costs anything. Never for anything but measuring: it asks
//! nobody for a token.
#![expect(clippy::print_stdout, reason = "whoever starts it reads where it listens")]

mod answers;
mod hub;
#[path = "../message.rs"]
mod message;
mod peer;
mod send;

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;

use hub::Hub;

/// One plain send(2) per phone and message.
#[derive(Debug, Parser)]
#[command(name = "plenum-floor", version, about)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let served = Hub::listen(arguments.listen).and_then(|(hub, address)| {
        println!("listening on http://{address}");
        hub.serve()
    });
    match served {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("plenum-floor: {error}");
            ExitCode::FAILURE
        }
    }
}
