//! Why connections end, and whether clients come back after it.

use protocol::{client::ReplyError, websocket::CloseFrame};

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The server said goodbye.
    #[error("the server closed the connection: {code} {reason}")]
    Closed {
        /// The close code; 1005 when none was given.
        code: u16,
        /// The server's words.
        reason: String,
    },
    /// The stream ended without a goodbye.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// What came is not the protocol.
    #[error("the server speaks another protocol: {0}")]
    Protocol(String),
    /// A command that has to succeed did not.
    #[error("{command} was refused: {code} {message}")]
    Refused {
        /// Which command.
        command: &'static str,
        /// The error's code.
        code: u32,
        /// The server's words.
        message: String,
        /// Whether it may succeed later.
        temporary: bool,
    },
}

impl Ended {
    /// The end that a close frame stands for; 1005 stands for none (RFC 6455 section 7.1.5).
    pub fn closed(frame: Option<CloseFrame>) -> Self {
        let (code, reason) = frame.map_or((1_005, String::new()), |frame| (frame.code, frame.reason));
        Self::Closed { code, reason }
    }

    /// The end of a stream that says nothing more.
    pub(super) fn silently() -> Self {
        Self::Broken("end of the stream".to_owned())
    }

    /// The end that a refused command brings.
    pub fn refused(command: &'static str, error: ReplyError) -> Self {
        Self::Refused {
            command,
            code: error.code,
            message: error.message.into_owned(),
            temporary: error.temporary,
        }
    }

    /// Whether clients are told not to come back (<https://centrifugal.dev/docs/server/codes>).
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Closed { code, .. } => matches!(*code, 3_500..=3_999 | 4_500..=4_999),
            Self::Broken(_) => false,
            Self::Protocol(_) => true,
            Self::Refused { temporary, .. } => !*temporary,
        }
    }
}
