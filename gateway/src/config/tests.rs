//! Stories about what an operator writes and what comes of it.

use std::{
    ffi::OsString,
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// A folder of its own for one story, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("plenum-config-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a temporary file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Loads a file's text with variables.
fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = Folder::new();
    let overrides = Overrides {
        file: Some(folder.file("plenum.toml", text)),
        ..Overrides::default()
    };
    load(&overrides, variables(environment))
}

/// The findings, without the folder's name.
fn findings(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let error = load_text(text, environment).expect_err("wrong on purpose");
    let place = |line: &String| {
        line.find("plenum.toml")
            .map_or_else(|| line.clone(), |at| line[at..].to_owned())
    };
    error.0.iter().map(place).collect()
}

#[test]
fn with_nothing_given_the_defaults_hold() {
    let config = load(&Overrides::default(), Vec::new()).expect("the defaults are fine");
    assert_eq!(config, Config::default());
    assert_eq!(config.listen.0, "127.0.0.1:8080");
    assert_eq!(
        (
            config.publish_per_second.0,
            config.message_bytes.0,
            config.drain_timeout_s.0
        ),
        (20, 65_536, 25)
    );
    assert_eq!(
        (config.open_channels, config.allow_anonymous, config.delivery_budget_ms),
        (false, false, None)
    );
    assert!(warnings(&config).is_empty());
}

#[test]
fn the_command_line_counts_before_the_environment_and_that_before_the_file() {
    let folder = Folder::new();
    let file = folder.file(
        "plenum.toml",
        "listen = \"0.0.0.0:1\"\ndata = \"/file\"\n[limits]\npublish_per_second = 1\n[node]\nname = \"file\"\n",
    );
    let overrides = Overrides {
        file: Some(file),
        listen: Some("0.0.0.0:3".into()),
        data: None,
    };
    let environment = [
        ("PLENUM_LISTEN", "0.0.0.0:2"),
        ("PLENUM_DATA", "/environment"),
        ("PLENUM_LIMITS__PUBLISH_PER_SECOND", "2"),
        ("HOME", "/root"),
    ];
    let config = load(&overrides, variables(&environment)).expect("nothing is wrong");
    assert_eq!(config.listen.0, "0.0.0.0:3");
    assert_eq!(config.data.0, PathBuf::from("/environment"));
    assert_eq!(config.publish_per_second.0, 2);
    assert_eq!(config.node_name.0, "file");
}

#[test]
fn a_misspelt_key_is_an_error_that_names_file_line_and_key() {
    let found = findings("# first\n\n[realtime]\nopen_chanels = true\n", &[]);
    assert_eq!(
        found,
        ["plenum.toml:4: unknown key `realtime.open_chanels`; did you mean `realtime.open_channels`?"]
    );
    let found = findings("colour = \"blue\"\n", &[]);
    assert_eq!(found, ["plenum.toml:1: unknown key `colour`"]);
    let found = findings("listen.port = 8080\n", &[]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_unknown_variable_is_an_error() {
    let found = findings(
        "",
        &[("PLENUM_LISTENN", "127.0.0.1:1"), ("PLENUMX", "of somebody else")],
    );
    assert_eq!(
        found,
        ["environment variable PLENUM_LISTENN: unknown key `listenn`; did you mean `listen`?"]
    );
    let found = findings("", &[("PLENUM_REALTIME__OPEN__CHANNELS", "true")]);
    assert!(found[0].contains("`realtime.open.channels`"), "{found:?}");
}

#[test]
fn a_wrong_type_says_what_is_expected_and_everything_wrong_is_said_at_once() {
    let text =
        "listen = 8080\n[realtime]\nopen_channels = \"yes\"\ndelivery_budget_ms = -1\n[limits]\nmessage_bytes = 1\n";
    let found = findings(
        text,
        &[("PLENUM_DRAIN__TIMEOUT_S", "soon"), ("PLENUM_LOG__FORMAT", "xml")],
    );
    let of = |key: &str| {
        found
            .iter()
            .find(|line| line.contains(key))
            .unwrap_or_else(|| panic!("{key}: {found:?}"))
    };
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(
        of("`listen`"),
        "plenum.toml:1: `listen` expects ADDRESS:PORT, such as 127.0.0.1:8080"
    );
    assert_eq!(
        of("open_channels"),
        "plenum.toml:3: `realtime.open_channels` expects true or false"
    );
    assert!(of("delivery_budget_ms").contains("plenum.toml:4:"));
    assert!(of("message_bytes").contains("a whole number from 1024 to 16777216"));
    assert!(of("drain.timeout_s").starts_with("environment variable PLENUM_DRAIN__TIMEOUT_S: "));
    assert!(of("log.format").contains("\"text\" or \"json\""));
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line_and_without_its_text() {
    let found = findings("listen = \"127.0.0.1:1\"\n[api]\nkey = \"hunter2\n", &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("plenum.toml:3: "), "{found:?}");
    assert!(!found[0].contains("hunter2"), "{found:?}");
    let missing = Overrides {
        file: Some("/nowhere/plenum.toml".into()),
        ..Overrides::default()
    };
    let error = load(&missing, Vec::new()).expect_err("no such file");
    assert!(error.to_string().starts_with("/nowhere/plenum.toml: "), "{error}");
}

#[test]
fn secrets_come_from_files_too_and_are_never_shown() {
    let folder = Folder::new();
    let secret = folder.file("key", "hunter2\n");
    let name = secret.display().to_string();
    let config = load_text("[api]\nkey = \"from the file\"\n", &[("PLENUM_API__KEY_FILE", &name)]).expect("fine");
    assert_eq!(config.api_key.as_ref().map(Secret::reveal), Some("hunter2"));
    let shown = format!("{config:?} {:?}", config.shown());
    assert!(!shown.contains("hunter2") && shown.contains("api.key"), "{shown}");
    for (text, environment) in [
        ("[api]\nkey = [\"hunter2\"]\n", vec![]),
        ("[api]\nkey = \"\"\n", vec![]),
        (
            "",
            vec![("PLENUM_API__KEY", "hunter2"), ("PLENUM_API__KEY_FILE", "/nowhere")],
        ),
        ("[api]\nkey_file = \"/nowhere\"\n", vec![]),
        ("[node]\nname_file = \"/nowhere\"\n", vec![]),
    ] {
        let found = findings(text, &environment);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
}

#[test]
fn origins_are_whole_origins() {
    let config = load_text(
        "",
        &[(
            "PLENUM_REALTIME__ALLOWED_ORIGINS",
            "https://a.example, http://B.example:8080",
        )],
    );
    let origins = config.expect("fine").allowed_origins.expect("given");
    assert_eq!(origins.0, ["https://a.example", "http://b.example:8080"]);
    for wrong in [
        "[]",
        "[\"a.example\"]",
        "[\"https://a.example/path\"]",
        "\"https://\"",
        "[1]",
    ] {
        let found = findings(&format!("[realtime]\nallowed_origins = {wrong}\n"), &[]);
        assert!(found[0].contains("a list of origins"), "{wrong}: {found:?}");
    }
}

#[test]
fn settings_that_open_the_node_warn_each() {
    let text = "[realtime]\nopen_channels = true\nallow_anonymous = true\nallowed_origins = [\"*\"]\n";
    let config = load_text(text, &[]).expect("allowed");
    assert_eq!(warnings(&config).len(), 3);
}

#[test]
fn a_reload_takes_over_what_can_change_and_names_what_can_not() {
    let running = Config::default();
    let newer = load_text(
        "listen = \"0.0.0.0:1\"\n[api]\nkey = \"new\"\n[drain]\ntimeout_s = 3\n",
        &[],
    )
    .expect("fine");
    let differing: Vec<_> = running
        .differences(&newer)
        .iter()
        .map(|setting| (setting.key, setting.applies))
        .collect();
    let expected = [
        ("listen", Applies::AtStart),
        ("api.key", Applies::Live),
        ("drain.timeout_s", Applies::Live),
    ];
    assert_eq!(differing, expected);
    let after = running.with_live_of(&newer);
    assert_eq!(
        (after.listen.0.as_str(), after.drain_timeout_s.0),
        ("127.0.0.1:8080", 3)
    );
    assert_eq!(after.api_key.as_ref().map(Secret::reveal), Some("new"));
}

#[test]
fn the_names_that_others_rely_on_are_there() {
    for key in [
        "listen",
        "data",
        "node.name",
        "storage.url",
        "bus.url",
        "auth.jwt.hmac_secret",
        "auth.jwt.jwks_url",
        "api.key",
        "realtime.open_channels",
        "realtime.allow_anonymous",
        "realtime.allowed_origins",
        "realtime.delivery_budget_ms",
        "realtime.recovery_max_entries",
        "limits.publish_per_second",
        "limits.message_bytes",
        "drain.timeout_s",
    ] {
        assert!(SETTINGS.iter().any(|setting| setting.key == key), "{key}");
    }
}

#[test]
fn the_manual_page_is_what_the_program_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == manual(),
        "write it anew: plenum config-doc > docs/configuration.md"
    );
}
