//! Places where a list goes on, as text that clients give back unread.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{Error, ErrorCode, RoomId, UserId};

fn bad() -> Error {
    Error::new(ErrorCode::BadRequest, "cursor: not one of this list")
}

/// Where a history goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistoryCursor {
    /// With messages before this seq.
    Older(u64),
    /// With messages after this seq.
    Newer(u64),
}

impl HistoryCursor {
    /// Reads a cursor.
    ///
    /// # Errors
    /// `BadRequest`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let (direction, seq) = text.split_at_checked(1).ok_or_else(bad)?;
        let seq = seq.parse().map_err(|_| bad())?;
        match direction {
            "o" => Ok(Self::Older(seq)),
            "n" => Ok(Self::Newer(seq)),
            _ => Err(bad()),
        }
    }

    /// The text.
    pub(super) fn text(self) -> String {
        match self {
            Self::Older(seq) => format!("o{seq}"),
            Self::Newer(seq) => format!("n{seq}"),
        }
    }
}

/// Behind a chat in the list of chats.
pub(super) fn of_chat(last_activity_ms: i64, room: RoomId) -> String {
    format!("{last_activity_ms}.{room}")
}

/// Reads what [`of_chat`] wrote.
///
/// # Errors
/// `BadRequest`.
pub(super) fn parse_chat(text: &str) -> Result<(i64, RoomId), Error> {
    let (time, room) = text.split_once('.').ok_or_else(bad)?;
    Ok((time.parse().map_err(|_| bad())?, room.parse().map_err(|_| bad())?))
}

/// Behind a person in a list in the order of user ids.
pub(super) fn of_user(user: &UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.as_str())
}

/// Reads what [`of_user`] wrote.
///
/// # Errors
/// `BadRequest`.
pub(super) fn parse_user(text: &str) -> Result<UserId, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| bad())?;
    text.parse().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_foreign_text_is_refused() -> Result<(), Error> {
        for cursor in [HistoryCursor::Older(7), HistoryCursor::Newer(u64::MAX)] {
            assert_eq!(HistoryCursor::parse(&cursor.text())?, cursor);
        }
        let room = RoomId::from_key(9);
        assert_eq!(parse_chat(&of_chat(-5, room))?, (-5, room));
        let user: UserId = "auth0|Анна".parse().map_err(|_| bad())?;
        assert_eq!(parse_user(&of_user(&user))?, user);

        for text in ["", "x1", "o", "o-1", "я1"] {
            assert!(HistoryCursor::parse(text).is_err(), "{text:?}");
        }
        assert!(parse_chat("1").is_err() && parse_chat("a.b").is_err());
        assert!(parse_user("").is_err() && parse_user("!").is_err());
        Ok(())
    }
}
