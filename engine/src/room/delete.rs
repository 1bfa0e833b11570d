//! Deleting a message.

use bytes::Bytes;
use storage::{Effect, Entry, EntryKind};

use super::pending::{Draft, Pending};

/// The entry of a deletion: it names the message and has no text.
pub(super) fn draft(pending: &mut Pending<'_>, target: Entry) -> Draft {
    pending.change_message(Entry {
        body: Bytes::new(),
        deleted: true,
        version: pending.next_seq(),
        ..target.clone()
    });
    Draft {
        effects: vec![Effect::Delete { target: target.seq }],
        author: Some(target),
        ..Draft::new(EntryKind::Delete, Bytes::new())
    }
}
