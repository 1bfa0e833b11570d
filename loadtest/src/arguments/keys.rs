//! The keys of a scenario file: which there are, and how each value is read.
//!
//! A key is called like its option, with underscores. Secrets have none: a file is shown around.

use std::path::PathBuf;

use clap::ValueEnum;
use toml::de::DeValue;

use super::{EncodingName, RunArguments, ShapeName, TransportName};

/// One key.
pub(super) struct Key {
    /// How it is called.
    pub(super) name: &'static str,
    /// What may stand there, in words that complete "must be …".
    pub(super) expected: fn() -> String,
    /// Reads the value into its place; false when it is of another type.
    pub(super) set: fn(&mut RunArguments, &DeValue<'_>) -> bool,
}

/// A type that a key can have.
trait FromFile: Sized {
    fn expected() -> String;
    fn read(value: &DeValue<'_>) -> Option<Self>;
}

/// What a field's type expects; the function only tells the type.
fn expected_by<T: FromFile>(_: fn(&RunArguments) -> &T) -> String {
    T::expected()
}

macro_rules! keys {
    ($($name:ident),* $(,)?) => {
        /// All keys but `scenario`.
        pub(super) const KEYS: &[Key] = &[$(Key {
            name: stringify!($name),
            expected: || expected_by(|arguments| &arguments.$name),
            set: |arguments, value| FromFile::read(value).map(|read| arguments.$name = read).is_some(),
        }),*];
    };
}

keys! {
    target, sessions, rate, seconds, size, shape, resume_share, away_ms, history, statements_max, missed, slow_share, slow_bytes_per_second,
    chats, chat_interval,
    channel, members, encoding, transport,
    tokens_file, hmac_secret_file, open_rate, open_timeout, rest, leave, drain_timeout, recovery_entries, threads,
    lag_limit_ms, server_pid, seed, json, quiet,
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl FromFile for $type {
            fn expected() -> String {
                format!("a whole number from 0 to {}", <$type>::MAX)
            }
            fn read(value: &DeValue<'_>) -> Option<Self> {
                let number = value.as_integer()?;
                <$type>::from_str_radix(number.as_str(), number.radix()).ok()
            }
        }
    )*};
}

whole_numbers!(u32, u64, usize);

impl FromFile for f64 {
    fn expected() -> String {
        "a number".to_owned()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            whole => u32::read(whole).map(Self::from),
        }
    }
}

impl FromFile for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl FromFile for String {
    fn expected() -> String {
        "text, not empty".to_owned()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

impl FromFile for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        String::read(value).map(Self::from)
    }
}

/// One text counts as a list of one.
impl FromFile for Vec<String> {
    fn expected() -> String {
        "text, or a list of texts".to_owned()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_array() {
            Some(items) => items.iter().map(|item| String::read(item.get_ref())).collect(),
            None => String::read(value).map(|text| vec![text]),
        }
    }
}

impl<T: FromFile> FromFile for Option<T> {
    fn expected() -> String {
        T::expected()
    }
    fn read(value: &DeValue<'_>) -> Option<Self> {
        T::read(value).map(Some)
    }
}

macro_rules! names {
    ($($type:ty),*) => {$(
        impl FromFile for $type {
            fn expected() -> String {
                one_of::<Self>()
            }
            fn read(value: &DeValue<'_>) -> Option<Self> {
                Self::from_str(value.as_str()?, false).ok()
            }
        }
    )*};
}

names!(ShapeName, EncodingName, TransportName);

/// The names of a choice, as a list.
pub(super) fn one_of<T: ValueEnum>() -> String {
    let names = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<_> = names.map(|name| name.get_name().to_owned()).collect();
    format!("one of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::arguments::Arguments;

    /// Secrets are shown to nobody; whose a target is, is said anew each time.
    const ON_THE_LINE_ONLY: [&str; 5] = ["token", "hmac_secret", "i_own_the_target", "scenario", "help"];

    #[test]
    fn every_option_is_a_key_but_for_secrets() {
        let command = Arguments::command();
        let run = command.find_subcommand("run").expect("a command");
        let mut options: Vec<_> = run.get_arguments().map(|option| option.get_id().to_string()).collect();
        options.retain(|option| !ON_THE_LINE_ONLY.contains(&option.as_str()));
        let mut keys: Vec<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        options.sort();
        keys.sort();
        assert_eq!(options, keys);
    }
}
