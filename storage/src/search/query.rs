//! What somebody types, read: words, phrases in quotes, filters. Anything else is text; nothing in it is a command.

use super::{
    analyzer, document,
    limits::{QUERY_BYTES_MAX, QUERY_WORDS_MAX},
};

/// Why a query is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is neither a word nor a filter that could find something.
    #[error("nothing to look for")]
    Empty,
    /// It has more than [`QUERY_BYTES_MAX`] bytes.
    #[error("longer than {QUERY_BYTES_MAX} bytes")]
    TooLong,
    /// It has more than [`QUERY_WORDS_MAX`] words.
    #[error("more than {QUERY_WORDS_MAX} words")]
    TooManyWords,
    /// A filter has no value, or one that it does not know.
    #[error("the filter {0}: has no value that it knows")]
    BadFilter(&'static str),
}

/// A query, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// What the text must hold, all of it: each a word's term, or several terms that stand side by side.
    pub phrases: Vec<Vec<String>>,
    /// The words as they were typed, folded: for names, which are found by their beginnings.
    pub beginnings: Vec<String>,
    /// `from:` the name of the author, as typed.
    pub from: Option<String>,
    /// `in:` the chat, as typed.
    pub chat: Option<String>,
    /// `before:` a date, as typed.
    pub before: Option<String>,
    /// `after:` a date, as typed.
    pub after: Option<String>,
    /// `has:file`.
    pub has_file: bool,
}

/// A piece between two spaces, or between two quotes.
struct Piece<'a> {
    filter: Option<&'static str>,
    text: &'a str,
}

const FILTERS: [&str; 5] = ["from", "in", "before", "after", "has"];

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`], in words for whoever typed it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        for piece in pieces(text) {
            match piece.filter {
                Some(filter) => query.set(filter, piece.text.trim())?,
                None => query.add(piece.text),
            }
        }
        if query.beginnings.len() > QUERY_WORDS_MAX {
            return Err(QueryError::TooManyWords);
        }
        if query.phrases.is_empty() && query.from.is_none() && !query.has_file {
            return Err(QueryError::Empty);
        }
        Ok(query)
    }

    fn add(&mut self, text: &str) {
        let words = analyzer::words(text);
        if !words.is_empty() {
            self.phrases
                .push(words.iter().map(|word| analyzer::stem(&word.folded)).collect());
            self.beginnings.extend(words.into_iter().map(|word| word.folded));
        }
    }

    fn set(&mut self, filter: &'static str, value: &str) -> Result<(), QueryError> {
        let place = match filter {
            "from" => &mut self.from,
            "in" => &mut self.chat,
            "before" => &mut self.before,
            "after" => &mut self.after,
            _ if value.eq_ignore_ascii_case("file") => {
                self.has_file = true;
                return Ok(());
            }
            _ => return Err(QueryError::BadFilter(filter)),
        };
        if value.is_empty() || place.is_some() {
            return Err(QueryError::BadFilter(filter));
        }
        *place = Some(value.to_owned());
        Ok(())
    }

    /// Every term that a message must have, the longest first: it is likely the rarest.
    pub(super) fn terms(&self) -> Vec<String> {
        let mut terms: Vec<String> = self.phrases.iter().flatten().cloned().collect();
        terms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        terms.dedup();
        terms
    }

    /// Whether a file of this name is what is looked for.
    pub fn matches_name(&self, name: &str) -> bool {
        document::name_matches(name, &self.beginnings)
    }

    /// Whether a text holds everything.
    pub(super) fn matches(&self, text: &str) -> bool {
        let terms: Vec<&str> = self.phrases.iter().flatten().map(String::as_str).collect();
        let first = |text: &str| text.chars().next();
        let firsts: Vec<Option<char>> = terms.iter().map(|term| first(term)).collect();
        // Of each word the terms of the query that it is, one bit each: a query has no more than 32.
        let (mut words, mut seen) = (Vec::new(), 0_u64);
        analyzer::visit(text, |_, folded| {
            let mut is = 0_u64;
            // Stemming is the dear part.
            if firsts.contains(&first(folded)) {
                analyzer::with_stem(folded, |stem| {
                    for (bit, term) in terms.iter().enumerate() {
                        is |= u64::from(*term == stem) << bit;
                    }
                });
            }
            seen |= is;
            words.push(is);
        });
        if seen.count_ones() as usize != terms.len() {
            return false;
        }
        let mut bit = 0;
        self.phrases.iter().all(|phrase| {
            let from = bit;
            bit += phrase.len();
            let stands = |window: &[u64]| window.iter().zip(from..).all(|(is, bit)| is >> bit & 1 == 1);
            phrase.len() == 1 || words.windows(phrase.len()).any(stands)
        })
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let filter = FILTERS
            .into_iter()
            .find_map(|name| Some((name, filter_value(rest, name)?)));
        let (filter, behind) = filter.map_or((None, rest), |(name, value)| (Some(name), value));
        let (text, behind) = quoted(behind).unwrap_or_else(|| bare(behind));
        pieces.push(Piece { filter, text });
        rest = behind.trim_start_matches(is_space);
    }
    pieces
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// What follows `name:`.
fn filter_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (head, behind) = text.split_at_checked(name.len())?;
    if !head.eq_ignore_ascii_case(name) {
        return None;
    }
    behind.strip_prefix(':')
}

const QUOTES: [(char, &[char]); 3] = [('"', &['"']), ('«', &['»']), ('“', &['”', '"'])];

/// A text in quotes, and what follows; one that never ends goes to the end of the query.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let open = text.chars().next()?;
    let (_, ends) = QUOTES.iter().find(|(quote, _)| *quote == open)?;
    let inner = &text[open.len_utf8()..];
    Some(match inner.find(*ends) {
        Some(at) => {
            let end = inner[at..].chars().next().map_or(0, char::len_utf8);
            (&inner[..at], &inner[at + end..])
        }
        None => (inner, ""),
    })
}

fn bare(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .find(|(at, character)| is_space(*character) || (*at > 0 && QUOTES.iter().any(|(quote, _)| quote == character)))
        .map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Query {
        Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn words_phrases_and_filters_are_told_apart() {
        let query = parsed(r#"отчёта  "weekly reports" from:bob in:"the office" has:FILE before:2024-05-01"#);
        assert_eq!(
            query.phrases,
            [vec!["отчет".to_owned()], vec!["week".to_owned(), "report".to_owned()]]
        );
        assert_eq!(query.beginnings, ["отчета", "weekly", "reports"]);
        assert_eq!(
            (query.from.as_deref(), query.chat.as_deref()),
            (Some("bob"), Some("the office"))
        );
        assert_eq!((query.before.as_deref(), query.has_file), (Some("2024-05-01"), true));
        assert_eq!(parsed("ABC-123").phrases, [["abc", "123"]], "an identifier is a phrase");
        assert_eq!(parsed("«годовой отчёт»").phrases[0].len(), 2);
    }

    #[test]
    fn whatever_else_is_typed_is_text_or_refused_with_a_reason() {
        for (text, words) in [
            ("' OR 1=1; DROP TABLE entries --", 6),
            ("a* b? %c_ [d] {e} (f) ^g~h \\i", 9),
            ("\"never closed", 2),
            ("\u{0}\u{7}bell\u{1b}[31m", 2),
            ("http://x/?q=<script>alert(1)</script>", 7),
            ("NEAR(a b) AND NOT c:d", 7),
        ] {
            assert_eq!(parsed(text).beginnings.len(), words, "{text}");
        }
        assert_eq!(Query::parse(&"word ".repeat(10_000)), Err(QueryError::TooLong));
        assert_eq!(Query::parse(&"w ".repeat(33)), Err(QueryError::TooManyWords));
        for text in ["", "  ", "*", "\"\"", "before:2024-01-01", "%_%"] {
            assert_eq!(Query::parse(text), Err(QueryError::Empty), "{text}");
        }
        assert_eq!(Query::parse("a has:wings"), Err(QueryError::BadFilter("has")));
        assert_eq!(Query::parse("a from:"), Err(QueryError::BadFilter("from")));
        assert_eq!(Query::parse("from:a from:b"), Err(QueryError::BadFilter("from")));
    }

    #[test]
    fn a_phrase_is_held_by_words_side_by_side_alone() {
        let text = "a b, c? A";
        assert!(parsed("\"b c\" a").matches(text));
        assert!(parsed("\"c a\" \"a b c\"").matches(text));
        assert!(!parsed("\"a c\"").matches(text));
        assert!(!parsed("a d").matches(text));
    }
}
