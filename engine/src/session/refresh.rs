//! New tokens for a connection and for its subscriptions.

use std::sync::Arc;

use actix::Context;
use protocol::{
    Disconnect, Error, ErrorCode,
    client::{CommandResult, RefreshRequest, RefreshResult, SubRefreshRequest, SubRefreshResult},
};

use super::{Session, expire::seconds_left};
use crate::{Channel, TokenError};

impl Session {
    pub(super) fn refresh(&mut self, id: u32, request: RefreshRequest, ctx: &mut Context<Self>) {
        if request.token.is_empty() {
            return self.reply(id, Err(ErrorCode::BadRequest.into()));
        }
        let engine = Arc::clone(&self.engine);
        let future = async move { engine.caller(&request.token).await };
        self.in_order(future, ctx, move |session, verified, _| match verified {
            Ok((caller, claims)) if caller.user == session.caller.user => {
                let ttl = seconds_left(claims.expires_at, session.engine.clock.now_ms());
                let result = RefreshResult {
                    client: session.client.to_string(),
                    version: format!("Plenum {}", env!("CARGO_PKG_VERSION")),
                    expires: claims.expires_at.is_some(),
                    ttl,
                };
                session.expires_at(claims.expires_at);
                session.reply(id, Ok(CommandResult::Refresh(result)));
            }
            Ok(_) => session.close(Disconnect::InvalidToken),
            Err(error) if error.code == ErrorCode::Unauthorized => session.close(Disconnect::InvalidToken),
            Err(error) => session.reply(id, Err(error)),
        });
    }

    pub(super) fn sub_refresh(&mut self, id: u32, request: SubRefreshRequest, ctx: &mut Context<Self>) {
        let channel = Channel::parse(&request.channel);
        let Some(channel) = channel.filter(|channel| self.subscription(channel).is_some_and(|known| !known.is_ended))
        else {
            return self.reply(id, Err(ErrorCode::PermissionDenied.into()));
        };
        if request.token.is_empty() {
            return self.reply(id, Err(ErrorCode::BadRequest.into()));
        }
        let engine = Arc::clone(&self.engine);
        let future = async move { engine.tokens.subscription(&request.token).await };
        self.in_order(future, ctx, move |session, verified, _| match verified {
            Ok(claims) if claims.channel == channel.as_str() && claims.user == session.caller.user => {
                let ttl = seconds_left(claims.expires_at, session.engine.clock.now_ms());
                if let Some(subscription) = session.subscription(&channel) {
                    subscription.expires_s = claims.expires_at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
                }
                session.wake_for_expiry();
                let result = SubRefreshResult {
                    expires: claims.expires_at.is_some(),
                    ttl,
                };
                session.reply(id, Ok(CommandResult::SubRefresh(result)));
            }
            Ok(_) | Err(TokenError::Invalid) => session.close(Disconnect::InvalidToken),
            Err(TokenError::Expired) => session.reply(id, Err(Error::from(ErrorCode::TokenExpired))),
            Err(TokenError::Unavailable) => session.reply(id, Err(Error::from(ErrorCode::Unavailable))),
        });
    }
}
