//! Begins to follow a channel, with recovery.

use std::sync::Arc;

use actix::Context;
use protocol::{
    Disconnect, Error, ErrorCode,
    client::{ClientInfo, CommandResult, SubscribeRequest, SubscribeResult},
    payload::Payload,
};

use super::{Session, expire::seconds_left};
use crate::{
    Caller, Channel, ChannelKind, Engine, TokenError, access,
    limits::SUBSCRIPTIONS_MAX,
    metrics::{Limit, RecoveryOutcome},
    shard::{Held, Recovery, Resumed, SessionKey, Shard},
};

/// How often a session may fall behind in one channel within [`LAG_WINDOW_MS`] and still be given what it missed.
const LAGS_MAX: u8 = 3;
/// The time in which repeated lags count.
const LAG_WINDOW_MS: i64 = 60_000;

/// One channel that a session follows.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) channel: Channel,
    /// When the subscription token ends, Unix seconds; 0: never.
    pub(super) expires_s: u32,
    /// Others were told that this session came.
    pub(super) is_announced: bool,
    /// Not followed any more, but remembered for its lags.
    pub(super) lags: u8,
    pub(super) lagged_ms: i64,
    pub(super) is_ended: bool,
}

impl Subscription {
    /// A channel that nobody is told about.
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            expires_s: 0,
            is_announced: false,
            lags: 0,
            lagged_ms: 0,
            is_ended: false,
        }
    }
}

/// A cursor that waits for the reply, and what the reply says.
pub(super) struct Listening {
    pub(super) held: Held,
    resumed: Resumed,
    was_recovering: bool,
}

impl Listening {
    /// What the client is told.
    pub(super) fn result(&self) -> SubscribeResult {
        SubscribeResult {
            recoverable: true,
            positioned: true,
            epoch: self.held.epoch.to_string(),
            offset: self.resumed.offset,
            recovered: self.resumed.is_recovered,
            was_recovering: self.was_recovering,
            ..SubscribeResult::default()
        }
    }
}

/// Why a subscription failed.
enum Refusal {
    Error(Error),
    Disconnect(Disconnect),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What a subscription token adds.
#[derive(Default)]
struct Admission {
    is_by_token: bool,
    expires_at: Option<i64>,
    info: Option<Payload>,
}

impl Session {
    pub(super) fn subscribe(&mut self, id: u32, request: SubscribeRequest, ctx: &mut Context<Self>) {
        let Some(channel) = Channel::parse(&request.channel) else {
            return self.reply(id, Err(ErrorCode::BadRequest.into()));
        };
        let known = self.subscription(&channel).filter(|known| !known.is_ended).is_some();
        if known {
            return self.reply(id, Err(ErrorCode::AlreadySubscribed.into()));
        }
        if self.subscriptions.iter().filter(|known| !known.is_ended).count() >= SUBSCRIPTIONS_MAX {
            self.engine.metrics.limited(Limit::Subscriptions);
            return self.reply(id, Err(ErrorCode::LimitExceeded.into()));
        }
        let may_recover = !self.lags_too_often(&channel);
        let (engine, shard, key) = (Arc::clone(&self.engine), self.shard.clone(), self.key);
        let caller = self.caller.clone();
        let future = async move { begin(&engine, &shard, key, &caller, &channel, request, may_recover).await };
        self.in_order(future, ctx, move |session, outcome, _| match outcome {
            Ok((listening, admission)) => session.subscribed(id, &listening, admission),
            Err(Refusal::Error(error)) => session.reply(id, Err(error)),
            Err(Refusal::Disconnect(why)) => session.close(why),
        });
    }

    fn subscribed(&mut self, id: u32, listening: &Listening, admission: Admission) {
        let channel = listening.held.channel.clone();
        let result = SubscribeResult {
            expires: admission.expires_at.is_some(),
            ttl: seconds_left(admission.expires_at, self.engine.clock.now_ms()),
            ..listening.result()
        };
        self.reply(id, Ok(CommandResult::Subscribe(result)));
        self.shard.release(&listening.held);
        self.follow(channel, admission.expires_at, admission.info);
    }

    /// Notes the subscription and tells the room.
    pub(super) fn follow(&mut self, channel: Channel, expires_at: Option<i64>, chan_info: Option<Payload>) {
        if let Some(relay) = self.engine.relays.get(&channel) {
            let info = ClientInfo {
                user: self.caller.user.to_string(),
                client: self.client.to_string(),
                conn_info: self.info.clone(),
                chan_info,
            };
            self.engine
                .relays
                .join(&relay, self.client, &self.caller.user, info, true);
        }
        let lags = self.forget_ended(&channel);
        self.subscriptions.push(Subscription {
            expires_s: expires_at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0),
            is_announced: true,
            lags: lags.0,
            lagged_ms: lags.1,
            ..Subscription::new(channel)
        });
        self.wake_for_expiry();
    }

    /// Takes a subscription out of the list of those that are followed.
    pub(super) fn forget(&mut self, channel: &Channel) -> Option<Subscription> {
        let place = self
            .subscriptions
            .iter()
            .position(|known| known.channel == *channel && !known.is_ended)?;
        Some(self.subscriptions.swap_remove(place))
    }

    /// Tells the room that the session is gone from it.
    pub(super) fn announce_leave(&self, subscription: &Subscription) {
        if subscription.is_announced
            && let Some(relay) = self.engine.relays.get(&subscription.channel)
        {
            self.engine.relays.leave(&relay, self.client, &self.caller.user, true);
        }
    }

    /// Remembers that the session fell out of a channel's window.
    pub(super) fn note_lag(&mut self, channel: &Channel) {
        let now_ms = self.engine.clock.now_ms();
        let (lags, lagged_ms) = self.forget_ended(channel);
        let lags = if now_ms - lagged_ms < LAG_WINDOW_MS {
            lags.saturating_add(1)
        } else {
            1
        };
        let ended = Subscription {
            lags,
            lagged_ms: now_ms,
            is_ended: true,
            ..Subscription::new(channel.clone())
        };
        self.subscriptions.push(ended);
    }

    fn forget_ended(&mut self, channel: &Channel) -> (u8, i64) {
        let place = self
            .subscriptions
            .iter()
            .position(|known| known.channel == *channel && known.is_ended);
        place.map_or((0, 0), |place| {
            let ended = self.subscriptions.swap_remove(place);
            (ended.lags, ended.lagged_ms)
        })
    }

    fn lags_too_often(&mut self, channel: &Channel) -> bool {
        let now_ms = self.engine.clock.now_ms();
        self.subscription(channel)
            .is_some_and(|known| known.lags >= LAGS_MAX && now_ms - known.lagged_ms < LAG_WINDOW_MS)
    }
}

async fn begin(
    engine: &Engine,
    shard: &Shard,
    key: SessionKey,
    caller: &Caller,
    channel: &Channel,
    request: SubscribeRequest,
    may_recover: bool,
) -> Result<(Listening, Admission), Refusal> {
    let admission = admission(engine, caller, channel, &request.token).await?;
    let recovery = Some(&request).filter(|request| request.recover);
    let may_read = async || {
        if admission.is_by_token {
            Ok(())
        } else {
            access::may_listen(engine, caller, channel).await
        }
    };
    let mut listening = if may_recover {
        listen(engine, shard, key, channel, recovery, false, may_read).await?
    } else {
        listen(engine, shard, key, channel, None, false, may_read).await?
    };
    listening.was_recovering = request.recover;
    Ok((listening, admission))
}

/// What a subscription token says; the channel's own rules are asked for later, when the cursor is held.
async fn admission(engine: &Engine, caller: &Caller, channel: &Channel, token: &str) -> Result<Admission, Refusal> {
    // A subscription token makes no guest see more.
    if matches!(channel.kind(), ChannelKind::User(_) | ChannelKind::Nothing) || !caller.reaches_channel(channel) {
        return Err(Error::from(ErrorCode::UnknownChannel).into());
    }
    if token.is_empty() {
        return Ok(Admission::default());
    }
    let claims = engine.tokens.subscription(token).await.map_err(|error| {
        Error::from(match error {
            TokenError::Expired => ErrorCode::TokenExpired,
            TokenError::Invalid => ErrorCode::PermissionDenied,
            TokenError::Unavailable => ErrorCode::Unavailable,
        })
    })?;
    if claims.channel != channel.as_str() || claims.user != caller.user {
        return Err(Refusal::Disconnect(Disconnect::InvalidToken));
    }
    Ok(Admission {
        is_by_token: true,
        expires_at: claims.expires_at,
        info: claims.info,
    })
}

/// Holds a cursor, asks for the right to read, and goes back to where the client was.
///
/// The right is asked for while the cursor is held: a removal that was committed before is seen by the question, one that is committed after it
/// ends the held cursor.
pub(super) async fn listen(
    engine: &Engine,
    shard: &Shard,
    key: SessionKey,
    channel: &Channel,
    recovery: Option<&SubscribeRequest>,
    is_server_side: bool,
    may_read: impl AsyncFnOnce() -> Result<(), Error>,
) -> Result<Listening, Error> {
    let held = shard.hold(key, channel, is_server_side).await?;
    let fresh = Resumed {
        is_recovered: false,
        offset: held.offset,
    };
    let resumed = async {
        may_read().await?;
        match recovery {
            Some(request) => resume(engine, shard, &held, request).await,
            None => Ok(fresh),
        }
    };
    match resumed.await {
        Ok(resumed) => Ok(Listening {
            held,
            resumed,
            was_recovering: recovery.is_some(),
        }),
        Err(error) => {
            shard.unsubscribe(key, channel);
            Err(error)
        }
    }
}

async fn resume(engine: &Engine, shard: &Shard, held: &Held, request: &SubscribeRequest) -> Result<Resumed, Error> {
    let Ok(epoch) = request.epoch.parse() else {
        engine.metrics.recovery(RecoveryOutcome::NotRecovered);
        return Ok(Resumed {
            is_recovered: false,
            offset: held.offset,
        });
    };
    let resumed = shard
        .resume(
            held,
            Recovery {
                epoch,
                offset: request.offset,
            },
        )
        .await;
    engine.metrics.recovery(match &resumed {
        Ok(resumed) if resumed.is_recovered => RecoveryOutcome::Recovered,
        Ok(_) => RecoveryOutcome::NotRecovered,
        Err(_) => RecoveryOutcome::Refused,
    });
    resumed
}
