//! A node's life: it serves, reloads on SIGHUP, and leaves on SIGTERM or SIGINT.
//!
//! Leaving has three steps: `/readyz` says 503 and sockets are told to go elsewhere; the port closes and what is still open may end;
//! the parts stop. A second signal stops at once.

use std::{sync::Arc, time::Duration};

use actix_server::ServerHandle;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep_until, timeout_at},
};

use super::Node;
use crate::{
    config::{Applies, Config, ConfigError},
    limits::{DRAIN_NOTICE, DRAIN_WITHOUT_PEERS, SOCKETS_LOOKED_AT_EVERY},
};

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It left in good order.
    Drained,
    /// It was told twice.
    AtOnce,
}

impl Node {
    /// Serves until a signal says otherwise. `reload` reads the configuration anew, `apply` takes over what the process itself uses.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn run(
        self,
        reload: impl Fn() -> Result<Config, ConfigError>,
        apply: impl Fn(&Config),
    ) -> std::io::Result<Ended> {
        let handle = self.server.handle();
        let Self {
            gateway,
            server,
            config,
            draining,
            mut signals,
            ..
        } = self;
        let mut server = actix_rt::spawn(server);
        loop {
            tokio::select! {
                ended = &mut server => return ended.map_err(std::io::Error::other)?.map(|()| Ended::Drained),
                told = signals.next() => {
                    if told == Told::Stop {
                        break;
                    }
                    // Cloned out: replacing the value waits for every borrow of it.
                    let current = Arc::clone(&config.borrow());
                    if let Some(next) = reloaded(&current, reload()) {
                        apply(&next);
                        config.send_replace(Arc::new(next));
                    }
                }
            }
        }
        tracing::info!("leaving");
        draining.send_replace(true);
        gateway.metrics.draining.set(1);
        let leave = leave(handle, &gateway, config.borrow().drain_timeout_s.0);
        let leave = async {
            leave.await;
            stop_rooms(&gateway).await;
        };
        tokio::select! {
            () = leave => Ok(Ended::Drained),
            () = signals.next_stop() => {
                tracing::warn!("told twice: stopping at once");
                Ok(Ended::AtOnce)
            }
        }
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Reload,
    Stop,
}

/// The signals that a node listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    /// From now on no signal ends the process by itself.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.reload.recv() => Told::Reload,
        }
    }

    /// A leaving node reloads nothing any more.
    async fn next_stop(&mut self) {
        while self.next().await != Told::Stop {}
    }
}

/// Waits until sockets are gone, then until requests have ended, and no longer than it has.
async fn leave(handle: ServerHandle, gateway: &super::Gateway, timeout_s: u64) {
    let patience = (DRAIN_NOTICE + DRAIN_WITHOUT_PEERS).min(Duration::from_secs(timeout_s));
    let started = Instant::now();
    let deadline = started + patience;
    // Balancers ask from time to time: they have to see that the node is not ready before it refuses connections.
    sleep_until(deadline.min(started + DRAIN_NOTICE)).await;
    while gateway.sockets() > 0 && Instant::now() < deadline {
        tokio::time::sleep(SOCKETS_LOOKED_AT_EVERY).await;
    }
    if timeout_at(deadline, handle.stop(true)).await.is_err() {
        tracing::warn!(
            sockets = gateway.sockets(),
            "connections that did not end in time are cut"
        );
        handle.stop(false).await;
    }
}

/// What rooms have taken is answered and stored before the process ends.
async fn stop_rooms(gateway: &super::Gateway) {
    let engine = Arc::clone(&gateway.engine);
    if tokio::task::spawn_blocking(move || engine.rooms.shutdown())
        .await
        .is_err()
    {
        tracing::error!("the rooms' end panicked");
    }
}

/// The configuration after a reload; None: it is wrong, and the old one stays in force.
fn reloaded(current: &Config, read: Result<Config, ConfigError>) -> Option<Config> {
    let newer = match read {
        Ok(newer) => newer,
        Err(error) => {
            tracing::error!(%error, "reload: the configuration is wrong; nothing changed");
            return None;
        }
    };
    for setting in current.differences(&newer) {
        match setting.applies {
            Applies::Live => tracing::info!(key = setting.key, "reload: changed"),
            Applies::AtStart => tracing::warn!(key = setting.key, "reload: changes only with a restart"),
        }
    }
    tracing::info!("reload: done");
    Some(current.with_live_of(&newer))
}
