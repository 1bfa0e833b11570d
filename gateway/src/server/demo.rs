//! `plenum serve --demo`: a user, a room and an invitation to try things with, made at the first start.

use std::sync::Arc;

use engine::{
    Caller,
    accounts::{PasswordCost, Passwords},
};
use protocol::{Error, ErrorCode, UserId};
use serde::Deserialize;
use serde_json::json;
use storage::{Origin, Store, StoreError, User, UserRole};

use super::Gateway;
use crate::http::{Demo, DemoInvitation};

/// The demo user's name.
pub const USERNAME: &str = "demo";
/// The demo user's password. It is printed at start: a demo is open to whoever reaches it.
pub const PASSWORD: &str = "demo-password";
/// The demo room's name.
const ROOM: &str = "Demo";

#[derive(Deserialize)]
struct Rooms {
    items: Vec<Room>,
}

#[derive(Deserialize)]
struct Room {
    chat_id: String,
    name: String,
}

/// Makes what is not there yet.
///
/// # Errors
/// What the store and the engine say.
pub async fn prepare(gateway: &Gateway) -> Result<Demo, Error> {
    let user = user(&gateway.store, gateway.clock.now_ms()).await?;
    let caller = Caller::person(user, UserRole::User, None);
    let listed = gateway.engine.call(&caller, "room.list", br#"{"limit":200}"#).await?;
    let rooms: Rooms = listed.to_value().map_err(unreadable)?;
    let room = match rooms.items.into_iter().find(|room| room.name == ROOM) {
        Some(room) => room,
        None => {
            let params = json!({ "name": ROOM, "participants": [], "kind": "group" }).to_string();
            let created = gateway.engine.call(&caller, "room.create", params.as_bytes()).await?;
            created.to_value().map_err(unreadable)?
        }
    };
    let params = json!({ "chat_id": room.chat_id }).to_string();
    let invited = gateway.engine.call(&caller, "room.invite", params.as_bytes()).await?;
    let invitation: DemoInvitation = invited.to_value().map_err(unreadable)?;
    Ok(Demo {
        username: USERNAME.to_owned(),
        password: PASSWORD.to_owned(),
        chat_id: room.chat_id,
        invitation,
    })
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorCode::Internal,
        format!("an answer of the engine can't be read: {error}"),
    )
}

async fn user(store: &Arc<dyn Store>, now_ms: i64) -> Result<UserId, Error> {
    let failed = |error: StoreError| Error::new(ErrorCode::Unavailable, error.to_string());
    if let Some(user) = store.user_by_name(USERNAME).await.map_err(failed)? {
        return Ok(user.id);
    }
    let hash = Passwords::new(PasswordCost::default())?
        .hash(PASSWORD.to_owned())
        .await?;
    let id = UserId::generate(now_ms);
    let user = User {
        id: id.clone(),
        username: USERNAME.to_owned(),
        password_hash: Some(hash),
        origin: Origin::Own,
        role: UserRole::User,
        info: bytes::Bytes::from_static(b"{}"),
        status: String::new(),
        created_ms: now_ms,
    };
    store.create_user(user).await.map_err(failed)?;
    Ok(id)
}
