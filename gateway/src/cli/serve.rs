//! `plenum serve`: one node.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Args;

use super::{Failure, Sources, welcome};
use crate::{
    config::{Config, warnings},
    http::Demo,
    logging,
    server::{Ended, Node, demo},
};

/// Exit code of a process that was told twice: 128 and the number of SIGTERM.
const STOPPED_AT_ONCE: u8 = 143;

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    sources: Sources,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Make a demo user and a demo room, and say how to try them.
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let config = self.sources.load(self.listen.as_deref())?;
        actix_rt::System::new().block_on(self.serve(config))
    }

    async fn serve(&self, config: Config) -> Result<ExitCode, Failure> {
        let levels = logging::start(&config);
        for warning in warnings(&config) {
            tracing::warn!("{warning}");
        }
        let node = Node::start(config).await.map_err(Failure::other)?;
        let demo = match self.demo {
            true => Some(demo::prepare(&node.gateway).await.map_err(Failure::other)?),
            false => None,
        };
        announce(&node, demo.as_ref()).map_err(Failure::other)?;
        if let Some(demo) = demo {
            node.gateway.set_demo(demo);
        }
        let reload = || self.sources.load(self.listen.as_deref());
        match node
            .run(reload, |config| levels.apply(config))
            .await
            .map_err(Failure::other)?
        {
            Ended::Drained => Ok(ExitCode::SUCCESS),
            // Nothing is waited for any more, not even by destructors.
            Ended::AtOnce => std::process::exit(i32::from(STOPPED_AT_ONCE)),
        }
    }
}

/// Other programs wait for the first line: it comes when the port is open.
fn announce(node: &Node, demo: Option<&Demo>) -> std::io::Result<()> {
    tracing::info!(
        address = %node.address,
        sessions = node.sessions_max,
        "the descriptor limit allows this many sessions"
    );
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{}", node.address)?;
    if let Some(demo) = demo {
        let text = welcome::text(
            node.address,
            welcome::reachable_at(node.address),
            demo,
            out.is_terminal(),
        );
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(())
}
