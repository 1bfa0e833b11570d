//! People by the words of their names: the user name, and what the profile says of the name.

use bytes::Bytes;

use super::{analyzer, limits::PERSON_WORDS_MAX};
use crate::User;

/// Fields of a profile's `info` that hold a name.
const NAME_FIELDS: [&str; 12] = [
    "name",
    "display_name",
    "displayName",
    "full_name",
    "fullName",
    "fio",
    "first_name",
    "firstName",
    "last_name",
    "lastName",
    "middle_name",
    "middleName",
];

/// The names that a profile tells, as they were written.
pub fn names_in(info: &Bytes) -> Vec<String> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(info) else {
        return Vec::new();
    };
    let names = NAME_FIELDS.iter().filter_map(|field| fields.get(*field)?.as_str());
    names.map(str::to_owned).collect()
}

/// Under what a person is found: the user name as a whole, its words, and the words of the names in the profile. Sorted,
/// each once.
pub fn person_words(username: &str, info: &Bytes) -> Vec<String> {
    let names = names_in(info);
    let texts = std::iter::once(username).chain(names.iter().map(String::as_str));
    let mut words: Vec<String> = texts
        .flat_map(|text| analyzer::words(text))
        .map(|word| word.folded)
        .collect();
    words.truncate(PERSON_WORDS_MAX);
    words.push(fold_name(username));
    words.sort_unstable();
    words.dedup();
    words.retain(|word| !word.is_empty());
    words
}

/// A whole user name as it is filed: small letters, ё as е.
pub fn fold_name(name: &str) -> String {
    name.trim().to_lowercase().replace('ё', "е")
}

/// The beginnings that a text looks for.
pub fn beginnings(text: &str) -> Vec<String> {
    analyzer::words(text).into_iter().map(|word| word.folded).collect()
}

/// Whether each of the beginnings is that of a word of the person's names.
pub fn person_matches(user: &User, beginnings: &[String]) -> bool {
    let words = person_words(&user.username, &user.info);
    let begins = |beginning: &String| words.iter().any(|word| word.starts_with(beginning.as_str()));
    beginnings.iter().all(begins)
}
