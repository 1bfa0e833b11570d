//! A real CQL server for the stories: the one that `SCYLLA_URI` names. `make test` starts one; by hand it is `make cql`, which says what
//! to export. Without a server these tests fail: that nothing was tested is no success.
#![allow(dead_code, reason = "each test file uses its part of it")]

pub mod cluster;
mod frame;
pub mod node;
pub mod rebuilt;
pub mod teller;
pub mod wire;

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use storage::scylla::{Address, Options, Ownership, ScyllaStore, Wait};

/// The contact points, `host:port,host:port`.
pub fn hosts() -> String {
    let uri = std::env::var("SCYLLA_URI").unwrap_or_else(|_| {
        panic!(
            "SCYLLA_URI is not set: these tests need a real CQL server. `make cql` starts one and says what to export"
        )
    });
    let rest = uri.strip_prefix("scylla://").unwrap_or(&uri);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// An address with a keyspace that nobody else uses.
pub fn fresh_address() -> Address {
    fresh_address_at(&hosts())
}

/// The same on other servers: `host:port,host:port`.
pub fn fresh_address_at(hosts: &str) -> Address {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let random = uuid::Uuid::new_v4().simple().to_string();
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    let keyspace = format!("t{count}_{}", &random[..12]);
    format!("scylla://{hosts}/{keyspace}")
        .parse()
        .expect("hosts and ports of servers")
}

/// How a node opens its store; `folder` is where it recognises its own lease by.
pub fn as_node(address: &Address, folder: Option<&Path>) -> Options {
    let mut options = Options::new(address.clone());
    options.ownership = Ownership::Node {
        name: "story".to_owned(),
        folder: folder.map(Path::to_owned),
    };
    options
}

/// Opens a store; blocks. The servers are there, so nothing is waited for.
pub fn open(options: &Options) -> ScyllaStore {
    let waiting = |wait: Wait<'_>| {
        if let Wait::Servers(error, _) = wait {
            panic!("{error}: `make cql` starts a server");
        }
    };
    ScyllaStore::open(options, waiting).expect("the store opens")
}
