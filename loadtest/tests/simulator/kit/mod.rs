//! A small server of the client protocol that can be told to do wrong, and runs against it.

mod people;
mod room;
mod server;
mod streams;

use clap::Parser;
use loadtest::{
    arguments::{Action, Arguments},
    report::{Report, Verdict},
    scenario::{self, RunError},
};
use tokio::sync::watch;

pub use room::Behaviour;
pub use server::Server;

/// A run as it is written on the command line. Figures are not judged: the machine may be busy.
pub struct Run {
    words: Vec<String>,
    interrupt: watch::Sender<bool>,
}

impl Run {
    /// `what` is the scenario with its options.
    pub fn of(what: &str, url: &str) -> Self {
        let fixed = "--quiet --lag-limit-ms 60000 --drain-timeout 2";
        let patience = if what.contains("--open-timeout") {
            ""
        } else {
            " --open-timeout 20"
        };
        let line = format!("plenum-loadtest run {what} --target {url} {fixed}{patience}");
        Self {
            words: line.split(' ').map(str::to_owned).collect(),
            interrupt: watch::channel(false).0,
        }
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) -> watch::Sender<bool> {
        self.interrupt.clone()
    }

    /// Carries it out.
    pub async fn report(&self) -> Result<Report, RunError> {
        let Action::Run(arguments) = Arguments::parse_from(&self.words).action else {
            panic!("a run was asked for")
        };
        let plan = arguments.plan().await.expect("a plan");
        scenario::run(plan, self.interrupt.subscribe()).await
    }
}

/// A run against a server that does everything right, of which its user has enough before all messages are sent.
pub async fn interrupted(what: &str) -> Report {
    let server = Server::start(Behaviour::Correct).await;
    let run = Run::of(what, &server.url());
    let interrupt = run.interrupt();
    let (report, ()) = tokio::join!(run.report(), async {
        // Some time after the first message; how much makes no difference.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        interrupt.send_replace(true);
    });
    let report = report.expect("a report");
    assert_eq!(report.verdict, Verdict::Invalid, "{report}");
    assert!(report.reasons.contains(&"interrupted".to_owned()), "{report}");
    assert!(report.messages.sent < report.messages.planned);
    report
}

/// Twenty phones in the room of a server that behaves like this.
pub async fn one_big_room(behaviour: Behaviour) -> Report {
    let server = Server::start(behaviour).await;
    let run = Run::of("one-big-room --sessions 20 --rate 200 --seconds 0.5", &server.url());
    run.report().await.expect("a report")
}
