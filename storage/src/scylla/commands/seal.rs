//! What a sealed bucket leaves to the next process: the filter of its commands. Written by whoever has sealed it. Without it nothing is
//! lost: the bucket is asked.

use protocol::RoomId;

use super::{
    super::{
        client::Client,
        failure::Result,
        options::{COMMAND_KEYS_PER_READ, COMMAND_TTL_S},
        rows::signed,
        stamp::stamp,
    },
    filter::{CommandFilter, Subject},
    known::{Kept, KnownCommands},
};
use crate::{
    StoreError,
    bucket::{self, BucketHead},
};

/// Stores the filter of a bucket that was sealed at `last_seq`, at about `now_ms`. It takes the records that are known by heart, else
/// those that lie in the bucket, and remembers the filter of those.
pub(in crate::scylla) async fn leave_filter(
    client: &Client,
    room: RoomId,
    commands: &mut KnownCommands,
    (sealed, last_seq): (&BucketHead, u64),
    now_ms: i64,
) {
    let left = leave(client, room, commands, (sealed, last_seq), now_ms).await;
    if let Err(fault) = left {
        let error = StoreError::from(fault);
        tracing::warn!(%room, bucket = sealed.bucket, %error, "a filter of commands was not stored; the bucket is asked instead");
    }
}

async fn leave(
    client: &Client,
    room: RoomId,
    commands: &mut KnownCommands,
    (sealed, last_seq): (&BucketHead, u64),
    now_ms: i64,
) -> Result<()> {
    let filter = match commands.of(sealed.bucket) {
        // It was sealed before, by ourselves.
        Some(Kept::Filter(_)) => return Ok(()),
        Some(Kept::ByHeart(known)) => CommandFilter::of(known.keys().copied()),
        Some(Kept::Nothing) | None => match read(client, room, sealed, now_ms).await? {
            Some(filter) => filter,
            None => return Ok(()),
        },
    };
    let number = sealed.bucket;
    let subject = Subject { room, number, last_seq };
    let stored = filter.encode(&subject);
    if let Some(kept @ Kept::Nothing) = commands.of(number) {
        *kept = Kept::Filter(filter);
    }
    let place = (room.key(), signed(bucket::group(sealed.first_seq)), signed(number));
    let values = (place.0, place.1, place.2, stored, stamp(last_seq), COMMAND_TTL_S);
    client.write(&client.statements.insert_command_filter, values).await
}

/// A filter of the records that lie in a bucket. None of an old one: servers would have to step over more records that have expired than
/// they do for one read.
async fn read(client: &Client, room: RoomId, sealed: &BucketHead, now_ms: i64) -> Result<Option<CommandFilter>> {
    if now_ms.saturating_sub(sealed.first_ms) >= i64::from(COMMAND_TTL_S) * 1_000 {
        return Ok(None);
    }
    let values = (room.key(), signed(sealed.bucket));
    let statement = &client.statements.command_keys;
    let keys = client
        .rows_by::<(i64,)>(statement, values, COMMAND_KEYS_PER_READ)
        .await?;
    Ok(Some(CommandFilter::of(keys.into_iter().map(|(key,)| key))))
}
