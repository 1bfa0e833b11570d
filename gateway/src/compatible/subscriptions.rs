//! WS `/subscriptions`: everything that happens in the user's rooms, as `{"event", "data"}`.
//!
//! The token comes in the `Authorization` header, as `?token=`, or in a first frame. Nothing else that a client sends has a meaning.

use std::{collections::HashMap, sync::Arc, time::Instant};

use actix::{Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, StreamHandler, WrapFuture as _};
use actix_http::{
    Request, StatusCode,
    header::{AUTHORIZATION, SEC_WEBSOCKET_KEY},
    ws::{CloseCode, CloseReason, Message, ProtocolError, hash_key},
};
use actix_rt::net::TcpStream;
use actix_web::web;
use actix_web_actors::ws::WebsocketContext;
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::stream::poll_fn;
use protocol::{Error, ErrorCode, payload::Payload};
use tokio::{io::AsyncWriteExt as _, sync::mpsc};
use uuid::Uuid;

use super::{bridge, first_frame, listener};
use crate::{
    http::{bearer, problem::Problem},
    limits::{COMPATIBLE_AUTH_TIMEOUT, COMPATIBLE_PING_INTERVAL, COMPATIBLE_SILENCE_MAX},
    server::{Gateway, refuse},
};

type Context = WebsocketContext<Subscriptions>;

/// Somebody who was let in.
struct Admitted {
    auth_session: Option<Uuid>,
    /// When the token ends, Unix seconds.
    expires_at: Option<i64>,
    /// What happens in their rooms, until the actor takes it.
    payloads: Option<mpsc::Receiver<Payload>>,
}

/// Serves one handshake until its socket ends.
pub(crate) async fn subscriptions(gateway: Arc<Gateway>, request: Request, mut stream: TcpStream, buffered: Bytes) {
    let admitted = match token(&request) {
        None => None,
        // Whoever is let in here has missed nothing from the answer on.
        Some(token) => match admit(&gateway, &token).await {
            Ok(admitted) => Some(admitted),
            Err(error) => return refuse(stream, error.into(), &[]).await,
        },
    };
    let Some(key) = request.head().headers().get(SEC_WEBSOCKET_KEY) else {
        return refuse(
            stream,
            Problem::new(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing"),
            &[],
        )
        .await;
    };
    let accept = hash_key(key.as_bytes());
    let accept = String::from_utf8_lossy(&accept);
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    drop(request);
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let place = gateway.take_place();
    let actor = Subscriptions {
        is_over_limit: place.is_over_limit,
        gateway,
        admitted,
        is_asking: false,
        heard_at: Instant::now(),
    };
    bridge::run(actor, stream, buffered).await;
}

/// The token that came with the handshake.
fn token(request: &Request) -> Option<String> {
    let header = request
        .head()
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(token) = bearer::token(header) {
        return Some(token.to_owned());
    }
    let query = web::Query::<HashMap<String, String>>::from_query(request.uri().query()?).ok()?;
    query.get("token").cloned()
}

/// Lets the owner of a token in, and listens to their rooms.
async fn admit(gateway: &Gateway, token: &str) -> Result<Admitted, Error> {
    let (caller, claims) = gateway.engine.caller(token).await?;
    let payloads = listener::listen(Arc::clone(&gateway.engine), caller).await?;
    Ok(Admitted {
        auth_session: claims.auth_session,
        expires_at: claims.expires_at,
        payloads: Some(payloads),
    })
}

struct Subscriptions {
    gateway: Arc<Gateway>,
    admitted: Option<Admitted>,
    is_over_limit: bool,
    /// A first frame is being looked at.
    is_asking: bool,
    heard_at: Instant,
}

impl Subscriptions {
    fn end(context: &mut Context, code: CloseCode, words: &str) {
        context.close(Some(CloseReason {
            code,
            description: Some(words.to_owned()),
        }));
        context.stop();
    }

    fn end_with(context: &mut Context, error: &Error) {
        match error.code {
            ErrorCode::Unauthorized | ErrorCode::TokenExpired => Self::end(context, CloseCode::Policy, error.message()),
            _ => Self::end(context, CloseCode::Again, error.message()),
        }
    }

    /// Passes on what happens from now on.
    fn listen(&mut self, context: &mut Context) {
        if let Some(payloads) = self.admitted.as_mut().and_then(|admitted| admitted.payloads.take()) {
            context.add_stream(stream_of(payloads));
        }
    }

    /// A first frame says who this is.
    fn ask(&mut self, token: Option<String>, context: &mut Context) {
        let Some(token) = token else {
            return Self::end(context, CloseCode::Policy, "a first frame with a token is expected");
        };
        self.is_asking = true;
        let gateway = Arc::clone(&self.gateway);
        let asked = async move { admit(&gateway, &token).await };
        let answered = asked
            .into_actor(self)
            .map(|admitted, actor, context: &mut Context| match admitted {
                Ok(admitted) => {
                    actor.admitted = Some(admitted);
                    actor.listen(context);
                }
                Err(error) => Self::end_with(context, &error),
            });
        context.spawn(answered);
    }

    /// Ends what has ended, and asks whether the other side is there.
    fn look(&mut self, context: &mut Context) {
        if let Some(admitted) = &self.admitted {
            let now_s = self.gateway.clock.now_ms() / 1_000;
            if admitted.expires_at.is_some_and(|expires_at| expires_at <= now_s) {
                return Self::end_with(context, &ErrorCode::TokenExpired.into());
            }
            if admitted
                .auth_session
                .is_some_and(|session| self.gateway.engine.has_session_ended(session))
            {
                return Self::end_with(context, &ErrorCode::Unauthorized.into());
            }
        }
        if self.heard_at.elapsed() > COMPATIBLE_SILENCE_MAX {
            return context.stop();
        }
        context.ping(b"");
    }
}

impl Actor for Subscriptions {
    type Context = Context;

    fn started(&mut self, context: &mut Context) {
        if self.is_over_limit {
            return Self::end(context, CloseCode::Again, "too many connections");
        }
        let mut draining = self.gateway.draining();
        // An error means that the node is gone altogether.
        let leaving = async move { drop(draining.wait_for(|is_draining| *is_draining).await) };
        let left = leaving
            .into_actor(self)
            .map(|(), _, context: &mut Context| Self::end(context, CloseCode::Away, "shutdown"));
        context.spawn(left);
        context.run_interval(COMPATIBLE_PING_INTERVAL, Self::look);
        if self.admitted.is_some() {
            return self.listen(context);
        }
        context.run_later(COMPATIBLE_AUTH_TIMEOUT, |actor, context| {
            if actor.admitted.is_none() {
                Self::end(context, CloseCode::Policy, "no token came");
            }
        });
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Subscriptions {
    fn handle(&mut self, message: Result<Message, ProtocolError>, context: &mut Context) {
        self.heard_at = Instant::now();
        match message {
            Ok(Message::Ping(data)) => context.pong(&data),
            Ok(Message::Text(text)) if self.admitted.is_none() && !self.is_asking => {
                self.ask(first_frame::token(&text), context);
            }
            Ok(Message::Close(reason)) => {
                context.close(reason);
                context.stop();
            }
            Ok(_) => {}
            Err(_) => Self::end(context, CloseCode::Protocol, "not a frame that is understood here"),
        }
    }
}

impl StreamHandler<Payload> for Subscriptions {
    fn handle(&mut self, payload: Payload, context: &mut Context) {
        // Payloads are UTF-8: they were checked when they came in.
        if let Ok(text) = ByteString::try_from(payload.bytes()) {
            context.text(text);
        }
    }

    /// Listening can't go on: the client connects again and reads what it missed.
    fn finished(&mut self, context: &mut Context) {
        Self::end(context, CloseCode::Again, "too far behind");
    }
}

fn stream_of(mut payloads: mpsc::Receiver<Payload>) -> impl futures_util::Stream<Item = Payload> {
    poll_fn(move |context| payloads.poll_recv(context))
}
