//! The first contact: whether there is a server that speaks the protocol, and where the room's log ends.

use std::{future::poll_fn, task::Poll};

use protocol::{
    client::{Command, CommandResult, Encoding, HistoryRequest, Outgoing, Reply, Request, RpcRequest, decode_replies},
    payload::Payload,
};
use serde_json::Value;
use tokio::time::timeout;

use super::QUESTION_TIMEOUT;
use crate::{
    connection::{Connection, Ended, Incoming, OpenError, Outbox, Received, Sources},
    limits::{READ_BUFFER_BYTES, UNSENT_BYTES_MAX},
    phone::connect,
    random::Random,
    settings::Settings,
    token::Tokens,
};

/// An id above those of messages.
const QUESTION: u32 = u32::MAX;
/// The id of the connect command; it is answered before the first message has one.
const CONNECT: u32 = 1;

/// Why a run does not begin.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// No connection.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// A connection, and then no conversation.
    #[error("{0}")]
    Ended(#[from] Ended),
    /// A connection, and the server wants more than was given.
    #[error("{0}: it may want a token (--hmac-secret-file, --tokens-file, --token)")]
    TokenWanted(Ended),
    /// Nothing more comes.
    #[error("the server does not answer")]
    Silence,
}

impl ContactError {
    /// Whether trying again can help.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Open(error) => error.is_temporary(),
            Self::Ended(ended) | Self::TokenWanted(ended) => !ended.is_final(),
            Self::Silence => true,
        }
    }
}

/// The room's log when the run begins.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Where it ends before anything is sent.
    pub base: u64,
    /// Where it ends when phones begin to come.
    pub end: u64,
    /// Its identity; empty for one that nobody has used yet: its first listener is told.
    pub epoch: String,
}

impl Contact {
    /// Connects once, asks where the log ends, and leaves.
    ///
    /// # Errors
    /// When there is no server, or another one than expected, or it refuses.
    pub async fn make(settings: &Settings) -> Result<Self, ContactError> {
        let mut conversation = Conversation::begin(settings).await?;
        let (base, epoch) = conversation.ask_end(&settings.channel).await?;
        conversation.leave().await;
        Ok(Self { base, end: base, epoch })
    }
}

/// The publisher's connection.
#[derive(Debug)]
pub struct Conversation {
    /// What waits to be written.
    pub(super) outbox: Outbox,
    connection: Connection,
    encoding: Encoding,
    buffer: Vec<u8>,
    /// Bytes of the outbox that the socket has taken.
    written: usize,
}

enum Done {
    Written(usize),
    Read(usize),
}

impl Conversation {
    /// Opens a connection as a user beside those of the phones.
    ///
    /// # Errors
    /// When there is no server, or another one than expected, or it refuses.
    pub async fn begin(settings: &Settings) -> Result<Self, ContactError> {
        Self::begin_as(settings, settings.sessions, &Sources::default()).await
    }

    /// Opens a connection as the user number `user`.
    ///
    /// # Errors
    /// When there is no server, or another one than expected, or it refuses.
    pub async fn begin_as(settings: &Settings, user: u64, sources: &Sources) -> Result<Self, ContactError> {
        let mut random = Random::part(settings.seed, u64::MAX - user);
        let target = &settings.targets[0];
        let nonce = random.nonce();
        let mut connection = Connection::open(target, settings.encoding, sources, nonce).await?;
        let mut outbox = Outbox::new(settings.encoding, random);
        let early = std::mem::take(&mut connection.early);
        // Nothing was asked yet, so there is no answer in it.
        take(
            &mut connection.incoming,
            &mut outbox,
            settings.encoding,
            &early,
            &mut |_| {},
        )?;
        outbox.command(&connect(settings.tokens.of(user)));
        let mut conversation = Self {
            outbox,
            connection,
            encoding: settings.encoding,
            buffer: vec![0; READ_BUFFER_BYTES],
            written: 0,
        };
        match conversation.greeted().await {
            Err(ContactError::Ended(ended @ (Ended::Closed { .. } | Ended::Refused { .. })))
                if ended.is_final() && matches!(settings.tokens, Tokens::None) =>
            {
                Err(ContactError::TokenWanted(ended))
            }
            greeted => greeted.map(|()| conversation),
        }
    }

    /// Waits for the answer to the connect command.
    async fn greeted(&mut self) -> Result<(), ContactError> {
        match self.answer(CONNECT).await?.result {
            Ok(_) => Ok(()),
            Err(error) => Err(Ended::refused("connect", error).into()),
        }
    }

    /// Asks where the log of `channel` ends; gives that and the log's identity.
    ///
    /// # Errors
    /// When the channel can't be read or the connection is over.
    pub async fn ask_end(&mut self, channel: &str) -> Result<(u64, String), ContactError> {
        let channel = channel.to_owned();
        let request = Request::History(HistoryRequest {
            channel,
            ..HistoryRequest::default()
        });
        self.outbox.command(&Command { id: QUESTION, request });
        match self.answer(QUESTION).await?.result {
            Ok(CommandResult::History(page)) => Ok((page.offset, page.epoch)),
            Ok(_) => Err(Ended::Protocol("history was answered by something else".to_owned()).into()),
            Err(error) => Err(Ended::refused("history", error).into()),
        }
    }

    /// Calls a function of the server; gives its answer.
    ///
    /// # Errors
    /// When the server refuses or the connection is over.
    pub async fn call(&mut self, method: &'static str, params: &Value) -> Result<Value, ContactError> {
        let protocol = |error: serde_json::Error| Ended::Protocol(format!("{method}: {error}"));
        let request = Request::Rpc(RpcRequest {
            method: method.to_owned(),
            data: Some(Ok(Payload::from_value(params).map_err(protocol)?)),
        });
        self.outbox.command(&Command { id: QUESTION, request });
        match self.answer(QUESTION).await?.result {
            Ok(CommandResult::Rpc(Some(answer))) => Ok(answer.to_value().map_err(protocol)?),
            Ok(_) => Err(Ended::Protocol(format!("{method} was answered by something else")).into()),
            Err(error) => Err(Ended::refused(method, error).into()),
        }
    }

    /// Says goodbye.
    pub async fn leave(mut self) {
        self.outbox.close();
        let goodbye = async { while self.unsent_bytes() > 0 && self.exchange(&mut |_| {}).await.is_ok() {} };
        // A server that takes nothing any more misses nothing.
        let _ = timeout(QUESTION_TIMEOUT, goodbye).await;
    }

    /// Writes and reads until the answer to `id` is there; others are dropped.
    async fn answer(&mut self, id: u32) -> Result<Reply, ContactError> {
        let wait = async {
            let mut found = None;
            while found.is_none() {
                let mut keep = |reply: Reply| {
                    if reply.id == id {
                        found = Some(reply);
                    }
                };
                self.exchange(&mut keep).await?;
            }
            found.ok_or(ContactError::Silence)
        };
        timeout(QUESTION_TIMEOUT, wait)
            .await
            .map_err(|_| ContactError::Silence)?
    }

    /// Writes or reads once, whichever can be done first; gives each answer to `each`. Both stay possible, or a server that
    /// takes nothing before its answers are taken would wait forever. Nothing is lost when the future is dropped.
    pub(super) async fn exchange(&mut self, each: &mut impl FnMut(Reply)) -> Result<(), Ended> {
        let Self {
            connection,
            outbox,
            buffer,
            written,
            encoding,
        } = self;
        let done = poll_fn(|context| {
            if *written < outbox.bytes.len()
                && let Poll::Ready(count) = connection.poll_write(context, &outbox.bytes[*written..])
            {
                return Poll::Ready(count.map(Done::Written));
            }
            connection.poll_read(context, buffer).map(|count| count.map(Done::Read))
        });
        match done.await? {
            Done::Written(count) => {
                self.has_written(count);
                Ok(())
            }
            Done::Read(count) => take(&mut connection.incoming, outbox, *encoding, &buffer[..count], each),
        }
    }

    /// Bytes that wait to be written.
    pub(super) const fn unsent_bytes(&self) -> usize {
        self.outbox.bytes.len() - self.written
    }

    fn has_written(&mut self, count: usize) {
        self.written += count;
        if self.written == self.outbox.bytes.len() || self.written >= UNSENT_BYTES_MAX {
            self.outbox.bytes.drain(..self.written);
            self.written = 0;
        }
    }
}

/// Takes received bytes apart.
fn take(
    incoming: &mut Incoming,
    outbox: &mut Outbox,
    encoding: Encoding,
    mut input: &[u8],
    each: &mut impl FnMut(Reply),
) -> Result<(), Ended> {
    while let Some(received) = incoming.decode(&mut input)? {
        let bytes = match received {
            Received::Message(bytes) => bytes,
            Received::Ping(payload) => {
                outbox.websocket_pong(&payload);
                continue;
            }
            Received::Nothing => continue,
            Received::Close(frame) => return Err(Ended::closed(frame)),
        };
        for message in decode_replies(encoding, &bytes) {
            match message.map_err(|error| Ended::Protocol(error.to_string()))? {
                Outgoing::Reply(reply) => each(reply),
                Outgoing::Ping => outbox.pong(),
                Outgoing::Push(_) => {}
            }
        }
    }
    Ok(())
}
