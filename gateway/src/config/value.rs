//! The types of settings: how each is read from TOML and from plain text, and how it is shown.
//!
//! Whatever is wrong with a value is said by the loader, which knows where it stands; a type here only says what it expects.

use std::{fmt::Display, path::PathBuf};

use actix_http::Uri;
use storage::scylla::Address;

use super::Secret;

/// A value as it was given, before its type is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Plain text: from the environment, the command line, or a default.
    Text(String),
    /// A string of the TOML file.
    String(String),
    /// An integer of the TOML file.
    Integer(i64),
    /// `true` or `false` of the TOML file.
    Bool(bool),
    /// An array of strings of the TOML file.
    List(Vec<String>),
    /// Anything else of the TOML file: no setting has such a type.
    Other,
}

impl Given {
    /// The text, when it is text from wherever.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::String(text) => Some(text),
            _ => None,
        }
    }
}

/// A type that a setting can have.
pub trait Value: Sized + Clone + PartialEq {
    /// Whether its values are secrets.
    const IS_SECRET: bool = false;
    /// What may stand there, in words that complete "expected …".
    fn expected() -> String;
    /// Reads it; None when it is not what [`Value::expected`] says.
    fn read(given: &Given) -> Option<Self>;
    /// The value in TOML notation; secrets show nothing of themselves.
    fn show(&self) -> String;
    /// What holds when nothing is given and the table has no default; None: something must be given.
    fn absent() -> Option<Self> {
        None
    }
}

/// A setting that may be absent.
impl<T: Value> Value for Option<T> {
    const IS_SECRET: bool = T::IS_SECRET;
    fn expected() -> String {
        T::expected()
    }
    fn read(given: &Given) -> Option<Self> {
        T::read(given).map(Some)
    }
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "none".into(), T::show)
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Value for bool {
    fn expected() -> String {
        "true or false".into()
    }
    fn read(given: &Given) -> Option<Self> {
        match given {
            Given::Bool(value) => Some(*value),
            Given::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Value for Whole<MIN, MAX> {
    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
    fn read(given: &Given) -> Option<Self> {
        let number = match given {
            Given::Integer(number) => u64::try_from(*number).ok()?,
            Given::Text(text) => text.parse().ok()?,
            _ => return None,
        };
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }
    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Value for Secret {
    const IS_SECRET: bool = true;
    fn expected() -> String {
        "text, not empty".into()
    }
    fn read(given: &Given) -> Option<Self> {
        Self::new(given.text()?.to_owned())
    }
    fn show(&self) -> String {
        "(secret)".into()
    }
}

fn quoted(text: impl Display) -> String {
    format!("{:?}", text.to_string())
}

/// Defines a type that wraps text, with its check and the words for what it expects.
macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident($inner:ty) expects $expected:literal, reads $read:expr, shows $show:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub $inner);
        impl Value for $name {
            fn expected() -> String {
                $expected.into()
            }
            fn read(given: &Given) -> Option<Self> {
                let read: fn(&str) -> Option<$inner> = $read;
                read(given.text()?).map(Self)
            }
            fn show(&self) -> String {
                let show: fn(&$inner) -> String = $show;
                show(&self.0)
            }
        }
    )*};
}

text_values! {
    /// Free text that is not empty.
    Text(String) expects "text, not empty",
        reads |text| (!text.is_empty()).then(|| text.to_owned()), shows |text| quoted(text);
    /// An address to listen on; port 0 takes a free one.
    ListenAddress(String) expects "ADDRESS:PORT, such as 127.0.0.1:8080",
        reads listen_address, shows |text| quoted(text);
    /// A folder.
    Folder(PathBuf) expects "a path",
        reads |text| (!text.is_empty()).then(|| text.into()), shows |path| quoted(path.display());
    /// An address on the web.
    WebUrl(String) expects "an address that begins with http:// or https://",
        reads web_url, shows |text| quoted(text);
    /// Directives of the log.
    LogLevel(String) expects "error, warn, info, debug, trace, or directives such as info,engine=debug",
        reads |text| text.parse::<tracing_subscriber::filter::Targets>().is_ok().then(|| text.to_owned()).filter(|_| !text.is_empty()),
        shows |text| quoted(text);
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Value for LogFormat {
    fn expected() -> String {
        "\"text\" or \"json\"".into()
    }
    fn read(given: &Given) -> Option<Self> {
        match given.text()? {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
    fn show(&self) -> String {
        quoted(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageUrl {
    /// In the file of an SQLite store.
    File(PathBuf),
    /// In a keyspace of a ScyllaDB or Cassandra cluster.
    Cluster(Address),
}

impl Value for StorageUrl {
    fn expected() -> String {
        "sqlite:PATH or scylla://host[:port][,host…]/keyspace".into()
    }
    fn read(given: &Given) -> Option<Self> {
        let text = given.text()?;
        match text.strip_prefix("sqlite:") {
            Some(path) => (!path.is_empty()).then(|| Self::File(path.into())),
            None => text.parse().ok().map(Self::Cluster),
        }
    }
    fn show(&self) -> String {
        match self {
            Self::File(path) => quoted(format!("sqlite:{}", path.display())),
            Self::Cluster(address) => quoted(address),
        }
    }
}

/// Names with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Value for Names {
    fn expected() -> String {
        "names, such as [\"east\", \"west\"]".into()
    }
    fn read(given: &Given) -> Option<Self> {
        let names: Vec<String> = match given {
            Given::List(names) => names.clone(),
            Given::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
            _ => return None,
        };
        let are_names = !names.is_empty() && names.iter().all(|name| !name.is_empty());
        are_names.then_some(Self(names))
    }
    fn show(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(quoted).collect();
        format!("[{}]", quoted.join(", "))
    }
}

/// How nodes hear of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusUrl {
    /// One node, inside the process.
    Local,
}

impl Value for BusUrl {
    fn expected() -> String {
        "\"local\"".into()
    }
    fn read(given: &Given) -> Option<Self> {
        (given.text()? == "local").then_some(Self::Local)
    }
    fn show(&self) -> String {
        quoted("local")
    }
}

/// Web origins (<https://www.rfc-editor.org/rfc/rfc6454>) that may connect from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(pub Vec<String>);

impl Value for Origins {
    fn expected() -> String {
        "a list of origins such as [\"https://app.example.org\"], or [\"*\"]".into()
    }
    fn read(given: &Given) -> Option<Self> {
        let origins: Vec<String> = match given {
            Given::List(origins) => origins.clone(),
            Given::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            _ => return None,
        };
        let are_origins = !origins.is_empty() && origins.iter().all(|origin| origin == "*" || is_origin(origin));
        are_origins.then(|| Self(origins.iter().map(|origin| origin.to_ascii_lowercase()).collect()))
    }
    fn show(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(quoted).collect();
        format!("[{}]", quoted.join(", "))
    }
}

/// `scheme://host[:port]` and nothing behind it.
fn is_origin(text: &str) -> bool {
    let has_no_path = text
        .split_once("://")
        .is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
    has_no_path && text.parse::<Uri>().is_ok()
}

fn web_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    is_web.then(|| text.to_owned())
}

fn listen_address(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    (!host.is_empty() && port.parse::<u16>().is_ok()).then(|| text.to_owned())
}
