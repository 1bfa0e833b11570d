//! What the node knows of rooms: the end of each log and what is not written behind it yet. The node that owns the installation is the
//! only writer, so what stands here is what holds; the tables of heads and marks may lag a little behind it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use protocol::{Epoch, RoomId, UserId};

use super::{commands::KnownCommands, options::CELLS_MAX};
use crate::{Entry, Mark, RoomState, TopMarks, search::SearchState};

/// A room as of its last commit.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The room, and where its log begins and ends.
    pub(super) state: RoomState,
    /// The newest message, when it has been looked up.
    pub(super) last: Option<Entry>,
}

impl Known {
    /// The first seq that can be read; more than one behind a purge, or where the past has been dropped.
    pub(super) fn log_first(&self) -> u64 {
        self.state.start.seq
    }
}

/// What has been committed and is written to derived tables later.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The head moved.
    pub(super) head: bool,
    /// Marks that moved with entries.
    pub(super) marks: HashMap<UserId, Mark>,
}

impl Behind {
    pub(super) fn is_empty(&self) -> bool {
        !self.head && self.marks.is_empty()
    }
}

/// What only the one who works on a room's log sees.
#[derive(Default)]
pub(super) struct Owner {
    /// The end of the log was read in this process, and nothing about it is uncertain.
    pub(super) is_settled: bool,
    /// Something was written whose outcome is not known: the open bucket must not be used any more.
    pub(super) is_doubtful: bool,
    /// The newest bucket into which rows were sent whose outcome is not known; 0: none. They may come to lie there at any time, so no
    /// bucket up to this one is opened again.
    pub(super) doubtful_bucket: u64,
    /// Commands of the last seven days.
    pub(super) commands: KnownCommands,
}

/// One room.
pub(super) struct Cell {
    pub(super) room: RoomId,
    /// Held by whoever appends, takes the log over or purges it: one at a time, in order of asking.
    pub(super) owner: tokio::sync::Mutex<Owner>,
    known: RwLock<Option<Known>>,
    pub(super) behind: Mutex<Behind>,
    /// The room's furthest marks, when they have been looked up; held while a mark moves.
    pub(super) top_marks: tokio::sync::Mutex<Option<TopMarks>>,
    /// The state of the room's index of messages, and when it was read.
    pub(super) search: Mutex<Option<(Instant, SearchState)>>,
    used: AtomicU64,
}

impl Cell {
    pub(super) fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_known(&self, known: Option<Known>) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Remembers the newest message, unless the log has moved on.
    pub(super) fn set_last(&self, seq: u64, last: &Entry) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_mut()
            && known.state.head.seq == seq
        {
            known.last = Some(last.clone());
        }
    }

    pub(super) fn behind(&self) -> MutexGuard<'_, Behind> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody has it, and it knows nothing that can't be read again.
    fn is_idle(self: &Arc<Self>) -> bool {
        let is_certain = |owner: &Owner| !owner.is_doubtful && owner.doubtful_bucket == 0;
        Arc::strong_count(self) == 1
            && self.behind().is_empty()
            && self.owner.try_lock().is_ok_and(|owner| is_certain(&owner))
    }
}

/// The rooms that were asked for lately.
#[derive(Default)]
pub(super) struct Cells {
    cells: Mutex<HashMap<RoomId, Arc<Cell>>>,
    clock: AtomicU64,
}

impl Cells {
    /// The cell of a room.
    pub(super) fn get(&self, room: RoomId) -> Arc<Cell> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut cells = self.lock();
        if cells.len() >= CELLS_MAX && !cells.contains_key(&room) {
            make_room(&mut cells);
        }
        let cell = cells.entry(room).or_insert_with(|| {
            Arc::new(Cell {
                room,
                owner: tokio::sync::Mutex::default(),
                known: RwLock::default(),
                behind: Mutex::default(),
                top_marks: tokio::sync::Mutex::default(),
                search: Mutex::default(),
                used: AtomicU64::new(now),
            })
        });
        cell.used.store(now, Ordering::Relaxed);
        Arc::clone(cell)
    }

    /// The cell of a room, if it was asked for lately.
    pub(super) fn existing(&self, room: RoomId) -> Option<Arc<Cell>> {
        self.lock().get(&room).cloned()
    }

    /// The cells with something that is not written yet.
    pub(super) fn behind(&self) -> Vec<Arc<Cell>> {
        let cells = self.lock();
        cells
            .values()
            .filter(|cell| !cell.behind().is_empty())
            .cloned()
            .collect()
    }

    /// The salt of all epochs has changed by this much: every log has another epoch.
    pub(super) fn change_epochs(&self, change: i64) {
        for cell in self.lock().values() {
            let mut known = cell.known.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.as_mut() {
                let head = &mut known.state.head;
                head.epoch = Epoch::from_key(head.epoch.key() ^ change);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the tenth of the cells that nobody has asked for the longest and nobody holds.
fn make_room(cells: &mut HashMap<RoomId, Arc<Cell>>) {
    let mut used: Vec<u64> = cells.values().map(|cell| cell.used.load(Ordering::Relaxed)).collect();
    let at = used.len() / 10;
    let (_, limit, _) = used.select_nth_unstable(at);
    let limit = *limit;
    cells.retain(|_, cell| cell.used.load(Ordering::Relaxed) > limit || !cell.is_idle());
}
