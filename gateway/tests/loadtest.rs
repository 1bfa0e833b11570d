//! The simulator against the real node: fifty phones, two seconds.
//!
//! The simulator's binary is built by the workspace; where only this package was built, there is none and nothing to run.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A node with open channels, until it is dropped.
struct Node {
    process: Child,
    url: String,
    data: PathBuf,
}

impl Node {
    fn start() -> Self {
        let data = std::env::temp_dir().join(format!("plenum-under-load-{}", std::process::id()));
        let mut process = Command::new(env!("CARGO_BIN_EXE_plenum"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("PLENUM_REALTIME__OPEN_CHANNELS", "true")
            .env("PLENUM_REALTIME__ALLOW_ANONYMOUS", "true")
            .env("PLENUM_LIMITS__PUBLISH_PER_SECOND", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the node starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("where it listens")
            .to_owned();
        Self { process, url, data }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn simulator() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_plenum")).with_file_name("plenum-loadtest");
    beside.exists().then_some(beside)
}

fn verdict(simulator: &PathBuf, scenario: &str, node: &Node, options: &str) {
    let output = Command::new(simulator)
        .args([
            "run",
            scenario,
            "--target",
            &node.url,
            "--quiet",
            "--lag-limit-ms",
            "60000",
        ])
        .args(["--server-pid", &node.process.id().to_string()])
        .args(options.split(' '))
        .output()
        .expect("the simulator runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("HELD"), "{text}");
}

#[test]
fn the_simulators_verdict_on_the_node_holds() {
    let Some(simulator) = simulator() else { return };
    let node = Node::start();
    let room = "--sessions 50 --rate 50 --seconds 2 --resume-share 0.5 --away-ms 500 --encoding";
    for encoding in ["json", "protobuf", "msgpack"] {
        verdict(&simulator, "one-big-room", &node, &format!("{room} {encoding}"));
    }
    verdict(&simulator, "history-rush", &node, "--sessions 50 --history 20");
}
