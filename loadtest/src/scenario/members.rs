//! Before the phones come: their users get accounts and are made members of a new group room.
//!
//! A user is there from the first connection with its token on, so each account is one connection that opens and leaves.

use std::{cell::Cell, rc::Rc, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::{JoinSet, LocalSet},
    time::sleep,
};

use super::{Plan, RunError};
use crate::{
    connection::{Ended, Sources},
    limits::{ACCOUNTS_AT_ONCE, ATTEMPTS_MAX, BACKOFF_FIRST, MEMBERS_AT_ONCE, SETTLE},
    progress::Progress,
    publisher::{ContactError, Conversation},
    settings::Settings,
    token::user_of,
};

/// Does it, and puts the room's channel into the plan.
pub(super) async fn prepare(plan: &mut Plan, interrupt: &watch::Receiver<bool>) -> Result<(), RunError> {
    let mut interrupt = interrupt.clone();
    let progress = Progress::new(plan.quiet);
    let prepared = tokio::select! {
        made = make(&plan.settings, &progress) => made,
        Ok(_) = interrupt.wait_for(|interrupt| *interrupt) => return Err(RunError::Interrupted),
    };
    progress.end();
    let channel = prepared.map_err(|error| RunError::Contact {
        target: plan.settings.targets[0].authority.clone(),
        error,
    })?;
    Arc::get_mut(&mut plan.settings)
        .expect("no thread has begun yet")
        .channel = channel;
    if plan.server_pid.is_some() {
        sleep(SETTLE).await;
    }
    Ok(())
}

async fn make(settings: &Arc<Settings>, progress: &Progress) -> Result<String, ContactError> {
    // A server that is not there is said to be so at once.
    Conversation::begin(settings).await?.leave().await;
    progress.part("accounts", settings.sessions);
    LocalSet::new().run_until(make_accounts(settings, progress)).await?;
    progress.part("members", settings.sessions);
    let mut owner = Conversation::begin(settings).await?;
    let chat_id = create_room(&mut owner, settings).await?;
    let mut first = 0;
    while first < settings.sessions {
        let end = settings.sessions.min(first + MEMBERS_AT_ONCE);
        let people: Vec<_> = (first..end).map(user_of).collect();
        let params = json!({ "chat_id": chat_id, "participants": people });
        call(&mut owner, "participants.add", &params).await?;
        progress.at(end, "members".to_owned());
        first = end;
    }
    owner.leave().await;
    Ok(format!("room:{chat_id}"))
}

/// Some connections at a time, each for the next user that has none yet.
async fn make_accounts(settings: &Arc<Settings>, progress: &Progress) -> Result<(), ContactError> {
    let (next, sources) = (Rc::new(Cell::new(0)), Rc::new(Sources::default()));
    let mut desks = JoinSet::new();
    for _ in 0..settings.sessions.min(ACCOUNTS_AT_ONCE) {
        let (settings, next, sources) = (settings.clone(), next.clone(), sources.clone());
        desks.spawn_local(async move {
            while next.get() < settings.sessions {
                let user = next.replace(next.get() + 1);
                make_account(&settings, user, &sources).await?;
            }
            Ok(())
        });
    }
    let shown = async {
        loop {
            progress.at(next.get(), "accounts".to_owned());
            sleep(crate::limits::LIVE_EVERY).await;
        }
    };
    tokio::select! {
        made = all(&mut desks) => made,
        () = shown => unreachable!("it shows without an end"),
    }
}

async fn all(desks: &mut JoinSet<Result<(), ContactError>>) -> Result<(), ContactError> {
    while let Some(ended) = desks.join_next().await {
        ended.map_err(|error| Ended::Broken(error.to_string()))??;
    }
    Ok(())
}

async fn make_account(settings: &Settings, user: u64, sources: &Sources) -> Result<(), ContactError> {
    let mut pause = BACKOFF_FIRST;
    for _ in 1..ATTEMPTS_MAX {
        match Conversation::begin_as(settings, user, sources).await {
            Err(error) if error.is_temporary() => sleep(pause).await,
            Err(error) => return Err(error),
            Ok(conversation) => {
                conversation.leave().await;
                return Ok(());
            }
        }
        pause *= 2;
    }
    Conversation::begin_as(settings, user, sources).await?.leave().await;
    Ok(())
}

#[derive(Deserialize)]
struct Chat {
    chat_id: String,
}

async fn create_room(owner: &mut Conversation, settings: &Settings) -> Result<String, ContactError> {
    let params = json!({ "name": settings.channel, "participants": [], "kind": "group" });
    let answer = call(owner, "room.create", &params).await?;
    let chat: Chat = serde_json::from_value(answer)
        .map_err(|error| Ended::Protocol(format!("room.create was answered without a chat: {error}")))?;
    Ok(chat.chat_id)
}

/// Calls until the server has an answer other than "not now".
async fn call(owner: &mut Conversation, method: &'static str, params: &Value) -> Result<Value, ContactError> {
    let mut pause = BACKOFF_FIRST;
    for _ in 1..ATTEMPTS_MAX {
        match owner.call(method, params).await {
            Err(ContactError::Ended(Ended::Refused { temporary: true, .. })) => sleep(pause).await,
            other => return other,
        }
        pause *= 2;
    }
    owner.call(method, params).await
}
