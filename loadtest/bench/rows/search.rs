//! Searches of messages, and what their index costs.

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, percent},
    simulator::grouped,
    store::{self, Backend, Rooms, Search},
    table::Line,
};

/// A search of two words, in milliseconds.
const TWO_WORDS_MS: f64 = 50.0;
const TWO_WORDS: [&str; 3] = ["two common words", "a common and a rare word", "two rare words"];

pub(super) async fn messages(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let rooms = store::rooms(bench, backend).await?;
    let searches = rooms.searches.iter().map(|search| line(backend, rooms, search));
    Ok(searches.chain([index(backend, rooms)]).collect())
}

/// Two words have a bound; the others are told.
fn line(backend: Backend, rooms: &Rooms, search: &Search) -> Line {
    let entries = grouped(rooms.entries);
    let what = format!(
        "search of {}, {}: {entries} messages in 500 rooms",
        search.what,
        backend.name()
    );
    if TWO_WORDS.contains(&search.what.as_str()) {
        return search.line(what, backend, TWO_WORDS_MS);
    }
    Line {
        what,
        result: search.words(backend),
        ..Line::default()
    }
}

fn index(backend: Backend, rooms: &Rooms) -> Line {
    let beside = |what: &str, messages: f64| {
        let share = percent(rooms.index_bytes / messages);
        format!("{share} of {} {what}", bytes(messages))
    };
    let file = rooms.file_bytes.map(|file| beside("of store without it", file) + ", ");
    Line {
        what: format!("the index of these messages, {}", backend.name()),
        result: format!(
            "{} = {}{}; messages appended in {:.0} s, indexed in {:.0} s",
            bytes(rooms.index_bytes),
            file.unwrap_or_default(),
            beside("of bodies", rooms.text_bytes),
            rooms.fill_seconds,
            rooms.index_seconds
        ),
        ..Line::default()
    }
}
