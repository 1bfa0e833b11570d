//! The kernel's limit of open files (getrlimit(2)): every phone needs one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::ArgumentError;
use crate::limits::DESCRIPTORS_RESERVED;

/// Takes as many descriptors as the hard limit allows.
pub(super) fn raise_descriptors(sessions: u64) -> Result<(), ArgumentError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = sessions + DESCRIPTORS_RESERVED;
    let mut allowed = current.unwrap_or(u64::MAX);
    let hard = maximum.unwrap_or(u64::MAX);
    if allowed < needed && allowed < hard {
        let wanted = needed.min(hard);
        if setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum,
            },
        )
        .is_ok()
        {
            allowed = wanted;
        }
    }
    descriptors_suffice(sessions, allowed)
}

const fn descriptors_suffice(sessions: u64, allowed: u64) -> Result<(), ArgumentError> {
    let needed = sessions + DESCRIPTORS_RESERVED;
    if allowed >= needed {
        return Ok(());
    }
    Err(ArgumentError::Descriptors {
        sessions,
        needed,
        allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_phones_than_descriptors_are_refused_with_the_way_out() {
        assert!(descriptors_suffice(936, 1_000).is_ok());
        let message = descriptors_suffice(937, 1_000).expect_err("too many").to_string();
        assert!(message.contains("ulimit -n") && message.contains("1001"), "{message}");
    }
}
