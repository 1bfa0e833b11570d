//! Stories about the functions of HTTP and rpc, over a real SQLite store: what succeeds, and how everything else is refused.

mod accounts;
mod chats;
mod guests;
mod history;
#[path = "../rooms/hooks.rs"]
mod hooks;
mod kit;
mod marks;
mod messages;
mod outsiders;
mod participants;
mod profiles;
mod removals;
mod rush;
mod search;
mod typing;
