//! What all rows share: the programs, and runs that more than one row reads.

use loadtest::report::Report;
use tokio::sync::OnceCell;

use crate::{
    failure::Outcome,
    nchan::{self, Audience},
    programs::Programs,
    progress::Teller,
    servers::{Cql, Floor, Node},
    simulator::{self, Load},
    store::Rooms,
};

/// A run that is made when the first row asks for it.
pub(crate) type Once<T> = OnceCell<Outcome<T>>;

/// One run of the bench.
pub(crate) struct Bench {
    pub(crate) programs: Programs,
    /// Shorter and smaller.
    pub(crate) short: bool,
    pub(crate) teller: Teller,
    quiet: Once<Report>,
    quiet_floor: Once<Report>,
    quiet_peer: Once<Audience>,
    busy_floor: Once<Report>,
    cql: Once<Cql>,
    pub(crate) rooms_of_sqlite: Once<Rooms>,
    pub(crate) rooms_of_cql: Once<Rooms>,
}

impl Bench {
    /// Looks for the programs; nothing is started yet.
    pub(crate) fn new(short: bool, teller: Teller) -> Outcome<Self> {
        Ok(Self {
            programs: Programs::find()?,
            short,
            teller,
            quiet: OnceCell::new(),
            quiet_floor: OnceCell::new(),
            quiet_peer: OnceCell::new(),
            busy_floor: OnceCell::new(),
            cql: OnceCell::new(),
            rooms_of_sqlite: OnceCell::new(),
            rooms_of_cql: OnceCell::new(),
        })
    }

    /// One of two sizes.
    pub(crate) const fn size(&self, full: u64, short: u64) -> u64 {
        if self.short { short } else { full }
    }

    /// Lets the simulator loose on a fresh node with these settings; its phones are members of a room of their own.
    pub(crate) async fn node(&self, settings: &[(&str, &str)], load: &Load) -> Outcome<Report> {
        let node = Node::start(&self.programs.plenum, settings).await?;
        simulator::run(&self.programs.simulator, &node, load).await
    }

    async fn floor(&self, load: &Load) -> Outcome<Report> {
        let floor = Floor::start(&self.programs.floor).await?;
        simulator::run(&self.programs.simulator, &floor, load).await
    }

    /// A quiet room of 15,000 on a node that never waits: rows about one delivery and about one session read it.
    pub(crate) async fn quiet(&self) -> Outcome<&Report> {
        let load = self.quiet_load().with("--members --leave 10");
        let run = self
            .quiet
            .get_or_init(async || self.node(&[("REALTIME__DELIVERY_BUDGET_MS", "0")], &load).await);
        run.await.as_ref().map_err(Clone::clone)
    }

    /// The same room on the floor.
    pub(crate) async fn quiet_floor(&self) -> Outcome<&Report> {
        let run = self
            .quiet_floor
            .get_or_init(async || self.floor(&self.quiet_load()).await);
        run.await.as_ref().map_err(Clone::clone)
    }

    /// The same room with nchan; `None` where it is not installed.
    pub(crate) async fn quiet_peer(&self) -> Outcome<Option<&Audience>> {
        if !nchan::is_installed(&self.programs) {
            return Ok(None);
        }
        let audience = nchan::Load {
            sessions: self.quiet_load().sessions(),
            rate: 5.0,
            seconds: self.size(20, 5) as f64,
        };
        let run = self
            .quiet_peer
            .get_or_init(async || nchan::measure(&self.programs, audience).await);
        run.await.as_ref().map(Some).map_err(Clone::clone)
    }

    /// A busy room on the floor, which can't keep up: fewer seconds, and time to catch up.
    pub(crate) async fn busy_floor(&self) -> Outcome<&Report> {
        let load = Load::one_big_room(self.busy_sessions(), 100.0, self.size(5, 2) as f64);
        let run = self.busy_floor.get_or_init(async || self.floor(&load).await);
        run.await.as_ref().map_err(Clone::clone)
    }

    /// The CQL server of this run, which the first row that needs one starts.
    pub(crate) async fn cql(&self) -> Outcome<&Cql> {
        let start = || Cql::start(&self.programs.cql, &self.teller);
        self.cql.get_or_init(start).await.as_ref().map_err(Clone::clone)
    }

    /// The room of rows about one delivery and about one session. Its phones come as those of an audience do: many in the same second.
    pub(crate) fn quiet_load(&self) -> Load {
        Load::one_big_room(self.size(15_000, 2_000), 5.0, self.size(20, 5) as f64).with("--open-rate 4000")
    }

    /// How many follow a busy room.
    pub(crate) const fn busy_sessions(&self) -> u64 {
        self.size(5_000, 1_000)
    }
}
