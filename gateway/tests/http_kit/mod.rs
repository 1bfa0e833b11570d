//! The real program, started on a free port with a data folder of its own, and a client for it.
#![allow(dead_code, unused_imports, reason = "every test program uses a part of it")]

mod metrics;
pub mod socket;
mod user;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::json;
use ureq::Agent;

pub use user::{Answer, User};

/// What every user of these stories has for a password.
pub const PASSWORD: &str = "correct horse";

/// A folder that goes with its story.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("plenum-http-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// The program with this folder for its working folder and data; no variable of the caller's environment reaches it.
    pub fn plenum(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plenum"));
        let inherited = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLENUM_"));
        inherited.for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.args(arguments).current_dir(&self.0);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.plenum(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts")
    }

    /// Runs a command that reads this from standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .plenum(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A command that refuses its arguments may be gone before it reads.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("the program ends")
    }

    /// Adds a user by the command line.
    pub fn adds_user(&self, name: &str) {
        let output = self.run_with_input(&["user", "add", name], &format!("{PASSWORD}\n"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A token by the command line.
    pub fn token(&self, name: &str) -> String {
        let output = self.run(&["token", name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running node.
pub struct Node {
    pub folder: Folder,
    pub address: String,
    child: Child,
    out: BufReader<ChildStdout>,
    agent: Agent,
}

impl Node {
    /// A node with nothing but defaults.
    pub fn start() -> Self {
        Self::start_in(Folder::new(), &[])
    }

    /// A node in this folder, with these variables.
    pub fn start_in(folder: Folder, environment: &[(&str, &str)]) -> Self {
        Self::start_with(folder, &["serve", "--listen", "127.0.0.1:0"], environment)
    }

    /// A node with these arguments.
    pub fn start_with(folder: Folder, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let command = folder.plenum(arguments);
        Self::start_by(folder, command, environment)
    }

    /// A node that may open so many files and sockets, whatever the rest of the machine may.
    pub fn start_with_descriptors(descriptors: u32, environment: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let mut command = folder.plenum(&[]);
        let program = command.get_program().to_owned();
        command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")])
            .arg(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(&folder.0);
        Self::start_by(folder, command, environment)
    }

    fn start_by(folder: Folder, mut command: Command, environment: &[(&str, &str)]) -> Self {
        let mut child = command
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(
                std::fs::File::create(folder.0.join("log")).expect("a log file"),
            ))
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("readable");
        let address = line.trim_end().strip_prefix("listening on ").map(str::to_owned);
        let log = || std::fs::read_to_string(folder.0.join("log")).unwrap_or_default();
        let address = address.unwrap_or_else(|| panic!("the first line is {line:?}; the log:\n{}", log()));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .max_redirects(0);
        Self {
            folder,
            address,
            child,
            out,
            agent: config.build().into(),
        }
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.address.strip_prefix("http://").expect("plain HTTP")
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.0.join("log")).expect("a log file")
    }

    /// Lines on standard output behind the first, up to an empty one.
    pub fn next_lines(&mut self, count: usize) -> Vec<String> {
        let lines = (0..count).map(|_| {
            let mut line = String::new();
            self.out.read_line(&mut line).expect("readable");
            line
        });
        lines.collect()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the process is there");
    }

    /// Waits for the node's end.
    pub fn ends(&mut self) -> ExitStatus {
        self.child.wait().expect("the process is ours")
    }

    /// Whether the process is there.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the process is ours").is_none()
    }

    /// The folder of a node that has ended, for the next one.
    pub fn take_folder(mut self) -> Folder {
        std::mem::replace(&mut self.folder, Folder::new())
    }

    /// Registers a user.
    pub fn registers(&self, name: &str) -> User<'_> {
        let answer = self
            .nobody()
            .post("/register", &json!({ "username": name, "password": PASSWORD }));
        assert_eq!(answer.status, 201, "{answer:?}");
        User {
            node: self,
            id: answer.json()["user_id"].as_str().expect("an id").to_owned(),
            token: answer.json()["access_token"].as_str().expect("a token").to_owned(),
        }
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> User<'_> {
        self.with_token("")
    }

    /// Somebody with this token.
    pub fn with_token(&self, token: &str) -> User<'_> {
        User {
            node: self,
            id: String::new(),
            token: token.to_owned(),
        }
    }

    /// Sends bytes as they are on a connection of their own, and gives everything that comes back until the server closes.
    pub fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).expect("the node listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a timeout");
        stream.write_all(request.as_bytes()).expect("written");
        let mut answer = Vec::new();
        // A reset after the answer is an end too.
        let _ = stream.read_to_end(&mut answer);
        text(&answer)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
