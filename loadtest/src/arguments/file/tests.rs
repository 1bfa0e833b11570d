//! Stories about scenario files: what holds, and what is said of those that are wrong.

use clap::Parser;

use super::*;
use crate::arguments::{Action, Arguments, ShapeName};

/// A folder of its own for one story, gone with it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn with(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plenum-scenario-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join("x.toml"), text).expect("a file");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn arguments(scenario: &Path, words: &str) -> RunArguments {
    let line = format!("plenum-loadtest run {} {words}", scenario.display());
    match Arguments::parse_from(line.split_whitespace()).action {
        Action::Run(arguments) => *arguments,
        other => panic!("a run was asked for, not {other:?}"),
    }
}

/// The file's name tells the tests' folders apart.
fn resolve(name: &str, text: &str, words: &str) -> Result<RunArguments, String> {
    let folder = Folder::with(name, text);
    let resolved = arguments(&folder.0.join("x.toml"), words).resolve();
    resolved.map_err(|error| without_folder(&folder, &error.to_string()))
}

fn without_folder(folder: &Folder, text: &str) -> String {
    text.replace(&format!("{}/", folder.0.display()), "")
}

/// What planning a run by this file says.
async fn error_of_plan(name: &str, text: &str) -> String {
    let folder = Folder::with(name, text);
    let error = arguments(&folder.0.join("x.toml"), "--target ws://127.0.0.1:1")
        .plan()
        .await;
    without_folder(&folder, &error.expect_err("wrong on purpose").to_string())
}

const STORM: &str = r#"
scenario = "reconnect-storm"
# Comments are welcome.
target = "ws://127.0.0.1:1"
sessions = 1_500
rate = 50
resume_share = 0.25
shape = "bursts"
members = true
hmac_secret_file = "key"
"#;

#[test]
fn a_file_says_what_a_run_is_like_and_the_command_line_counts_before_it() {
    let run = resolve("holds", STORM, "--sessions 7 --quiet").expect("understood");
    assert_eq!(run.name(), ScenarioName::ReconnectStorm);
    assert_eq!((run.sessions, run.rate, run.resume_share), (7, 50.0, 0.25));
    assert_eq!((run.shape, run.members, run.quiet), (ShapeName::Bursts, true, true));
    assert_eq!(run.target, ["ws://127.0.0.1:1"]);
    assert_eq!(run.seconds, 20.0, "what nobody says is as usual");
    assert_eq!(run.given.place("sessions"), "--sessions");
    assert!(run.given.place("rate").ends_with("x.toml:6: rate"));
}

#[test]
fn whoever_brings_a_token_does_not_mean_the_files_key() {
    let run = resolve("token", STORM, "--token given").expect("understood");
    assert!(run.token.is_some() && run.hmac_secret_file.is_none());
}

#[test]
fn everything_wrong_is_named_with_its_line_and_key() {
    let wrong = "scenario = \"one-big-rom\"\nsessions = \"many\"\n\nresume-share = 0.5\nshape = 'flat'\n\n\
                 [limits]\nrate = 5\n";
    let problems = resolve("wrong", wrong, "").expect_err("wrong on purpose");
    let begins = [
        "x.toml:1: scenario: must be one of one-big-room, history-rush, ",
        "x.toml:2: sessions: must be a whole number from 0 to 18446744073709551615, not \"many\"",
        "x.toml:4: resume-share: unknown key; did you mean `resume_share`?",
        "x.toml:5: shape: must be one of steady, ramp, bursts, not 'flat'",
        "x.toml:7: limits: unknown key; known are scenario, target, sessions, ",
    ];
    let lines: Vec<_> = problems.lines().collect();
    assert_eq!(lines.len(), begins.len(), "{problems}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
}

#[test]
fn types_are_told_apart() {
    for (line, expected) in [
        (
            "sessions = 1.5",
            "a whole number from 0 to 18446744073709551615, not 1.5",
        ),
        ("sessions = -1", "a whole number from 0 to 18446744073709551615, not -1"),
        (
            "history = 5_000_000_000",
            "a whole number from 0 to 4294967295, not 5_000_000_000",
        ),
        ("rate = true", "a number, not true"),
        ("members = 1", "true or false, not 1"),
        ("channel = ''", "text, not empty, not ''"),
        ("target = [1]", "text, or a list of texts, not [1]"),
    ] {
        let (key, _) = line.split_once(' ').expect("two words");
        let text = format!("scenario = 'one-big-room'\n{line}");
        let problem = resolve(&format!("types-{key}-{}", line.len()), &text, "").expect_err("wrong on purpose");
        assert_eq!(problem, format!("x.toml:2: {key}: must be {expected}"));
    }
}

#[test]
fn what_the_command_line_says_instead_is_checked_all_the_same() {
    let text = "scenario = 'one-big-room'\nsessions = 'many'";
    assert!(resolve("instead", text, "--sessions 5").is_err());
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let problem = resolve("not-toml", "scenario = 'one-big-room'\nsessions 5\n", "").expect_err("wrong on purpose");
    assert!(problem.starts_with("x.toml:2: "), "{problem}");
    let problem = resolve("twice", "rate = 1\nsize = 100\nrate = 2\n", "").expect_err("wrong on purpose");
    assert!(problem.starts_with("x.toml:3: "), "{problem}");
}

#[test]
fn a_file_without_a_scenario_is_none() {
    let problem = resolve("none", "rate = 1\n", "").expect_err("wrong on purpose");
    assert!(problem.starts_with("x.toml:1: scenario: is missing"), "{problem}");
    let missing = arguments(Path::new("nowhere/x.toml"), "")
        .resolve()
        .expect_err("no file");
    assert!(missing.to_string().starts_with("nowhere/x.toml: "), "{missing}");
}

#[test]
fn secrets_stand_in_no_file_and_are_shown_by_no_error() {
    let text = "scenario = 'one-big-room'\nhmac_secret = 'hidden'\ntoken = 'hidden'\n";
    let problem = resolve("secrets", text, "").expect_err("wrong on purpose");
    assert!(problem.starts_with("x.toml:2: hmac_secret: unknown key"), "{problem}");
    assert!(!problem.contains("hidden"), "{problem}");
    let text = "scenario = 'one-big-room'\ntokens_file = 'a'\nhmac_secret_file = 'b'\n";
    let problem = resolve("both", text, "").expect_err("wrong on purpose");
    assert_eq!(problem, "x.toml:2: tokens_file: can't stand beside hmac_secret_file");
    let text = "scenario = 'one-big-room'\ni_own_the_target = true\n";
    assert!(resolve("own", text, "").is_err(), "that is said anew each time");
}

#[tokio::test]
async fn what_is_wrong_in_the_plan_names_the_files_place_too() {
    for (line, expected) in [
        ("sessions = 0", "sessions: must be from 1 to 1000000, not 0"),
        ("lag_limit_ms = 0", "lag_limit_ms: must be from 1 to 60000, not 0"),
        ("rate = nan", "rate: must be from 0.01 to 100000, not NaN"),
        ("missed = 100_001", "missed: must be from 0 to 100000, not 100001"),
        (
            "rate = 100_000",
            "rate: 100000 for 3000 seconds is more than 2000000 messages",
        ),
        ("tokens_file = '/nowhere/x'", "tokens_file: /nowhere/x can't be read: "),
        (
            "members = true",
            "members: the members' accounts need the signing key: ",
        ),
    ] {
        let text = format!("scenario = 'one-big-room'\nseconds = 3000\n\n{line}\n");
        let name = line.replace(['/', ' ', '\''], "-");
        let problem = error_of_plan(&name, &text).await;
        assert!(problem.starts_with(&format!("x.toml:4: {expected}")), "{problem}");
    }
}

#[test]
fn the_example_files_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut shown = Vec::new();
    for entry in fs::read_dir(folder).expect("the examples") {
        let path = entry.expect("an example").path();
        let run = arguments(&path, "").resolve().expect("understood");
        let name = run.name().to_possible_value().expect("a name").get_name().to_owned();
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(&*name));
        shown.push(name);
    }
    assert_eq!(
        shown.len(),
        ScenarioName::value_variants().len(),
        "one for each scenario: {shown:?}"
    );
}
