//! The list of somebody's 500 chats with their last messages, marks and ends: of a node that was just opened, and of one that has them in
//! memory where its backend keeps them there.

use std::time::Instant;

use protocol::UserId;
use serde_json::{Value, json};
use storage::Store;

use crate::{Outcome, rooms::ROOMS, target::Target, times::Times};

/// Lists of a store that was just opened.
const COLD_LISTS: u64 = 3;

async fn list(store: &dyn Store, who: &UserId) -> Outcome<()> {
    let chats = store.chats_of(who, None, ROOMS as usize).await?;
    if chats.len() as u64 != ROOMS || chats.iter().any(|chat| chat.last.is_none()) {
        return Err(format!("a list of {} chats, or some of them without a message", chats.len()).into());
    }
    Ok(())
}

/// Lists the chats of somebody who is in all rooms.
pub async fn measure(target: &Target, who: &UserId, samples: u64) -> Outcome<Value> {
    let (mut cold, mut warm, mut statements) = (Times::default(), Times::default(), [0, 0]);
    for turn in 1..=COLD_LISTS {
        let opened = target.open()?;
        let (begun, before) = (Instant::now(), opened.statements());
        list(&*opened.store, who).await?;
        cold.add_since(begun);
        statements[0] = opened.statements() - before;
        if turn == COLD_LISTS {
            let before = opened.statements();
            for _ in 0..samples {
                let begun = Instant::now();
                list(&*opened.store, who).await?;
                warm.add_since(begun);
            }
            statements[1] = (opened.statements() - before) / samples.max(1);
        }
        opened.close();
    }
    Ok(json!({
        "chats": ROOMS, "cold": cold.json(), "cold_statements": statements[0],
        "warm": warm.json(), "warm_statements": statements[1],
    }))
}
