//! Where each setting of a run was given, so that the command line counts before the file and errors name the place.

use std::collections::{BTreeMap, BTreeSet};

use clap::{ArgMatches, Command, Error, FromArgMatches, parser::ValueSource};

/// What was given, and where. It adds no option of its own.
#[derive(Debug, Clone, Default)]
pub struct Given {
    on_line: BTreeSet<String>,
    in_file: BTreeMap<&'static str, String>,
}

impl Given {
    /// Whether a key stands on the command line.
    pub(super) fn is_on_line(&self, key: &str) -> bool {
        self.on_line.contains(key)
    }

    /// Whether a key stands anywhere.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.is_on_line(key) || self.in_file.contains_key(key)
    }

    /// Takes note that a key holds by the file, at `place`.
    pub(super) fn stands_at(&mut self, key: &'static str, place: String) {
        self.in_file.insert(key, place);
    }

    /// The place of a setting in words: `FILE:LINE: key`, or the option. `name` is written as either.
    pub(super) fn place(&self, name: &str) -> String {
        let key = name.replace('-', "_");
        let option = || format!("--{}", key.replace('_', "-"));
        match self.in_file.get(key.as_str()) {
            Some(place) => format!("{place}: {key}"),
            None => option(),
        }
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let on_line = matches
            .ids()
            .map(|id| id.as_str())
            .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
        Ok(Self {
            on_line: on_line.map(str::to_owned).collect(),
            in_file: BTreeMap::new(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
