//! What the measurements of the store have in common: their arguments, a room, and a message of the usual size.

#![allow(dead_code, reason = "every measurement uses a part of it")]

use std::{
    error::Error,
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use protocol::{Epoch, RoomId, UserId};
use storage::{Entry, EntryKind, LogHead, NewRoom, RoomCreated, RoomKind, Store};
use uuid::Uuid;

/// Bytes of a message.
pub const BODY_BYTES: usize = 128;

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `[--json] [folder] [number]`: the folder, by default that of temporary files; the number; whether JSON is asked for.
pub fn arguments<T>(number: T) -> Outcome<(PathBuf, T, bool)>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word == "--json");
    let mut words = words.into_iter();
    let folder = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let number = words.next().map_or(Ok(number), |text| text.parse())?;
    Ok((folder, number, !options.is_empty()))
}

/// Now, Unix milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A new group without members, and its log's end.
pub async fn create_room(store: &Arc<dyn Store>, name: &str) -> Outcome<(RoomId, LogHead)> {
    let room = NewRoom {
        id: RoomId::generate(now_ms()),
        kind: RoomKind::Group,
        name: name.to_owned(),
        initiator: None,
        members: Vec::new(),
        epoch: Epoch::generate(),
        now_ms: now_ms(),
    };
    let (RoomCreated::New(state) | RoomCreated::Existing(state)) = store.create_room(room).await?;
    Ok((state.room.id, state.head))
}

/// The message that stands `ahead` places behind a log's end.
pub fn message(head: &LogHead, ahead: u64, sender: &UserId) -> Entry {
    let now_ms = now_ms().max(head.time_ms);
    Entry {
        seq: head.seq + ahead,
        number: head.number + ahead,
        kind: EntryKind::Message,
        sender: Some(sender.clone()),
        actor: None,
        client: None,
        time_ms: now_ms,
        created_ms: now_ms,
        command_id: Uuid::new_v4(),
        reply_to: 0,
        target: 0,
        version: 0,
        deleted: false,
        body: Bytes::from_static(&[b'm'; BODY_BYTES]),
    }
}
