//! Three nodes of a CQL server, of this test alone: `scripts/cql.sh` starts, kills and runs them. They go with the test, also when it fails.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Somebody else may take the addresses between finding and using them.
const TRIES_MAX: usize = 3;

/// The nodes.
pub struct Cluster {
    base: String,
}

fn script() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    root.join("scripts/cql.sh")
}

/// Runs the script to its end; what it says comes back, as an error when it fails. Its words go through a file: the servers that it starts
/// would keep a pipe open.
fn call(base: Option<&str>, arguments: &[&str]) -> Result<String, String> {
    let said = tempfile::NamedTempFile::new().expect("a file for the script's words");
    let stream = |file: &File| Stdio::from(file.try_clone().expect("another handle"));
    let mut command = Command::new(script());
    command.args(arguments).env_remove("SCYLLA_URI").stdin(Stdio::null());
    command.stdout(stream(said.as_file())).stderr(stream(said.as_file()));
    if let Some(base) = base {
        command.env("CQL_BASE", base);
    }
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", script().display()))?;
    let words = std::fs::read_to_string(said.path()).expect("the script's words");
    if status.success() {
        Ok(words.trim().to_owned())
    } else {
        Err(words)
    }
}

impl Cluster {
    /// Starts three nodes on addresses of their own; blocks until all are ready.
    pub fn start() -> Self {
        let mut told = String::new();
        for _ in 0..TRIES_MAX {
            let base = call(None, &["free"]).unwrap_or_else(|words| panic!("no addresses for three nodes: {words}"));
            let cluster = Self { base };
            match cluster.call(&["start", "3"]) {
                Ok(_) => return cluster,
                Err(words) => told = words,
            }
        }
        panic!("three nodes of a CQL server could not be started, and without them nothing is tested: {told}");
    }

    /// Their addresses: `host:port,host:port,host:port`.
    pub fn hosts(&self) -> String {
        let uri = self.call(&["uri"]).expect("the script knows its nodes");
        uri.trim_start_matches("scylla://").to_owned()
    }

    /// Kills a node (SIGKILL), 1 to 3.
    pub fn kill(&self, node: usize) {
        self.call(&["kill", &node.to_string()]).expect("the node is killed");
    }

    /// Runs it again; blocks until all see it.
    pub fn run(&self, node: usize) {
        let ended = self.call(&["run", &node.to_string()]);
        ended.unwrap_or_else(|words| panic!("node {node} does not come back: {words}"));
    }

    fn call(&self, arguments: &[&str]) -> Result<String, String> {
        call(Some(&self.base), arguments)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(words) = self.call(&["wipe"]) {
            eprintln!("{} could not be wiped: {words}", self.base);
        }
    }
}
