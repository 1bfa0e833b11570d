//! Connection tokens: one for all, one of a list for each, or signed here as an identity provider would.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Where phones get their tokens from.
#[derive(Clone)]
pub enum Tokens {
    /// They have none.
    None,
    /// Taken in turn.
    Given(Vec<String>),
    /// Signed with HS256 (RFC 7515, RFC 7518 section 3.2) for users of their own.
    Signed {
        /// The key that the server knows as `auth.jwt.hmac_secret`.
        key: String,
        /// When they expire, in Unix seconds.
        expires_at_s: u64,
    },
}

/// Tokens and keys are secrets.
impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "no tokens",
            Self::Given(_) => "given tokens",
            Self::Signed { .. } => "signed tokens",
        })
    }
}

impl Tokens {
    /// The token of the user number `index`; empty = none.
    pub fn of(&self, index: u64) -> String {
        match self {
            Self::None => String::new(),
            Self::Given(tokens) => tokens
                .get(index as usize % tokens.len().max(1))
                .cloned()
                .unwrap_or_default(),
            Self::Signed { key, expires_at_s } => sign(key, &user_of(index), *expires_at_s),
        }
    }
}

/// The user number `index` of signed tokens.
pub fn user_of(index: u64) -> String {
    format!("load-{index}")
}

fn sign(key: &str, user: &str, expires_at_s: u64) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = serde_json::json!({ "sub": user, "name": user, "exp": expires_at_s }).to_string();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signed}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_tokens_are_taken_in_turn() {
        let tokens = Tokens::Given(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!([0, 1, 2].map(|index| tokens.of(index)), ["a", "b", "a"]);
        assert_eq!(Tokens::None.of(3), "");
        assert_eq!(format!("{tokens:?}"), "given tokens");
    }

    #[test]
    fn a_signed_token_has_the_signature_of_its_text() {
        let token = Tokens::Signed {
            key: "secret".to_owned(),
            expires_at_s: 2_000_000_000,
        }
        .of(1);
        let (text, signature) = token.rsplit_once('.').expect("three parts");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("a key");
        mac.update(text.as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        assert!(mac.verify_slice(&signature).is_ok());
        let claims = URL_SAFE_NO_PAD
            .decode(text.split_once('.').expect("two parts").1)
            .expect("base64");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!(claims["sub"], "load-1");
    }
}
