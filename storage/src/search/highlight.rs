//! Where a hit matches, as pieces of plain text: what a client shows never has to be parsed, so nothing can be smuggled
//! into it.

use super::{
    analyzer::{self, Word},
    limits::{SNIPPET_CHARACTERS, SNIPPET_LEAD_CHARACTERS},
};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text as it was written.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// The part of a text around its first word with one of these terms.
pub fn by_terms(text: &str, terms: &[String]) -> Vec<Part> {
    parts(text, |word| terms.contains(&analyzer::stem(&word.folded)))
}

/// The part of a name around the first word that begins with one of these.
pub fn by_beginnings(text: &str, beginnings: &[String]) -> Vec<Part> {
    parts(text, |word| {
        beginnings
            .iter()
            .any(|beginning| word.folded.starts_with(beginning.as_str()))
    })
}

fn parts(text: &str, is_match: impl Fn(&Word) -> bool) -> Vec<Part> {
    let words = analyzer::words(text);
    let matches: Vec<_> = words
        .iter()
        .filter(|word| is_match(word))
        .map(|word| word.place.clone())
        .collect();
    let first = matches.first().map_or(0, |place| place.start);
    let begin = back(text, first, SNIPPET_LEAD_CHARACTERS);
    let end = forth(text, begin, SNIPPET_CHARACTERS);
    let mut parts = Vec::new();
    let mut at = begin;
    for place in matches {
        // A word that the snippet would cut in two is left out.
        if place.end > end {
            break;
        }
        add(&mut parts, &text[at..place.start], false);
        add(&mut parts, &text[place.clone()], true);
        at = place.end;
    }
    add(&mut parts, &text[at..end], false);
    mark_cuts(&mut parts, begin > 0, end < text.len());
    parts
}

fn add(parts: &mut Vec<Part>, text: &str, is_match: bool) {
    if !text.is_empty() {
        parts.push(Part {
            text: text.to_owned(),
            is_match,
        });
    }
}

fn mark_cuts(parts: &mut Vec<Part>, is_cut_before: bool, is_cut_behind: bool) {
    let dots = || Part {
        text: "…".to_owned(),
        is_match: false,
    };
    if is_cut_before {
        parts.insert(0, dots());
    }
    if is_cut_behind {
        parts.push(dots());
    }
}

fn back(text: &str, from: usize, characters: usize) -> usize {
    text[..from]
        .char_indices()
        .rev()
        .take(characters)
        .last()
        .map_or(from, |(at, _)| at)
}

fn forth(text: &str, from: usize, characters: usize) -> usize {
    text[from..]
        .char_indices()
        .nth(characters)
        .map_or(text.len(), |(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[Part]) -> String {
        parts
            .iter()
            .map(|part| {
                if part.is_match {
                    format!("[{}]", part.text)
                } else {
                    part.text.clone()
                }
            })
            .collect()
    }

    #[test]
    fn matches_are_marked_as_they_were_written_and_text_stays_text() {
        let terms = ["отчет".to_owned(), "script".to_owned()];
        let parts = by_terms("Где <b>Отчёты</b>? <script>", &terms);
        assert_eq!(shown(&parts), "Где <b>[Отчёты]</b>? <[script]>");
        assert_eq!(
            shown(&by_beginnings("Otchet_2024.pdf", &["otch".to_owned()])),
            "[Otchet]_2024.pdf"
        );
    }

    #[test]
    fn of_a_long_text_the_surroundings_of_the_first_match_are_shown() {
        let text = format!("{} цель {}", "слово ".repeat(100), "конец ".repeat(100));
        let parts = by_terms(&text, &[analyzer::stem("цель")]);
        let shown = shown(&parts);
        assert!(
            shown.starts_with('…') && shown.ends_with('…') && shown.contains("[цель]"),
            "{shown}"
        );
        assert!(shown.chars().count() <= SNIPPET_CHARACTERS + 4, "{shown}");
    }
}
