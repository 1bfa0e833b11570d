//! Processes that end with whoever started them, and the interrupt.

use std::{
    ffi::OsStr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::failure::{Failure, Outcome};

/// How long a server may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a program's last words is shown.
const LAST_WORDS_CHARACTERS: usize = 300;

/// Resolves when the user has enough, or the machine.
pub(crate) async fn interrupted() {
    let mut ended = signal(SignalKind::terminate()).ok();
    let terminated = async {
        match &mut ended {
            Some(ended) => ended.recv().await.unwrap_or(()),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// A process with all that it started; dropping it ends them.
pub(crate) struct Process {
    name: String,
    child: Child,
    pid: u32,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program in a process group of its own, so that an interrupt at the terminal does not reach it first.
    /// Settings of plenum in the environment of the bench do not count.
    pub(crate) fn start(program: &Path, prepare: impl FnOnce(&mut Command)) -> Outcome<Self> {
        let name = program.file_name().and_then(OsStr::to_str).unwrap_or("a program");
        let mut command = Command::new(program);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("PLENUM_") {
                command.env_remove(key);
            }
        }
        command
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn().map_err(Failure::of(program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            pid: child.id().unwrap_or(0),
            output: child.stdout.take().map(BufReader::new),
            child,
        })
    }

    /// The process's number.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the line that says where a server listens; gives its address with the scheme.
    pub(crate) async fn address(&mut self) -> Outcome<String> {
        let mut line = String::new();
        let read = async {
            match &mut self.output {
                Some(output) => output.read_line(&mut line).await,
                None => Ok(0),
            }
        };
        // Nothing or something else came: the error below says so.
        let _ = timeout(START_TIMEOUT, read).await;
        if let Some(url) = line.trim().strip_prefix("listening on ") {
            return Ok(url.to_owned());
        }
        let _ = self.child.start_kill();
        let words = self.last_words().await;
        Err(Failure::new(format!("{} did not start: {words}", self.name)))
    }

    /// Waits for the end; gives how it ended, the standard output, and the last words on standard error.
    pub(crate) async fn finish(self, at_most: Duration) -> Outcome<(ExitStatus, String, String)> {
        self.finish_telling(at_most, |_| {}).await
    }

    /// The same; each line on standard error is told as it comes.
    pub(crate) async fn finish_telling(
        mut self,
        at_most: Duration,
        tell: impl Fn(&str),
    ) -> Outcome<(ExitStatus, String, String)> {
        let (mut text, mut words) = (String::new(), String::new());
        let (mut output, errors) = (self.output.take(), self.child.stderr.take());
        let all = async {
            let read = async {
                if let Some(output) = &mut output {
                    output.read_to_string(&mut text).await?;
                }
                std::io::Result::Ok(())
            };
            let read_errors = async {
                let Some(errors) = errors else { return Ok(()) };
                let mut lines = BufReader::new(errors).lines();
                while let Some(line) = lines.next_line().await? {
                    tell(&line);
                    words = end_of(&format!("{words}\n{line}"));
                }
                std::io::Result::Ok(())
            };
            tokio::try_join!(read, read_errors)?;
            self.child.wait().await
        };
        let status = timeout(at_most, all)
            .await
            .map_err(|_| Failure::new(format!("{} did not end within {} s", self.name, at_most.as_secs())))??;
        Ok((status, text, words))
    }

    /// Waits for the end; gives the standard output of a program that succeeded.
    pub(crate) async fn output_telling(self, at_most: Duration, tell: impl Fn(&str)) -> Outcome<String> {
        let name = self.name.clone();
        let (status, text, words) = self.finish_telling(at_most, tell).await?;
        if status.success() {
            return Ok(text);
        }
        Err(Failure::new(format!("{name}: {words}")))
    }

    async fn last_words(&mut self) -> String {
        let mut words = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = timeout(START_TIMEOUT, errors.read_to_string(&mut words)).await;
        }
        end_of(&words)
    }
}

fn end_of(words: &str) -> String {
    let words = words.trim();
    let from = words
        .char_indices()
        .rev()
        .nth(LAST_WORDS_CHARACTERS)
        .map_or(0, |(at, _)| at);
    words[from..].to_owned()
}

impl Drop for Process {
    fn drop(&mut self) {
        // Still running, or not waited for: the number is ours.
        if self.child.id().is_some()
            && let Some(group) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_program_says_and_how_it_ends_is_told() {
        let process = Process::start(Path::new("/bin/sh"), |command| {
            command.args(["-c", "echo figures; echo trouble >&2; exit 3"]);
        });
        let (status, text, words) = process
            .expect("a shell")
            .finish(Duration::from_secs(60))
            .await
            .expect("it ends");
        assert_eq!(
            (status.code(), text.as_str(), words.as_str()),
            (Some(3), "figures\n", "trouble")
        );
    }

    #[tokio::test]
    async fn what_a_program_says_on_the_way_is_told_and_why_it_failed_is_kept() {
        let process = Process::start(Path::new("/bin/sh"), |command| {
            command.args(["-c", "echo half >&2; echo the disk is full >&2; exit 1"]);
        });
        let told = std::cell::RefCell::new(Vec::new());
        let outcome = process
            .expect("a shell")
            .output_telling(Duration::from_secs(60), |line| told.borrow_mut().push(line.to_owned()));
        let failure = outcome.await.expect_err("it failed");
        assert_eq!(failure.0, "sh: half\nthe disk is full");
        assert_eq!(told.into_inner(), ["half", "the disk is full"]);
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_says_why() {
        let mut process = Process::start(Path::new("/bin/sh"), |command| {
            command.args(["-c", "echo the port is taken >&2"]);
        })
        .expect("a shell");
        let failure = process.address().await.expect_err("it listens nowhere");
        assert_eq!(failure.0, "sh did not start: the port is taken");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = Process::start(Path::new("/nowhere/plenum"), |_| {});
        let failure = failure.err().expect("no such program");
        assert!(failure.0.starts_with("/nowhere/plenum: "), "{failure}");
    }
}
