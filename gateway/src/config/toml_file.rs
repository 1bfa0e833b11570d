//! The TOML file as a flat list of keys, each with its line.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::value::Given;

/// A key of the file with its sections, its value and its line (from 1).
#[derive(Debug)]
pub(super) struct Line {
    pub key: String,
    pub given: Given,
    pub line: usize,
}

/// Flattens the file. An error is in words that show no value: the line may hold a secret.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, (usize, String)> {
    let table = DeTable::parse(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        (line_at(text, place), error.message().to_owned())
    })?;
    let mut lines = Vec::new();
    flatten(text, "", table.get_ref(), &mut lines);
    lines.sort_by_key(|line| line.line);
    Ok(lines)
}

fn flatten(text: &str, prefix: &str, table: &DeTable<'_>, lines: &mut Vec<Line>) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(text, &format!("{key}."), inner, lines),
            // An empty section says nothing.
            DeValue::Table(_) => {}
            other => lines.push(Line {
                key,
                given: given(other),
                line: line_at(text, name.span().start),
            }),
        }
    }
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::String(text.to_string()),
        DeValue::Boolean(value) => Given::Bool(*value),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Given::Other, Given::Integer)
        }
        DeValue::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
            texts.map_or(Given::Other, Given::List)
        }
        _ => Given::Other,
    }
}

fn text_of(item: &Spanned<DeValue<'_>>) -> Option<String> {
    item.get_ref().as_str().map(str::to_owned)
}

fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
