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
};

impl Session {
    pub(super) fn history(&mut self, id: u32, request: HistoryRequest, ctx: &mut Context<Self>) {
        let (engine, caller) = (Arc::clone(&self.engine), self.caller.clone());
        let read = async move { page(&engine, &caller, &request).await.map(CommandResult::History) };
        self.reply_with(id, read, ctx);
    }
}

/// What part of a log is asked for.
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
        ChannelKind::Open => match engine
            .store
            .channel(channel.as_str())
            .await
            .map_err(failure::of_store)?
        {
            Some(room) => room_page(engine, channel, room.id, request).await,
            // A channel that nobody has used yet has no place to name.
            None => Ok(HistoryResult::default()),
        },
        ChannelKind::Nothing => Err(ErrorCode::UnknownChannel.into()),
    }
}

async fn room_page(
    engine: &Engine,
    channel: &Channel,
    room: RoomId,
    request: &HistoryRequest,
) -> Result<HistoryResult, Error> {
    let state = engine
        .store
        .room(room)
        .await
        .map_err(failure::of_store)?
        .ok_or(ErrorCode::UnknownChannel)?;
    let head = state.head;
    let wanted = wanted(request, head.epoch, head.seq)?;
    let mut publications = Vec::new();
    if wanted.limit > 0 && wanted.first <= wanted.last {
        let range = EntryRange {
            first: wanted.first,
            last: wanted.last,
            limit: wanted.limit,
            bytes_max: PAGE_BYTES_MAX,
            order: wanted.order,
            select: Select::Everything,
        };
        let entries = engine.store.entries(room, range).await.map_err(failure::of_store)?;
        publications.extend(
            entries
                .into_iter()
                .map(|entry| RelayEntry::new(channel, entry).publication()),
        );
    }
    Ok(HistoryResult {
        publications,
        epoch: head.epoch.to_string(),
        offset: head.seq,
    })
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
    // A negative limit means "as much as is allowed"; 0 asks for the place alone.
    let limit = usize::try_from(request.limit)
        .unwrap_or(HISTORY_LIMIT_MAX)
        .min(HISTORY_LIMIT_MAX);
    let (first, last, order) = match (since, request.reverse) {
        (since, false) => (since.unwrap_or(0).saturating_add(1), seq, Order::Ascending),
        (None, true) => (1, seq, Order::Descending),
        (Some(offset), true) => (1, offset.saturating_sub(1).min(seq), Order::Descending),
    };
    Ok(Wanted {
        first,
        last,
        limit,
        order,
    })
}
