//! The load simulator: phones and a publisher that speak Plenum's client protocol, and a verdict that can fail.
//!
//! It sees a server only as clients do and shares nothing with it but the crate `protocol`. A run is described by
//! [`Settings`], carried out by [`scenario::run`], judged by [`judge`], and kept as a [`report::Report`].
//! The binary `plenum-loadtest` is [`arguments`] around that.

pub mod arguments;
mod connection;
mod judge;
mod ledger;
pub mod limits;
pub mod mark;
pub mod measure;
mod pacing;
mod phone;
mod progress;
mod publisher;
mod random;
pub mod report;
pub mod scenario;
mod settings;
mod target;
mod token;
mod worker;
