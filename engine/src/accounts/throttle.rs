//! The brake on guessing passwords: per user name, growing pauses between attempts. In memory, bounded, the same for names that nobody has.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use protocol::{Error, ErrorCode};

use crate::limits;

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    last_ms: i64,
}

impl Attempts {
    /// When the next attempt may be made, Unix milliseconds.
    fn free_ms(self) -> i64 {
        match self.count.checked_sub(limits::LOGIN_ATTEMPTS_FREE) {
            None => self.last_ms,
            Some(above) => self.last_ms + (1_000_i64 << above.min(16)).min(limits::LOGIN_PAUSE_MAX_MS),
        }
    }
}

/// Attempts to log in that have not succeeded, by name.
#[derive(Default)]
pub(crate) struct Throttle {
    by_name: Mutex<HashMap<String, Attempts>>,
}

impl Throttle {
    /// Counts an attempt before it is made, so that parallel ones count too.
    ///
    /// # Errors
    /// `TooManyRequests` while the name has to pause; the words say how long.
    pub(crate) fn attempt(&self, username: &str, now_ms: i64) -> Result<(), Error> {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        make_place(&mut by_name, now_ms);
        let attempts = by_name.entry(key(username)).or_insert(Attempts {
            count: 0,
            last_ms: now_ms,
        });
        if is_forgotten(attempts, now_ms) {
            attempts.count = 0;
        }
        let wait_ms = attempts.free_ms() - now_ms;
        if wait_ms > 0 && attempts.count >= limits::LOGIN_ATTEMPTS_FREE {
            let wait_s = (wait_ms + 999) / 1_000;
            let words = format!("too many attempts; try again in {wait_s} s");
            return Err(Error::new(ErrorCode::TooManyRequests, words));
        }
        attempts.count += 1;
        attempts.last_ms = now_ms;
        Ok(())
    }

    /// An attempt succeeded: the name starts anew.
    pub(crate) fn succeeded(&self, username: &str) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(&key(username));
    }
}

fn key(username: &str) -> String {
    username.to_lowercase()
}

fn is_forgotten(attempts: &Attempts, now_ms: i64) -> bool {
    now_ms - attempts.last_ms >= limits::LOGIN_FORGOTTEN_AFTER_MS
}

/// Keeps the table bounded: what is forgotten goes, else the name that was tried longest ago.
fn make_place(by_name: &mut HashMap<String, Attempts>, now_ms: i64) {
    if by_name.len() < limits::LOGIN_NAMES_MAX {
        return;
    }
    by_name.retain(|_, attempts| !is_forgotten(attempts, now_ms));
    if by_name.len() >= limits::LOGIN_NAMES_MAX {
        let oldest = by_name.iter().min_by_key(|(_, attempts)| attempts.last_ms);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_success_or_with_time() {
        let throttle = Throttle::default();
        for _ in 0..limits::LOGIN_ATTEMPTS_FREE {
            assert!(throttle.attempt("Alice", 0).is_ok());
        }
        let refused = throttle.attempt("alice", 999).expect_err("paused");
        assert_eq!(refused.code, ErrorCode::TooManyRequests);
        assert!(refused.message().contains("1 s"), "{refused}");
        assert!(throttle.attempt("bob", 999).is_ok());

        assert!(throttle.attempt("alice", 1_000).is_ok());
        assert!(throttle.attempt("alice", 2_999).is_err());
        assert!(throttle.attempt("alice", 3_000).is_ok());

        throttle.succeeded("ALICE");
        assert!(throttle.attempt("alice", 3_001).is_ok());
    }

    #[test]
    fn the_longest_pause_is_bounded_and_quiet_names_are_forgotten() {
        let throttle = Throttle::default();
        let mut now_ms = 0;
        for _ in 0..40 {
            assert!(throttle.attempt("alice", now_ms).is_ok());
            now_ms += limits::LOGIN_PAUSE_MAX_MS;
        }
        let later_ms = now_ms - limits::LOGIN_PAUSE_MAX_MS + limits::LOGIN_FORGOTTEN_AFTER_MS;
        for _ in 0..limits::LOGIN_ATTEMPTS_FREE {
            assert!(throttle.attempt("alice", later_ms).is_ok());
        }
        assert!(throttle.attempt("alice", later_ms).is_err());
    }

    #[test]
    fn the_table_stays_bounded() {
        let throttle = Throttle::default();
        for number in 0..limits::LOGIN_NAMES_MAX + 10 {
            assert!(throttle.attempt(&format!("user{number}"), number as i64).is_ok());
        }
        assert!(throttle.by_name.lock().expect("no panic").len() <= limits::LOGIN_NAMES_MAX);
    }
}
