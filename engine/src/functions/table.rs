//! Every verb in one table: what rpc, HTTP and the OpenAPI page know of it.

use futures_util::future::BoxFuture;
use protocol::Error;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    Answer, Function, add_participants::AddParticipants, create_room::CreateRoom, delete::DeleteMessage,
    delete_room::DeleteRoom, edit::EditMessage, end_session::EndSession, get_invitation::GetInvitation,
    get_room::GetRoom, get_user::GetUser, history::History, invite::Invite, join::Join,
    list_participants::ListParticipants, list_rooms::ListRooms, list_sessions::ListSessions, list_users::ListUsers,
    login::Login, logout::Logout, params, read::ReadMessage, receive::ReceiveMessage, refresh::Refresh,
    register::Register, remove_participants::RemoveParticipants, revoke_invitation::RevokeInvitation, search::Search,
    search_users::SearchUsers, send::SendMessage, typing::ShowTyping, update_room::UpdateRoom, update_user::UpdateUser,
};
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

/// The row of an rpc method.
pub fn row(method: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.method == method)
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

const fn one<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
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

const fn list<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
    Row {
        is_list: true,
        ..one::<F>(method, routes, doc)
    }
}

const fn created<F: Function>(method: &'static str, routes: &'static [Route], doc: &'static str) -> Row {
    Row {
        status: 201,
        ..one::<F>(method, routes, doc)
    }
}

/// For anybody, signed in or not.
const fn open(row: Row) -> Row {
    Row {
        needs: Needs::Nothing,
        ..row
    }
}

/// For guests, too.
const fn guests(row: Row) -> Row {
    Row {
        is_for_guests: true,
        ..row
    }
}

const fn get(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Get,
        path,
    }
}

const fn post(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Post,
        path,
    }
}

const fn put(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Put,
        path,
    }
}

const fn patch(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Patch,
        path,
    }
}

const fn delete(path: &'static str) -> Route {
    Route {
        method: HttpMethod::Delete,
        path,
    }
}

/// The verbs.
pub static TABLE: &[Row] = &[
    open(created::<Register>(
        "account.register",
        &[post("/register")],
        "Registers a user and logs them in.",
    )),
    open(one::<Login>(
        "account.login",
        &[post("/login")],
        "Logs a user in by name and password.",
    )),
    open(one::<Refresh>(
        "account.refresh",
        &[post("/refresh")],
        "Gives a new access token and a new refresh token.",
    )),
    open(one::<Logout>(
        "account.logout",
        &[post("/logout")],
        "Ends the login that the token belongs to.",
    )),
    open(created::<Join>(
        "account.join",
        &[post("/join")],
        "Lets a guest into a chat by its invitation, with tokens for that chat alone.",
    )),
    open(one::<GetInvitation>(
        "invitation.get",
        &[get("/invitation/{code}")],
        "Tells where an invitation leads.",
    )),
    list::<ListSessions>("session.list", &[get("/sessions")], "Lists the caller's logins."),
    one::<EndSession>(
        "session.end",
        &[delete("/sessions/{session_id}")],
        "Ends one of the caller's logins.",
    ),
    one::<GetUser>("user.get", &[get("/user/{username}")], "Gives a user's public profile."),
    one::<UpdateUser>(
        "user.update",
        &[put("/user/{username}")],
        "Changes the caller's own profile.",
    ),
    guests(list::<ListUsers>(
        "user.list",
        &[get("/users")],
        "Gives public profiles by user id, in the order asked for; guests: of people in their chat.",
    )),
    list::<SearchUsers>(
        "user.search",
        &[get("/user")],
        "Finds people by the beginnings of the words of their names.",
    ),
    list::<Search>(
        "search",
        &[get("/v1/user/{user_id}/search")],
        "Finds messages, people and files that the caller may see, with the matching parts marked.",
    ),
    created::<CreateRoom>("room.create", &[post("/chats")], "Creates a chat of two or a group."),
    guests(list::<ListRooms>(
        "room.list",
        &[get("/chats")],
        "Lists the caller's chats, newest activity first.",
    )),
    guests(one::<GetRoom>(
        "room.get",
        &[get("/chats/{chat_id}")],
        "Gives one chat with the newest page of its history.",
    )),
    one::<UpdateRoom>("room.update", &[patch("/chats/{chat_id}")], "Renames a chat."),
    one::<DeleteRoom>("room.delete", &[delete("/chats/{chat_id}")], "Marks a chat deleted."),
    one::<Invite>(
        "room.invite",
        &[post("/chats/{chat_id}/invitation")],
        "Gives a group's invitation for guests, a new one where there is none.",
    ),
    one::<RevokeInvitation>(
        "room.revoke_invitation",
        &[delete("/chats/{chat_id}/invitation")],
        "Ends a group's invitation; guests who are in stay.",
    ),
    guests(one::<ShowTyping>(
        "room.typing",
        &[post("/chats/{chat_id}/typing")],
        "Shows a chat of up to 100 people that the caller is typing.",
    )),
    guests(list::<ListParticipants>(
        "participants.list",
        &[get("/chats/{chat_id}/participants")],
        "Lists a chat's people.",
    )),
    one::<AddParticipants>(
        "participants.add",
        &[post("/chats/{chat_id}/participants")],
        "Adds people to a group, or gives them a role.",
    ),
    one::<RemoveParticipants>(
        "participants.remove",
        &[
            delete("/chats/{chat_id}/participants"),
            delete("/chats/{chat_id}/participants/{user_id}"),
        ],
        "Removes people from a group; oneself: leaves it.",
    ),
    guests(created::<SendMessage>(
        "message.send",
        &[post("/chats/{chat_id}/messages")],
        "Sends a message.",
    )),
    guests(list::<History>(
        "message.history",
        &[get("/chats/{chat_id}/messages"), get("/chat/{chat_id}")],
        "Lists a chat's messages, newest first.",
    )),
    guests(one::<EditMessage>(
        "message.edit",
        &[patch("/messages/{message_id}")],
        "Changes the text of an own message.",
    )),
    guests(one::<DeleteMessage>(
        "message.delete",
        &[delete("/messages/{message_id}")],
        "Deletes a message.",
    )),
    guests(one::<ReceiveMessage>(
        "message.receive",
        &[put("/messages/{message_id}/receive")],
        "Acknowledges that a message, and everything before it, is on a device.",
    )),
    guests(one::<ReadMessage>(
        "message.read",
        &[put("/messages/{message_id}/read")],
        "Acknowledges that a message, and everything before it, has been read.",
    )),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn methods_and_routes_are_unique_and_every_field_of_a_path_is_a_parameter() {
        let (mut methods, mut routes) = (HashSet::new(), HashSet::new());
        for row in TABLE {
            assert!(methods.insert(row.method), "{} twice", row.method);
            let mut generator = SchemaGenerator::default();
            let params = (row.params)(&mut generator);
            let fields = params.get("properties").and_then(|fields| fields.as_object());
            for route in row.routes {
                assert!(routes.insert((route.method, route.path)), "{} twice", route.path);
                for field in route.path.split('/').filter_map(|part| part.strip_prefix('{')) {
                    let field = field.trim_end_matches('}');
                    assert!(
                        fields.is_some_and(|fields| fields.contains_key(field)),
                        "{} lacks {field}",
                        row.method
                    );
                }
            }
        }
    }
}
