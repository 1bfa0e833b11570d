//! Channel names: what clients subscribe to, and the key of rooms and relays.

use std::{fmt, sync::Arc};

use protocol::{RoomId, UserId};

/// Longest channel name in bytes.
pub const CHANNEL_BYTES_MAX: usize = 255;

/// A channel's name: `room:{id}`, `user:{id}`, or an open channel's own name. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel(Arc<str>);

/// What a channel's name says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// A chat.
    Room(RoomId),
    /// A user's own events.
    User(UserId),
    /// An open channel.
    Open,
    /// A name of the `room:` or `user:` form that can name nothing: answered like one that is not there.
    Nothing,
}

impl Channel {
    /// The channel of this name; None when the name is empty, too long or has control characters.
    pub fn parse(name: &str) -> Option<Self> {
        let is_name = !name.is_empty() && name.len() <= CHANNEL_BYTES_MAX && !name.chars().any(char::is_control);
        is_name.then(|| Self(name.into()))
    }

    /// A chat's channel.
    pub fn of_room(room: RoomId) -> Self {
        Self(format!("room:{room}").into())
    }

    /// A user's own channel.
    pub fn of_user(user: &UserId) -> Self {
        Self(format!("user:{user}").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name says.
    pub fn kind(&self) -> ChannelKind {
        if let Some(id) = self.0.strip_prefix("room:") {
            return id.parse().map_or(ChannelKind::Nothing, ChannelKind::Room);
        }
        if let Some(id) = self.0.strip_prefix("user:") {
            return id.parse().map_or(ChannelKind::Nothing, ChannelKind::User);
        }
        ChannelKind::Open
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
