//! Puts the engine together out of the configuration.

use std::{sync::Arc, time::Duration};

use engine::{
    Clock, Engine, EngineError, Limits, Parts,
    accounts::PasswordCost,
    relay::Relays,
    rooms::{RoomOptions, Rooms, StartError},
};
use prometheus::Registry;
use storage::Store;

use crate::{config::Config, tokens::GatewayTokens};

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rooms.
    #[error(transparent)]
    Rooms(#[from] StartError),
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Starts rooms, relays and functions over a store.
///
/// # Errors
/// When metrics are registered twice, or the system gives no threads.
pub fn start(
    config: &Config,
    store: &Arc<dyn Store>,
    tokens: &Arc<GatewayTokens>,
    clock: &Clock,
    registry: &Registry,
) -> Result<Arc<Engine>, Failure> {
    let relays = Relays::new(Arc::clone(store));
    let rooms = Rooms::start(
        Arc::clone(store),
        relays.clone(),
        clock.clone(),
        RoomOptions::default(),
        registry,
    )?;
    let parts = Parts {
        store: Arc::clone(store),
        rooms,
        relays,
        clock: clock.clone(),
        limits: limits(config),
        tokens: Arc::clone(tokens) as _,
        password_cost: PasswordCost::default(),
        node: config.node_name.0.clone(),
    };
    Ok(Engine::start(parts, registry)?)
}

fn limits(config: &Config) -> Limits {
    Limits {
        delivery_budget: config.delivery_budget_ms.map(|budget| Duration::from_millis(budget.0)),
        recovery_max_entries: config.recovery_max_entries.0,
        connect_timeout_s: u32::try_from(config.connect_timeout_s.0).unwrap_or(u32::MAX),
        publish_per_second: u32::try_from(config.publish_per_second.0).unwrap_or(u32::MAX),
        message_bytes: usize::try_from(config.message_bytes.0).unwrap_or(usize::MAX),
        open_channels: config.open_channels,
        allow_anonymous: config.allow_anonymous,
    }
}
