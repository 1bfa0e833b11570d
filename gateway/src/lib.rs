//! The gateway: everything between the network and the engine, and the only place where parts are put together.
//!
//! It reads the configuration, knows keys and signatures, listens on one port and speaks HTTP and every kind of socket there. What
//! a request means it does not know: functions are the engine's. The program `plenum` is [`cli::run`].

pub mod cli;
mod compatible;
pub mod config;
mod http;
pub mod limits;
mod logging;
mod metrics;
pub mod server;
mod server_api;
mod socket;
mod streams;
pub mod tokens;
