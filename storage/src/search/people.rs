//! People by the words of their names: the user name, and what the profile says of the name.

use std::collections::HashSet;

use bytes::Bytes;
use protocol::UserId;

use super::{
    analyzer,
    limits::{PEOPLE_BY_WORD_MAX, PEOPLE_LOOKED_AT_MAX, PERSON_WORDS_MAX},
};
use crate::{Store, StoreError, User};

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
/// each once. Guests are found under nothing.
pub fn person_words(user: &User) -> Vec<String> {
    if !user.is_listed() {
        return Vec::new();
    }
    let (username, names) = (user.username.as_str(), names_in(&user.info));
    let texts = std::iter::once(username).chain(names.iter().map(String::as_str));
    let mut words: Vec<String> = texts.flat_map(analyzer::words).map(|word| word.folded).collect();
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
    let words = person_words(user);
    let begins = |beginning: &String| words.iter().any(|word| word.starts_with(beginning.as_str()));
    beginnings.iter().all(begins)
}

/// People whose names have words with all of these beginnings, at most `limit`: those whose user name begins with the text
/// first.
///
/// # Errors
/// What the store says.
pub async fn find_people(store: &dyn Store, text: &str, limit: usize) -> Result<Vec<User>, StoreError> {
    let mut people = store.users_by_prefix(text.trim(), limit).await?;
    let beginnings = beginnings(text);
    if beginnings.is_empty() || people.len() >= limit {
        return Ok(people);
    }
    let candidates = candidates(store, &beginnings, limit).await?;
    let (mut rest, mut count) = (candidates.as_slice(), limit);
    // Mostly the first of them fill the page.
    while people.len() < limit && !rest.is_empty() {
        let (next, behind) = rest.split_at(count.min(rest.len()));
        for user in store.users_at(next.to_vec()).await? {
            let is_new = people.iter().all(|known| known.id != user.id);
            if is_new && people.len() < limit && person_matches(&user, &beginnings) {
                people.push(user);
            }
        }
        (rest, count) = (behind, count * 2);
    }
    Ok(people)
}

/// People who have the rarest of the beginnings, and the others too where that can be told without their rows.
async fn candidates(store: &dyn Store, beginnings: &[String], limit: usize) -> Result<Vec<UserId>, StoreError> {
    if let [only] = beginnings {
        // As many as were found by their user names may come again.
        return store.people_by_word(only, 2 * limit).await;
    }
    let mut rarest: Option<Vec<UserId>> = None;
    for beginning in beginnings {
        let users = store.people_by_word(beginning, PEOPLE_BY_WORD_MAX).await?;
        rarest = Some(match rarest {
            Some(rarest) => both(rarest, users),
            None => users,
        });
    }
    let mut users = rarest.unwrap_or_default();
    users.truncate(PEOPLE_LOOKED_AT_MAX);
    Ok(users)
}

/// Who is in both, where one of them names everybody; else the shorter one, for its rows to decide.
fn both(one: Vec<UserId>, other: Vec<UserId>) -> Vec<UserId> {
    let (few, many) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if many.len() >= PEOPLE_BY_WORD_MAX {
        return few;
    }
    let many: HashSet<UserId> = many.into_iter().collect();
    few.into_iter().filter(|user| many.contains(user)).collect()
}
