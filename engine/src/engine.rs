//! The engine: everything that functions and sessions work with, put together once by the gateway.

use std::sync::Arc;

use prometheus::Registry;
use protocol::Error;
use storage::{
    Store,
    search::{SearchMetrics, Tails},
};

use crate::{
    Clock, Limits, Tokens,
    access::Admissions,
    accounts::{Budget, PasswordCost, Passwords, Throttle},
    functions::{FunctionMetrics, Hints, Typing},
    limits::{GUESTS_AT_ONCE, GUESTS_PAUSE_MS, WRONG_CODES_AT_ONCE, WRONG_CODES_PAUSE_MS},
    metrics::EngineMetrics,
    relay::Relays,
    rooms::Rooms,
    search_index::SearchIndex,
    session::Sessions,
    shard::Shard,
};

/// What an engine is made of.
pub struct Parts {
    /// Everything that is kept.
    pub store: Arc<dyn Store>,
    /// The rooms, over the same store and relays.
    pub rooms: Rooms,
    /// Who listens to what.
    pub relays: Relays,
    /// The time.
    pub clock: Clock,
    /// What an operator sets.
    pub limits: Limits,
    /// Checks and makes tokens.
    pub tokens: Arc<dyn Tokens>,
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// The node's name, as streams are told.
    pub node: String,
}

/// The engine could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The metrics' names are taken.
    #[error("functions' metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The cost of password hashing is out of range.
    #[error("{0}")]
    PasswordCost(Error),
    /// The system gives no thread for the search index.
    #[error("the thread of the search index: {0}")]
    Thread(#[from] std::io::Error),
}

/// The engine.
pub struct Engine {
    /// Everything that is kept.
    pub store: Arc<dyn Store>,
    /// The only way to change a room's log.
    pub rooms: Rooms,
    /// Who listens to what.
    pub relays: Relays,
    /// The time.
    pub clock: Clock,
    /// What an operator sets.
    pub limits: Arc<Limits>,
    /// Checks and makes tokens.
    pub tokens: Arc<dyn Tokens>,
    /// Who is connected.
    pub sessions: Sessions,
    /// The node's name, as streams are told.
    pub node: String,
    pub(crate) metrics: Arc<EngineMetrics>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    /// Invitation codes that were wrong.
    pub(crate) wrong_codes: Budget,
    /// Guests that came in.
    pub(crate) guests: Budget,
    pub(crate) admissions: Admissions,
    pub(crate) hints: Arc<Hints>,
    pub(crate) typing: Arc<Typing>,
    pub(crate) function_metrics: FunctionMetrics,
    pub(crate) search_metrics: SearchMetrics,
    pub(crate) search_tails: Tails,
    /// Ends with the engine.
    _search_index: SearchIndex,
}

impl Engine {
    /// Puts an engine together and starts its two tasks and the search index's thread, which end with it. Called within a tokio runtime.
    ///
    /// # Errors
    /// When metrics of these names are registered already, or the cost of password hashing is out of range.
    pub fn start(parts: Parts, registry: &Registry) -> Result<Arc<Self>, EngineError> {
        parts.relays.register(registry)?;
        let search_metrics = SearchMetrics::register(registry)?;
        let search_index = SearchIndex::start(&parts, search_metrics.clone())?;
        let engine = Arc::new(Self {
            passwords: Passwords::new(parts.password_cost).map_err(EngineError::PasswordCost)?,
            function_metrics: FunctionMetrics::register(registry)?,
            search_metrics,
            search_tails: Tails::default(),
            _search_index: search_index,
            throttle: Throttle::default(),
            wrong_codes: Budget::new(WRONG_CODES_AT_ONCE, WRONG_CODES_PAUSE_MS),
            guests: Budget::new(GUESTS_AT_ONCE, GUESTS_PAUSE_MS),
            admissions: Admissions::new(),
            hints: Arc::default(),
            typing: Arc::default(),
            store: parts.store,
            rooms: parts.rooms,
            relays: parts.relays,
            clock: parts.clock,
            limits: Arc::new(parts.limits),
            tokens: parts.tokens,
            sessions: Sessions::default(),
            node: parts.node,
            metrics: Arc::new(EngineMetrics::register(registry)?),
        });
        tokio::spawn(Self::send_hints(Arc::downgrade(&engine)));
        tokio::spawn(Self::send_typing(Arc::downgrade(&engine)));
        Ok(engine)
    }

    /// A shard for the calling thread; spawn its [`Shard::run`] there.
    pub fn new_shard(&self) -> Shard {
        Shard::new(
            self.relays.clone(),
            self.clock.clone(),
            Arc::clone(&self.limits),
            Arc::clone(&self.metrics),
        )
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.hints.wake();
        self.typing.wake();
    }
}
