//! `plenum reindex`: builds the search index anew, while a node serves or not. Interrupted, it goes on where it stopped.
//!
//! Room by room the new index is built beside the old one, which serves until the new one is whole.

use std::sync::Arc;

use clap::Args;
use engine::Clock;
use indicatif::{ProgressBar, ProgressStyle};
use protocol::RoomId;
use storage::{
    SearchBacklog, Store,
    search::{Backlog, Indexer, SearchMetrics, limits::SWEEP_ROOMS},
};

use super::{Failure, Sources, beside};

/// The file in the data folder that says how far an interrupted run came.
const PLACE_FILE: &str = "reindex.place";

#[derive(Debug, Args)]
pub(super) struct Reindex {
    /// Begin with the first room, whatever an interrupted run has done.
    #[arg(long)]
    from_start: bool,
    #[command(flatten)]
    sources: Sources,
}

impl Reindex {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.sources.load(None)?;
        let place = Place(config.data.0.join(PLACE_FILE));
        if self.from_start {
            place.forget()?;
        }
        beside::run(&config, async |store| reindex(store, &place).await)
    }
}

/// Where a run has come to.
struct Place(std::path::PathBuf);

impl Place {
    /// The last room that is done.
    fn read(&self) -> Result<Option<RoomId>, Failure> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| Failure::other(format!("{} is damaged: run with --from-start", self.0.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// A whole new file takes the place of the old one, so that no interruption leaves half a name.
    fn write(&self, room: RoomId) -> Result<(), Failure> {
        let new = self.0.with_extension("new");
        let written = std::fs::write(&new, room.to_string()).and_then(|()| std::fs::rename(&new, &self.0));
        written.map_err(|error| self.failed(&error))
    }

    fn forget(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::other(format!("{}: {error}", self.0.display()))
    }
}

async fn reindex(store: Arc<dyn Store>, place: &Place) -> Result<(), Failure> {
    let clock = Clock::system();
    let now_ms = {
        let clock = clock.clone();
        move || clock.now_ms()
    };
    let indexer = Indexer::new(
        Arc::clone(&store),
        Arc::<Backlog>::default(),
        SearchMetrics::unregistered(),
        now_ms,
    );
    let mut after = place.read()?;
    if after.is_some() {
        eprintln!("going on where an earlier run was interrupted");
    }
    let bar = bar(count(&*store, after).await?)?;
    let (mut rooms, mut entries) = (0_u64, 0_u64);
    loop {
        let page = store.search_backlog(after, SWEEP_ROOMS).await.map_err(Failure::other)?;
        let Some(last) = page.last() else { break };
        after = Some(last.room);
        for SearchBacklog { room, head_seq, .. } in page {
            indexer.rebuild_room(room, head_seq).await.map_err(Failure::other)?;
            place.write(room)?;
            bar.inc(head_seq);
            rooms += 1;
            entries += head_seq;
        }
    }
    bar.finish_and_clear();
    place.forget()?;
    println!("{rooms} rooms, {entries} entries");
    Ok(())
}

/// Entries that are to be indexed: for the bar.
async fn count(store: &dyn Store, mut after: Option<RoomId>) -> Result<u64, Failure> {
    let mut entries = 0;
    loop {
        let page = store.search_backlog(after, SWEEP_ROOMS).await.map_err(Failure::other)?;
        let Some(last) = page.last() else { return Ok(entries) };
        after = Some(last.room);
        entries += page.iter().map(|room| room.head_seq).sum::<u64>();
    }
}

/// A bar on standard error; nothing where that is no terminal.
fn bar(entries: u64) -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} left");
    Ok(ProgressBar::new(entries).with_style(style.map_err(Failure::other)?))
}
