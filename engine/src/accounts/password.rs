//! Passwords: Argon2id in PHC strings (<https://www.rfc-editor.org/rfc/rfc9106>), on few threads, so that a wave of logins does not take the
//! processors from the rooms.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use protocol::{Error, ErrorCode};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::PasswordCost;
use crate::limits;

/// Makes and checks password hashes.
pub struct Passwords {
    argon: Argon2<'static>,
    /// A hash of nothing, checked when there is no user: an unknown name takes as long as a wrong password.
    dummy: String,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// One place in the queue.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Passwords {
    /// With this cost.
    ///
    /// # Errors
    /// `Invalid` when the cost is outside Argon2's limits.
    pub fn new(cost: PasswordCost) -> Result<Self, Error> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|_| Error::new(ErrorCode::Invalid, "cost of password hashing out of range"))?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash_with(&argon, "")?;
        Ok(Self {
            argon,
            dummy,
            turns: Arc::new(Semaphore::new(limits::PASSWORD_HASHES_AT_ONCE)),
            waiting: Arc::default(),
        })
    }

    /// Checks a password's length.
    ///
    /// # Errors
    /// `Invalid` when it is too short or too long.
    pub fn check_length(password: &str) -> Result<(), Error> {
        if (limits::PASSWORD_BYTES_MIN..=limits::PASSWORD_BYTES_MAX).contains(&password.len()) {
            return Ok(());
        }
        Err(Error::new(ErrorCode::Invalid, "password: 8 to 256 bytes"))
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `TooManyRequests` when too many wait for their turn.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        let argon = self.argon.clone();
        self.in_turn(move || hash_with(&argon, &password)).await?
    }

    /// Whether the password is the hashed one; without a hash no, after the same time.
    ///
    /// # Errors
    /// `TooManyRequests` when too many wait for their turn.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        let argon = self.argon.clone();
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.clone());
        let is_right = self.in_turn(move || is_hash_of(&argon, &hash, &password)).await?;
        Ok(is_right && is_known)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let place = Place(Arc::clone(&self.waiting));
        if place.0.fetch_add(1, Ordering::AcqRel) >= limits::PASSWORD_HASHES_WAITING_MAX {
            return Err(ErrorCode::TooManyRequests.into());
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| ErrorCode::Unavailable)?;
        let outcome = spawn_blocking(move || {
            // Both are held until the work is done, even if the caller has gone away.
            let _held = (place, turn);
            work()
        });
        outcome.await.map_err(|_| ErrorCode::Internal.into())
    }
}

fn hash_with(argon: &Argon2<'_>, password: &str) -> Result<String, Error> {
    let hash = argon.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| {
        tracing::error!(%error, "hashing a password failed");
        ErrorCode::Internal.into()
    })
}

fn is_hash_of(argon: &Argon2<'_>, hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Passwords {
        Passwords::new(PasswordCost {
            memory_kib: 8,
            passes: 1,
        })
        .expect("in range")
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() -> Result<(), Error> {
        let passwords = cheap();
        let hash = passwords.hash("correct horse".into()).await?;
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await?);
        assert!(!passwords.verify("wrong horse".into(), Some(hash)).await?);
        assert!(!passwords.verify(String::new(), None).await?);
        Ok(())
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_refused_and_it_recovers() -> Result<(), Error> {
        let passwords = cheap();
        let all = limits::PASSWORD_HASHES_AT_ONCE as u32;
        let blocked = Arc::clone(&passwords.turns)
            .acquire_many_owned(all)
            .await
            .expect("open");
        let attempts = (0..=limits::PASSWORD_HASHES_WAITING_MAX).map(|_| passwords.hash("correct horse".into()));
        let release = async { drop(blocked) };
        let (outcomes, ()) = futures_util::future::join(futures_util::future::join_all(attempts), release).await;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(refused, 1);
        assert!(passwords.hash("correct horse".into()).await.is_ok());
        Ok(())
    }
}
