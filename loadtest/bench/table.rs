//! Lines of the result, and the table that they make.

use std::fmt::Write as _;

/// What one line of the table says. A cell that has nothing to say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// What was measured, with its size.
    pub(crate) what: String,
    /// What has to be reached; empty: no bound.
    pub(crate) bound: String,
    /// The floor in the same run.
    pub(crate) floor: String,
    /// Another server in the same run.
    pub(crate) peer: String,
    /// The figure.
    pub(crate) result: String,
    /// Whether the bound is reached; `None`: there is none.
    pub(crate) reached: Option<bool>,
}

impl Line {
    /// The last cell.
    const fn verdict(&self) -> &'static str {
        match self.reached {
            None => "",
            Some(true) => "reached",
            Some(false) => "**not reached**",
        }
    }
}

const HEADINGS: [&str; 6] = ["what", "bound", "floor", "nginx + nchan", "result", ""];

/// The table in Markdown.
pub(crate) fn markdown<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut text = String::new();
    row(&mut text, HEADINGS);
    row(&mut text, ["---"; 6]);
    for line in lines {
        let cells = [&line.what, &line.bound, &line.floor, &line.peer, &line.result].map(String::as_str);
        row(
            &mut text,
            [cells[0], cells[1], cells[2], cells[3], cells[4], line.verdict()],
        );
    }
    text
}

fn row(text: &mut String, cells: [&str; 6]) {
    text.push('|');
    for cell in cells {
        let _ = write!(text, " {} |", escaped(cell)); // never fails for a String
    }
    text.push('\n');
}

/// A cell is one line, and a bar in it is no border.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_row_whatever_stands_in_it() {
        let line = Line {
            what: "a | b".to_owned(),
            bound: "≤ 2".to_owned(),
            result: "FAILED: first\nsecond".to_owned(),
            reached: Some(false),
            ..Line::default()
        };
        let text = markdown([&line]);
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(
            rows[2],
            "| a \\| b | ≤ 2 |  |  | FAILED: first second | **not reached** |"
        );
        assert_eq!(rows[0].matches('|').count(), rows[1].matches('|').count());
    }

    #[test]
    fn without_a_bound_nothing_is_reached_or_missed() {
        let (none, met) = (
            Line::default(),
            Line {
                reached: Some(true),
                ..Line::default()
            },
        );
        assert_eq!((none.verdict(), met.verdict()), ("", "reached"));
    }
}
