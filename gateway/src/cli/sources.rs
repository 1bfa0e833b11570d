//! Where commands take the configuration from.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, ConfigError, Overrides, load};

/// The file and the data folder.
#[derive(Debug, Clone, Args)]
pub(super) struct Sources {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder; counts before file and environment.
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,
}

impl Sources {
    /// Loads the configuration, with this address where one is given.
    pub(super) fn load(&self, listen: Option<&str>) -> Result<Config, ConfigError> {
        let overrides = Overrides {
            file: self.config.clone(),
            listen: listen.map(str::to_owned),
            data: self.data.clone(),
        };
        load(&overrides, std::env::vars_os())
    }
}
