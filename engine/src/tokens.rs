//! What the engine asks of tokens; the gateway knows keys and signatures.

use async_trait::async_trait;
use protocol::{UserId, payload::Payload};
use storage::User;
use uuid::Uuid;

/// What a connection token says.
#[derive(Debug, Clone)]
pub struct ConnectionClaims {
    /// Whom it admits.
    pub user: UserId,
    /// The login it belongs to; None for tokens of an outside identity provider.
    pub auth_session: Option<Uuid>,
    /// When it ends, Unix seconds; None: never.
    pub expires_at: Option<i64>,
    /// The person's name, where an outside provider gives one.
    pub name: Option<String>,
    /// Shown to others as `conn_info`.
    pub info: Option<Payload>,
    /// Signed by an outside identity provider: the user is created at first use.
    pub is_outside: bool,
}

/// What a subscription token says.
#[derive(Debug, Clone)]
pub struct SubscriptionClaims {
    /// For whom.
    pub user: UserId,
    /// To which channel alone.
    pub channel: String,
    /// When it ends, Unix seconds; None: never.
    pub expires_at: Option<i64>,
    /// Shown to others as `chan_info`.
    pub info: Option<Payload>,
}

/// A token that admits nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Malformed, of a foreign key, of a wrong algorithm, or with impossible claims.
    #[error("invalid token")]
    Invalid,
    /// Its time is over.
    #[error("token expired")]
    Expired,
    /// The keys can't be had at the moment.
    #[error("token keys unavailable")]
    Unavailable,
}

/// Checks and makes tokens.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Checks a connection token (also the Bearer of HTTP).
    async fn connection(&self, token: &str) -> Result<ConnectionClaims, TokenError>;

    /// Checks a subscription token.
    async fn subscription(&self, token: &str) -> Result<SubscriptionClaims, TokenError>;

    /// Makes an access token of one login; gives it with the seconds it lives.
    fn issue(&self, user: &User, auth_session: Uuid, now_ms: i64) -> (String, i64);
}
