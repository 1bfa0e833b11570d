//! Texts that people type: how long they may be and what they may contain.

use protocol::{Error, ErrorCode};

use crate::limits::ROOM_NAME_CHARACTERS_MAX;

fn invalid(words: String) -> Error {
    Error::new(ErrorCode::Invalid, words)
}

/// A message's text: at least one byte, at most `bytes_max`, no control characters but line breaks (`\n`) and tabs.
///
/// # Errors
/// `TooLarge`, `Invalid`.
pub(super) fn check_content(content: &str, bytes_max: usize) -> Result<(), Error> {
    if content.is_empty() {
        return Err(invalid("content: empty".into()));
    }
    if content.len() > bytes_max {
        let words = format!("content: more than {bytes_max} bytes");
        return Err(Error::new(ErrorCode::TooLarge, words));
    }
    let is_control = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if content.chars().any(is_control) {
        return Err(invalid("content: control characters".into()));
    }
    Ok(())
}

/// A line of text in a field: at most `characters_max`, no control characters.
///
/// # Errors
/// `Invalid`.
pub(super) fn check_line(field: &str, text: &str, characters_max: usize) -> Result<(), Error> {
    if text.chars().count() > characters_max {
        return Err(invalid(format!("{field}: more than {characters_max} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid(format!("{field}: control characters")));
    }
    Ok(())
}

/// A room's name, which is not empty.
///
/// # Errors
/// `Invalid`.
pub(super) fn check_room_name(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(invalid("name: empty".into()));
    }
    check_line("name", name, ROOM_NAME_CHARACTERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_may_have_line_breaks_and_tabs_and_no_other_controls() {
        assert_eq!(check_content("a\n\tб 🎉", 64), Ok(()));
        let code = |text: &str| check_content(text, 4).map_err(|error| error.code);
        assert_eq!(code(""), Err(ErrorCode::Invalid));
        assert_eq!(code("a\0"), Err(ErrorCode::Invalid));
        assert_eq!(code("a\u{7f}"), Err(ErrorCode::Invalid));
        assert_eq!(code("1234"), Ok(()));
        assert_eq!(code("12345"), Err(ErrorCode::TooLarge));
    }

    #[test]
    fn a_room_needs_a_name_of_one_line() {
        assert_eq!(check_room_name("Общий чат"), Ok(()));
        for name in ["", "  ", "a\nb", &"x".repeat(257)] {
            assert!(check_room_name(name).is_err(), "{name:?}");
        }
    }
}
