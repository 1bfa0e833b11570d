//! The simulator's verdict on the floor of the bench: it loses nothing, or its figures would mean nothing.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A floor, until it is dropped.
struct Floor {
    process: Child,
    url: String,
}

impl Floor {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_plenum-floor"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the floor starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        let url = line.trim().strip_prefix("listening on ").expect("where it listens");
        Self {
            process,
            url: url.to_owned(),
        }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_floor_gives_every_phone_every_message() {
    let floor = Floor::start();
    let process = floor.process.id().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_plenum-loadtest"))
        .args(["run", "one-big-room", "--target", &floor.url, "--server-pid", &process])
        .args("--sessions 30 --rate 100 --seconds 1 --quiet --lag-limit-ms 60000".split(' '))
        .output()
        .expect("the simulator runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("HELD"), "{text}{errors}");
    assert!(text.contains("3,000 in"), "30 phones, 100 messages: {text}");
}
