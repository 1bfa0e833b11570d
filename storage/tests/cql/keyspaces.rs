//! Keyspaces of stories, on the server that `SCYLLA_URI` names: each has a name that nobody else has, and all of a program go when it has
//! ended. The stories of the gateway use this file too (`gateway/tests/cluster_kit`).

use std::{
    io::Write as _,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// Drops what it is told of, once this program has ended.
const SWEEPER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/cql/sweep.sh");

/// What is written to here is dropped at the end: however a program ends, this does too.
static LEFT: Mutex<Option<ChildStdin>> = Mutex::new(None);

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

/// Where a store finds a keyspace that nobody else uses, on servers `host:port,host:port`.
pub fn fresh_at(hosts: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let keyspace = format!("t_{}", &random[..16]);
    goes_at_the_end(&keyspace);
    format!("scylla://{hosts}/{keyspace}")
}

fn goes_at_the_end(keyspace: &str) {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    let left = left.get_or_insert_with(sweeper);
    writeln!(left, "{keyspace}").expect("the sweeper listens");
}

#[expect(
    clippy::zombie_processes,
    reason = "it outlives this program, which is what it waits for"
)]
fn sweeper() -> ChildStdin {
    let hosts = hosts();
    let host = hosts.split(',').next().unwrap_or_default();
    let started = Command::new(SWEEPER)
        .arg(host)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut sweeper = started.expect("bash is there");
    sweeper.stdin.take().expect("it reads")
}
