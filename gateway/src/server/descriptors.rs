//! The descriptor limit of the process: raised as far as allowed, and said in sessions.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::limits::{CONNECTIONS_MAX, DESCRIPTORS_RESERVED};

/// Raises the soft limit to the hard one and gives the descriptors that the process may have.
pub fn raise() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit {
            current: limit.maximum,
            ..limit
        };
        // Refused or unlimited in a way that the kernel does not take for descriptors: the old limit holds.
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = getrlimit(Resource::Nofile);
        }
    }
    limit
        .current
        .map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

/// Sessions that this many descriptors carry: a few stay for the store, for listening and for refusing politely.
pub fn sessions(descriptors: usize) -> usize {
    descriptors
        .saturating_sub(DESCRIPTORS_RESERVED)
        .clamp(1, CONNECTIONS_MAX)
}
