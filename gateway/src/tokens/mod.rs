//! Tokens: own access tokens, and those of an outside identity provider.
//!
//! The engine asks through its trait [`engine::Tokens`]; keys and signatures are known here alone. Nothing here looks up
//! users or logins, and no token ever stands in a log line.
//!
//! Own tokens are HS256 with a key that lies in the store, so they outlive restarts and hold on every node. Outside tokens are
//! HS256 with `auth.jwt.hmac_secret`, or RS256 and ES256 with keys from `auth.jwt.jwks_url`. The algorithm is decided by the
//! key, never by the token: `alg: none` and a public key taken for a secret get nowhere. Times may be
//! [`TOKEN_LEEWAY_S`](crate::limits::TOKEN_LEEWAY_S) off.

mod claims;
mod jwks;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use engine::{Clock, ConnectionClaims, SubscriptionClaims, TokenError, Tokens};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode, errors::ErrorKind,
};
use serde::de::DeserializeOwned;
use storage::User;
use tokio::sync::watch;
use uuid::Uuid;

use self::{
    claims::{OWN_ISSUER, OutsideClaims, OwnClaims},
    jwks::Jwks,
};
use crate::{config::Config, limits::TOKEN_BYTES_MAX};

/// Bytes of the key that own tokens are signed with.
pub const SIGNING_KEY_BYTES: usize = 32;
/// Where the store keeps that key.
pub const SIGNING_KEY_NAME: &str = "signing_key";

/// What outside tokens must say.
#[derive(Debug, Default)]
pub(crate) struct Requirements {
    pub issuer: Option<String>,
    pub audience: Option<String>,
}

/// Checks and makes tokens.
pub struct GatewayTokens {
    signing: EncodingKey,
    own: DecodingKey,
    ttl_s: i64,
    jwks: Option<Jwks>,
    config: watch::Receiver<std::sync::Arc<Config>>,
    clock: Clock,
}

impl GatewayTokens {
    /// Tokens under this signing key; the rest follows the configuration, also while it changes.
    pub fn new(signing_key: &[u8], config: watch::Receiver<std::sync::Arc<Config>>, clock: Clock) -> Self {
        let (ttl_s, jwks) = {
            let config = config.borrow();
            let jwks = config
                .jwt_jwks_url
                .as_ref()
                .map(|url| Jwks::new(url.0.clone(), clock.clone()));
            (config.access_token_ttl_s.0 as i64, jwks)
        };
        Self {
            signing: EncodingKey::from_secret(signing_key),
            own: DecodingKey::from_secret(signing_key),
            ttl_s,
            jwks,
            config,
            clock,
        }
    }

    fn own_claims(&self, token: &str) -> Result<OwnClaims, Refusal> {
        verify(token, &self.own, Algorithm::HS256)
    }

    /// The claims of an outside token whose signature is right.
    async fn outside_claims(&self, token: &str) -> Result<OutsideClaims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        match header.alg {
            Algorithm::HS256 => self.claims_by_secret(token),
            algorithm @ (Algorithm::RS256 | Algorithm::ES256) => {
                let jwks = self.jwks.as_ref().ok_or(TokenError::Invalid)?;
                let keys = jwks.candidates(header.kid.as_deref(), algorithm).await?;
                let verified = keys.iter().find_map(|key| verify(token, key, algorithm).ok());
                verified.ok_or(TokenError::Invalid)
            }
            _ => Err(TokenError::Invalid),
        }
    }

    fn claims_by_secret(&self, token: &str) -> Result<OutsideClaims, TokenError> {
        let config = self.config.borrow().clone();
        let secret = config.jwt_hmac_secret.as_ref().ok_or(TokenError::Invalid)?;
        let key = DecodingKey::from_secret(secret.reveal().as_bytes());
        verify(token, &key, Algorithm::HS256).map_err(|_| TokenError::Invalid)
    }

    fn requirements(&self) -> Requirements {
        let config = self.config.borrow();
        Requirements {
            issuer: config.jwt_issuer.as_ref().map(|text| text.0.clone()),
            audience: config.jwt_audience.as_ref().map(|text| text.0.clone()),
        }
    }
}

#[async_trait]
impl Tokens for GatewayTokens {
    async fn connection(&self, token: &str) -> Result<ConnectionClaims, TokenError> {
        check_size(token)?;
        match self.own_claims(token) {
            Ok(claims) => claims.connection(self.clock.now_ms()),
            // Signed with the own key and yet not an own token: nobody else has that key.
            Err(Refusal::Claims) => Err(TokenError::Invalid),
            Err(Refusal::Signature) => {
                let claims = self.outside_claims(token).await?;
                claims.connection(&self.requirements(), self.clock.now_ms())
            }
        }
    }

    async fn subscription(&self, token: &str) -> Result<SubscriptionClaims, TokenError> {
        check_size(token)?;
        let claims = self.outside_claims(token).await?;
        claims.subscription(&self.requirements(), self.clock.now_ms())
    }

    fn issue(&self, user: &User, auth_session: Uuid, now_ms: i64) -> (String, i64) {
        let issued_at = now_ms.div_euclid(1_000);
        let claims = OwnClaims {
            sub: user.id.to_string(),
            sid: auth_session,
            iat: issued_at,
            exp: issued_at + self.ttl_s,
            iss: OWN_ISSUER.to_owned(),
        };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.signing);
        (token.expect("plain claims are signed under a secret"), self.ttl_s)
    }
}

/// Why a key does not accept a token.
enum Refusal {
    /// The signature is not of this key, or the token is none.
    Signature,
    /// The signature is right, the claims are not of this kind.
    Claims,
}

fn check_size(token: &str) -> Result<(), TokenError> {
    if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
        Err(TokenError::Invalid)
    } else {
        Ok(())
    }
}

/// Checks the signature and reads the claims. Times, issuer and audience are looked at by whoever knows the claims' kind.
fn verify<T: DeserializeOwned>(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<T, Refusal> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode::<T>(token, key, &validation)
        .map(|token| token.claims)
        .map_err(|error| match error.kind() {
            ErrorKind::Json(_) => Refusal::Claims,
            _ => Refusal::Signature,
        })
}
