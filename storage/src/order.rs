//! Whether a batch goes on where its log ends. The engine gives out the numbers; what would break the log for good is refused here,
//! by every backend in the same way.

use crate::{AppendBatch, LogHead, NewEntry};

/// Looks at the seqs, numbers and times of a batch that is to follow `head`; an error says what is wrong.
pub(crate) fn check(batch: &AppendBatch, head: &LogHead) -> Result<(), String> {
    let (mut seq, mut number, mut time_ms) = (head.seq, head.number, head.time_ms);
    for NewEntry { entry, .. } in &batch.entries {
        if entry.seq != seq + 1 {
            return Err(format!("entry {} does not follow {seq}", entry.seq));
        }
        if entry.number < number || entry.number > number + 1 {
            return Err(format!("number {} does not follow {number}", entry.number));
        }
        if seq > 0 && entry.time_ms < time_ms {
            return Err(format!("entry {} is older than the one before", entry.seq));
        }
        (seq, number, time_ms) = (entry.seq, entry.number, entry.time_ms);
    }
    Ok(())
}
