//! What one address may do within a time: a number at once, then one after the other. In memory, bounded.
//!
//! Invitations use it for codes that were wrong, and for guests. What is right costs nothing, so a whole hall behind one address can join at
//! once, while whoever guesses gets one guess a second.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use protocol::{Error, ErrorCode};

use crate::limits::BUDGET_ADDRESSES_MAX;

/// What each address has used up, as the time at which all of it will have been given back, Unix milliseconds.
pub(crate) struct Budget {
    at_once: i64,
    pause_ms: i64,
    used_until_ms: Mutex<HashMap<IpAddr, i64>>,
}

impl Budget {
    /// `at_once` uses, and another one each `pause_ms` milliseconds.
    pub(crate) fn new(at_once: u32, pause_ms: i64) -> Self {
        Self {
            at_once: i64::from(at_once),
            pause_ms,
            used_until_ms: Mutex::default(),
        }
    }

    /// Whether this address has something left.
    ///
    /// # Errors
    /// `TooManyRequests` when it has not.
    pub(crate) fn check(&self, address: Option<IpAddr>, now_ms: i64) -> Result<(), Error> {
        let used_until_ms = self.used_until_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let until_ms = used_until_ms.get(&network(address)).copied().unwrap_or(now_ms);
        if until_ms - now_ms > (self.at_once - 1) * self.pause_ms {
            return Err(Error::new(
                ErrorCode::TooManyRequests,
                "too many attempts; try again in a moment",
            ));
        }
        Ok(())
    }

    /// Takes one use.
    pub(crate) fn take(&self, address: Option<IpAddr>, now_ms: i64) {
        let mut used_until_ms = self.used_until_ms.lock().unwrap_or_else(PoisonError::into_inner);
        make_place(&mut used_until_ms, now_ms);
        let until_ms = used_until_ms.entry(network(address)).or_insert(now_ms);
        // What goes on trying while it is refused does not have to wait longer for that.
        let most_ms = now_ms + self.at_once * self.pause_ms;
        *until_ms = ((*until_ms).max(now_ms) + self.pause_ms).min(most_ms);
    }
}

/// Who counts as one: of IPv6 the network of a household. What comes from nowhere counts together.
fn network(address: Option<IpAddr>) -> IpAddr {
    let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Keeps the table bounded: who has everything back goes, else who has it back first.
fn make_place(used_until_ms: &mut HashMap<IpAddr, i64>, now_ms: i64) {
    if used_until_ms.len() < BUDGET_ADDRESSES_MAX {
        return;
    }
    used_until_ms.retain(|_, until_ms| *until_ms > now_ms);
    if used_until_ms.len() >= BUDGET_ADDRESSES_MAX
        && let Some(first) = used_until_ms
            .iter()
            .min_by_key(|(_, until_ms)| **until_ms)
            .map(|(address, _)| *address)
    {
        used_until_ms.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> Option<IpAddr> {
        Some(Ipv4Addr::from(number).into())
    }

    fn uses(budget: &Budget, address: Option<IpAddr>, now_ms: i64) -> usize {
        let mut count = 0;
        while budget.check(address, now_ms).is_ok() {
            budget.take(address, now_ms);
            count += 1;
        }
        count
    }

    #[test]
    fn a_number_passes_at_once_and_then_one_after_each_pause() {
        let budget = Budget::new(5, 1_000);
        assert_eq!(uses(&budget, address(1), 0), 5);
        assert_eq!(uses(&budget, address(2), 0), 5);
        assert_eq!(uses(&budget, address(1), 999), 0);
        assert_eq!(uses(&budget, address(1), 1_000), 1);
        assert_eq!(uses(&budget, address(1), 3_000), 2);
        assert_eq!(uses(&budget, address(1), 60_000), 5);
        assert_eq!(uses(&budget, None, 0), 5);
        assert_eq!(uses(&budget, None, 0), 0);
    }

    #[test]
    fn what_slips_through_at_once_is_not_counted_beyond_the_whole() {
        let budget = Budget::new(5, 1_000);
        (0..100).for_each(|_| budget.take(address(1), 0));
        assert!(budget.check(address(1), 999).is_err());
        assert!(budget.check(address(1), 1_000).is_ok());
    }

    #[test]
    fn a_household_counts_once_and_so_does_an_address_in_either_form() {
        let budget = Budget::new(1, 1_000);
        for (first, second) in [("2001:db8::1", "2001:db8::2"), ("192.0.2.1", "::ffff:192.0.2.1")] {
            budget.take(first.parse().ok(), 0);
            assert!(budget.check(second.parse().ok(), 0).is_err(), "{second}");
        }
        assert!(budget.check("2001:db8:0:1::1".parse().ok(), 0).is_ok());
    }

    #[test]
    fn the_table_stays_bounded() {
        let budget = Budget::new(5, 1_000_000);
        (0..BUDGET_ADDRESSES_MAX as u32 + 10).for_each(|number| budget.take(address(number), 0));
        assert!(budget.used_until_ms.lock().expect("no panic").len() <= BUDGET_ADDRESSES_MAX);
    }
}
