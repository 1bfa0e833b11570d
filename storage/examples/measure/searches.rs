//! Searches of one kind, one after the other: how long each took, what it found, and the statements that it needed. Both measurements of
//! searches, of messages and of people, are made here.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{Outcome, target::Opened, times::Times};

/// Asks for all of these; the first `warm` do not count. `find` gives how many were found.
pub async fn timed<T>(
    opened: &Opened,
    what: &str,
    warm: usize,
    asked: impl IntoIterator<Item = Outcome<T>>,
    mut find: impl AsyncFnMut(T) -> Outcome<usize>,
) -> Outcome<Value> {
    let (mut times, mut found, mut before) = (Times::default(), 0, 0);
    for (number, asked) in asked.into_iter().enumerate() {
        if number == warm {
            before = opened.statements();
        }
        let asked = asked?;
        let begun = Instant::now();
        let hits = find(asked).await?;
        if number >= warm {
            times.add_since(begun);
            found += hits;
        }
    }
    let count = times.len().max(1) as f64;
    let statements = (opened.statements() - before) as f64 / count;
    Ok(json!({ "what": what, "times": times.json(), "found": found as f64 / count, "statements": statements }))
}
