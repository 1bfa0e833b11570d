//! The rows: what each measures and how long that is expected to take on two processors.

mod busy;
mod chats;
mod durable;
mod idle;
mod newest_page;
mod quiet;
mod rush;
mod search;
mod slow;
mod storm;
mod streams;

use std::{fmt::Write as _, future::Future, pin::Pin};

use crate::{
    bench::Bench,
    failure::{Failure, Outcome},
    table::Line,
};

/// What a row does.
type Run = for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = Outcome<Vec<Line>>> + 'a>>;

/// One row, of one or more lines of the table.
pub(crate) struct Row {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it means, in one sentence.
    pub(crate) meaning: &'static str,
    /// Seconds that it is expected to take: in full, and short. A run that an earlier row made is not counted again.
    expected: (u64, u64),
    pub(crate) run: Run,
}

impl Row {
    /// Seconds that it is expected to take.
    pub(crate) const fn seconds(&self, short: bool) -> u64 {
        if short { self.expected.1 } else { self.expected.0 }
    }
}

/// All rows, in the order of the table.
const ALL: &[Row] = &[
    Row {
        name: "quiet",
        meaning: "the server's processor time for one delivery where nothing can be gathered: every message is written \
                  to every phone by itself, so it is held against one plain `send(2)` of the same bytes.",
        expected: (135, 40),
        run: |bench| Box::pin(quiet::deliveries(bench)),
    },
    Row {
        name: "last-phone",
        meaning: "from the moment when a message of the quiet room should have been sent until the last of all phones \
                  had it.",
        expected: (0, 0),
        run: |bench| Box::pin(quiet::last_phone(bench)),
    },
    Row {
        name: "memory",
        meaning: "resident memory of the server for one session of the quiet room: connected, authenticated, subscribed \
                  to the room, with the channel of its own user.",
        expected: (0, 0),
        run: |bench| Box::pin(quiet::memory(bench)),
    },
    Row {
        name: "opening",
        meaning: "the server's processor time for one such session: TCP, handshake, connect with a signed token, \
                  subscribe; at 4,000 per second.",
        expected: (0, 0),
        run: |bench| Box::pin(quiet::opening(bench)),
    },
    Row {
        name: "leaving",
        meaning: "resident memory of the server ten seconds after all phones of the quiet room have left, against \
                  before they came.",
        expected: (0, 0),
        run: |bench| Box::pin(quiet::leaving(bench)),
    },
    Row {
        name: "busy",
        meaning: "deliveries for one second of the server's processor time where messages can be gathered, with the \
                  default budget. The floor and the peer can't keep up with the rate and get less of it.",
        expected: (85, 25),
        run: |bench| Box::pin(busy::busy(bench)),
    },
    Row {
        name: "saturating",
        meaning: "ten times as many messages, all of them durable before they are delivered, against the floor of the \
                  row before.",
        expected: (40, 10),
        run: |bench| Box::pin(busy::saturating(bench)),
    },
    Row {
        name: "durable",
        meaning: "messages that the store has acknowledged in one second for 64 senders who each wait for their \
                  acknowledgement; the floor writes the same bytes with one `fdatasync` for 64 messages.",
        expected: (22, 9),
        run: |bench| Box::pin(durable::durable(bench)),
    },
    Row {
        name: "newest-page",
        meaning: "the time for the newest 50 messages of a very large room against a small one in the same store, read \
                  in turn at random: with everything in memory, and with nothing.",
        expected: (85, 10),
        run: |bench| Box::pin(newest_page::newest_page(bench)),
    },
    Row {
        name: "search",
        meaning: "searches of one person who is in 500 rooms of very different sizes, for words as they occur in texts: from the list of \
                  rooms to the checked rows of 50 hits. The newest rooms have ends that are not indexed yet.",
        expected: (420, 40),
        run: |bench| Box::pin(search::messages(bench)),
    },
    Row {
        name: "people",
        meaning: "finding people by the beginnings of their names.",
        expected: (90, 10),
        run: |bench| Box::pin(search::people(bench)),
    },
    Row {
        name: "idle",
        meaning: "the server's processor time for a session that says and hears nothing but pings.",
        expected: (95, 35),
        run: |bench| Box::pin(idle::idle(bench)),
    },
    Row {
        name: "storm",
        meaning: "all phones lose their network at once and come back at once with recovery: until all follow the room \
                  again, and until all have everything; nothing lost, nothing twice.",
        expected: (50, 15),
        run: |bench| Box::pin(storm::storm(bench)),
    },
    Row {
        name: "storm-missed",
        meaning: "the same after 5,000 messages that every phone has missed.",
        expected: (120, 15),
        run: |bench| Box::pin(storm::missed(bench)),
    },
    Row {
        name: "history-rush",
        meaning: "phones that are connected open one room within a second, its newest page and the page before, which nobody has opened since \
                  its messages were written: statements that reached the store for all of them.",
        expected: (30, 12),
        run: |bench| Box::pin(rush::rush(bench)),
    },
    Row {
        name: "slow-phones",
        meaning: "the kernel's memory for sockets while every phone takes no more than 2 KB a second, and the server's beside it.",
        expected: (40, 10),
        run: |bench| Box::pin(slow::slow(bench)),
    },
    Row {
        name: "http-stream",
        meaning: "sessions whose messages come as an endless HTTP answer.",
        expected: (35, 10),
        run: |bench| Box::pin(streams::http_stream(bench)),
    },
    Row {
        name: "sse",
        meaning: "sessions whose messages come as server-sent events.",
        expected: (35, 10),
        run: |bench| Box::pin(streams::sse(bench)),
    },
    Row {
        name: "many-chats",
        meaning: "chats of two people beside one large room: memory of the server for each chat with both its \
                  subscriptions.",
        expected: (45, 15),
        run: |bench| Box::pin(chats::chats(bench)),
    },
];

/// The rows of these names in the order of the table; all of them for none.
pub(crate) fn chosen(names: &[String]) -> Outcome<Vec<&'static Row>> {
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|row| row.name != **name)) {
        let known: Vec<_> = ALL.iter().map(|row| row.name).collect();
        return Err(Failure::new(format!(
            "no row is called {unknown}; rows: {}",
            known.join(", ")
        )));
    }
    let is_chosen = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    Ok(ALL.iter().filter(is_chosen).collect())
}

/// For people: names, expected seconds, meanings.
pub(crate) fn list(short: bool) -> String {
    let mut text = String::new();
    for row in ALL {
        let seconds = row.seconds(short);
        let _ = writeln!(text, "{:<13}{seconds:>4} s  {}", row.name, row.meaning); // never fails for a String
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_of_the_table_whatever_the_order_of_names() {
        let names = ["busy", "quiet"].map(str::to_owned);
        let rows: Vec<_> = chosen(&names).expect("rows").iter().map(|row| row.name).collect();
        assert_eq!(rows, ["quiet", "busy"]);
        assert_eq!(chosen(&[]).expect("all").len(), ALL.len());
        let unknown = chosen(&["quick".to_owned()]).err().expect("no such row");
        assert!(unknown.0.contains("quick") && unknown.0.contains("quiet"), "{unknown}");
    }

    #[test]
    fn everything_takes_less_than_half_an_hour() {
        let seconds: u64 = ALL.iter().map(|row| row.seconds(false)).sum();
        assert!(seconds <= 1_800, "{seconds}");
        assert!(ALL.iter().all(|row| row.seconds(true) <= row.seconds(false)));
        assert_eq!(list(true).lines().count(), ALL.len());
    }
}
