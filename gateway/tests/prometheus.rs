//! A real Prometheus collects a real node, with the configuration of `dashboards/`, and answers every question of the dashboard.
//!
//! The program is `prometheus` of the search path, or the one that `PROMETHEUS` names; `promtool` likewise. Without them these tests fail.

mod http_kit;
mod kit;

use std::{
    fs::{self, File},
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use http_kit::Node;
use kit::{Client, node};
use serde_json::{Value, json};
use ureq::Agent;

/// Long enough for a busy machine; nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a free port is looked for: another process may take it before Prometheus does.
const PORTS_TRIED_MAX: usize = 5;
/// Panels whose queries may have no series on this node, each with the reason. None: every series is there from the start.
const MAY_BE_EMPTY: [(&str, &str); 0] = [];

fn dashboards() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards")
}

/// A program of the Debian package `prometheus`.
fn program(name: &str) -> Command {
    let path = std::env::var_os(name.to_uppercase()).unwrap_or_else(|| name.into());
    let mut command = Command::new(path);
    let is_there = Command::new(command.get_program())
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        is_there,
        "{name} is not there: apt-get install prometheus (scripts/prerequisites.sh does it as root), or {}=PATH",
        name.to_uppercase()
    );
    command.stdin(Stdio::null());
    command
}

/// A Prometheus that collects one node several times a second.
struct Prometheus {
    child: Child,
    address: String,
    agent: Agent,
}

impl Prometheus {
    fn collects(node: &Node) -> Self {
        let example = fs::read_to_string(dashboards().join("prometheus.yml")).expect("the example");
        let config = example
            .replace("scrape_interval: 10s", "scrape_interval: 200ms")
            .replace("127.0.0.1:8080", node.host());
        assert!(config.contains("200ms") && config.contains(node.host()), "{config}");
        let file = node.folder.0.join("prometheus.yml");
        fs::write(&file, config).expect("a configuration");
        for _ in 0..PORTS_TRIED_MAX {
            if let Some(started) = Self::start(&node.folder.0, &file) {
                return started;
            }
        }
        let log = fs::read_to_string(node.folder.0.join("prometheus.log"));
        panic!("Prometheus does not start: {}", log.unwrap_or_default());
    }

    /// None: it ended, perhaps because somebody else has the port.
    fn start(folder: &Path, config: &Path) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let log = File::create(folder.join("prometheus.log")).expect("a log file");
        let child = program("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        let mut started = Self {
            child,
            address,
            agent: config.build().into(),
        };
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if started.child.try_wait().expect("the process is ours").is_some() {
                return None;
            }
            let ready = started.agent.get(format!("http://{}/-/ready", started.address)).call();
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return Some(started);
            }
            std::thread::yield_now();
        }
        None
    }

    /// The data of an answer that says nothing but success.
    fn asks(&self, path: &str, parameter: &str, value: &str) -> Result<Value, String> {
        let url = format!("http://{}/api/v1/{path}?{parameter}={}", self.address, percent(value));
        let mut answer = self.agent.get(url).call().map_err(|error| error.to_string())?;
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if answer["status"] != "success" || !answer["warnings"].is_null() {
            return Err(text);
        }
        Ok(answer["data"].clone())
    }

    /// The series that a query gives.
    fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let data = self.asks("query", "query", query)?;
        data["result"].as_array().cloned().ok_or_else(|| data.to_string())
    }

    /// The one number that a query gives.
    fn number(&self, query: &str) -> Option<f64> {
        let series = self.query(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        series.first()?["value"][1].as_str()?.parse().ok()
    }

    /// Waits until a query gives a number that is as it should be.
    #[track_caller]
    fn becomes(&self, query: &str, is_right: impl Fn(f64) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let number = self.number(query);
            if number.is_some_and(&is_right) {
                return;
            }
            assert!(Instant::now() < until, "{query} stays {number:?}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Text as it stands in the query of an address (<https://www.rfc-editor.org/rfc/rfc3986#section-2.1>).
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    encoded.collect()
}

/// Panels with their queries.
fn questions() -> Vec<(String, String)> {
    let json = fs::read(dashboards().join("plenum.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_slice(&json).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let questions = panels.iter().flat_map(|panel| {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets
            .into_iter()
            .map(move |target| (title.to_owned(), target["expr"].as_str().expect("a query").to_owned()))
    });
    questions.collect()
}

/// What Grafana makes of its variables: all nodes, and a span with several scrapes in it.
fn filled_in(query: &str) -> String {
    let query = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
    assert!(!query.contains('$'), "a variable that nobody fills in: {query}");
    query
}

/// Somebody speaks, somebody listens, somebody comes back.
fn traffic(node: &Node) {
    let mut alice = Client::connects(node, "alice");
    let place = alice.asks("subscribe", json!({ "channel": "news" }))["subscribe"].clone();
    for number in 0..5 {
        let reply = alice.asks("publish", json!({ "channel": "news", "data": number }));
        assert!(reply.get("error").is_none(), "{reply}");
    }
    let mut bob = Client::connects(node, "bob");
    let wish = json!({ "channel": "news", "recover": true, "epoch": place["epoch"], "offset": place["offset"] });
    let reply = bob.asks("subscribe", wish);
    assert_eq!(reply["subscribe"]["recovered"], true, "{reply}");
    assert_eq!(bob.publication("news")["data"], 0);
}

#[test]
fn every_question_of_the_dashboard_has_an_answer() {
    let node = node(&[("PLENUM_REALTIME__OPEN_CHANNELS", "true")]);
    let prometheus = Prometheus::collects(&node);
    traffic(&node);
    prometheus.becomes("plenum_recoveries_total{outcome=\"recovered\"}", |count| count == 1.0);
    assert_eq!(prometheus.number("plenum_recovered_entries_total"), Some(5.0));
    prometheus.becomes("sum_over_time(up{job=\"plenum\"}[5m])", |scrapes| scrapes >= 2.0);

    let questions = questions();
    assert!(questions.len() > 50, "the check sees nothing: {}", questions.len());
    let mut wrong = Vec::new();
    for (panel, query) in questions {
        let may_be_empty = MAY_BE_EMPTY.iter().any(|(title, _)| *title == panel);
        match prometheus.query(&filled_in(&query)) {
            Err(error) => wrong.push(format!("{panel}: {query}: {error}")),
            Ok(series) if series.is_empty() && !may_be_empty => wrong.push(format!("{panel}: {query}: no series")),
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The variable of the dashboard.
    let nodes = prometheus.asks("label/instance/values", "match[]", "plenum_sessions");
    assert_eq!(nodes, Ok(json!([node.host()])));
}

#[test]
fn the_example_configurations_are_right() {
    for file in ["prometheus.yml", "compose/prometheus.yml"] {
        let checked = program("promtool")
            .args(["check", "config"])
            .arg(dashboards().join(file))
            .output()
            .expect("it runs");
        assert!(checked.status.success(), "{file}: {checked:?}");
    }
}

#[test]
fn the_metrics_are_named_and_explained_as_prometheus_asks() {
    let node = node(&[("PLENUM_REALTIME__OPEN_CHANNELS", "true")]);
    traffic(&node);
    let page = node.nobody().get("/metrics").body;
    let mut promtool = program("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut input = promtool.stdin.take().expect("piped");
    input.write_all(page.as_bytes()).expect("taken");
    drop(input);
    let checked = promtool.wait_with_output().expect("it ends");
    assert!(checked.status.success(), "{checked:?}");
}
