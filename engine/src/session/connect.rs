//! The first command: who is it, and their own channel.

use std::{collections::BTreeMap, sync::Arc};

use actix::{AsyncContext, Context};
use protocol::{
    Disconnect, Error, ErrorCode,
    client::{CommandResult, ConnectRequest, ConnectResult, SubscribeResult},
    payload::Payload,
};

use super::{
    Session,
    actor::Stage,
    expire::seconds_left,
    subscribe::{Listening, Subscription, listen},
};
use crate::{
    Caller, Channel, Engine,
    limits::PING_INTERVAL_S,
    shard::{SessionKey, Shard},
};

/// A connection that was let in.
struct Admitted {
    caller: Caller,
    info: Option<Payload>,
    expires_at: Option<i64>,
    own_channel: Option<Listening>,
}

impl Session {
    pub(super) fn connect(&mut self, id: u32, request: ConnectRequest, ctx: &mut Context<Self>) {
        if self.shard.is_draining() {
            self.engine.metrics.connect(Some(ErrorCode::Unavailable));
            return self.close(Disconnect::Shutdown);
        }
        if request.token.is_empty() && !self.engine.limits.allow_anonymous {
            self.engine.metrics.connect(Some(ErrorCode::BadRequest));
            return self.close(Disconnect::BadRequest);
        }
        self.stage = Stage::Connecting;
        let (engine, shard, key) = (Arc::clone(&self.engine), self.shard.clone(), self.key);
        let future = async move { admit(&engine, &shard, key, request).await };
        self.in_order(future, ctx, move |session, admitted, ctx| match admitted {
            Ok(admitted) => session.connected(id, admitted, ctx),
            Err(error) => session.refused(id, error),
        });
    }

    fn connected(&mut self, id: u32, admitted: Admitted, ctx: &mut Context<Self>) {
        let Admitted {
            caller,
            info,
            expires_at,
            own_channel,
        } = admitted;
        self.caller = caller.on_connection(self.client).from_address(self.caller.address);
        self.info = info;
        self.stage = Stage::Connected;
        self.engine
            .sessions
            .enter(&self.caller.user, self.client, ctx.address());
        // Logged out while this connection was let in.
        if self
            .caller
            .auth_session
            .is_some_and(|login| self.engine.has_session_ended(login))
        {
            self.engine.metrics.connect(Some(ErrorCode::Unauthorized));
            return self.close(Disconnect::InvalidToken);
        }
        self.engine.metrics.connect(None);
        // A stream's pong would be a request of its own; its end is seen when a ping can't be written.
        let is_stream = self.secret.is_some();
        self.shard.connected(self.key, self.caller.user.clone(), !is_stream);
        let ttl = seconds_left(expires_at, self.engine.clock.now_ms());
        let mut subs: BTreeMap<String, SubscribeResult> = BTreeMap::new();
        if let Some(listening) = &own_channel {
            subs.insert(listening.held.channel.to_string(), listening.result());
        }
        let result = ConnectResult {
            client: self.client.to_string(),
            version: format!("Plenum {}", env!("CARGO_PKG_VERSION")),
            expires: expires_at.is_some(),
            ttl,
            subs,
            ping: PING_INTERVAL_S,
            pong: !is_stream,
            session: self.secret.map(|secret| secret.to_string()).unwrap_or_default(),
            node: if is_stream {
                self.engine.node.clone()
            } else {
                String::new()
            },
            ..ConnectResult::default()
        };
        self.reply(id, Ok(CommandResult::Connect(result)));
        if let Some(listening) = own_channel {
            self.shard.release(&listening.held);
            self.subscriptions.push(Subscription::new(listening.held.channel));
        }
        self.expires_at(expires_at);
    }

    fn refused(&mut self, id: u32, error: Error) {
        self.stage = Stage::New;
        self.engine.metrics.connect(Some(error.code));
        match error.code {
            ErrorCode::Unauthorized => self.close(Disconnect::InvalidToken),
            ErrorCode::PermissionDenied => self.close(Disconnect::PermissionDenied),
            _ => {
                self.reply(id, Err(error));
                // What was said behind a connect that failed was said before a connect.
                if self.has_waiting() {
                    self.close(Disconnect::BadRequest);
                }
            }
        }
    }
}

async fn admit(engine: &Engine, shard: &Shard, key: SessionKey, request: ConnectRequest) -> Result<Admitted, Error> {
    if request.token.is_empty() {
        return Ok(Admitted {
            caller: Caller::anonymous(),
            info: None,
            expires_at: None,
            own_channel: None,
        });
    }
    let claims = engine.claims(&request.token).await?;
    let channel = Channel::of_user(&claims.user);
    let recovery = request.subs.get(channel.as_str()).filter(|request| request.recover);
    // Both ask the store, and in a wave of connections one wait is cheaper than two.
    let listening = listen(engine, shard, key, &channel, recovery, true, async || Ok(()));
    let (caller, own_channel) = futures_util::future::join(engine.admit(&claims), listening).await;
    if caller.is_err() {
        shard.unsubscribe(key, &channel);
    }
    let (caller, own_channel) = (caller?, own_channel?);
    Ok(Admitted {
        caller,
        info: claims.info,
        expires_at: claims.expires_at,
        own_channel: Some(own_channel),
    })
}
