//! Writing behind the commits: marks that moved with entries, then the head. The head comes last, so whoever takes a log over knows how
//! far everything has come. Many messages make one write.

use std::{collections::HashMap, sync::Arc};

use futures_util::{StreamExt as _, stream};
use protocol::UserId;

use super::{
    Shared,
    cells::Cell,
    failure::Result,
    marks,
    options::{HEADS_AT_ONCE, HEADS_FLUSH_PAUSE},
    settle, telling,
};
use crate::Mark;

/// Writes what is behind, again and again, until the store is closed.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(HEADS_FLUSH_PAUSE) => {}
            // Whoever closes the store writes what is behind then.
            () = shared.closing() => return,
        }
        everything(&shared).await;
        telling::tell(&shared.client);
    }
}

/// Writes what is behind at the moment. What fails stays behind.
pub(super) async fn everything(shared: &Shared) {
    let cells = shared.cells.behind();
    stream::iter(cells)
        .for_each_concurrent(HEADS_AT_ONCE, |cell| async move {
            if let Err(fault) = one(shared, &cell).await {
                let error = crate::StoreError::from(fault);
                tracing::warn!(room = %cell.room, %error, "the end of a log is written later");
            }
        })
        .await;
}

async fn one(shared: &Shared, cell: &Cell) -> Result<()> {
    if shared.check_lease().is_err() {
        return Ok(());
    }
    // The head first: marks that move meanwhile belong to later entries.
    let known = cell.known();
    let (is_head_behind, moved) = {
        let behind = cell.behind();
        (behind.head, behind.marks.clone())
    };
    marks::write_all(shared, cell.room, &moved).await?;
    forget(cell, &moved);
    let Some(known) = known.filter(|_| is_head_behind) else {
        return Ok(());
    };
    settle::write_head(&shared.client, &known.state).await?;
    let now = cell.known().map(|now| now.state.head.seq);
    if now == Some(known.state.head.seq) {
        cell.behind().head = false;
    }
    Ok(())
}

/// What has been written and has not moved since is not behind any more.
fn forget(cell: &Cell, written: &HashMap<UserId, Mark>) {
    let mut behind = cell.behind();
    behind.marks.retain(|user, mark| written.get(user) != Some(mark));
}
