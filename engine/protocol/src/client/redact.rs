//! Debug output of messages that carry tokens or a session's secret name: these are never in it.

use std::fmt;

use super::{
    command::{ConnectRequest, RefreshRequest, SubRefreshRequest, SubscribeRequest},
    reply::ConnectResult,
};

/// Shows whether there is a token and nothing else.
fn presence(token: &str) -> &'static str {
    if token.is_empty() { "none" } else { "given" }
}

impl fmt::Debug for ConnectRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ConnectRequest")
            .field("token", &presence(&self.token))
            .field("subs", &self.subs)
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SubscribeRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SubscribeRequest")
            .field("channel", &self.channel)
            .field("token", &presence(&self.token))
            .field("recover", &self.recover)
            .field("epoch", &self.epoch)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RefreshRequest")
            .field("token", &presence(&self.token))
            .finish()
    }
}

impl fmt::Debug for SubRefreshRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SubRefreshRequest")
            .field("channel", &self.channel)
            .field("token", &presence(&self.token))
            .field("kind", &self.kind)
            .finish()
    }
}

impl fmt::Debug for ConnectResult {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ConnectResult")
            .field("client", &self.client)
            .field("subs", &self.subs)
            .field("session", &presence(&self.session))
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}
