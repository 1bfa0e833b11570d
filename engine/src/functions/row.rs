//! What a line of the table of verbs says, and how one is written.

use futures_util::future::BoxFuture;
use protocol::Error;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Answer, Function, params};
use crate::{Caller, Engine};

/// The method of an HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Sets.
    Put,
    /// Changes a part.
    Patch,
    /// Ends.
    Delete,
}

impl HttpMethod {
    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Where a verb is found over HTTP. What stands in braces is a field of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: HttpMethod,
    /// The path, e.g. `/chats/{chat_id}/messages`.
    pub path: &'static str,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A signed-in user.
    SignedIn,
    /// Anybody.
    Nothing,
}

/// A call of a verb: engine, caller, JSON object.
pub(super) type Call = for<'a> fn(&'a Engine, &'a Caller, &'a [u8]) -> BoxFuture<'a, Result<Answer, Error>>;

/// A verb.
#[derive(Clone, Copy)]
pub struct Row {
    /// The rpc method.
    pub method: &'static str,
    /// Its places over HTTP; the first is the one to show.
    pub routes: &'static [Route],
    /// The HTTP status of success.
    pub status: u16,
    /// Who may call it.
    pub needs: Needs,
    /// Guests may call it too, in the one room that is theirs.
    pub is_for_guests: bool,
    /// It answers with a list.
    pub is_list: bool,
    /// What it does, in one line.
    pub doc: &'static str,
    /// The schema of its parameters, ids of the path included.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its answer; of a list, of one item.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
    pub(super) call: Call,
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn invoke<'a, F: Function>(
    engine: &'a Engine,
    caller: &'a Caller,
    params: &'a [u8],
) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move { F::call(engine, caller, params::parse(params)?).await })
}

/// A verb with one answer.
pub(super) const fn one<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
    Row {
        method,
        routes,
        status: 200,
        needs: Needs::SignedIn,
        is_for_guests: false,
        is_list: false,
        doc,
        params: schema::<F::Params>,
        answer: schema::<F::Answer>,
        call: invoke::<F>,
    }
}

/// A verb that answers with a list.
pub(super) const fn list<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
    Row {
        is_list: true,
        ..one::<F>(method, routes, doc)
    }
}

/// A verb that makes something.
pub(super) const fn created<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
    Row {
        status: 201,
        ..one::<F>(method, routes, doc)
    }
}

/// For anybody, signed in or not.
pub(super) const fn open(row: Row) -> Row {
    Row {
        needs: Needs::Nothing,
        ..row
    }
}

/// For guests, too.
pub(super) const fn guests(row: Row) -> Row {
    Row {
        is_for_guests: true,
        ..row
    }
}

/// Reads at this path.
pub(super) const fn get(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Get,
        path,
    }
}

/// Creates at this path.
pub(super) const fn post(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Post,
        path,
    }
}

/// Sets at this path.
pub(super) const fn put(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Put,
        path,
    }
}

/// Changes a part at this path.
pub(super) const fn patch(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Patch,
        path,
    }
}

/// Ends at this path.
pub(super) const fn delete(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Delete,
        path,
    }
}
