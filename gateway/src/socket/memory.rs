//! What the kernel holds for sockets that take no more, and from when on new ones are refused for it.
//!
//! Nothing is looked up over all sockets: each one is measured at the moment at which a write would block, and taken out of the sum when it takes
//! bytes again or ends. Streams are not in the sum: their sockets belong to the HTTP dispatcher.

use std::{cell::Cell, fs};

use prometheus::IntGauge;

use crate::limits::SOCKET_MEMORY_SHARE;

/// The node's sum and its limit.
pub struct SocketMemory {
    held_bytes: IntGauge,
    max_bytes: Option<u64>,
}

impl SocketMemory {
    /// Nothing held. `wanted_bytes` as configured: None: [`SOCKET_MEMORY_SHARE`] of what the kernel gives to TCP; 0: no limit.
    pub fn new(wanted_bytes: Option<u64>, held_bytes: IntGauge) -> Self {
        let max_bytes = wanted_bytes.or_else(usual_max_bytes).filter(|bytes| *bytes > 0);
        Self { held_bytes, max_bytes }
    }

    /// The limit in bytes; 0: none.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes.unwrap_or(0)
    }

    /// Whether new sockets have to wait.
    pub fn is_used_up(&self) -> bool {
        let held_bytes = u64::try_from(self.held_bytes.get()).unwrap_or(0);
        self.max_bytes.is_some_and(|max_bytes| held_bytes >= max_bytes)
    }

    /// A socket's part of the sum, nothing so far.
    pub fn part(&self) -> Part {
        Part {
            sum: self.held_bytes.clone(),
            held_bytes: Cell::new(0),
        }
    }
}

/// One socket's part of the sum; it goes with the socket.
pub struct Part {
    sum: IntGauge,
    held_bytes: Cell<u32>,
}

impl Part {
    /// The socket holds so many bytes now.
    pub fn set(&self, bytes: u32) {
        let before = self.held_bytes.replace(bytes);
        if before != bytes {
            self.sum.add(i64::from(bytes) - i64::from(before));
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A share of the number of pages from which on the kernel saves memory for TCP (tcp(7), `tcp_mem`); None where that can't be read.
fn usual_max_bytes() -> Option<u64> {
    let pages = pressure_pages(&fs::read_to_string("/proc/sys/net/ipv4/tcp_mem").ok()?)?;
    let page_bytes = u64::try_from(rustix::param::page_size()).ok()?;
    Some(pages.saturating_mul(page_bytes) / SOCKET_MEMORY_SHARE)
}

/// The middle one of "low pressure high".
fn pressure_pages(text: &str) -> Option<u64> {
    text.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum() -> IntGauge {
        IntGauge::new("sum_bytes", "A sum.").expect("a name")
    }

    #[test]
    fn the_sum_follows_its_parts_and_the_limit_follows_the_sum() {
        let memory = SocketMemory::new(Some(1_000), sum());
        let (one, two) = (memory.part(), memory.part());
        one.set(600);
        assert!(!memory.is_used_up());
        two.set(400);
        assert!(memory.is_used_up(), "1,000 are all");
        one.set(100);
        assert_eq!(memory.held_bytes.get(), 500);
        drop((one, two));
        assert_eq!(memory.held_bytes.get(), 0);
    }

    #[test]
    fn zero_is_no_limit() {
        let memory = SocketMemory::new(Some(0), sum());
        let part = memory.part();
        part.set(u32::MAX);
        assert!(!memory.is_used_up());
        assert_eq!(memory.max_bytes(), 0);
    }

    #[test]
    fn the_kernel_says_low_pressure_high() {
        assert_eq!(pressure_pages("287898\t383867\t575796\n"), Some(383_867));
        assert_eq!(pressure_pages(""), None);
    }
}
