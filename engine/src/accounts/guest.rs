//! Guests: accounts without a password that an invitation makes, each for one room only.
//!
//! Which room that is stands in the user id. It can't come apart from the account, costs no look-up, and holds for whatever token
//! speaks for the guest. An id says nothing by itself: only the role, which nobody else is given, makes a guest of its bearer.

use protocol::{Error, ErrorCode, RoomId, UserId};

use crate::limits::GUEST_NAME_CHARACTERS_MAX;

const PREFIX: &str = "guest.";
/// Characters that turn the direction of the text around them.
const DIRECTIONS: [std::ops::RangeInclusive<char>; 2] = ['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
/// Characters that show nothing by themselves.
const UNSEEN: [char; 9] = [
    '\u{ad}', '\u{34f}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{2800}', '\u{3164}', '\u{feff}',
];

/// A new guest's id.
pub(crate) fn id(room: RoomId, now_ms: i64) -> UserId {
    let id = format!("{PREFIX}{room}.{}", UserId::generate(now_ms));
    id.parse().expect("two ids are shorter than the longest one")
}

/// The room that a guest's id is for.
pub(crate) fn room(id: &UserId) -> Option<RoomId> {
    let (room, _) = id.as_str().strip_prefix(PREFIX)?.split_once('.')?;
    room.parse().ok()
}

/// A new guest's user name; very likely nobody has it.
pub(crate) fn username() -> String {
    let random = getrandom::u64().expect("the operating system gives randomness");
    format!("guest-{:010x}", random & 0xff_ffff_ffff)
}

/// The name that a guest wants to be shown under, without the white space around it.
///
/// # Errors
/// `Invalid`, in words.
pub(crate) fn check_name(name: &str) -> Result<&str, Error> {
    let invalid = |words| Err(Error::new(ErrorCode::Invalid, words));
    let name = name.trim();
    if name.chars().all(|character| UNSEEN.contains(&character)) {
        return invalid("name: empty");
    }
    if name.chars().count() > GUEST_NAME_CHARACTERS_MAX {
        return invalid("name: more than 64 characters");
    }
    let is_refused = |character: char| {
        let is_separator = matches!(character, '\u{2028}' | '\u{2029}');
        character.is_control() || is_separator || DIRECTIONS.iter().any(|range| range.contains(&character))
    };
    if name.chars().any(is_refused) {
        return invalid("name: control characters");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_id_tells_the_room_and_others_tell_none() {
        let room_id = RoomId::generate(1_700_000_000_000);
        let (one, other) = (id(room_id, 1), id(room_id, 1));
        assert_eq!((room(&one), room(&other)), (Some(room_id), Some(room_id)));
        assert_ne!(one, other);
        for text in [
            "guest",
            "guest.",
            "guest.x.y",
            "guestroom.0000000000000.1",
            "0000000000000",
        ] {
            assert_eq!(room(&text.parse().expect("an id")), None, "{text}");
        }
        assert_eq!(room(&UserId::anonymous()), None);
    }

    #[test]
    fn a_name_is_one_line_that_shows_something() {
        for (name, expected) in [
            ("  Анна  ", "Анна"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("<script>", "<script>"),
        ] {
            assert_eq!(check_name(name), Ok(expected));
        }
        assert_eq!(check_name(&"я".repeat(64)).map(str::len), Ok(128));
        let refused = [
            "",
            " \t ",
            "\u{200b}\u{feff}",
            "a\nb",
            "a\0b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{2028}b",
            "a\u{85}b",
            &"x".repeat(65),
            &"x".repeat(10_000),
        ];
        for name in refused {
            assert_eq!(
                check_name(name).map_err(|error| error.code),
                Err(ErrorCode::Invalid),
                "{name:?}"
            );
        }
    }
}
