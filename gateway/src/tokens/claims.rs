//! What tokens say, as they say it; and what becomes of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::{ConnectionClaims, SubscriptionClaims, TokenError};
use protocol::{
    UserId,
    payload::{Payload, PayloadLimits},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Requirements;
use crate::limits::{TOKEN_INFO_BYTES_MAX, TOKEN_LEEWAY_S, TOKEN_NAME_BYTES_MAX};

/// The issuer in own tokens.
pub(super) const OWN_ISSUER: &str = "plenum";

/// Claims of an own access token.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnClaims {
    pub sub: String,
    pub sid: Uuid,
    pub iat: i64,
    pub exp: i64,
    pub iss: String,
}

/// Claims of an outside token, of either kind (<https://centrifugal.dev/docs/server/authentication>,
/// <https://centrifugal.dev/docs/server/channel_token_auth>). Unknown claims are the provider's own business.
#[derive(Deserialize)]
pub(super) struct OutsideClaims {
    sub: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iss: Option<String>,
    aud: Option<OneOrMany>,
    name: Option<String>,
    info: Option<Box<RawValue>>,
    b64info: Option<String>,
    channel: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// Whether a time of a token lies behind `now_ms`, with the leeway for clocks that differ.
pub(super) fn is_over(exp: i64, now_ms: i64) -> bool {
    exp.saturating_add(TOKEN_LEEWAY_S).saturating_mul(1_000) <= now_ms
}

impl OwnClaims {
    /// The engine's view of an own token.
    pub(super) fn connection(self, now_ms: i64) -> Result<ConnectionClaims, TokenError> {
        let user: UserId = self.sub.parse().map_err(|_| TokenError::Invalid)?;
        if self.iss != OWN_ISSUER {
            return Err(TokenError::Invalid);
        }
        if is_over(self.exp, now_ms) {
            return Err(TokenError::Expired);
        }
        Ok(ConnectionClaims {
            user,
            auth_session: Some(self.sid),
            expires_at: Some(self.exp),
            name: None,
            info: None,
            is_outside: false,
        })
    }
}

impl OutsideClaims {
    /// The engine's view of a connection token. A token for one channel admits to that channel alone, never as a connection.
    pub(super) fn connection(self, required: &Requirements, now_ms: i64) -> Result<ConnectionClaims, TokenError> {
        let expires_at = self.check(required, now_ms)?;
        if self.channel.is_some() {
            return Err(TokenError::Invalid);
        }
        let user = self
            .sub
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|_| TokenError::Invalid)?;
        let name = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        if name.is_some_and(|name| name.len() > TOKEN_NAME_BYTES_MAX) {
            return Err(TokenError::Invalid);
        }
        Ok(ConnectionClaims {
            user,
            auth_session: None,
            expires_at,
            name: name.map(str::to_owned),
            info: self.info()?,
            is_outside: true,
        })
    }

    /// The engine's view of a subscription token; without `sub` it is the anonymous user's.
    pub(super) fn subscription(self, required: &Requirements, now_ms: i64) -> Result<SubscriptionClaims, TokenError> {
        let expires_at = self.check(required, now_ms)?;
        let user = match self.sub.as_deref() {
            None | Some("") => UserId::anonymous(),
            Some(sub) => sub.parse().map_err(|_| TokenError::Invalid)?,
        };
        let info = self.info()?;
        let channel = self
            .channel
            .filter(|channel| !channel.is_empty())
            .ok_or(TokenError::Invalid)?;
        Ok(SubscriptionClaims {
            user,
            channel,
            expires_at,
            info,
        })
    }

    /// Checks times, issuer and audience; gives the end in Unix seconds.
    fn check(&self, required: &Requirements, now_ms: i64) -> Result<Option<i64>, TokenError> {
        let is_issuer = |wanted: &String| self.iss.as_ref() == Some(wanted);
        let is_audience = |wanted: &String| self.aud.as_ref().is_some_and(|aud| aud.contains(wanted));
        if !required.issuer.as_ref().is_none_or(is_issuer) || !required.audience.as_ref().is_none_or(is_audience) {
            return Err(TokenError::Invalid);
        }
        let starts_at = self.nbf.map(whole_seconds).transpose()?;
        if starts_at.is_some_and(|nbf| nbf.saturating_sub(TOKEN_LEEWAY_S).saturating_mul(1_000) > now_ms) {
            return Err(TokenError::Invalid);
        }
        let expires_at = self.exp.map(whole_seconds).transpose()?;
        if expires_at.is_some_and(|exp| is_over(exp, now_ms)) {
            return Err(TokenError::Expired);
        }
        Ok(expires_at)
    }

    fn info(&self) -> Result<Option<Payload>, TokenError> {
        let limits = PayloadLimits {
            bytes: TOKEN_INFO_BYTES_MAX,
            ..PayloadLimits::default()
        };
        let text = match (&self.b64info, &self.info) {
            (Some(base64), _) => STANDARD.decode(base64).map_err(|_| TokenError::Invalid)?,
            (None, Some(info)) if info.get() == "null" => return Ok(None),
            (None, Some(info)) => info.get().as_bytes().to_vec(),
            (None, None) => return Ok(None),
        };
        Payload::from_json(&text, &limits)
            .map(Some)
            .map_err(|_| TokenError::Invalid)
    }
}

/// A `NumericDate` (<https://www.rfc-editor.org/rfc/rfc7519#section-2>) may have a fraction.
fn whole_seconds(date: f64) -> Result<i64, TokenError> {
    let is_a_date = date.is_finite() && date.abs() < 9e15;
    is_a_date.then_some(date as i64).ok_or(TokenError::Invalid)
}
