//! Epochs on their way in and out.
//!
//! The stored epoch of a log is its visible epoch XOR a salt of the whole store. Replacing the salt gives every log
//! another
//! epoch in one step, whatever the number of rooms; different logs keep different epochs.

use std::sync::atomic::{AtomicI64, Ordering};

use protocol::Epoch;
use rusqlite::{Connection, OptionalExtension as _, params};

const KEY: &str = "storage/epoch_salt";

/// The salt in force.
#[derive(Debug, Default)]
pub(super) struct Salt(AtomicI64);

impl Salt {
    /// The salt as stored; 0 when it was never renewed.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<i64> {
        let stored: Option<Vec<u8>> = connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
            .query_row([KEY], |row| row.get(0))
            .optional()?;
        let bytes = stored.and_then(|value| <[u8; 8]>::try_from(value).ok());
        Ok(bytes.map_or(0, i64::from_be_bytes))
    }

    /// Writes a new salt; it is in force when [`Salt::set`] is called after the commit.
    pub(super) fn renew(connection: &Connection) -> rusqlite::Result<i64> {
        let old = Self::read(connection)?;
        let mut salt = Epoch::generate().key();
        while salt == old {
            salt = Epoch::generate().key();
        }
        connection
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
            .execute(params![KEY, salt.to_be_bytes().as_slice()])?;
        Ok(salt)
    }

    pub(super) fn set(&self, salt: i64) {
        self.0.store(salt, Ordering::SeqCst);
    }

    /// The visible epoch of a stored one.
    pub(super) fn out(&self, stored: i64) -> Epoch {
        Epoch::from_key(stored ^ self.0.load(Ordering::SeqCst))
    }

    /// The stored form of a visible epoch.
    pub(super) fn stored(&self, epoch: Epoch) -> i64 {
        epoch.key() ^ self.0.load(Ordering::SeqCst)
    }
}
