//! Epochs on their way in and out.
//!
//! The stored epoch of a log is its visible epoch XOR a salt of the whole store. Replacing the salt gives every log another epoch in one
//! step, whatever the number of rooms; different logs keep different epochs. The same as in SQLite.

use std::sync::atomic::{AtomicI64, Ordering};

use protocol::Epoch;

use super::{
    client::Client,
    failure::{Fault, Result},
};

const KEY: &str = "storage/epoch_salt";

/// The salt in force.
#[derive(Debug, Default)]
pub(super) struct Salt(AtomicI64);

impl Salt {
    /// The salt as stored; 0 when it was never renewed.
    pub(super) async fn read(client: &Client) -> Result<i64> {
        let stored = client.row::<(Vec<u8>,)>(&client.statements.meta, (KEY,)).await?;
        let bytes = stored.and_then(|(value,)| <[u8; 8]>::try_from(value).ok());
        Ok(bytes.map_or(0, i64::from_be_bytes))
    }

    /// Writes a new salt and gives it. Asked twice at once, one of the two is in force in the end and the other is told so.
    pub(super) async fn renew(client: &Client) -> Result<i64> {
        let old = Self::read(client).await?;
        let mut salt = Epoch::generate().key();
        while salt == old {
            salt = Epoch::generate().key();
        }
        let value = salt.to_be_bytes().to_vec();
        let statements = &client.statements;
        let is_first = client.condition(&statements.insert_meta, (KEY, &value)).await;
        let was_written = match is_first {
            Ok(false) => {
                let from = old.to_be_bytes().to_vec();
                client.condition(&statements.change_meta, (&value, KEY, from)).await
            }
            other => other,
        };
        match was_written {
            Ok(true) => Ok(salt),
            // Lost a race, or not known: what is there now counts if it is new.
            Ok(false) | Err(Fault::Unknown(_)) => match Self::read(client).await? {
                now if now != old => Ok(now),
                _ => Err(Fault::Unavailable(
                    "the salt of the epochs could not be renewed".to_owned(),
                )),
            },
            Err(fault) => Err(fault),
        }
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
