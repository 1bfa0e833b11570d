//! The keys that an outside identity provider publishes (<https://www.rfc-editor.org/rfc/rfc7517>), cached.
//!
//! They are fetched at the first outside token, again when a token names a key that is not known (at most every
//! [`JWKS_RETRY_AFTER_MS`]), and again when they are older than [`JWKS_FRESH_FOR_MS`], so that a key that was withdrawn ends. One
//! fetch at a time, whoever asks; while the provider is away, known keys go on.

mod fetch;
mod keys;

use std::sync::{Arc, Mutex, PoisonError};

use engine::{Clock, TokenError};
use jsonwebtoken::{Algorithm, DecodingKey};

use self::keys::Keys;
use crate::limits::{JWKS_FRESH_FOR_MS, JWKS_RETRY_AFTER_MS};

/// The provider's keys.
pub(super) struct Jwks {
    url: String,
    clock: Clock,
    known: Mutex<Known>,
    /// Held by whoever fetches.
    fetching: tokio::sync::Mutex<()>,
}

/// What is known of the provider.
#[derive(Default)]
struct Known {
    /// None: never fetched.
    keys: Option<Arc<Keys>>,
    /// When the keys came, Unix milliseconds.
    fetched_ms: i64,
    /// When the last fetch began; None: never.
    tried_ms: Option<i64>,
}

impl Jwks {
    pub(super) fn new(url: String, clock: Clock) -> Self {
        Self {
            url,
            clock,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::new(()),
        }
    }

    /// The keys that may have signed a token with this header, never empty.
    pub(super) async fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<DecodingKey>, TokenError> {
        let found = self.known_candidates(kid, algorithm);
        if !found.is_empty() && self.is_fresh() {
            return Ok(found);
        }
        if found.is_empty() {
            let _turn = self.fetching.lock().await;
            // Somebody may have fetched while this one waited for its turn.
            let found = self.known_candidates(kid, algorithm);
            if !found.is_empty() {
                return Ok(found);
            }
            self.fetch().await;
        } else if let Ok(_turn) = self.fetching.try_lock() {
            self.fetch().await;
        }
        self.answer(kid, algorithm)
    }

    fn answer(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Vec<DecodingKey>, TokenError> {
        let found = self.known_candidates(kid, algorithm);
        if !found.is_empty() {
            return Ok(found);
        }
        let never_fetched = self.known().keys.is_none();
        Err(if never_fetched {
            TokenError::Unavailable
        } else {
            TokenError::Invalid
        })
    }

    fn known_candidates(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let keys = self.known().keys.clone();
        keys.map(|keys| keys.candidates(kid, algorithm)).unwrap_or_default()
    }

    fn is_fresh(&self) -> bool {
        self.clock.now_ms() - self.known().fetched_ms < JWKS_FRESH_FOR_MS
    }

    /// Fetches, unless the last attempt was a moment ago. A failure leaves the known keys and is logged here.
    async fn fetch(&self) {
        let now_ms = self.clock.now_ms();
        {
            let mut known = self.known();
            if known
                .tried_ms
                .is_some_and(|tried_ms| now_ms - tried_ms < JWKS_RETRY_AFTER_MS)
            {
                return;
            }
            known.tried_ms = Some(now_ms);
        }
        match fetch::fetch(self.url.clone()).await.and_then(|text| Keys::parse(&text)) {
            Ok(keys) => {
                let mut known = self.known();
                known.keys = Some(Arc::new(keys));
                known.fetched_ms = now_ms;
            }
            Err(error) => tracing::warn!(error, "keys of the outside identity provider can't be had"),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
