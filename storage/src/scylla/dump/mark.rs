//! The mark of an import among the small values: set, moved and taken away by conditional statements.

use super::{Fault, PagingState, Result, Shared, patiently};
use crate::{
    StoreError,
    dump::{ImportBegun, ImportMark, MarkError, OWN_META_PREFIX},
    scylla::{client::Client, options::PAGE_ROWS_MAX, statements::Statement},
};

/// Tries until a mark is what it should be; only somebody who writes at the same time makes more than two necessary.
const TRIES: usize = 8;

async fn stored(client: &Client) -> Result<Option<Vec<u8>>> {
    let found = client
        .row::<(Option<Vec<u8>>,)>(&client.statements.meta, (ImportMark::KEY,))
        .await?;
    Ok(found.map(|(value,)| value.unwrap_or_default()))
}

/// The mark, if there is one.
pub(super) async fn read(client: &Client) -> Result<Option<ImportMark>> {
    let Some(value) = patiently(|| stored(client)).await? else {
        return Ok(None);
    };
    let mark = String::from_utf8_lossy(&value).parse();
    let mark = mark.map_err(|error: MarkError| StoreError::Failed(error.to_string()))?;
    Ok(Some(mark))
}

/// Marks an empty store.
pub(super) async fn begin(shared: &Shared, new: &ImportMark) -> Result<ImportBegun> {
    let client = &shared.client;
    if let Some(mark) = read(client).await? {
        return Ok(ImportBegun::Marked(mark));
    }
    if let Some(what) = patiently(|| content(client)).await? {
        return Ok(ImportBegun::NotEmpty(what.to_owned()));
    }
    // Of two imports of this process the second finds the first one's mark.
    let _turn = shared.turn(&ImportMark::KEY).await;
    let value = new.to_string().into_bytes();
    let insert = client.condition(&client.statements.insert_meta, (ImportMark::KEY, &value));
    match insert.await {
        Ok(true) => return Ok(ImportBegun::New),
        Ok(false) | Err(Fault::Unknown(_)) => {}
        Err(fault) => return Err(fault),
    }
    match read(client).await? {
        Some(mark) if mark == *new => Ok(ImportBegun::New),
        Some(mark) => Ok(ImportBegun::Marked(mark)),
        None => Err(Fault::Unavailable("the mark could not be set yet".to_owned())),
    }
}

/// Replaces the mark, or takes it away.
pub(super) async fn set(shared: &Shared, mark: Option<&ImportMark>) -> Result<()> {
    let (client, statements) = (&shared.client, &shared.client.statements);
    let wanted = mark.map(|mark| mark.to_string().into_bytes());
    let _turn = shared.turn(&ImportMark::KEY).await;
    for _ in 0..TRIES {
        let now = stored(client).await?;
        if now == wanted {
            return Ok(());
        }
        let change = match (&now, &wanted) {
            (_, None) => client.condition(&statements.delete_meta, (ImportMark::KEY,)).await,
            (None, Some(value)) => {
                client
                    .condition(&statements.insert_meta, (ImportMark::KEY, value))
                    .await
            }
            (Some(now), Some(value)) => {
                client
                    .condition(&statements.change_meta, (value, ImportMark::KEY, now))
                    .await
            }
        };
        match change {
            Ok(true) => return Ok(()),
            Ok(false) | Err(Fault::Unknown(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Unavailable("the mark could not be set yet".to_owned()))
}

/// What a store holds that an empty one does not, in words.
async fn content(client: &Client) -> Result<Option<&'static str>> {
    let statements = &client.statements;
    for (statement, what) in [
        (&statements.scan_users, "it has users"),
        (&statements.scan_rooms, "it has rooms"),
        (&statements.scan_auth_sessions, "it has logins"),
        (&statements.scan_user_logs, "it has users' logs"),
    ] {
        if has_rows(client, statement).await? {
            return Ok(Some(what));
        }
    }
    let mut from = PagingState::start();
    loop {
        let page = client
            .page::<(String, Option<Vec<u8>>)>(&statements.scan_meta, (), PAGE_ROWS_MAX, from)
            .await?;
        if page.rows.iter().any(|(key, _)| !key.starts_with(OWN_META_PREFIX)) {
            return Ok(Some("a node has been started on it"));
        }
        match page.next {
            Some(next) => from = next,
            None => return Ok(None),
        }
    }
}

/// Whether a table holds a row. A page without one does not say that none follows.
async fn has_rows(client: &Client, statement: &Statement) -> Result<bool> {
    let mut from = PagingState::start();
    loop {
        let page = client.page::<scylla::value::Row>(statement, (), 1, from).await?;
        match page.next {
            _ if !page.rows.is_empty() => return Ok(true),
            Some(next) => from = next,
            None => return Ok(false),
        }
    }
}
