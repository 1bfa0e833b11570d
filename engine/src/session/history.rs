//! Reads a channel's log: every entry, by place.

use std::sync::Arc;

use actix::Context;
use protocol::{
    Epoch, Error, ErrorCode, RoomId, UserId,
    client::{CommandResult, HistoryRequest, HistoryResult, Publication},
};
use storage::{EntryRange, Order, Select};

use super::Session;
use crate::{
    Caller, Channel, ChannelKind, Engine, access, failure,
    limits::{HISTORY_LIMIT_MAX, PAGE_BYTES_MAX},
    relay::RelayEntry,
    warm::{Found, PageKey, PageValue, What},
};

impl Session {
    pub(super) fn history(&mut self, id: u32, request: HistoryRequest, ctx: &mut Context<Self>) {
        let (engine, caller) = (Arc::clone(&self.engine), self.caller.clone());
        let read = async move { page(&engine, &caller, &request).await.map(CommandResult::History) };
        self.reply_with(id, read, ctx);
    }
}

/// What part of a log is asked for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    first: u64,
    last: u64,
    limit: usize,
    order: Order,
}

/// One page of a channel's log, as the protocol's history gives it.
///
/// # Errors
/// `UnknownChannel`, or `UnrecoverablePosition` for a place in another epoch.
pub(crate) async fn page(engine: &Engine, caller: &Caller, request: &HistoryRequest) -> Result<HistoryResult, Error> {
    let channel = Channel::parse(&request.channel).ok_or(ErrorCode::BadRequest)?;
    let mut reread = engine.relays.reread(&channel);
    loop {
        access::may_listen(engine, caller, &channel).await?;
        let result = read(engine, &channel, request).await?;
        // Whoever was removed while the page was read gets nothing of it.
        access::may_listen(engine, caller, &channel).await?;
        if reread.is_good()? {
            return Ok(result);
        }
    }
}

async fn read(engine: &Engine, channel: &Channel, request: &HistoryRequest) -> Result<HistoryResult, Error> {
    match channel.kind() {
        ChannelKind::User(user) => user_page(engine, &user, request).await,
        ChannelKind::Room(room) => room_page(engine, channel, room, request).await,
        ChannelKind::Open => match open_channel(engine, channel).await? {
            Some(room) => room_page(engine, channel, room, request).await,
            // A channel that nobody has used yet has no place to name.
            None => Ok(HistoryResult::default()),
        },
        ChannelKind::Nothing => Err(ErrorCode::UnknownChannel.into()),
    }
}

/// The room behind an open channel; a channel with listeners knows its own.
async fn open_channel(engine: &Engine, channel: &Channel) -> Result<Option<RoomId>, Error> {
    if let Some(room) = engine.relays.get(channel).and_then(|relay| relay.room()) {
        return Ok(Some(room));
    }
    let known = engine.store.channel(channel.as_str()).await;
    Ok(known.map_err(failure::of_store)?.map(|room| room.id))
}

/// The end of a room's log and its newest entries, as far as the node has them in memory.
struct End {
    epoch: Epoch,
    seq: u64,
    /// Newest first, without a hole down from the end.
    newest: Vec<Arc<RelayEntry>>,
}

/// With listeners here the relay knows the end; without, what the node remembers of a room that many open, or the store.
async fn end(engine: &Engine, channel: &Channel, room: RoomId, limit: usize) -> Result<End, Error> {
    let relayed = engine.relays.get(channel);
    if let Some((epoch, seq, newest)) = relayed.and_then(|relay| relay.newest(limit, PAGE_BYTES_MAX)) {
        return Ok(End { epoch, seq, newest });
    }
    let state = match engine.relays.warm.rosters.state(room, engine.clock.now_ms()) {
        Some(state) => state,
        None => {
            let read = engine.store.room(room).await.map_err(failure::of_store)?;
            read.ok_or(ErrorCode::UnknownChannel)?
        }
    };
    Ok(End {
        epoch: state.head.epoch,
        seq: state.head.seq,
        newest: Vec::new(),
    })
}

async fn room_page(
    engine: &Engine,
    channel: &Channel,
    room: RoomId,
    request: &HistoryRequest,
) -> Result<HistoryResult, Error> {
    let is_newest = request.reverse && request.since.is_none();
    let limit = if is_newest { limit(request) } else { 0 };
    let end = end(engine, channel, room, limit).await?;
    let wanted = wanted(request, end.epoch, end.seq)?;
    let mut publications: Vec<Publication> = end.newest.iter().map(|entry| entry.publication()).collect();
    let bytes: usize = publications.iter().map(|entry| entry.data.as_bytes().len()).sum();
    let is_first = |entry: &Publication| entry.offset == 1;
    let has_enough =
        publications.len() == wanted.limit || publications.last().is_some_and(is_first) || bytes > PAGE_BYTES_MAX / 2;
    if !has_enough && wanted.first <= wanted.last {
        publications.extend_from_slice(&stored(engine, channel, room, end.epoch, rest(&wanted, &publications)).await?);
        publications.truncate(wanted.limit);
    } else if !publications.is_empty() {
        engine.relays.warm.pages.given_from_relay();
    }
    Ok(HistoryResult {
        publications,
        epoch: end.epoch.to_string(),
        offset: end.seq,
    })
}

/// What lies before the entries in memory. As many entries as if there were none: so the page stays the same while new ones come.
fn rest(wanted: &Wanted, newest: &[Publication]) -> Wanted {
    Wanted {
        last: newest.last().map_or(wanted.last, |last| last.offset - 1),
        ..*wanted
    }
}

async fn stored(
    engine: &Engine,
    channel: &Channel,
    room: RoomId,
    epoch: Epoch,
    wanted: Wanted,
) -> Result<Arc<[Publication]>, Error> {
    let what = What::Entries {
        first: wanted.first,
        last: wanted.last,
        limit: wanted.limit,
        is_reverse: wanted.order == Order::Descending,
    };
    let (store, channel) = (Arc::clone(&engine.store), channel.clone());
    let read = async move {
        let range = EntryRange {
            first: wanted.first,
            last: wanted.last,
            limit: wanted.limit,
            bytes_max: PAGE_BYTES_MAX,
            order: wanted.order,
            select: Select::Everything,
        };
        let entries = store.entries(room, range).await.map_err(failure::of_store)?;
        let shows = entries.iter().flat_map(|entry| [entry.seq, entry.target]).collect();
        let publications = entries
            .into_iter()
            .map(|entry| RelayEntry::new(&channel, entry).publication());
        Ok(Found {
            value: PageValue::Entries(publications.collect()),
            shows,
            depends_on_marks: false,
        })
    };
    match engine
        .relays
        .warm
        .pages
        .page(PageKey { room, epoch, what }, read)
        .await?
    {
        PageValue::Entries(publications) => Ok(publications),
        PageValue::Messages(_) => Err(ErrorCode::Internal.into()),
    }
}

async fn user_page(engine: &Engine, user: &UserId, request: &HistoryRequest) -> Result<HistoryResult, Error> {
    let head = engine.store.user_log_head(user).await.map_err(failure::of_store)?;
    let mut wanted = wanted(request, head.epoch, head.seq)?;
    let mut publications: Vec<Publication> = Vec::new();
    if wanted.limit > 0 && wanted.first <= wanted.last {
        if wanted.order == Order::Descending {
            wanted.first = wanted.first.max((wanted.last + 1).saturating_sub(wanted.limit as u64));
        }
        let entries = engine.store.user_entries(user, wanted.first, wanted.last, wanted.limit);
        let entries = entries.await.map_err(failure::of_store)?;
        publications.extend(entries.into_iter().map(|entry| RelayEntry::fact(entry).publication()));
        if wanted.order == Order::Descending {
            publications.reverse();
        }
    }
    Ok(HistoryResult {
        publications,
        epoch: head.epoch.to_string(),
        offset: head.seq,
    })
}

fn wanted(request: &HistoryRequest, epoch: Epoch, seq: u64) -> Result<Wanted, Error> {
    let since = match &request.since {
        None => None,
        Some(since) if since.epoch.is_empty() || since.epoch == epoch.to_string() => Some(since.offset),
        Some(_) => return Err(ErrorCode::UnrecoverablePosition.into()),
    };
    let (first, last, order) = match (since, request.reverse) {
        (since, false) => (since.unwrap_or(0).saturating_add(1), seq, Order::Ascending),
        (None, true) => (1, seq, Order::Descending),
        (Some(offset), true) => (1, offset.saturating_sub(1).min(seq), Order::Descending),
    };
    Ok(Wanted {
        first,
        last,
        limit: limit(request),
        order,
    })
}

/// A negative limit means "as much as is allowed"; 0 asks for the place alone.
fn limit(request: &HistoryRequest) -> usize {
    usize::try_from(request.limit)
        .unwrap_or(HISTORY_LIMIT_MAX)
        .min(HISTORY_LIMIT_MAX)
}
