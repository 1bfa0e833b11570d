//! Processor time and memory of a process, from `/proc` (proc(5)).

use std::fs;

use serde::{Deserialize, Serialize};

/// One look at a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessSample {
    /// Seconds of processor time so far, in user space.
    pub cpu_user_s: f64,
    /// Seconds of processor time so far, in the kernel.
    pub cpu_system_s: f64,
    /// Resident memory in bytes.
    pub rss_bytes: u64,
}

impl ProcessSample {
    /// Seconds of processor time so far.
    pub fn cpu_s(&self) -> f64 {
        self.cpu_user_s + self.cpu_system_s
    }
}

/// Why a process can't be looked at.
#[derive(Debug, thiserror::Error)]
#[error("process {pid} can't be read from /proc: {why}")]
pub struct ProcessError {
    pid: u32,
    why: String,
}

/// Looks at the process `pid`.
///
/// # Errors
/// When there is no such process, or no `/proc`.
pub fn sample(pid: u32) -> Result<ProcessSample, ProcessError> {
    let read = |name: &str| {
        fs::read_to_string(format!("/proc/{pid}/{name}")).map_err(|error| ProcessError {
            pid,
            why: error.to_string(),
        })
    };
    let malformed = || ProcessError {
        pid,
        why: "unexpected contents".to_owned(),
    };
    let (cpu_user_s, cpu_system_s) = cpu_s(&read("stat")?).ok_or_else(malformed)?;
    let rss_bytes = rss_bytes(&read("statm")?).ok_or_else(malformed)?;
    Ok(ProcessSample {
        cpu_user_s,
        cpu_system_s,
        rss_bytes,
    })
}

/// Fields 14 and 15 of `stat`; the second is a name in parentheses that may contain anything.
fn cpu_s(stat: &str) -> Option<(f64, f64)> {
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? as f64 / ticks_per_second, ticks()? as f64 / ticks_per_second))
}

/// Field 2 of `statm`, in pages.
fn rss_bytes(statm: &str) -> Option<u64> {
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_missing_one_is_an_error() {
        let own = sample(std::process::id()).expect("this process");
        assert!(own.rss_bytes > 100_000 && own.cpu_s() >= 0.0);
        let missing = sample(u32::MAX).expect_err("no such process");
        assert!(missing.to_string().contains("4294967295"));
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194304 100 0 0 0 500 250 0 0 20 0 4 0";
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(cpu_s(stat), Some((500.0 / per_second, 250.0 / per_second)));
    }
}
