//! Whether a page costs the same however long the history is.

use serde::Deserialize;

use crate::{
    bench::Bench,
    failure::Outcome,
    figures::{bytes, times},
    simulator::grouped,
    store::{self, Backend, Load, Times},
    table::Line,
};

/// How much longer the large room's page, and its date, may take.
const PAGE_FACTOR: f64 = 2.0;
const DATE_FACTOR: f64 = 3.0;
/// The same of medians from the disk, which are few.
const DISK_FACTOR: f64 = 1.5;

/// What `measure pages` prints.
#[derive(Debug, Deserialize)]
struct Pages {
    /// Of the large room and of the small one.
    entries: [u64; 2],
    fill_seconds: f64,
    file_bytes: Option<f64>,
    pages: Vec<Page>,
    from_disk: Option<Both>,
}

#[derive(Debug, Deserialize)]
struct Page {
    what: String,
    #[serde(flatten)]
    both: Both,
}

#[derive(Debug, Deserialize)]
struct Both {
    large: Times,
    small: Times,
}

pub(super) async fn pages(bench: &Bench, backend: Backend) -> Outcome<Vec<Line>> {
    let load = Load {
        what: "pages",
        size: bench.size(10_000_000, 100_000),
        samples: bench.size(3_000, 300),
    };
    let found: Pages = store::measure(bench, backend, load).await?;
    Ok(found.lines(backend))
}

impl Pages {
    fn lines(&self, backend: Backend) -> Vec<Line> {
        let mut lines: Vec<_> = self.pages.iter().map(|page| self.page_line(backend, page)).collect();
        if let Some(both) = &self.from_disk {
            lines.push(self.disk_line(backend, both));
        }
        let filled = format!("; filled in {:.0} s", self.fill_seconds);
        let file = self.file_bytes.map(|file| format!(", {}", bytes(file)));
        if let Some(first) = lines.first_mut() {
            first.result += &(filled + &file.unwrap_or_default());
        }
        lines
    }

    fn what(&self, backend: Backend, page: &str) -> String {
        let [large, small] = self.entries.map(grouped);
        format!(
            "{page}, {}: room with {large} entries against one with {small}",
            backend.name()
        )
    }

    fn page_line(&self, backend: Backend, page: &Page) -> Line {
        let factor = if page.what == "jump to a date" {
            DATE_FACTOR
        } else {
            PAGE_FACTOR
        };
        let Both { large, small } = &page.both;
        let bound = format!("p99 ≤ {} the small room's", times(factor));
        compared(
            self.what(backend, &page.what),
            bound,
            &page.both,
            large.p99_ms / small.p99_ms,
            factor,
        )
    }

    fn disk_line(&self, backend: Backend, both: &Both) -> Line {
        let ratio = both.large.p50_ms / both.small.p50_ms;
        let bound = format!("p50 ≤ {} the small room's", times(DISK_FACTOR));
        compared(
            self.what(backend, "newest page from the disk"),
            bound,
            both,
            ratio,
            DISK_FACTOR,
        )
    }
}

fn compared(what: String, bound: String, both: &Both, ratio: f64, factor: f64) -> Line {
    Line {
        what,
        bound,
        floor: format!("{} (the small room)", both.small.words()),
        result: format!("{} = {}", both.large.words(), times(ratio)),
        reached: Some(ratio <= factor),
        ..Line::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_of_100_pages_counts_and_a_date_may_take_longer_than_a_page() {
        let both = r#""large":{"p50_ms":0.1,"p99_ms":2.5},"small":{"p50_ms":0.1,"p99_ms":1.0}"#;
        let text = format!(
            r#"{{"entries":[100000,10000],"fill_seconds":7.2,"file_bytes":null,"from_disk":null,
                "pages":[{{"what":"next page",{both}}},{{"what":"jump to a date",{both}}}]}}"#
        );
        let pages: Pages = serde_json::from_str(&text).expect("the shape");
        let lines = pages.lines(Backend::Cql);
        assert_eq!(
            lines[0].what,
            "next page, CQL: room with 100,000 entries against one with 10,000"
        );
        assert_eq!(lines[0].result, "p50 100 µs, p99 2.50 ms = 2.50 ×; filled in 7 s");
        let reached: Vec<_> = lines.iter().map(|line| line.reached).collect();
        assert_eq!(reached, [Some(false), Some(true)]);
    }
}
