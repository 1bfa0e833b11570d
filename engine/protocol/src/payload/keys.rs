//! Finds keys that an object names twice, comparing what the keys say and not how they are written.

use std::borrow::Cow;

use super::PayloadError;

/// Up to so many keys are compared pair by pair; more are sorted, so that a large object costs no quadratic time.
const PAIRWISE_MAX: usize = 8;

/// The keys of all objects that are open, the innermost object's last.
#[derive(Default)]
pub(super) struct Keys<'a> {
    names: Vec<Cow<'a, str>>,
    starts: Vec<usize>,
}

impl<'a> Keys<'a> {
    pub(super) fn open(&mut self) {
        self.starts.push(self.names.len());
    }

    pub(super) fn add(&mut self, name: Cow<'a, str>) {
        self.names.push(name);
    }

    /// Ends the innermost object.
    pub(super) fn close(&mut self) -> Result<(), PayloadError> {
        let start = self.starts.pop().unwrap_or_default();
        let unique = all_differ(&mut self.names[start..]);
        self.names.truncate(start);
        if unique {
            Ok(())
        } else {
            Err(PayloadError::DuplicateKey)
        }
    }
}

fn all_differ(names: &mut [Cow<'_, str>]) -> bool {
    if names.len() <= PAIRWISE_MAX {
        return names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}
