//! Searches for words as they occur in texts: the everyday ones, the rare ones, both together, phrases, names of files, and words that nobody
//! wrote; from the list of rooms to the checked rows of the hits.

use protocol::UserId;
use serde_json::Value;
use storage::{
    generator::{Language, Random, VOCABULARY_WORDS, word},
    search::{Look, Query, Request, Tails, limits::ROOMS_MAX, search},
};

use crate::{Outcome, SEED, searches::timed, target::Opened};

const PAGE: usize = 50;
/// Searches of each kind before those that count.
const WARM_SEARCHES: usize = 20;
/// The first of the kinds have a bound in the table; the others, which are told only, are fewer.
const BOUNDED_KINDS: usize = 3;
const FEWER: u64 = 5;
const FILES: &str = "the beginning of a file";
const KINDS: [&str; 8] = [
    "two common words",
    "a common and a rare word",
    "two rare words",
    "one common word",
    "one rare word",
    "a phrase of two words",
    "a word that nobody wrote",
    FILES,
];

/// Two kinds of words, as they are typed.
struct Words(Random);

impl Words {
    fn language(&mut self) -> Language {
        if self.0.happens(0.7) {
            Language::Russian
        } else {
            Language::English
        }
    }

    /// One of the everyday words that say something.
    fn common(&mut self) -> String {
        let (language, rank) = (self.language(), 60 + self.0.below(90));
        word(language, rank, &mut self.0)
    }

    fn rare(&mut self) -> String {
        let (language, rank) = (self.language(), 1_000 + self.0.below(VOCABULARY_WORDS - 1_000));
        word(language, rank, &mut self.0)
    }

    fn query(&mut self, what: &str) -> String {
        match what {
            "one common word" => self.common(),
            "one rare word" => self.rare(),
            "two common words" => format!("{} {}", self.common(), self.common()),
            "a common and a rare word" => format!("{} {}", self.common(), self.rare()),
            "two rare words" => format!("{} {}", self.rare(), self.rare()),
            "a phrase of two words" => format!("\"{} {}\"", self.common(), self.common()),
            "a word that nobody wrote" => format!("qzx{}wv", self.0.number()),
            _ => self.common().chars().take(4).collect(),
        }
    }

    fn request(&mut self, what: &str) -> Outcome<Request> {
        Ok(Request {
            query: Query::parse(&self.query(what))?,
            look: if what == FILES { Look::FileNames } else { Look::Texts },
            author: None,
            after_ms: None,
            before_ms: None,
            behind: None,
            limit: PAGE,
        })
    }
}

async fn of_kind(opened: &Opened, who: &UserId, what: &str, samples: usize) -> Outcome<Value> {
    let store = &*opened.store;
    let (mut words, tails) = (Words(Random::new(SEED)), Tails::default());
    let requests = (0..WARM_SEARCHES + samples).map(|_| words.request(what));
    timed(opened, what, WARM_SEARCHES, requests, async |request| {
        let rooms = store.search_scope(who, ROOMS_MAX).await?;
        Ok(search(store, &tails, &rooms, &request).await?.hits.len())
    })
    .await
}

/// Searches of every kind, so many of each that has a bound.
pub async fn measure(opened: &Opened, who: &UserId, samples: u64) -> Outcome<Vec<Value>> {
    let mut kinds = Vec::new();
    for (place, what) in KINDS.into_iter().enumerate() {
        let fewer = if place < BOUNDED_KINDS { 1 } else { FEWER };
        kinds.push(of_kind(opened, who, what, samples.div_ceil(fewer) as usize).await?);
    }
    Ok(kinds)
}
