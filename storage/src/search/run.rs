//! A search over the rooms of one user: those with the newest activity first, and no more of them than the page needs.
//!
//! Each room is a source of hits, newest first. A source that has not been opened can hold nothing newer than its room's
//! last activity, so the page is full as soon as no source can have anything newer than what it holds. Sources are opened
//! in growing waves: a common word is found in the first few, a rare one costs one read of the index for many rooms.

use std::collections::VecDeque;

use protocol::RoomId;

use super::{
    limits::{CHECK_ROWS_FIRST, CHECK_ROWS_MAX, CHECKED_ROWS_MAX, WAVE_ROOMS_FIRST, WAVE_ROOMS_MAX},
    lists,
    request::{Found, Hit, Position, Request},
    room::Candidates,
    tails::Tails,
};
use crate::{Entry, SearchScope, SegmentId, Store, StoreError};

/// A room on its way through a search.
struct Source<'a> {
    scope: &'a SearchScope,
    /// Nothing that it still has comes before this.
    bound: Position,
    candidates: Option<Candidates>,
    ready: VecDeque<Hit>,
    /// Candidates to check together next.
    rows: usize,
    /// There is nothing more in it.
    is_over: bool,
}

impl Source<'_> {
    fn bound(&self) -> Position {
        self.ready.front().map_or(self.bound, Hit::position)
    }

    /// The next candidates to check.
    async fn next_places(&mut self, store: &dyn Store) -> Result<Vec<(RoomId, u64)>, StoreError> {
        let mut places = Vec::with_capacity(self.rows);
        let Some(candidates) = &mut self.candidates else {
            return Ok(places);
        };
        while places.len() < self.rows {
            let Some(seq) = candidates.next(store).await? else {
                break;
            };
            places.push((self.scope.room, seq));
        }
        self.rows = (self.rows * 2).min(CHECK_ROWS_MAX);
        Ok(places)
    }

    /// Keeps of their rows what is a hit.
    fn take(&mut self, rows: Vec<Option<Entry>>, request: &Request, start: Option<Position>) {
        for entry in rows.into_iter().flatten() {
            let hit = Hit {
                room: self.scope.room,
                entry,
            };
            let position = hit.position();
            if request.after_ms.is_some_and(|after| position.time_ms < after) {
                // Everything behind it is older still.
                self.candidates = Some(Candidates::new(Vec::new(), Vec::new(), 0));
                return;
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
            is_over: false,
        }
    };
    let mut sources: Vec<Source<'_>> = rooms.iter().filter(is_wanted).map(of_room).collect();
    // The best source is taken from the back.
    sources.sort_by_key(|source| source.bound);
    sources
}

struct Run<'a> {
    store: &'a dyn Store,
    tails: &'a Tails,
    request: &'a Request,
    start: Option<Position>,
    /// By their bounds, ascending.
    sources: Vec<Source<'a>>,
    wave: usize,
    found: Found,
}

impl<'a> Run<'a> {
    async fn run(&mut self) -> Result<(), StoreError> {
        while let Some(best) = self.sources.last() {
            let is_full = self.found.hits.len() >= self.request.limit;
            if is_full || self.found.checked >= CHECKED_ROWS_MAX {
                let has_more = !is_full || self.is_there_more().await?;
                self.found.next = has_more.then(|| self.place());
                return Ok(());
            }
            if best.candidates.is_none() {
                self.open_wave().await?;
                continue;
            }
            let Some(mut source) = self.sources.pop() else { break };
            if let Some(hit) = source.ready.pop_front() {
                source.bound = hit.position();
                self.found.hits.push(hit);
            }
            if source.ready.is_empty() && !self.fill(&mut source).await? {
                continue;
            }
            self.put_back(source);
        }
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

    /// Whether some source has one more hit; asked when the page is full. An unopened or unread source counts.
    async fn is_there_more(&mut self) -> Result<bool, StoreError> {
        while let Some(mut source) = self.sources.pop() {
            if source.candidates.is_none() {
                self.sources.push(source);
                self.open_wave().await?;
                continue;
            }
            let is_open = !source.ready.is_empty() || self.fill(&mut source).await?;
            if is_open && (!source.ready.is_empty() || self.found.checked >= CHECKED_ROWS_MAX) {
                self.sources.push(source);
                return Ok(true);
            }
            if is_open {
                self.sources.push(source);
            }
        }
        Ok(false)
    }

    fn put_back(&mut self, source: Source<'a>) {
        let bound = source.bound();
        let at = self.sources.partition_point(|other| other.bound() <= bound);
        self.sources.insert(at, source);
    }

    /// Checks the next candidates of a source; false: it has nothing more.
    async fn fill(&mut self, source: &mut Source<'a>) -> Result<bool, StoreError> {
        let places = source.next_places(self.store).await?;
        if places.is_empty() {
            return Ok(false);
        }
        self.found.checked += places.len();
        let rows = self.store.entries_at(places).await?;
        source.take(rows, self.request, self.start);
        Ok(true)
    }

    /// Checks the first candidates of sources that have just been opened, all in one step; those that have none go.
    async fn fill_opened(&mut self, numbers: &[usize]) -> Result<(), StoreError> {
        let (mut places, mut counts) = (Vec::new(), Vec::with_capacity(numbers.len()));
        for number in numbers {
            let of_source = self.sources[*number].next_places(self.store).await?;
            counts.push(of_source.len());
            places.extend(of_source);
        }
        self.found.checked += places.len();
        let mut rows = self.store.entries_at(places).await?.into_iter();
        for (number, count) in numbers.iter().zip(counts) {
            let of_source = rows.by_ref().take(count).collect();
            let source = &mut self.sources[*number];
            source.take(of_source, self.request, self.start);
            source.is_over = count == 0;
        }
        self.sources.retain(|source| !source.is_over);
        self.sources.sort_by_key(Source::bound);
        Ok(())
    }

    /// Opens the next rooms: their open ends, and what their segments hold of the needed lists.
    async fn open_wave(&mut self) -> Result<(), StoreError> {
        let unopened = self.sources.iter().enumerate().rev();
        let unopened = unopened.filter(|(_, source)| source.candidates.is_none());
        let numbers: Vec<usize> = unopened.map(|(number, _)| number).take(self.wave).collect();
        self.wave = (self.wave * 2).min(WAVE_ROOMS_MAX);
        let needs = self.request.needs();
        let mut segments = Vec::new();
        let mut opening = Vec::with_capacity(numbers.len());
        for number in numbers {
            let scope = self.sources[number].scope;
            let below = self.below(scope).await?;
            let tail = self.tails.hits(self.store, scope, &needs).await?;
            if scope.state.is_current() {
                // Also those that begin behind `below`: an edit in them may be of an older message.
                segments.extend(scope.state.segments.iter().map(|segment| {
                    let id = SegmentId {
                        room: scope.room,
                        segment: segment.id,
                    };
                    (opening.len(), id, *segment)
                }));
            }
            opening.push((number, tail, below, Vec::new()));
        }
        for (place, hits) in lists::open(self.store, segments, &needs).await? {
            opening[place].3.push(hits);
        }
        let mut opened = Vec::with_capacity(opening.len());
        for (number, tail, below, segments) in opening {
            self.sources[number].candidates = Some(Candidates::new(tail, segments, below));
            opened.push(number);
        }
        self.fill_opened(&opened).await
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
