//! A CQL server of the run's own, on addresses that nothing uses and with data that goes with it; or the one that `SCYLLA_URI` names, in
//! keyspaces that stay there.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    failure::{Failure, Outcome},
    process::Process,
    programs::built,
    progress::Teller,
};

/// How long one word of the script may take: the first start fetches the server.
const TIMEOUT: Duration = Duration::from_secs(1_200);

/// Tests start a Cassandra without its optimising compiler; a figure is of one as it runs elsewhere.
const OPTIMISED: &str = "-XX:TieredStopAtLevel=4";

/// A server that runs.
pub(crate) struct Cql {
    /// Ends it when it is dropped; None: it is somebody else's.
    _own: Option<Own>,
    uri: String,
    /// What the names of this run's keyspaces begin with.
    prefix: String,
}

impl Cql {
    /// Starts it; says meanwhile what is going on.
    pub(crate) async fn start(script: &Path, teller: &Teller) -> Outcome<Self> {
        let number = getrandom::u32().map_err(Failure::of("no randomness"))?;
        let prefix = format!("bench_{number:08x}");
        if let Ok(uri) = std::env::var("SCYLLA_URI") {
            return Ok(Self {
                _own: None,
                uri,
                prefix,
            });
        }
        let script = built(script)?.to_owned();
        let base = said(&script, "free", None, teller).await?;
        let own = Own { script, base };
        own.wipe();
        said(&own.script, "start", Some(&own.base), teller).await?;
        let uri = said(&own.script, "uri", Some(&own.base), teller).await?;
        Ok(Self {
            _own: Some(own),
            uri,
            prefix,
        })
    }

    /// The address of a keyspace of this run, as the setting `storage.url` has it.
    pub(crate) fn url(&self, keyspace: &str) -> String {
        format!("{}/{}_{keyspace}", self.uri, self.prefix)
    }
}

/// What the script answers to one of its words.
async fn said(script: &Path, word: &str, base: Option<&str>, teller: &Teller) -> Outcome<String> {
    let process = Process::start(script, |command| {
        command.arg(word);
        if let Some(base) = base {
            command.env("CQL_BASE", base);
            command.env("CQL_JAVA_OPTIONS", OPTIMISED);
        }
    })?;
    teller.tell(&format!("CQL server: {word}"));
    let text = process.output_telling(TIMEOUT, |line| teller.tell(line)).await?;
    Ok(text.trim().to_owned())
}

/// What this run has started.
struct Own {
    script: PathBuf,
    base: String,
}

impl Own {
    /// Ends whatever runs there and removes its data.
    fn wipe(&self) {
        let mut wipe = Command::new(&self.script);
        wipe.arg("wipe").env("CQL_BASE", &self.base).stdout(Stdio::null());
        match wipe.status() {
            Ok(status) if status.success() => {}
            // Standard error says why.
            _ => eprintln!("the CQL server at {} may still be there", self.base),
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.wipe();
    }
}
