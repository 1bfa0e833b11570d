//! Ids of commands: the client's `client_msg_id`, or one that the engine makes when the client gives none. Both stand in the same column of the
//! log, so an id itself tells which it is: the engine's begin with four bytes of zeros, followed by 96 random bits.

use uuid::Uuid;

/// A new id for a command that the client gave none.
///
/// # Panics
/// When the operating system has no randomness to give.
pub fn engine_made() -> Uuid {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes[4..]).expect("the operating system gives randomness");
    Uuid::from_bytes(bytes)
}

/// Whether the client gave this id, so that clients are shown it.
pub fn is_from_client(command_id: &Uuid) -> bool {
    command_id.as_bytes()[..4] != [0; 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_who_made_it() {
        assert!(!is_from_client(&engine_made()));
        assert_ne!(engine_made(), engine_made());
        assert!(is_from_client(&Uuid::new_v4()));
    }
}
