//! Accounts and members: a user is there from the first connection on, and only who is there can be added.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{ErrorCode, client::RpcRequest, payload::Payload};
use serde::Deserialize;
use serde_json::{Value, json};

use super::room::Room;

/// The id of the one room that can be made.
pub const ROOM: &str = "made-for-members";
/// People that one call may add.
const PEOPLE_PER_CALL_MAX: usize = 500;

/// Everybody.
pub struct People {
    accounts: BTreeSet<String>,
    members: BTreeSet<String>,
    calls: u64,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Deserialize)]
struct Add {
    chat_id: String,
    participants: Vec<String>,
}

impl People {
    pub const fn new() -> Self {
        Self {
            accounts: BTreeSet::new(),
            members: BTreeSet::new(),
            calls: 0,
        }
    }

    /// A user connects. The signature makes no difference here.
    pub fn comes(&mut self, token: &str) {
        let claims = token
            .split('.')
            .nth(1)
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        if let Some(Claims { sub }) = claims.and_then(|claims| serde_json::from_slice(&claims).ok()) {
            self.accounts.insert(sub);
        }
    }

    fn add(&mut self, add: Add) -> Result<(), ErrorCode> {
        self.calls += 1;
        if self.calls == 1 {
            return Err(ErrorCode::TooManyRequests); // once is no reason to give up
        }
        let is_known = |user: &String| self.accounts.contains(user);
        if add.chat_id != ROOM || add.participants.len() > PEOPLE_PER_CALL_MAX {
            return Err(ErrorCode::BadRequest);
        }
        if !add.participants.iter().all(is_known) {
            return Err(ErrorCode::Invalid);
        }
        self.members.extend(add.participants);
        Ok(())
    }
}

impl Room {
    /// `room.create` with one other person, who has to have an account.
    fn chat_of_two(&mut self, params: &Value) -> Result<Payload, ErrorCode> {
        let people: Vec<String> =
            serde_json::from_value(params["participants"].clone()).map_err(|_| ErrorCode::BadRequest)?;
        if people.len() != 1 || !self.people.accounts.contains(&people[0]) {
            return Err(ErrorCode::Invalid);
        }
        let chat_id = format!("chat-{}", self.chats.len());
        self.chats.push(Self::new(self.behaviour));
        Ok(Payload::from_value(&json!({ "chat_id": chat_id })).expect("JSON"))
    }

    /// `room.create` and `participants.add`; both leave an entry in the log.
    pub fn call(&mut self, request: &RpcRequest) -> Result<Payload, ErrorCode> {
        let params = request.data.as_ref().and_then(|data| data.as_ref().ok());
        let params: Value = params
            .and_then(|data| data.to_value().ok())
            .ok_or(ErrorCode::BadRequest)?;
        match &*request.method {
            "room.create" if params["kind"] == "group" => {}
            "room.create" => return self.chat_of_two(&params),
            "participants.add" => {
                let add = serde_json::from_value(params).map_err(|_| ErrorCode::BadRequest)?;
                self.people.add(add)?;
            }
            _ => return Err(ErrorCode::MethodNotFound),
        }
        let entry = Payload::from_value(&json!({ "event": "participants.changed" })).expect("JSON");
        self.publish(&format!("room:{ROOM}"), entry);
        Ok(Payload::from_value(&json!({ "chat_id": ROOM, "members": self.people.members.len() })).expect("JSON"))
    }
}
