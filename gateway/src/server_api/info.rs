//! The node: who it is, how long it has run, how much it carries.

use std::{sync::LazyLock, time::Instant};

use protocol::Error;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use uuid::Uuid;

use super::{channels::listened, methods::Method};
use crate::server::Gateway;

/// This run of the program.
struct Run {
    uid: Uuid,
    began: Instant,
}

static RUN: LazyLock<Run> = LazyLock::new(|| {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    Run {
        uid: uuid::Builder::from_random_bytes(bytes).into_uuid(),
        began: Instant::now(),
    }
});

/// Uptime counts from here at the latest.
pub(super) fn note_start() {
    LazyLock::force(&RUN);
}

/// Takes no parameters; whatever is given is passed over.
#[derive(Deserialize)]
#[serde(from = "IgnoredAny")]
pub(super) struct InfoRequest;

impl From<IgnoredAny> for InfoRequest {
    fn from(_: IgnoredAny) -> Self {
        Self
    }
}

#[derive(Serialize)]
pub(super) struct Nodes {
    nodes: [NodeInfo; 1],
}

#[derive(Serialize)]
struct NodeInfo {
    uid: String,
    name: String,
    version: &'static str,
    num_clients: usize,
    num_users: usize,
    num_channels: usize,
    num_subs: usize,
    /// Seconds.
    uptime: u64,
}

impl Method for InfoRequest {
    type Answer = Nodes;

    async fn call(self, gateway: &Gateway) -> Result<Nodes, Error> {
        let engine = &gateway.engine;
        let channels: Vec<_> = listened(gateway).collect();
        Ok(Nodes {
            nodes: [NodeInfo {
                uid: RUN.uid.to_string(),
                name: engine.node.clone(),
                version: env!("CARGO_PKG_VERSION"),
                num_clients: gateway.sockets(),
                num_users: engine.sessions.users(),
                num_channels: channels.len(),
                num_subs: channels.iter().map(|(_, listeners)| listeners).sum(),
                uptime: RUN.began.elapsed().as_secs(),
            }],
        })
    }
}
