//! Sockets for clients that do not speak the realtime client protocol.
//!
//! They run as actors of `actix-web-actors` on the bare TCP stream: a crate that is deprecated upstream, and this folder is the only one
//! that knows it. Nobody else depends on how these sockets work; the audience never comes here.

mod bridge;
mod first_frame;
mod listener;
mod subscriptions;

pub(crate) use subscriptions::subscriptions;
