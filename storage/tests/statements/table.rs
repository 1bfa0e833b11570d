//! The table of `docs/storage.md`: written by hand nowhere else than in the constants of the story.

use std::fmt::Write as _;

/// Statements of one call: from a store that was just opened, and asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub cold: u64,
    pub warm: u64,
}

/// In the order of the rooms; a room in which it was not counted has none.
pub type Row<'a> = (&'a str, Vec<Count>);

/// `5, then 1`.
fn cell(count: Count) -> String {
    if count.cold == count.warm {
        return count.cold.to_string();
    }
    format!("{}, then {}", count.cold, count.warm)
}

/// The table in Markdown.
pub fn markdown(rooms: &[&str], rows: &[Row<'_>]) -> String {
    let mut text = format!("| statements for | {} |\n|---|", rooms.join(" | "));
    text.push_str(&"---|".repeat(rooms.len()));
    text.push('\n');
    for (name, counts) in rows {
        let cells = counts.iter().copied().map(cell);
        let cells: Vec<String> = cells
            .chain(std::iter::repeat(String::new()))
            .take(rooms.len())
            .collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | ")); // never fails for a String
    }
    text
}
