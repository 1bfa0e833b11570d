//! The installation of `compose.yaml`, without starting it: its parts, its files, its settings and its secrets.
//!
//! Docker's own check of the file is asked too, where Docker has the compose command.

mod http_kit;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use gateway::config::SETTINGS;
use http_kit::{Folder, text};
use yaml_rust2::{Yaml, YamlLoader};

/// The services that are nodes of Plenum.
const NODES: [&str; 2] = ["plenum-1", "plenum-2"];
/// What a secret is in the check of settings.
const SECRET: &str = "a-secret-of-this-test-0123456789abcdef";
/// Where both nodes keep everything.
const STORE: &str = "scylla://scylla/plenum";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

/// The entries of a mapping; nothing for what is not there.
fn entries(yaml: &Yaml) -> Vec<(&str, &Yaml)> {
    let pairs = yaml.as_hash().into_iter().flatten();
    pairs
        .map(|(key, value)| (key.as_str().expect("keys are text"), value))
        .collect()
}

/// The texts of a list; nothing for what is not there.
fn list(yaml: &Yaml) -> Vec<&str> {
    let items = yaml.as_vec().into_iter().flatten();
    items.map(|item| item.as_str().expect("items are text")).collect()
}

/// The variables of a service, as they stand in the file.
fn variables(service: &Yaml) -> BTreeMap<&str, &str> {
    let pairs = entries(&service["environment"]).into_iter();
    pairs
        .map(|(name, value)| (name, value.as_str().unwrap_or_else(|| panic!("{name} is not text"))))
        .collect()
}

/// `NAME` of `${NAME:?words}`: what must come from outside.
fn asked_for(value: &str) -> Option<&str> {
    value
        .strip_prefix("${")?
        .strip_suffix('}')?
        .split_once(":?")
        .map(|(name, _)| name)
}

/// The variables that the image sets.
fn variables_of_image() -> BTreeMap<String, String> {
    let dockerfile = read("Dockerfile");
    let lines = dockerfile.lines().filter_map(|line| line.strip_prefix("ENV "));
    let pairs = lines.flat_map(str::split_whitespace).map(|pair| pair.split_once('='));
    let pairs = pairs.map(|pair| pair.expect("NAME=value"));
    let pairs = pairs.filter(|(name, _)| name.starts_with("PLENUM_"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether an image's name ends in a whole version: `debian:12.12-slim`, `prom/prometheus:v3.5.0`.
fn is_pinned(image: &str) -> bool {
    let version = image
        .rsplit_once(':')
        .map_or("", |(_, tag)| tag.trim_start_matches('v'));
    let numbers = version.split('-').next().unwrap_or_default();
    numbers.contains('.') && numbers.split('.').all(|part| part.parse::<u32>().is_ok())
}

#[test]
fn the_installation_has_all_of_its_parts() {
    let compose = yaml("compose.yaml");
    let services: BTreeSet<&str> = entries(&compose["services"])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let expected = ["grafana", "nats", "plenum-1", "plenum-2", "prometheus", "scylla"];
    assert_eq!(services, expected.into());
    for node in NODES {
        let variables = variables(&compose["services"][node]);
        assert_eq!(variables["PLENUM_NODE__NAME"], node);
        assert_eq!(variables["PLENUM_STORAGE__URL"], STORE);
    }
}

#[test]
fn every_image_is_of_one_version() {
    let compose = yaml("compose.yaml");
    for (name, service) in entries(&compose["services"]) {
        match service["image"].as_str() {
            Some(image) => assert!(is_pinned(image), "{name}: {image}"),
            None => assert_eq!(service["build"].as_str(), Some("."), "{name}"),
        }
    }
    let dockerfile = read("Dockerfile");
    let images = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
    let images: Vec<&str> = images.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(images.len(), 3);
    assert!(images.iter().all(|image| is_pinned(image)), "{images:?}");
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().expect("TOML");
    let version = toolchain["toolchain"]["channel"].as_str().expect("a version");
    assert!(
        images
            .iter()
            .any(|image| image.starts_with(&format!("rust:{version}-"))),
        "the image is not built with Rust {version}"
    );
    assert!(dockerfile.contains(&format!("ENV RUSTUP_TOOLCHAIN={version}\n")));
}

#[test]
fn everything_that_is_mounted_is_there() {
    let compose = yaml("compose.yaml");
    let kept: BTreeSet<&str> = entries(&compose["volumes"]).into_iter().map(|(name, _)| name).collect();
    for (name, service) in entries(&compose["services"]) {
        for mount in list(&service["volumes"]) {
            let source = mount.split(':').next().expect("a source");
            let is_there = kept.contains(source) || source.starts_with("./") && root().join(source).is_file();
            assert!(is_there, "{name}: {mount}");
        }
        for port in list(&service["ports"]) {
            assert!(
                port.starts_with("127.0.0.1:"),
                "{name} listens beyond this machine: {port}"
            );
        }
    }
}

#[test]
fn every_setting_of_the_nodes_is_known_and_right() {
    let compose = yaml("compose.yaml");
    for node in NODES {
        let folder = Folder::new();
        let mut command = folder.plenum(&["check-config"]);
        command.envs(variables_of_image());
        for (name, value) in variables(&compose["services"][node]) {
            let value = if asked_for(value).is_some() { SECRET } else { value };
            command.env(name, value);
        }
        let output = command.output().expect("runs");
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && errors.is_empty(), "{node}: {errors}");
        assert!(out.contains("listen = \"0.0.0.0:8080\""), "{out}");
        assert!(!out.contains(SECRET));
    }
}

#[test]
fn secrets_come_from_outside_and_the_example_names_all_of_them() {
    let compose = yaml("compose.yaml");
    let mut asked = BTreeSet::new();
    for (service, content) in entries(&compose["services"]) {
        for (name, value) in variables(content) {
            let setting = name.trim_start_matches("PLENUM_").to_lowercase().replace("__", ".");
            let is_secret = SETTINGS.iter().any(|known| known.is_secret && known.key == setting);
            let sounds_secret = ["PASSWORD", "SECRET", "TOKEN", "KEY"]
                .iter()
                .any(|word| name.contains(word));
            match asked_for(value) {
                Some(variable) => drop(asked.insert(variable.to_owned())),
                None => assert!(!is_secret && !sounds_secret, "{service}: {name} stands in the file"),
            }
        }
    }
    let example = read(".env.example");
    let lines = example
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let named: BTreeSet<String> = lines
        .map(|line| line.strip_suffix('=').expect("no value stands there").to_owned())
        .collect();
    assert_eq!(named, asked);
    assert!(read(".gitignore").lines().any(|line| line == "/.env"));
}

#[test]
fn prometheus_and_grafana_find_what_they_show() {
    let compose = yaml("compose.yaml");
    let prometheus = yaml("dashboards/compose/prometheus.yml");
    let jobs = prometheus["scrape_configs"].as_vec().expect("jobs");
    let targets: Vec<&str> = jobs
        .iter()
        .flat_map(|job| list(&job["static_configs"][0]["targets"]))
        .collect();
    for target in &targets {
        let (service, _) = target.split_once(':').expect("NAME:PORT");
        assert!(!compose["services"][service].is_badvalue(), "{target}");
    }
    for node in NODES {
        assert!(
            targets.contains(&format!("{node}:8080").as_str()),
            "{node} is not collected"
        );
    }
    let grafana = &compose["services"]["grafana"];
    let sources = yaml("dashboards/compose/grafana-datasources.yml");
    assert_eq!(
        sources["datasources"][0]["url"].as_str(),
        Some("http://prometheus:9090")
    );
    let providers = yaml("dashboards/compose/grafana-dashboards.yml");
    let shown = providers["providers"][0]["options"]["path"].as_str().expect("a folder");
    let mount = format!("./dashboards/plenum.json:{shown}/plenum.json:ro");
    assert!(list(&grafana["volumes"]).contains(&mount.as_str()), "{mount}");
}

#[test]
fn docker_itself_reads_the_file_where_it_is_there() {
    let has_compose = Command::new("docker")
        .args(["compose", "version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_compose {
        return;
    }
    let output = Command::new("docker")
        .args(["compose", "--file", "compose.yaml", "config", "--quiet"])
        .current_dir(root())
        .envs([("PLENUM_API__KEY", SECRET), ("GRAFANA_ADMIN_PASSWORD", SECRET)])
        .output()
        .expect("docker runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
}
