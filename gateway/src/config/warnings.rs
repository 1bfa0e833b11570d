//! What is allowed and still deserves a loud word at every start.

use super::Config;

/// Warnings about settings that open the node to strangers.
pub fn warnings(config: &Config) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if config.open_channels {
        warnings.push(
            "realtime.open_channels is on: ANY connected client may read, write and watch every channel outside room: and user:",
        );
    }
    if config.allow_anonymous {
        warnings.push("realtime.allow_anonymous is on: ANYBODY may connect without a token");
    }
    if config
        .allowed_origins
        .as_ref()
        .is_some_and(|origins| origins.0.iter().any(|origin| origin == "*"))
    {
        warnings.push(
            "realtime.allowed_origins has \"*\": pages of ANY web site may connect in the name of their visitors",
        );
    }
    warnings
}
