//! nginx with a configuration of its own in a folder of its own, as many workers as plenum has.

use std::{fmt::Write as _, fs, net::SocketAddr, path::Path, time::Duration};

use loadtest::measure::{self, ProcessSample};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::Load;
use crate::{
    failure::{Failure, Outcome},
    process::Process,
    programs::Programs,
};

/// How long it may take until it listens, and how often that is tried.
const START_TIMEOUT: Duration = Duration::from_secs(10);
const TRY_EVERY: Duration = Duration::from_millis(50);
/// Connections of a worker beside its share of the phones.
const CONNECTIONS_EXTRA: u64 = 512;

/// An nginx that runs.
pub(super) struct Nginx {
    // Before the folder: the processes end before their files go.
    process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it and waits until it listens.
    pub(super) async fn start(programs: &Programs, load: Load) -> Outcome<Self> {
        let (Some(program), Some(module)) = (&programs.nginx, &programs.nchan) else {
            return Err(Failure::new("not installed"));
        };
        let folder = tempfile::Builder::new().prefix("plenum-bench-").tempdir()?;
        let address = free_port().await?;
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration(module, folder.path(), address, load))?;
        let process = Process::start(program, |command| {
            command.arg("-p").arg(folder.path()).arg("-c").arg(&path);
            command.args(["-e", "stderr"]);
        })?;
        let listens = async {
            while TcpStream::connect(address).await.is_err() {
                sleep(TRY_EVERY).await;
            }
        };
        let started = timeout(START_TIMEOUT, listens).await;
        started.map_err(|_| Failure::new("nginx did not start"))?;
        Ok(Self {
            process,
            address,
            _folder: folder,
        })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Master and workers together.
    pub(super) fn look(&self) -> Outcome<ProcessSample> {
        let mut sum = ProcessSample::default();
        for pid in family(self.process.pid())? {
            let sample = measure::sample(pid).map_err(Failure::of("nginx"))?;
            sum.cpu_user_s += sample.cpu_user_s;
            sum.cpu_system_s += sample.cpu_system_s;
            sum.rss_bytes += sample.rss_bytes;
        }
        Ok(sum)
    }
}

/// A port that was free a moment ago: nginx does not say which it took.
async fn free_port() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// The process and its children, by field 4 of `stat` (proc(5)).
fn family(pid: u32) -> Outcome<Vec<u32>> {
    let mut family = vec![pid];
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(other) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that has ended meanwhile is nobody's child.
        let stat = fs::read_to_string(format!("/proc/{other}/stat")).unwrap_or_default();
        if parent(&stat) == Some(pid) {
            family.push(other);
        }
    }
    Ok(family)
}

fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn configuration(module: &Path, folder: &Path, address: SocketAddr, load: Load) -> String {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let connections = load.sessions + CONNECTIONS_EXTRA;
    let mut text = String::new();
    // Never fails for a String.
    let _ = write!(
        text,
        "load_module {module};
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes {workers};
worker_rlimit_nofile {connections};
events {{
  worker_connections {connections};
  use epoll;
}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_in_single_buffer on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  nchan_shared_memory_size 512m;
  server {{
    listen {address} backlog=4096 reuseport;
    location = /listen {{
      nchan_subscriber websocket;
      nchan_channel_id room;
      nchan_subscriber_first_message newest;
      nchan_message_buffer_length {messages};
    }}
    location = /publish {{
      nchan_publisher http;
      nchan_channel_id room;
      nchan_message_buffer_length {messages};
      nchan_message_timeout 10m;
    }}
  }}
}}
",
        module = module.display(),
        folder = folder.display(),
        // One that has not gone to everybody must not make room for the next.
        messages = load.messages().max(16),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_known_by_its_parent() {
        assert_eq!(parent("12 (nginx: worker (1)) S 11 11 11 0"), Some(11));
        assert_eq!(parent("nonsense"), None);
        assert!(family(std::process::id()).expect("/proc").contains(&std::process::id()));
    }
}
