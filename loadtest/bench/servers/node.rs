//! A node of plenum as an operator would run it, with data and key of its own.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::Server;
use crate::{
    failure::{Failure, Outcome},
    process::Process,
    programs::built,
};

/// A node that runs.
pub(crate) struct Node {
    // Before the folder: the process ends before its data goes.
    process: Process,
    url: String,
    folder: TempDir,
}

impl Node {
    /// Starts it with these settings, each as its variable without `PLENUM_`.
    pub(crate) async fn start(program: &Path, settings: &[(&str, &str)]) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
        let key = folder.path().join("key");
        fs::write(&key, fresh_key()?)?;
        let mut process = Process::start(built(program)?, |command| {
            command
                .args(["serve", "--listen", "127.0.0.1:0", "--data"])
                .arg(folder.path().join("data"))
                .env("PLENUM_AUTH__JWT__HMAC_SECRET_FILE", &key)
                // The publisher is one session, and it sends a thousand times as much as a person may.
                .env("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")
                .env("PLENUM_LOG__LEVEL", "error");
            for (name, value) in settings {
                command.env(format!("PLENUM_{name}"), value);
            }
        })?;
        let url = process.address().await?;
        Ok(Self { process, url, folder })
    }
}

/// 32 random bytes in hexadecimal.
fn fresh_key() -> Outcome<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(Failure::of("no randomness"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Server for Node {
    fn url(&self) -> &str {
        &self.url
    }

    fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn options(&self) -> Vec<String> {
        let key = self.folder.path().join("key");
        ["--hmac-secret-file".to_owned(), key.display().to_string()].into()
    }
}
