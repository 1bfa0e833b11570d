//! Posting a message.

use protocol::{Error, payload::Payload};
use storage::EntryKind;

use super::pending::{Draft, Pending};
use crate::message::body;

/// The entry of a new message; what it replies to must be there.
pub(super) fn draft(
    pending: &Pending<'_>,
    content: &str,
    reply_to: u64,
    attachments: &Payload,
) -> Result<Draft, Error> {
    if reply_to != 0 {
        pending.message(reply_to)?;
    }
    Ok(Draft {
        reply_to,
        ..Draft::new(EntryKind::Message, body::message(content, attachments))
    })
}
