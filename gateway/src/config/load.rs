//! Puts the layers together and says everything that is wrong with them at once.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Config, SETTINGS, Setting,
    table::read_default,
    toml_file,
    value::{Given, Value},
};

/// Beginning of the names of environment variables that are settings.
const ENVIRONMENT_PREFIX: &str = "PLENUM_";
/// End of the names of keys that give the file of a secret.
const FILE_SUFFIX: &str = "_file";
/// Largest configuration file and secret file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Settings from the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<String>,
}

/// The configuration is wrong; one line per finding, each with its place and key, none with a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// A value and where it stands.
#[derive(Debug)]
struct Placed {
    given: Given,
    source: String,
}

/// The settings that were given, the strongest layer's value of each, and what was found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Layers {
    values: BTreeMap<&'static str, Placed>,
    problems: Vec<String>,
}

/// Loads the configuration: file, then `environment`, then the command line, each before the one named ahead of it.
///
/// # Errors
/// Every unknown key or variable, every value of a wrong type, every file that can't be read.
pub fn load(
    overrides: &Overrides,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut layers = Layers::default();
    if let Some(path) = &overrides.file {
        layers.add_file(path);
    }
    layers.add_environment(environment);
    layers.add_option("listen", "--listen", overrides.listen.as_deref());
    layers.add_option("data", "--data", overrides.data.as_deref());
    match Config::read(&mut layers) {
        Some(config) if layers.problems.is_empty() => Ok(config),
        _ => Err(ConfigError(layers.problems)),
    }
}

impl Layers {
    /// The value of a setting, or its default; None when it is wrong, which is noted.
    pub(super) fn take<T: Value>(&mut self, key: &'static str, default: Option<&str>) -> Option<T> {
        let Some(placed) = self.values.remove(key) else {
            return read_default(default);
        };
        let value = T::read(&placed.given);
        if value.is_none() {
            self.problems
                .push(format!("{}: `{key}` expects {}", placed.source, T::expected()));
        }
        value
    }

    fn add_file(&mut self, path: &Path) {
        let name = path.display();
        let text = match read_limited(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("{name}: {error}")),
        };
        match toml_file::lines(&text) {
            Ok(lines) => self.add_layer(
                lines
                    .into_iter()
                    .map(|line| (line.key, line.given, format!("{name}:{}", line.line))),
            ),
            Err((line, message)) => self.problems.push(format!("{name}:{line}: {message}")),
        }
    }

    fn add_environment(&mut self, environment: impl IntoIterator<Item = (OsString, OsString)>) {
        let mut given = Vec::new();
        for (variable, value) in environment {
            let variable = variable.to_string_lossy().into_owned();
            let Some(rest) = variable.strip_prefix(ENVIRONMENT_PREFIX) else {
                continue;
            };
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let source = format!("environment variable {variable}");
            match value.into_string() {
                Ok(value) => given.push((key, Given::Text(value), source)),
                Err(_) => self.problems.push(format!("{source}: not UTF-8")),
            }
        }
        given.sort_by(|one, other| one.2.cmp(&other.2));
        self.add_layer(given.into_iter());
    }

    fn add_option(&mut self, key: &'static str, option: &str, value: Option<&str>) {
        if let Some(value) = value {
            let source = format!("command line {option}");
            self.values.insert(
                key,
                Placed {
                    given: Given::Text(value.to_owned()),
                    source,
                },
            );
        }
    }

    /// Lays a layer over what is there.
    fn add_layer(&mut self, layer: impl Iterator<Item = (String, Given, String)>) {
        let mut seen: BTreeMap<&'static str, String> = BTreeMap::new();
        for (key, given, source) in layer {
            let Some((setting, is_file)) = find(&key) else {
                self.problems.push(unknown(&key, &source));
                continue;
            };
            if let Some(other) = seen.insert(setting.key, source.clone()) {
                self.problems
                    .push(format!("{source}: `{}` is given twice, also by {other}", setting.key));
                continue;
            }
            let given = if is_file {
                self.secret_of_file(&key, given, &source)
            } else {
                Some(given)
            };
            if let Some(given) = given {
                self.values.insert(setting.key, Placed { given, source });
            }
        }
    }

    /// The secret that a `…_file` key names; a line break at its end is no part of it.
    fn secret_of_file(&mut self, key: &str, path: Given, source: &str) -> Option<Given> {
        let (Given::Text(path) | Given::String(path)) = path else {
            self.problems.push(format!("{source}: `{key}` expects a path"));
            return None;
        };
        match read_limited(Path::new(&path)) {
            Ok(text) => Some(Given::Text(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                self.problems.push(format!("{source}: `{key}`: {path}: {error}"));
                None
            }
        }
    }
}

/// The setting behind a key, and whether the key names the file of a secret.
fn find(key: &str) -> Option<(&'static Setting, bool)> {
    let named = |name: &str| SETTINGS.iter().find(|setting| setting.key == name);
    if let Some(setting) = named(key) {
        return Some((setting, false));
    }
    let setting = named(key.strip_suffix(FILE_SUFFIX)?)?;
    setting.is_secret.then_some((setting, true))
}

fn unknown(key: &str, source: &str) -> String {
    match closest(key) {
        Some(near) => format!("{source}: unknown key `{key}`; did you mean `{near}`?"),
        None => format!("{source}: unknown key `{key}`"),
    }
}

/// The key that differs in the fewest characters, where it is near enough to be meant.
fn closest(key: &str) -> Option<&'static str> {
    let near = SETTINGS
        .iter()
        .map(|setting| (distance(key, setting.key), setting.key))
        .min()?;
    (near.0 <= 3).then_some(near.1)
}

/// How many characters have to be put in, taken out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, character) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, wanted) in other.chars().enumerate() {
            let changed = diagonal + usize::from(character != wanted);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

fn read_limited(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("larger than {FILE_BYTES_MAX} bytes"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}
