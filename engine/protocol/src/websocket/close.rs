//! The payload of a close frame (RFC 6455 section 5.5.1).

use super::{DecodeError, header::CONTROL_PAYLOAD_LIMIT_BYTES};

/// The longest reason that fits into a close frame beside its code, in bytes of UTF-8.
pub const CLOSE_REASON_LIMIT_BYTES: usize = CONTROL_PAYLOAD_LIMIT_BYTES - 2;

/// Code and reason of a received close frame; both were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// A code for which [`close_code_is_valid`] holds.
    pub code: u16,
    /// Words for a log, often empty; written by the other side.
    pub reason: String,
}

impl CloseFrame {
    /// Reads a close frame's payload; an empty one is valid and says nothing.
    pub(super) fn parse(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() {
                Ok(None)
            } else {
                Err(DecodeError::MalformedClose)
            };
        };
        let code = u16::from_be_bytes(*code);
        if !close_code_is_valid(code) {
            return Err(DecodeError::InvalidCloseCode);
        }
        let reason = std::str::from_utf8(reason).map_err(|_| DecodeError::InvalidUtf8)?;
        Ok(Some(Self {
            code,
            reason: reason.to_owned(),
        }))
    }
}

/// Whether a code may stand in a close frame: what the registry has assigned
/// (<https://www.iana.org/assignments/websocket/websocket.xhtml>), without those that never go over the wire
/// (1004 to 1006, 1015), and the ranges of libraries and applications, 3000 to 4999.
pub const fn close_code_is_valid(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The longest start of `reason` that fits into a close frame, cut between characters.
pub(super) fn fitting_reason(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(CLOSE_REASON_LIMIT_BYTES)]
}
