//! The verbs of HTTP and rpc: one file each, one table for both ([`TABLE`]).
//!
//! The gateway builds its routes and the OpenAPI page from the table, the realtime session calls rpc methods through it, so that a verb
//! means the same everywhere. A function checks what it is given, asks [`crate::access`] for rights, and reads the store or submits a command to a
//! room; it never numbers an entry, and never knows how its answer travels.

mod answer;
mod chats;
mod cursor;
mod facts;
mod flights;
mod hints;
mod invitations;
mod marks;
mod mentions;
mod metrics;
mod pages;
mod params;
mod people;
mod rooms;
mod row;
mod succession;
mod table;
mod text;
mod typists;

mod add_participants;
mod create_room;
mod delete;
mod delete_room;
mod edit;
mod end_session;
mod get_invitation;
mod get_room;
mod get_user;
mod history;
mod invite;
mod join;
mod list_participants;
mod list_rooms;
mod list_sessions;
mod list_users;
mod login;
mod logout;
mod read;
mod receive;
mod refresh;
mod register;
mod remove_participants;
mod revoke_invitation;
mod search;
mod search_users;
mod send;
mod typing;
mod update_room;
mod update_user;

pub use answer::Answer;
pub use row::{HttpMethod, Needs, Route, Row};
pub use table::{TABLE, row};

pub(crate) use flights::Flights;
pub(crate) use hints::Hints;
pub(crate) use metrics::FunctionMetrics;
pub(crate) use pages::Place;
pub(crate) use typists::Typing;

use std::time::Instant;

use protocol::{Error, ErrorCode, payload::Payload};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Caller, Engine, access};

/// One verb.
pub(crate) trait Function {
    /// What it is given: the body with the ids of the path and the query's fields.
    type Params: DeserializeOwned + JsonSchema + Send;
    /// What one answer, or one item of a list, looks like.
    type Answer: JsonSchema;

    /// Does it.
    fn call(
        engine: &Engine,
        caller: &Caller,
        params: Self::Params,
    ) -> impl Future<Output = Result<Answer, Error>> + Send;
}

impl Engine {
    /// Calls the rpc method `method` with a JSON object (empty: `{}`) and gives the answer of the same verb over HTTP; of a list
    /// `{"items": […], "next": "cursor"}`.
    ///
    /// # Errors
    /// `MethodNotFound`, `Unauthorized` for a caller who is not signed in, `PermissionDenied` for a guest who may not call it, and what the
    /// function says.
    pub async fn call(&self, caller: &Caller, method: &str, params: &[u8]) -> Result<Payload, Error> {
        let row = row(method).ok_or(ErrorCode::MethodNotFound)?;
        Ok(self.call_row(row, caller, params).await?.into_rpc())
    }

    /// Calls a row of the table.
    ///
    /// # Errors
    /// As [`Engine::call`].
    pub async fn call_row(&self, row: &Row, caller: &Caller, params: &[u8]) -> Result<Answer, Error> {
        let began = Instant::now();
        let outcome = match access::may_call(caller, row) {
            Ok(()) => (row.call)(self, caller, params).await,
            Err(error) => Err(error),
        };
        let code = outcome.as_ref().err().map(|error: &Error| error.code);
        self.function_metrics.observe(row.method, code, began.elapsed());
        outcome.map(|answer| Answer {
            status: row.status,
            ..answer
        })
    }
}
