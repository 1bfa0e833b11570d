//! The log: on standard error, as text or as JSON. Its level can change while the node runs.

use tracing_subscriber::{
    Layer as _, Registry, filter::Targets, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::config::{Config, LogFormat};

/// Changes what is logged.
pub struct LogLevels(reload::Handle<Targets, Registry>);

/// Starts the log of the process.
pub fn start(config: &Config) -> LogLevels {
    let (levels, handle) = reload::Layer::new(targets(config));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // A log that another part of the process has started stays as it is.
    let _ = tracing_subscriber::registry().with(levels).with(lines).try_init();
    LogLevels(handle)
}

impl LogLevels {
    /// Takes the level over from this configuration.
    pub fn apply(&self, config: &Config) {
        // It fails only when the log is gone, and then nobody reads it.
        let _ = self.0.reload(targets(config));
    }
}

fn targets(config: &Config) -> Targets {
    config.log_level.0.parse().expect("the configuration has read it")
}
