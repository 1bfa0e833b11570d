//! Scenario files: a scenario's name and its settings in TOML, kept and shown around.

use std::{fs, path::Path};

use clap::ValueEnum;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    ArgumentError, RunArguments, ScenarioArgument, ScenarioName,
    keys::{KEYS, one_of},
};
use crate::limits::SCENARIO_FILE_BYTES_MAX;

/// The key that names the scenario.
const SCENARIO: &str = "scenario";
/// Whoever names one of these on the command line means it instead of the file's.
const CREDENTIALS: [&str; 4] = ["token", "tokens_file", "hmac_secret", "hmac_secret_file"];
/// Characters of a value that an error shows.
const SHOWN_MAX: usize = 40;

impl RunArguments {
    /// The same with the scenario file's settings, where there is a file. What stands on the command line counts before it.
    ///
    /// # Errors
    /// Everything in the file that is not TOML, not known or of another type, with its line.
    pub fn resolve(&self) -> Result<Self, ArgumentError> {
        let ScenarioArgument::File(path) = &self.scenario else {
            return Ok(self.clone());
        };
        let name = path.display().to_string();
        let failed = |error: String| ArgumentError::Scenario(vec![format!("{name}: {error}")]);
        let text = read_limited(path).map_err(failed)?;
        let mut file = File {
            name: &name,
            text: &text,
            resolved: self.clone(),
            problems: Vec::new(),
            scenario: None,
        };
        file.read();
        match file.scenario {
            Some(scenario) if file.problems.is_empty() => {
                file.resolved.scenario = ScenarioArgument::Named(scenario);
                Ok(file.resolved)
            }
            _ => Err(ArgumentError::Scenario(file.problems)),
        }
    }
}

struct File<'a> {
    name: &'a str,
    text: &'a str,
    resolved: RunArguments,
    scenario: Option<ScenarioName>,
    problems: Vec<String>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl File<'_> {
    fn read(&mut self) {
        let table = match DeTable::parse(self.text) {
            Ok(table) => table,
            Err(error) => {
                let place = self.place(error.span().map_or(0, |span| span.start));
                return self.problems.push(format!("{place}: {}", error.message()));
            }
        };
        let mut lines: Vec<_> = table.get_ref().iter().collect();
        lines.sort_by_key(|(key, _)| key.span().start);
        if !lines.iter().any(|(key, _)| *key.get_ref() == SCENARIO) {
            let name = self.name;
            let expected = one_of::<ScenarioName>();
            self.problems
                .push(format!("{name}:1: {SCENARIO}: is missing: must be {expected}"));
        }
        for (key, value) in lines {
            let place = self.place(key.span().start);
            self.line(key.get_ref(), value, place);
        }
        if self.resolved.tokens_file.is_some() && self.resolved.hmac_secret_file.is_some() {
            let place = self.resolved.given.place("tokens_file");
            self.problems
                .push(format!("{place}: can't stand beside hmac_secret_file"));
        }
    }

    fn line(&mut self, name: &str, value: &Value<'_>, place: String) {
        if name == SCENARIO {
            self.scenario = value
                .get_ref()
                .as_str()
                .and_then(|text| ScenarioName::from_str(text, false).ok());
            if self.scenario.is_none() {
                self.expected(&place, name, one_of::<ScenarioName>(), value);
            }
            return;
        }
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return self.problems.push(format!("{place}: {name}: {}", unknown(name)));
        };
        // What the command line says instead is still checked, or the file breaks for the next one.
        let mut unused = self.resolved.clone();
        let counts = !self.is_on_line(key.name);
        let arguments = if counts { &mut self.resolved } else { &mut unused };
        if !(key.set)(arguments, value.get_ref()) {
            self.expected(&place, name, (key.expected)(), value);
        } else if counts {
            self.resolved.given.stands_at(key.name, place);
        }
    }

    fn is_on_line(&self, key: &str) -> bool {
        let given = &self.resolved.given;
        let is_credential = CREDENTIALS.contains(&key);
        given.is_on_line(key) || is_credential && CREDENTIALS.iter().any(|other| given.is_on_line(other))
    }

    fn expected(&mut self, place: &str, name: &str, expected: String, value: &Value<'_>) {
        let source = self.text.get(value.span()).unwrap_or_default();
        let mut shown: String = source
            .chars()
            .take_while(|letter| *letter != '\n')
            .take(SHOWN_MAX)
            .collect();
        if shown.len() < source.len() {
            shown.push('…');
        }
        self.problems
            .push(format!("{place}: {name}: must be {expected}, not {shown}"));
    }

    /// `FILE:LINE` of a byte.
    fn place(&self, byte: usize) -> String {
        let before = &self.text.as_bytes()[..byte.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}", self.name)
    }
}

fn unknown(name: &str) -> String {
    let with_underscores = name.replace('-', "_");
    let known = |name: &str| KEYS.iter().any(|key| key.name == name);
    if known(&with_underscores) {
        format!("unknown key; did you mean `{with_underscores}`?")
    } else if matches!(name, "token" | "hmac_secret") {
        format!(
            "unknown key: no secret stands in a scenario file; give it as --{}, or a file with it",
            name.replace('_', "-")
        )
    } else {
        let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
        format!("unknown key; known are {SCENARIO}, {}", names.join(", "))
    }
}

fn read_limited(path: &Path) -> Result<String, String> {
    let bytes = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > SCENARIO_FILE_BYTES_MAX {
        return Err(format!("larger than {SCENARIO_FILE_BYTES_MAX} bytes"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
