//! How a scenario is named: by a built-in one's name, or by a file that says which and with which settings.

use std::{path::PathBuf, str::FromStr};

use clap::ValueEnum;

use super::{RunArguments, ScenarioName, keys::one_of};

/// What `run --help` says of scenario files.
pub(super) const ABOUT_FILES: &str = "\
Scenario files are TOML: `scenario = \"one-big-room\"` and any of the options above as keys, spelled with underscores \
(--resume-share is `resume_share`); secrets and --i-own-the-target stand on the command line alone. \
What stands on the command line counts before the file.";

/// The first word of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScenarioArgument {
    /// A built-in scenario with its usual settings.
    Named(ScenarioName),
    /// A scenario file.
    File(PathBuf),
}

impl FromStr for ScenarioArgument {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word.ends_with(".toml") || word.contains('/') {
            return Ok(Self::File(word.into()));
        }
        ScenarioName::from_str(word, false).map(Self::Named).map_err(|_| {
            let names = one_of::<ScenarioName>();
            format!("must be {names}, or a file: a path that ends in .toml or has a `/`")
        })
    }
}

impl RunArguments {
    /// The scenario; one that still stands in a file counts as the first one.
    pub(super) const fn name(&self) -> ScenarioName {
        match &self.scenario {
            ScenarioArgument::Named(name) => *name,
            ScenarioArgument::File(_) => ScenarioName::OneBigRoom,
        }
    }
}

/// The built-in scenarios, a line each.
pub fn scenarios() -> String {
    let values = ScenarioName::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    let lines = values.map(|value| {
        let about = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("{:<16} {about}\n", value.get_name())
    });
    lines.collect()
}
