//! Configuration: the command line before the environment before one TOML file before the defaults.
//!
//! Whoever starts the node calls [`load`]; nobody else reads files or environment variables for settings. What is not
//! known is an error: a setting misspelt must not silently do nothing.

mod doc;
mod load;
mod secret;
mod table;
#[cfg(test)]
mod tests;
mod toml_file;
mod value;
mod warnings;

pub use doc::manual;
pub use load::{ConfigError, Overrides, load};
pub use secret::Secret;
pub use table::{Applies, Config, SETTINGS, Setting};
pub use value::{BusUrl, Folder, ListenAddress, LogFormat, LogLevel, Names, Origins, StorageUrl, Text, WebUrl, Whole};
pub use warnings::warnings;
