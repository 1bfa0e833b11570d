//! What a process that has just taken a room over finds out about its commands: in which buckets they may lie, and the filters that were
//! left beside them. A filter that is missing or says nothing of use costs statements later; it is no reason to refuse an append.

use std::collections::{BTreeMap, HashMap, VecDeque};

use futures_util::{StreamExt as _, stream};
use protocol::RoomId;

use super::{
    super::{
        cells::Known,
        client::Client,
        failure::Result,
        index::{self, Bucket},
        options::{COMMAND_FILTER_READS_AT_ONCE, COMMAND_FILTERS_KEPT_MAX, COMMAND_FILTERS_PER_READ},
        rows::{signed, unsigned},
    },
    filter::{CommandFilter, Subject},
    known::{Kept, Recent},
};
use crate::{StoreError, bucket};

/// The buckets that may hold commands younger than `since_ms`, oldest first, with what the store tells of each.
pub(super) async fn recent(client: &Client, room: RoomId, known: &Known, since_ms: i64) -> Result<VecDeque<Recent>> {
    let newest = known.state.head.bucket;
    if newest.bucket == 0 || newest.first_seq < known.log_first() {
        return Ok(VecDeque::new());
    }
    let mut sealed = Vec::new();
    if newest.first_ms >= since_ms && newest.first_seq > known.log_first() {
        let before = (known.log_first(), newest.first_seq - 1);
        sealed = index::buckets_since(client, room, before, since_ms).await?;
    }
    let mut filters = filters(client, room, &sealed).await;
    let recent = sealed.iter().map(|bucket| Recent {
        number: bucket.number,
        first_seq: bucket.first_seq,
        first_ms: bucket.first_ms,
        kept: filters.remove(&bucket.number).map_or(Kept::Nothing, Kept::Filter),
    });
    let open = Recent {
        number: newest.bucket,
        first_seq: newest.first_seq,
        first_ms: newest.first_ms,
        kept: Kept::Nothing,
    };
    Ok(recent.chain([open]).collect())
}

/// The filters of the newest of these buckets, as many as are kept in memory.
async fn filters(client: &Client, room: RoomId, sealed: &[Bucket]) -> HashMap<u64, CommandFilter> {
    let mut wanted: BTreeMap<u64, Vec<Bucket>> = BTreeMap::new();
    for bucket in sealed.iter().rev().take(COMMAND_FILTERS_KEPT_MAX) {
        wanted.entry(bucket::group(bucket.first_seq)).or_default().push(*bucket);
    }
    let reads = stream::iter(wanted).map(|(group, buckets)| async move {
        let found = filters_of_group(client, room, group, &buckets).await;
        found.unwrap_or_else(|fault| {
            let error = StoreError::from(fault);
            tracing::warn!(%room, %error, "filters of commands could not be read; their buckets are asked instead");
            Vec::new()
        })
    });
    let found: Vec<_> = reads.buffer_unordered(COMMAND_FILTER_READS_AT_ONCE).collect().await;
    found.into_iter().flatten().collect()
}

/// The filters of buckets of one group, newest first, by their numbers.
async fn filters_of_group(
    client: &Client,
    room: RoomId,
    group: u64,
    buckets: &[Bucket],
) -> Result<Vec<(u64, CommandFilter)>> {
    let oldest = buckets.last().map_or(0, |bucket| bucket.number);
    let values = (room.key(), signed(group), signed(oldest));
    let statement = &client.statements.command_filters;
    let rows = client
        .rows_by::<(i64, Option<Vec<u8>>)>(statement, values, COMMAND_FILTERS_PER_READ)
        .await?;
    let mut filters = Vec::with_capacity(rows.len());
    for (number, stored) in rows {
        let number = unsigned(number)?;
        let end = buckets
            .iter()
            .find(|bucket| bucket.number == number)
            .and_then(|bucket| bucket.last_seq);
        let filter = end.zip(stored).and_then(|(last_seq, stored)| {
            let subject = Subject { room, number, last_seq };
            CommandFilter::decode(&subject, &stored)
        });
        filters.extend(filter.map(|filter| (number, filter)));
    }
    Ok(filters)
}
