//! Why a connection is failed while decoding, and with which close code.

use thiserror::Error;

/// A violation by the other side. The connection is over: send [`DecodeError::close_code`] with the text of this error
/// as reason, then close. The text names the rule and never contains received bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// RSV1 without permessage-deflate or beside a first data frame, or RSV2, RSV3 (RFC 6455 5.2, RFC 7692 6).
    #[error("reserved bits are set")]
    ReservedBits,
    /// Opcode 3 to 7 or 11 to 15 (RFC 6455 5.2).
    #[error("reserved opcode")]
    ReservedOpcode,
    /// A client sent a frame without mask (RFC 6455 5.1).
    #[error("frame is not masked")]
    NotMasked,
    /// A server sent a frame with mask (RFC 6455 5.1).
    #[error("frame is masked")]
    Masked,
    /// A control frame without FIN (RFC 6455 5.5).
    #[error("control frame is fragmented")]
    ControlFragmented,
    /// A control frame of more than 125 bytes (RFC 6455 5.5).
    #[error("control frame is too long")]
    ControlTooLong,
    /// A continuation while no message is open (RFC 6455 5.4).
    #[error("continuation without a message")]
    UnexpectedContinuation,
    /// A new message while the one before is open (RFC 6455 5.4).
    #[error("message inside of a message")]
    ExpectedContinuation,
    /// A length in more bytes than it needs, or of more than 63 bits (RFC 6455 5.2).
    #[error("malformed payload length")]
    MalformedLength,
    /// A close frame with one byte of payload (RFC 6455 5.5.1).
    #[error("malformed close frame")]
    MalformedClose,
    /// A close code that must not be on the wire (RFC 6455 7.4).
    #[error("invalid close code")]
    InvalidCloseCode,
    /// Text or a close reason that is not UTF-8 (RFC 6455 8.1).
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// A compressed payload that can't be inflated (RFC 7692 7.2.2).
    #[error("invalid compressed data")]
    InvalidDeflate,
    /// More bytes than the message limit, on the wire or after inflating.
    #[error("message is too large")]
    MessageTooLarge,
}

impl DecodeError {
    /// The code of the close frame to send (RFC 6455 section 7.4.1): 1002, 1007 or 1009.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::InvalidDeflate => 1007,
            Self::MessageTooLarge => 1009,
            _ => 1002,
        }
    }
}
