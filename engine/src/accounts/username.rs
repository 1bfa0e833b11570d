//! User names: 3 to 64 characters; letters and digits of any script, and `.`, `_`, `-`. Combining marks are no letters, so a name has one spelling
//! only; two names that differ in letters' case are the same name (the store compares them so).

use protocol::{Error, ErrorCode};

/// Fewest characters.
pub const CHARACTERS_MIN: usize = 3;
/// Most characters.
pub const CHARACTERS_MAX: usize = 64;

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-')
}

/// Checks a name that somebody wants.
///
/// # Errors
/// `Invalid` with what is wrong.
pub fn check(username: &str) -> Result<(), Error> {
    let length = username.chars().count();
    if !(CHARACTERS_MIN..=CHARACTERS_MAX).contains(&length) {
        return Err(Error::new(ErrorCode::Invalid, "username: 3 to 64 characters"));
    }
    if !username.chars().all(is_allowed) {
        let words = "username: letters, digits, '.', '_' and '-' only";
        return Err(Error::new(ErrorCode::Invalid, words));
    }
    Ok(())
}

/// A name for the user of an outside provider, as near as possible to what that calls them; with a random end if the plain one is taken.
///
/// # Panics
/// When the operating system has no randomness to give.
pub fn for_outside(wanted: &str, with_suffix: bool) -> String {
    const SUFFIX_CHARACTERS: usize = 9;
    let spaced = wanted
        .trim()
        .chars()
        .map(|character| if character.is_whitespace() { '.' } else { character });
    let mut name: String = spaced
        .filter(|character| is_allowed(*character))
        .take(CHARACTERS_MAX - SUFFIX_CHARACTERS)
        .collect();
    if name.chars().count() < CHARACTERS_MIN {
        name.insert_str(0, "user-");
    }
    if with_suffix {
        let random = getrandom::u32().expect("the operating system gives randomness");
        name.push_str(&format!("-{random:08x}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_script_are_fine_and_controls_are_not() {
        for name in ["bob", "Анна.Петрова", "a_b-c", &"x".repeat(64)] {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
        for name in [
            "",
            "ab",
            "a b c",
            "a\nb",
            "a@b.c",
            "abc\u{301}",
            "a\u{202e}bc",
            &"x".repeat(65),
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_made_for_an_outside_user_is_always_allowed() {
        for wanted in [
            "",
            "42",
            "Jane Doe",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "💥💥💥",
            &"я".repeat(128),
        ] {
            for with_suffix in [false, true] {
                let name = for_outside(wanted, with_suffix);
                assert_eq!(check(&name), Ok(()), "{wanted:?} became {name:?}");
            }
        }
        assert_eq!(for_outside(" Jane Doe ", false), "Jane.Doe");
        assert_ne!(for_outside("jane", true), for_outside("jane", true));
    }
}
