//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692): handshake, decoder and encoder for both roles.
//!
//! The gateway's sockets use the server role; the load simulator and tests use the client role. This module is pure: it
//! never touches a socket, a clock or a source of randomness (masks and keys are given by the caller), and it never
//! answers by itself: the caller replies to a [`Event::Ping`] and a [`Event::Close`], and sends a close frame with
//! [`DecodeError::close_code`] when decoding fails.
//!
//! An idle connection costs a [`Decoder`] of a few words and no buffer: the caller reads into a buffer that it shares
//! among its connections and hands the bytes over; only what is unfinished at the end of them is copied and kept.

mod client;
mod close;
mod decoder;
mod deflate;
mod encoder;
mod error;
mod extension;
mod handshake;
mod header;
mod mask;
mod message;
mod negotiation;

#[cfg(test)]
mod tests;

pub use client::{AcceptedUpgrade, ClientHandshake, ResponseError};
pub use close::{CLOSE_REASON_LIMIT_BYTES, CloseFrame, close_code_is_valid};
pub use decoder::{Decoder, Event, Role};
pub use deflate::{Deflater, compress_message};
pub use encoder::{FrameHeader, frame_header, write_close, write_compressed_frame, write_frame};
pub use error::DecodeError;
pub use handshake::{HandshakeError, Upgrade, accept_key};
pub use header::{CONTROL_PAYLOAD_LIMIT_BYTES, Opcode};
pub use mask::apply_mask;
pub use negotiation::{DeflateAgreement, DeflateParameters, DeflatePolicy, MAX_WINDOW_BITS, MIN_WINDOW_BITS};
