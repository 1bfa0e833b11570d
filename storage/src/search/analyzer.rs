//! Text into words, and words into terms: what makes two words the same to a search.
//!
//! A word is a run of letters and digits; everything else separates. Terms are in small letters, ё is е, and words are
//! brought to their stem by the Snowball algorithm of their script: Russian for Cyrillic letters, English for Latin ones.
//! Words with digits stay as they are. Indexer, query and check of a hit all go through here; whoever changes what comes
//! out has to raise [`VERSION`], and every index is built anew.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, ops::Range};

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;

use super::limits::{TERM_BYTES_MAX, TEXT_WORDS_MAX};

/// The version of what comes out. An index of another one is not used.
pub const VERSION: u32 = 1;

/// Stems that a thread remembers.
const STEMS_KEPT_MAX: usize = 1 << 15;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it stands: bytes of the text.
    pub place: Range<usize>,
    /// The word in small letters, ё as е, cut to [`TERM_BYTES_MAX`].
    pub folded: String,
}

/// The words of a text in their order, at most [`TEXT_WORDS_MAX`].
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, character) in text.char_indices() {
        let is_alone = is_ideograph(character);
        let joins = is_word(character) && !is_alone;
        if !(joins || (begin.is_some() && is_joiner(text, at, character)))
            && let Some(first) = begin.take()
        {
            push(&mut words, text, first..at);
        }
        if is_alone {
            push(&mut words, text, at..at + character.len_utf8());
        } else if joins && begin.is_none() {
            begin = Some(at);
        }
        if words.len() >= TEXT_WORDS_MAX {
            return words;
        }
    }
    if let Some(first) = begin {
        push(&mut words, text, first..text.len());
    }
    words
}

fn push(words: &mut Vec<Word>, text: &str, place: Range<usize>) {
    let folded = fold(&text[place.clone()]);
    if !folded.is_empty() {
        words.push(Word { place, folded });
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || is_mark(character)
}

/// Accents that stand behind their letter.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// An apostrophe between two letters belongs to the word.
fn is_joiner(text: &str, at: usize, character: char) -> bool {
    matches!(character, '\'' | '’') && text[at + character.len_utf8()..].starts_with(char::is_alphabetic)
}

/// Scripts without spaces between words: each character counts as a word.
fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}')
}

/// Small letters, ё as е, composed, without accents that have no composed letter.
fn fold(word: &str) -> String {
    let composed: Cow<'_, str> = if word.contains(is_mark) {
        Cow::Owned(word.nfc().collect())
    } else {
        Cow::Borrowed(word)
    };
    let mut folded = String::with_capacity(composed.len());
    for character in composed.chars().flat_map(char::to_lowercase) {
        let character = match character {
            'ё' => 'е',
            '’' => '\'',
            mark if is_mark(mark) => continue,
            other => other,
        };
        if folded.len() + character.len_utf8() > TERM_BYTES_MAX {
            break;
        }
        folded.push(character);
    }
    folded
}

thread_local! {
    static STEMS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The term of a word that [`words`] gave.
pub fn stem(folded: &str) -> String {
    let Some(algorithm) = algorithm(folded) else {
        return folded.to_owned();
    };
    STEMS.with_borrow_mut(|stems| {
        if let Some(known) = stems.get(folded) {
            return known.clone();
        }
        if stems.len() >= STEMS_KEPT_MAX {
            stems.clear();
        }
        let stem = Stemmer::new(algorithm).stem(folded).into_owned();
        // A stem may end in nothing ("'s"): such a word stands for itself.
        let stem = if stem.is_empty() { folded.to_owned() } else { stem };
        stems.insert(folded.to_owned(), stem.clone());
        stem
    })
}

fn algorithm(folded: &str) -> Option<Algorithm> {
    let is_english = |character: char| character.is_ascii_lowercase() || character == '\'';
    let is_russian = |character: char| matches!(character, 'а'..='я');
    if folded.chars().all(is_english) {
        Some(Algorithm::English)
    } else if folded.chars().all(is_russian) {
        Some(Algorithm::Russian)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        words(text).iter().map(|word| stem(&word.folded)).collect()
    }

    #[test]
    fn forms_of_a_word_have_one_term_in_both_languages() {
        for forms in [
            &["отчёт", "отчета", "Отчётами", "ОТЧЕТЫ"][..],
            &["report", "Reports", "reported", "REPORTING"],
            &["встреча", "встречи", "встречу"],
            &["client", "client's", "clients"],
        ] {
            let first = terms(forms[0]);
            for form in forms {
                assert_eq!(terms(form), first, "{form}");
            }
        }
        assert_eq!(terms("ёлка"), terms("елка"));
    }

    #[test]
    fn every_word_is_stemmed_by_its_own_script() {
        assert_eq!(
            terms("Deploying релиза v2, ticket ABC-123"),
            ["deploy", "релиз", "v2", "ticket", "abc", "123"]
        );
    }

    #[test]
    fn words_stand_where_they_stand_in_the_text() {
        let text = "Привет, don’t panic!\u{0} 東京 и\u{306}";
        let words = words(text);
        let shown: Vec<&str> = words.iter().map(|word| &text[word.place.clone()]).collect();
        assert_eq!(shown, ["Привет", "don’t", "panic", "東", "京", "и\u{306}"]);
        assert_eq!(words.last().map(|word| word.folded.as_str()), Some("й"));
    }

    #[test]
    fn long_words_are_cut_and_nothing_but_signs_is_nothing() {
        let long = "х".repeat(1_000);
        assert!(words(&long)[0].folded.len() <= TERM_BYTES_MAX);
        assert!(words("?! * % \\ \" \u{200d} ' \u{301}").is_empty());
        assert_eq!(words(&"a ".repeat(TEXT_WORDS_MAX + 9)).len(), TEXT_WORDS_MAX);
    }
}
