//! The dashboard and the documents speak of metrics that the sources of the node register, and the dashboard's layout is in order.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

/// What the library's collector of the process gives (<https://docs.rs/prometheus>).
const OF_PROCESS: [&str; 4] = [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_max_fds",
];

/// The words that begin like metrics in `text`.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let words = words.filter(|word| word.starts_with("plenum_") || word.starts_with("process_"));
    words.map(str::to_owned).collect()
}

/// All files named `metrics.rs`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_name().is_some_and(|name| name == "metrics.rs") {
            found.push(path);
        }
    }
}

fn registered() -> BTreeSet<String> {
    let mut found = Vec::new();
    for folder in ["engine/src", "storage/src", "gateway/src"] {
        sources(&root().join(folder), &mut found);
    }
    let texts = found.iter().map(|path| fs::read_to_string(path).expect("a source"));
    texts.flat_map(|text| names_in(&text)).collect()
}

/// The strings of a source that are a metric's name and nothing else: not those that stand in explanations.
fn names_in(source: &str) -> BTreeSet<String> {
    let strings = source.split('"').filter(|text| text.starts_with("plenum_"));
    let names = strings.filter(|text| {
        text.chars()
            .all(|character| character.is_ascii_lowercase() || character == '_')
    });
    names.map(str::to_owned).collect()
}

/// Whether the node has this metric, or a histogram that it is a part of.
fn exists(metric: &str, registered: &BTreeSet<String>) -> bool {
    registered.contains(metric)
        || OF_PROCESS.contains(&metric)
        || ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|end| metric.strip_suffix(end))
            .any(|histogram| registered.contains(histogram))
}

fn dashboard() -> serde_json::Value {
    let json = fs::read(root().join("dashboards/plenum.json")).expect("the dashboard");
    serde_json::from_slice(&json).expect("JSON")
}

/// The metrics that panels show.
fn shown() -> BTreeSet<String> {
    let mut found = Vec::new();
    queries(&dashboard(), &mut found);
    found.iter().flat_map(|query| metrics_in(query)).collect()
}

/// The queries of all panels, and of the variables.
fn queries(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" || name == "query" => found.push(text.to_owned()),
                    _ => queries(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

#[test]
fn every_metric_of_the_dashboard_exists() {
    let (shown, registered) = (shown(), registered());
    assert!(shown.len() > 40, "the check sees nothing: {shown:?}");
    for metric in &shown {
        assert!(exists(metric, &registered), "{metric} is shown and not registered");
    }
}

#[test]
fn every_metric_of_the_node_is_on_the_dashboard() {
    let shown = shown();
    let registered = registered();
    assert!(registered.len() > 40, "the check sees nothing: {registered:?}");
    for metric in &registered {
        let is_shown = shown.contains(metric) || shown.contains(&format!("{metric}_bucket"));
        assert!(is_shown, "{metric} is registered and nobody sees it");
    }
}

#[test]
fn every_metric_of_the_documents_exists() {
    let registered = registered();
    for document in ["README.md", "ARCHITECTURE.md", "dashboards/README.md"] {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        for metric in metrics_in(&text) {
            assert!(
                exists(&metric, &registered),
                "{document} names {metric}, which the node does not have"
            );
        }
    }
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let watched = metrics_in(&readme);
    assert!(watched.len() >= 8, "what operators should watch: {watched:?}");
}

/// A panel's place: columns and lines from here to there.
fn place(panel: &serde_json::Value) -> ([u64; 2], [u64; 2]) {
    let number = |name: &str| panel["gridPos"][name].as_u64().expect("a whole number");
    let (x, y, width, height) = (number("x"), number("y"), number("w"), number("h"));
    assert!(
        width > 0 && height > 0 && x + width <= 24,
        "outside of the grid: {panel}"
    );
    ([x, x + width], [y, y + height])
}

#[test]
fn panels_have_places_of_their_own() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().expect("an id"))
        .collect();
    assert_eq!(ids.len(), panels.len());
    for (index, one) in panels.iter().enumerate() {
        let (columns, lines) = place(one);
        for other in &panels[index + 1..] {
            let (other_columns, other_lines) = place(other);
            let is_apart = columns[1] <= other_columns[0]
                || other_columns[1] <= columns[0]
                || lines[1] <= other_lines[0]
                || other_lines[1] <= lines[0];
            assert!(is_apart, "{} lies over {}", one["title"], other["title"]);
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_what() {
    let dashboard = dashboard();
    for panel in dashboard["panels"].as_array().expect("panels") {
        if panel["type"] == "row" {
            continue;
        }
        let title = panel["title"].as_str().unwrap_or_default();
        let is_said = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(is_said(&panel["title"]) && is_said(&panel["description"]), "{panel}");
        let unit = &panel["fieldConfig"]["defaults"]["unit"];
        assert!(is_said(unit), "{title} has no unit");
        for target in panel["targets"].as_array().expect("queries") {
            let query = target["expr"].as_str().expect("a query");
            assert!(
                query.contains("$instance"),
                "{title} shows nodes that were not chosen: {query}"
            );
            let shows_bytes = query.contains("_bytes") && !query.contains('/');
            let is_in_bytes = unit == "bytes" || unit == "Bps";
            assert_eq!(shows_bytes, is_in_bytes, "{title}: {query} in {unit}");
        }
    }
}
