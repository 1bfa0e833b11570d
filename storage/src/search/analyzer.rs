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
    visit(text, |place, folded| {
        words.push(Word {
            place,
            folded: folded.to_owned(),
        });
    });
    words
}

/// Calls for each word of a text, with its place and the folded word.
pub(super) fn visit(text: &str, mut call: impl FnMut(Range<usize>, &str)) {
    let (mut folded, mut count) = (String::new(), 0);
    let mut call = |place: Range<usize>| {
        fold(&text[place.clone()], &mut folded);
        if !folded.is_empty() {
            count += 1;
            call(place, &folded);
        }
        count < TEXT_WORDS_MAX
    };
    let mut begin = None;
    for (at, character) in text.char_indices() {
        let is_alone = is_ideograph(character);
        let joins = is_word(character) && !is_alone;
        let ends = begin.is_some() && !joins && !is_joiner(text, at, character);
        if let Some(first) = begin.take_if(|_| ends)
            && !call(first..at)
        {
            return;
        }
        if is_alone && !call(at..at + character.len_utf8()) {
            return;
        }
        if joins && begin.is_none() {
            begin = Some(at);
        }
    }
    if let Some(first) = begin {
        call(first..text.len());
    }
}

fn is_word(character: char) -> bool {
    match character {
        // Most characters are these, and Unicode's tables are slow.
        'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' => true,
        character if character.is_ascii() => character.is_ascii_alphanumeric(),
        character => character.is_alphanumeric() || is_mark(character),
    }
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
fn fold(word: &str, folded: &mut String) {
    folded.clear();
    let composed: Cow<'_, str> = if word.contains(is_mark) {
        Cow::Owned(word.nfc().collect())
    } else {
        Cow::Borrowed(word)
    };
    for character in composed.chars() {
        let is_added = match character {
            'ё' | 'Ё' => add(folded, 'е'),
            // Thirty-two letters of one block: the small ones stand behind the capital ones.
            'А'..='Я' => add(folded, char::from_u32(character as u32 + 32).unwrap_or(character)),
            'а'..='я' => add(folded, character),
            '’' => add(folded, '\''),
            character if character.is_ascii() => add(folded, character.to_ascii_lowercase()),
            mark if is_mark(mark) => true,
            other => other.to_lowercase().all(|character| add(folded, character)),
        };
        if !is_added {
            return;
        }
    }
}

/// Adds a character where there is room.
fn add(folded: &mut String, character: char) -> bool {
    let fits = folded.len() + character.len_utf8() <= TERM_BYTES_MAX;
    if fits {
        folded.push(character);
    }
    fits
}

thread_local! {
    static STEMS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The term of a word that [`words`] gave.
pub fn stem(folded: &str) -> String {
    with_stem(folded, str::to_owned)
}

/// Calls with the term of a word. A term begins with the same character as its word.
pub(super) fn with_stem<T>(folded: &str, call: impl FnOnce(&str) -> T) -> T {
    let Some(algorithm) = algorithm(folded) else {
        return call(folded);
    };
    STEMS.with_borrow_mut(|stems| {
        if let Some(known) = stems.get(folded) {
            return call(known);
        }
        if stems.len() >= STEMS_KEPT_MAX {
            stems.clear();
        }
        let stem = Stemmer::new(algorithm).stem(folded);
        // A stem may end in nothing ("'s"): such a word stands for itself.
        let is_kept = !stem.is_empty() && stem.chars().next() == folded.chars().next();
        let stem = if is_kept { stem.into_owned() } else { folded.to_owned() };
        let result = call(&stem);
        stems.insert(folded.to_owned(), stem);
        result
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
