//! Changing a message's text.

use storage::{Effect, Entry, EntryKind};

use super::pending::{Draft, Pending};
use crate::message::body;

/// The entry of an edit: the message's whole new state, in the name of its author.
pub(super) fn draft(pending: &mut Pending<'_>, target: Entry, content: &str) -> Draft {
    let body = body::edited(&target.body, content, pending.now_ms());
    pending.change_message(Entry {
        body: body.clone(),
        version: pending.next_seq(),
        ..target.clone()
    });
    Draft {
        effects: vec![Effect::Edit {
            target: target.seq,
            body: body.clone(),
        }],
        author: Some(target),
        ..Draft::new(EntryKind::Edit, body)
    }
}
