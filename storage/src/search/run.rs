//! A search over the rooms of one user: those with the newest activity first, and no more of them than the page needs.
//!
//! Each room is a source of hits, newest first. A source that has not been opened can hold nothing newer than its room's
//! last activity, and one that has been opened nothing newer than the index says of its next candidate. So rows are read of
//! those sources alone that may have something for the page, and the page is full as soon as no other can have anything newer.
//! Sources are opened in growing waves: a rare word costs one read of the index for many rooms.

use std::collections::VecDeque;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::RoomId;

use super::{
    limits::{
        CHECK_ROOMS_FIRST, CHECK_ROOMS_MAX, CHECK_ROWS_FIRST, CHECK_ROWS_MAX, CHECKED_ROWS_MAX, ROOMS_AT_ONCE,
        WAVE_ROOMS_FIRST, WAVE_ROOMS_MAX,
    },
    lists::{self, Need, SegmentHits},
    request::{Found, Hit, Position, Request},
    room::{Candidate, Candidates},
    tails::Tails,
};
use crate::{Entry, SearchScope, SegmentId, Store, StoreError};

/// A room on its way through a search.
struct Source<'a> {
    scope: &'a SearchScope,
    /// Nothing that it still has comes before this.
    bound: Position,
    /// None: it has not been opened.
    candidates: Option<Candidates>,
    ready: VecDeque<Hit>,
    /// Candidates to check together next.
    rows: usize,
    /// Candidates that are being checked.
    checking: Vec<(RoomId, u64)>,
    /// The bound may be brought down.
    is_moved: bool,
    /// There is nothing more in it.
    is_over: bool,
}

impl Source<'_> {
    /// Its next hit; else what it may have at most.
    fn bound(&self) -> Position {
        self.ready.front().map_or(self.bound, Hit::position)
    }

    /// Takes the next candidates to check.
    async fn begin_check(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let Some(candidates) = &mut self.candidates else {
            return Ok(());
        };
        while self.checking.len() < self.rows {
            let Some(next) = candidates.next(store).await? else {
                break;
            };
            self.checking.push((self.scope.room, next.seq));
        }
        self.rows = (self.rows * 2).min(CHECK_ROWS_MAX);
        Ok(())
    }

    /// Brings the bound down to the next candidate, where no hit stands before it.
    async fn look_ahead(&mut self, store: &dyn Store, after_ms: Option<i64>) -> Result<(), StoreError> {
        self.is_moved = false;
        let Some(candidates) = self.candidates.as_mut().filter(|_| self.ready.is_empty()) else {
            return Ok(());
        };
        match candidates.peek(store).await? {
            Some(next) if after_ms.is_none_or(|after| next.latest_ms >= after) => {
                let latest = Position {
                    time_ms: next.latest_ms,
                    room: self.scope.room,
                    seq: next.seq,
                };
                self.bound = self.bound.min(latest);
            }
            _ => self.is_over = true,
        }
        Ok(())
    }

    /// Keeps of their rows what is a hit.
    fn end_check(&mut self, rows: Vec<Option<Entry>>, request: &Request, start: Option<Position>) {
        self.checking.clear();
        self.is_moved = true;
        for entry in rows.into_iter().flatten() {
            let hit = Hit {
                room: self.scope.room,
                entry,
            };
            let position = hit.position();
            if request.after_ms.is_some_and(|after| position.time_ms < after) {
                // Everything behind it is older still.
                self.candidates = Some(Candidates::new(Vec::new(), Vec::new(), 0));
                break;
            }
            self.bound = self.bound.min(position);
            let is_behind = start.is_none_or(|start| position < start);
            if is_behind && request.matches(&hit.entry) {
                self.ready.push_back(hit);
            }
        }
    }
}

/// Finds messages in these rooms. `tails` is kept from search to search.
///
/// # Errors
/// What the store says.
pub async fn search(
    store: &dyn Store,
    tails: &Tails,
    rooms: &[SearchScope],
    request: &Request,
) -> Result<Found, StoreError> {
    let mut run = Run {
        store,
        tails,
        request,
        start: request.start(),
        sources: sources(rooms, request),
        wave: WAVE_ROOMS_FIRST,
        checking: CHECK_ROOMS_FIRST,
        found: Found::default(),
    };
    run.run().await?;
    Ok(run.found)
}

fn sources<'a>(rooms: &'a [SearchScope], request: &Request) -> Vec<Source<'a>> {
    let is_wanted = |scope: &&SearchScope| request.after_ms.is_none_or(|after| scope.last_activity_ms >= after);
    let of_room = |scope: &'a SearchScope| {
        let newest = Position {
            time_ms: scope.last_activity_ms,
            room: scope.room,
            seq: u64::MAX,
        };
        Source {
            scope,
            bound: request.start().map_or(newest, |start| start.min(newest)),
            candidates: None,
            ready: VecDeque::new(),
            rows: CHECK_ROWS_FIRST,
            checking: Vec::new(),
            is_moved: false,
            is_over: false,
        }
    };
    let mut sources: Vec<Source<'_>> = rooms.iter().filter(is_wanted).map(of_room).collect();
    // The best source is taken from the back.
    sources.sort_by_key(|source| source.bound);
    sources
}

/// A source that is being opened.
struct Opening {
    /// Which one.
    number: usize,
    below: u64,
    tail: Vec<Candidate>,
    segments: Vec<SegmentHits>,
}

struct Run<'a> {
    store: &'a dyn Store,
    tails: &'a Tails,
    request: &'a Request,
    start: Option<Position>,
    /// By their bounds, ascending.
    sources: Vec<Source<'a>>,
    /// Rooms to open together next.
    wave: usize,
    /// Rooms to check candidates of together next.
    checking: usize,
    found: Found,
}

impl<'a> Run<'a> {
    /// Goes one hit beyond the page: so it knows whether there is another one.
    async fn run(&mut self) -> Result<(), StoreError> {
        while self.found.hits.len() <= self.request.limit {
            let Some(best) = self.sources.last() else {
                return Ok(());
            };
            if best.candidates.is_none() {
                self.open_wave().await?;
            } else if !best.ready.is_empty() {
                self.take_best().await?;
            } else if self.found.checked >= CHECKED_ROWS_MAX {
                break;
            } else {
                self.check_best().await?;
            }
        }
        self.found.hits.truncate(self.request.limit);
        self.found.next = Some(self.place());
        Ok(())
    }

    /// Where a next page goes on: behind the last hit, or in front of what was not looked at any more.
    fn place(&self) -> Position {
        let last = self.found.hits.last().map(Hit::position);
        if self.found.hits.len() >= self.request.limit
            && let Some(last) = last
        {
            return last;
        }
        let best = self.sources.last().map(Source::bound);
        let best = best.map(|best| Position {
            seq: best.seq.saturating_add(1),
            ..best
        });
        last.into_iter().chain(best).min().unwrap_or(Position {
            time_ms: i64::MIN,
            room: RoomId::from_key(0),
            seq: 0,
        })
    }

    /// Takes the newest hit of all.
    async fn take_best(&mut self) -> Result<(), StoreError> {
        let Some(mut best) = self.sources.pop() else {
            return Ok(());
        };
        if let Some(hit) = best.ready.pop_front() {
            best.bound = hit.position();
            self.found.hits.push(hit);
        }
        best.look_ahead(self.store, self.request.after_ms).await?;
        if !best.is_over {
            let bound = best.bound();
            let at = self.sources.partition_point(|other| other.bound() <= bound);
            self.sources.insert(at, best);
        }
        Ok(())
    }

    /// Checks the next candidates of the sources that may have the newest hits, all in one step.
    async fn check_best(&mut self) -> Result<(), StoreError> {
        // One that has not been opened is better than all that come behind it.
        let opened = self
            .sources
            .iter_mut()
            .rev()
            .take_while(|source| source.candidates.is_some());
        let unread = opened.filter(|source| source.ready.is_empty());
        let mut best: Vec<&mut Source<'_>> = unread.take(self.checking).collect();
        self.checking = (self.checking * 2).min(CHECK_ROOMS_MAX);
        let store = self.store;
        stream::iter(best.iter_mut().map(Ok))
            .try_for_each_concurrent(ROOMS_AT_ONCE, |source| source.begin_check(store))
            .await?;
        let places: Vec<(RoomId, u64)> = best.iter().flat_map(|source| source.checking.iter().copied()).collect();
        let checked = places.len();
        let mut rows = store.entries_at(places).await?.into_iter();
        for source in best {
            let of_source = rows.by_ref().take(source.checking.len()).collect();
            source.end_check(of_source, self.request, self.start);
        }
        self.found.checked += checked;
        self.look_ahead().await
    }

    /// Brings the bounds of those that have moved up to date; those that have nothing more go.
    async fn look_ahead(&mut self) -> Result<(), StoreError> {
        let (store, after_ms) = (self.store, self.request.after_ms);
        let moved = self.sources.iter_mut().filter(|source| source.is_moved);
        stream::iter(moved.map(Ok))
            .try_for_each_concurrent(ROOMS_AT_ONCE, |source| source.look_ahead(store, after_ms))
            .await?;
        self.sources.retain(|source| !source.is_over);
        self.sources.sort_by_key(Source::bound);
        Ok(())
    }

    /// Opens the next rooms: their open ends, and what their segments hold of the needed lists.
    async fn open_wave(&mut self) -> Result<(), StoreError> {
        let unopened = self.sources.iter().enumerate().rev();
        let unopened = unopened.filter(|(_, source)| source.candidates.is_none());
        let numbers: Vec<usize> = unopened.map(|(number, _)| number).take(self.wave).collect();
        self.wave = (self.wave * 4).min(WAVE_ROOMS_MAX);
        let needs = self.request.needs();
        let ends = stream::iter(numbers).map(|number| self.end_of(number, &needs));
        let mut opening: Vec<Opening> = ends.buffered(ROOMS_AT_ONCE).try_collect().await?;
        let mut segments = Vec::new();
        for (place, opening) in opening.iter().enumerate() {
            let scope = self.sources[opening.number].scope;
            if scope.state.is_current() {
                // Also those that begin behind `below`: an edit in them may be of an older message.
                segments.extend(scope.state.segments.iter().map(|segment| {
                    let id = SegmentId {
                        room: scope.room,
                        segment: segment.id,
                    };
                    (place, id, segment.clone())
                }));
            }
        }
        for (place, hits) in lists::open(self.store, segments, &needs).await? {
            opening[place].segments.push(hits);
        }
        for opening in opening {
            let source = &mut self.sources[opening.number];
            source.candidates = Some(Candidates::new(opening.tail, opening.segments, opening.below));
            source.is_moved = true;
        }
        self.look_ahead().await
    }

    /// Begins to open a source: with what its room's open end holds.
    async fn end_of(&self, number: usize, needs: &[Need]) -> Result<Opening, StoreError> {
        let scope = self.sources[number].scope;
        Ok(Opening {
            number,
            below: self.below(scope).await?,
            tail: self.tails.hits(self.store, scope, needs).await?,
            segments: Vec::new(),
        })
    }

    /// The seq that everything wanted of a room lies before.
    async fn below(&self, scope: &SearchScope) -> Result<u64, StoreError> {
        match self.start {
            Some(start) if start.room == scope.room => Ok(start.seq),
            // Of one millisecond a part may be wanted: the rest is left out when the rows are looked at.
            Some(start) if start.time_ms <= scope.last_activity_ms => {
                self.store.seq_at(scope.room, start.time_ms.saturating_add(1)).await
            }
            _ => Ok(u64::MAX),
        }
    }
}
