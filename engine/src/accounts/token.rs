//! Refresh tokens: 256 random bits in text, of which only the SHA-256 is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A refresh token. It has no `Debug`, so that it can't come into a log.
pub(crate) struct RefreshToken(String);

impl RefreshToken {
    /// A new random one.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a client presents.
    pub(crate) fn presented(text: String) -> Self {
        Self(text)
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The text, for its owner.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
