//! Memberships that a room has looked up. The room is the only one that changes them, so what it knows stays true.

use std::collections::HashMap;

use protocol::UserId;
use storage::Member;

use crate::limits::MEMBERS_CACHED_MAX;

/// A bounded memory of members, and of who is none. Two halves: when the younger is full, the older is forgotten.
#[derive(Debug, Default)]
pub(super) struct Members {
    younger: HashMap<UserId, Option<Member>>,
    older: HashMap<UserId, Option<Member>>,
}

impl Members {
    /// What is known: None: nothing; `Some(None)`: not a member.
    pub(super) fn get(&mut self, user: &UserId) -> Option<Option<Member>> {
        if let Some(known) = self.younger.get(user) {
            return Some(known.clone());
        }
        let known = self.older.remove(user)?;
        self.put(user.clone(), known.clone());
        Some(known)
    }

    /// Remembers what storage has said, or what a commit has changed.
    pub(super) fn put(&mut self, user: UserId, member: Option<Member>) {
        if self.younger.len() >= MEMBERS_CACHED_MAX / 2 {
            self.older = std::mem::take(&mut self.younger);
        }
        self.older.remove(&user);
        self.younger.insert(user, member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_lately_is_remembered_and_the_memory_is_bounded() {
        let mut members = Members::default();
        let user = |number: usize| -> UserId { format!("user{number}").parse().expect("an id") };
        for number in 0..MEMBERS_CACHED_MAX * 3 {
            members.put(user(number), None);
            assert_eq!(members.get(&user(0)), Some(None), "user 0 is used all the time");
        }
        assert_eq!(members.get(&user(1)), None);
        assert!(members.younger.len() + members.older.len() <= MEMBERS_CACHED_MAX);
    }
}
