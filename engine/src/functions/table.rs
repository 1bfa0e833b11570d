//! Every verb in one table: what rpc, HTTP and the OpenAPI page know of it.

use super::{
    add_participants::AddParticipants,
    create_room::CreateRoom,
    delete::DeleteMessage,
    delete_room::DeleteRoom,
    edit::EditMessage,
    end_session::EndSession,
    get_invitation::GetInvitation,
    get_room::GetRoom,
    get_user::GetUser,
    history::History,
    invite::Invite,
    join::Join,
    list_participants::ListParticipants,
    list_rooms::ListRooms,
    list_sessions::ListSessions,
    list_users::ListUsers,
    login::Login,
    logout::Logout,
    read::ReadMessage,
    receive::ReceiveMessage,
    refresh::Refresh,
    register::Register,
    remove_participants::RemoveParticipants,
    revoke_invitation::RevokeInvitation,
    row::{Row, created, delete, get, guests, list, one, open, patch, post, put},
    search::Search,
    search_users::SearchUsers,
    send::SendMessage,
    typing::ShowTyping,
    update_room::UpdateRoom,
    update_user::UpdateUser,
};
/// The row of an rpc method.
pub fn row(method: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.method == method)
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

    use schemars::SchemaGenerator;

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
