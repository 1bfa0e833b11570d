//! What a session holds, and which file takes which command.

use std::{
    collections::VecDeque,
    future::Future,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    task::{self, Poll, Waker},
};

use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture, fut::wrap_future};
use protocol::{
    Disconnect, Error, ErrorCode,
    client::{Command, CommandResult, Incoming, Reply, Request, encode_reply},
    payload::Payload,
};
use uuid::Uuid;

use super::{Commands, Flow, rate::Rate, subscribe::Subscription};
use crate::{
    Caller, Channel, Engine,
    limits::COMMANDS_UNDER_WAY_MAX,
    metrics::Limit,
    shard::{Ended, SessionKey, Shard, ShardNotice, Wire},
};

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    New,
    Connecting,
    Connected,
}

/// One connection of one user.
pub struct Session {
    pub(super) engine: Arc<Engine>,
    pub(super) shard: Shard,
    pub(super) key: SessionKey,
    pub(super) wire: Wire,
    pub(super) client: Uuid,
    /// The secret of a stream, whose commands come in requests of their own.
    pub(super) secret: Option<Uuid>,
    pub(super) stage: Stage,
    pub(super) caller: Caller,
    pub(super) info: Option<Payload>,
    /// When the connection token ends, Unix seconds; 0: never.
    pub(super) expires_s: u32,
    pub(super) subscriptions: Vec<Subscription>,
    /// Commands behind the ordered one under way.
    waiting: VecDeque<Command>,
    is_busy: bool,
    under_way: usize,
    flow: Rc<Flow>,
    pub(super) rate: Rate,
}

/// What a socket needs to open a session.
pub struct Opening {
    /// The session's place in its shard.
    pub key: SessionKey,
    /// The connection's id.
    pub client: Uuid,
    /// The session's wire format.
    pub wire: Wire,
    /// The secret of a stream.
    pub secret: Option<Uuid>,
    /// Where the connection comes from, where that is known.
    pub address: Option<IpAddr>,
    /// Back-pressure to the socket.
    pub flow: Rc<Flow>,
}

impl Session {
    /// Starts a session on this thread; its place in the shard is open already.
    pub fn start(engine: &Arc<Engine>, shard: &Shard, opening: Opening) -> Addr<Self> {
        let rate = Rate::new(engine.limits.publish_per_second, engine.clock.now_ms());
        let session = Self {
            engine: Arc::clone(engine),
            shard: shard.clone(),
            key: opening.key,
            wire: opening.wire,
            client: opening.client,
            secret: opening.secret,
            stage: Stage::New,
            caller: Caller::anonymous().from_address(opening.address),
            info: None,
            expires_s: 0,
            subscriptions: Vec::new(),
            waiting: VecDeque::new(),
            is_busy: false,
            under_way: 0,
            flow: opening.flow,
            rate,
        };
        Actor::start(session)
    }

    fn take(&mut self, command: Command, ctx: &mut Context<Self>) {
        match (&command.request, self.stage) {
            (Request::Connect(_), Stage::Connecting | Stage::Connected) => self.close(Disconnect::BadRequest),
            (Request::Connect(_), Stage::New) => self.run(command, ctx),
            (_, Stage::New) => self.close(Disconnect::BadRequest),
            (_, Stage::Connecting) => self.wait(command),
            (request, Stage::Connected) if self.is_busy && is_ordered(request) => self.wait(command),
            (_, Stage::Connected) => self.run(command, ctx),
        }
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Ordered commands pass one by one; a full queue is answered at once.
    fn wait(&mut self, command: Command) {
        if self.waiting.len() >= COMMANDS_UNDER_WAY_MAX {
            self.engine.metrics.limited(Limit::Commands);
            return self.reply(command.id, Err(ErrorCode::TooManyRequests.into()));
        }
        self.waiting.push_back(command);
    }

    /// The one place that knows which file takes which command.
    fn run(&mut self, command: Command, ctx: &mut Context<Self>) {
        let id = command.id;
        match command.request {
            Request::Connect(request) => self.connect(id, request, ctx),
            Request::Subscribe(request) => self.subscribe(id, request, ctx),
            Request::Unsubscribe(request) => self.unsubscribe(id, &request),
            Request::Publish(request) => self.publish(id, request, ctx),
            Request::History(request) => self.history(id, request, ctx),
            Request::Presence(request) => self.presence(id, &request.channel, ctx),
            Request::PresenceStats(request) => self.presence_stats(id, &request.channel, ctx),
            Request::Rpc(request) => self.rpc(id, request, ctx),
            Request::Refresh(request) => self.refresh(id, request, ctx),
            Request::SubRefresh(request) => self.sub_refresh(id, request, ctx),
            Request::Ping => self.reply(id, Ok(CommandResult::Ping)),
            // Nobody on the server listens to messages without an answer.
            Request::Send(_) => {}
        }
    }

    /// Runs a command whose end others may overtake; its result is the reply.
    ///
    /// Up to where it first waits it runs at once: there a command to a room has its place in the room's queue. The actor's context keeps no
    /// order among futures that it has not polled yet.
    pub(super) fn reply_with<F>(&mut self, id: u32, future: F, ctx: &mut Context<Self>)
    where
        F: Future<Output = Result<CommandResult, Error>> + 'static,
    {
        let mut future = Box::pin(future);
        // Whatever wakes it before the context has polled it is seen by that poll.
        let first = future.as_mut().poll(&mut task::Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = first {
            return self.reply(id, result);
        }
        self.under_way += 1;
        self.flow.pause(self.under_way >= COMMANDS_UNDER_WAY_MAX);
        ctx.spawn(wrap_future::<_, Self>(future).map(move |result, session, _| {
            session.under_way -= 1;
            session.flow.pause(session.under_way >= COMMANDS_UNDER_WAY_MAX);
            session.reply(id, result);
            session.shard.flush(session.key);
        }));
    }

    /// Runs an ordered command: the next ordered one begins when `then` has been called.
    pub(super) fn in_order<F, T>(
        &mut self,
        future: F,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, T, &mut Context<Self>) + 'static,
    ) where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.is_busy = true;
        ctx.spawn(future.into_actor(self).map(move |output, session, ctx| {
            session.is_busy = false;
            then(session, output, ctx);
            session.go_on(ctx);
            session.shard.flush(session.key);
        }));
    }

    fn go_on(&mut self, ctx: &mut Context<Self>) {
        while let Some(next) = self.waiting.front() {
            if self.stage != Stage::Connected || (self.is_busy && is_ordered(&next.request)) {
                return;
            }
            let command = self.waiting.pop_front().expect("there is a first");
            self.take(command, ctx);
        }
        self.waiting = VecDeque::new();
    }

    /// Queues the reply to a command.
    pub(super) fn reply(&mut self, id: u32, result: Result<CommandResult, Error>) {
        let reply = match result {
            Ok(result) => Reply::success(id, result),
            Err(error) => Reply::failure(id, error),
        };
        let (mut message, mut frame) = (Vec::with_capacity(256), Vec::with_capacity(256));
        encode_reply(self.wire.variant.encoding(), &reply, &mut message);
        self.wire.frame_personal(&message, &mut frame);
        self.shard.personal(self.key, &frame);
    }

    /// Ends the connection.
    pub(super) fn close(&mut self, why: Disconnect) {
        self.waiting.clear();
        self.shard.close(self.key, why);
    }

    pub(super) fn subscription(&mut self, channel: &Channel) -> Option<&mut Subscription> {
        self.subscriptions
            .iter_mut()
            .find(|subscription| subscription.channel == *channel)
    }
}

/// Commands that change what later ones mean.
fn is_ordered(request: &Request) -> bool {
    matches!(
        request,
        Request::Subscribe(_) | Request::Unsubscribe(_) | Request::Refresh(_) | Request::SubRefresh(_)
    )
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.shard.attach_session(self.key, ctx.address().recipient());
        if let Some(secret) = self.secret {
            self.engine.sessions.enter_stream(secret, ctx.address());
        }
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        for subscription in std::mem::take(&mut self.subscriptions) {
            self.announce_leave(&subscription);
        }
        self.engine.sessions.leave(&self.caller.user, self.client, self.secret);
        self.shard.leave(self.key);
    }
}

impl Handler<Commands> for Session {
    type Result = ();

    fn handle(&mut self, commands: Commands, ctx: &mut Context<Self>) {
        for incoming in commands.0 {
            match incoming {
                Incoming::Command(command) => self.take(command, ctx),
                Incoming::Pong => self.shard.pong(self.key),
            }
        }
        self.shard.flush(self.key);
    }
}

impl Handler<ShardNotice> for Session {
    type Result = ();

    fn handle(&mut self, notice: ShardNotice, ctx: &mut Context<Self>) {
        match notice {
            ShardNotice::Ended(channel, why) => self.ended(&channel, why),
            ShardNotice::Due => self.expire(),
            ShardNotice::Closed => ctx.stop(),
        }
    }
}

impl Session {
    fn ended(&mut self, channel: &Channel, why: Ended) {
        if let Some(subscription) = self.forget(channel) {
            self.announce_leave(&subscription);
        }
        if why == Ended::Lagged {
            self.note_lag(channel);
        }
    }
}
