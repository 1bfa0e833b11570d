//! Every metric that the dashboard shows is one that the sources of the node register.

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
    texts.flat_map(|text| metrics_in(&text)).collect()
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
    let json = fs::read(root().join("dashboards/plenum.json")).expect("the dashboard");
    let dashboard: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    let shown: BTreeSet<_> = found.iter().flat_map(|query| metrics_in(query)).collect();
    assert!(shown.len() > 20, "the check sees nothing: {shown:?}");
    let registered = registered();
    for metric in &shown {
        let exists = registered.contains(metric)
            || OF_PROCESS.contains(&metric.as_str())
            // What a histogram is made of.
            || ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|end| metric.strip_suffix(end))
                .any(|histogram| registered.contains(histogram));
        assert!(exists, "{metric} is shown and not registered");
    }
}

#[test]
fn panels_have_places_of_their_own() {
    let json = fs::read(root().join("dashboards/plenum.json")).expect("the dashboard");
    let dashboard: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().expect("an id"))
        .collect();
    let places: BTreeSet<_> = panels.iter().map(|panel| panel["gridPos"].to_string()).collect();
    assert_eq!((ids.len(), places.len()), (panels.len(), panels.len()));
}
