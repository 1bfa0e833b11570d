//! The codec against the classes of cases of the Autobahn suite, and against itself over every way of cutting the bytes.

mod close;
mod deflate;
mod fragmentation;
mod framing;
mod handshake;
mod kit;
mod negotiation;
mod pings;
mod reserved;
mod utf8;
