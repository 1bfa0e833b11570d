//! Publishing again under the same key gives the first result: the key becomes the command's id, which the room's log remembers for seven days,
//! and the node for a user's own channel for some minutes.

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// Keeps ids made here apart from hashes of the same text made elsewhere.
const DOMAIN: &[u8] = b"plenum server api idempotency key\0";

/// The command's id for a key; None: no key was given. Whatever the key, the id is a version 8 UUID
/// (<https://www.rfc-editor.org/rfc/rfc9562#section-5.8>).
pub(super) fn command_id(key: &str) -> Option<Uuid> {
    if key.is_empty() {
        return None;
    }
    let digest = Sha256::new().chain_update(DOMAIN).chain_update(key).finalize();
    let mut bytes: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
    // The engine's own ids begin with four bytes of zeros.
    bytes[0] |= 0x80;
    Some(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_one_id_and_no_key_is_none() {
        assert_eq!(command_id(""), None);
        assert_eq!(command_id("order-1"), command_id("order-1"));
        assert_ne!(command_id("order-1"), command_id("order-2"));
        let id = command_id("order-1").expect("an id");
        assert!(engine::command_id::is_from_client(&id));
    }
}
