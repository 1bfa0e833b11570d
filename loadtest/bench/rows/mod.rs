//! The rows: what each measures and how long that is expected to take on two processors.

mod busy;
mod chat_list;
mod chats;
mod durable;
mod export;
mod idle;
mod pages;
mod people;
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
    store::Backend,
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

/// The rows of the table: name, seconds that it is expected to take in full and short, what measures it, what it means.
macro_rules! rows {
    ($($name:literal $expected:tt $run:path $(, $backend:expr)? => $meaning:literal;)*) => {
        &[$(Row {
            name: $name,
            meaning: $meaning,
            expected: $expected,
            run: |bench| Box::pin($run(bench $(, $backend)?)),
        }),*]
    };
}

/// All rows, in the order of the table. Those with a CQL server come last: the server runs from the first of them on, and would disturb others.
const ALL: &[Row] = rows! {
    "quiet" (75, 40) quiet::deliveries =>
        "the server's processor time for one delivery where nothing can be gathered: every message is written to every phone by \
         itself, so it is held against one plain `send(2)` of the same bytes.";
    "last-phone" (0, 0) quiet::last_phone =>
        "from the moment when a message of the quiet room should have been sent until the last of all phones had it.";
    "memory" (0, 0) quiet::memory =>
        "resident memory of the server for one session of the quiet room: connected, authenticated, subscribed to the room, \
         with the channel of its own user.";
    "opening" (0, 0) quiet::opening =>
        "the server's processor time for one such session: TCP, handshake, connect with a signed token, subscribe; at 4,000 per \
         second.";
    "leaving" (0, 0) quiet::leaving =>
        "resident memory of the server ten seconds after all phones of the quiet room have left, against before they came.";
    "busy" (50, 25) busy::busy =>
        "deliveries for one second of the server's processor time where messages can be gathered, with the default budget. The \
         floor and the peer can't keep up with the rate and get less of it.";
    "saturating" (35, 10) busy::saturating =>
        "ten times as many messages, all of them durable before they are delivered, against the floor of the row before.";
    "durable" (200, 30) durable::durable, Backend::Sqlite =>
        "messages that the store has acknowledged in one second for 64 senders who each wait for their acknowledgement; the \
         floor writes the same bytes with one `fdatasync` for 64 messages. Then with texts of an office, in turn without and \
         with the indexer of the search: the medians of all turns.";
    "pages" (60, 15) pages::pages, Backend::Sqlite =>
        "pages of 50 messages and jumps to dates in a very large room against a small one in the same store, in turn at random: \
         everything in memory, and the newest page with nothing in it.";
    "search" (240, 15) search::messages, Backend::Sqlite =>
        "searches of one person who is in 500 rooms of very different sizes, for words as they occur in texts: from the list of \
         rooms to the checked rows of 50 hits. The newest rooms have ends that are not indexed yet.";
    "chat-list" (0, 0) chat_list::list, Backend::Sqlite =>
        "the list of these 500 rooms, each with its last message and what is needed to count the unread ones.";
    "people" (60, 5) people::people, Backend::Sqlite =>
        "finding people by the beginnings of their names.";
    "export" (20, 5) export::export, Backend::Sqlite =>
        "a store like an office's into files, and the files into a new store, with all that belongs to it: hashes, loading, \
         reading back.";
    "idle" (80, 35) idle::idle =>
        "the server's processor time for a session that says and hears nothing but pings.";
    "storm" (40, 15) storm::storm =>
        "all phones lose their network at once and come back at once with recovery: until all follow the room again, and until \
         all have everything; nothing lost, nothing twice.";
    "storm-missed" (50, 15) storm::missed =>
        "the same after 5,000 messages that every phone has missed.";
    "history-rush" (15, 12) rush::rush, Backend::Sqlite =>
        "phones that are connected open one room within a second, its newest page and the page before, which nobody has opened \
         since its messages were written: statements that reached the store for all of them.";
    "slow-phones" (55, 10) slow::slow =>
        "the kernel's memory for sockets while every phone takes no more than 2 KB a second, and the server's beside it.";
    "http-stream" (25, 10) streams::http_stream =>
        "sessions whose messages come as an endless HTTP answer.";
    "sse" (25, 10) streams::sse =>
        "sessions whose messages come as server-sent events.";
    "many-chats" (25, 15) chats::chats =>
        "chats of two people beside one large room: memory of the server for each chat with both its subscriptions.";
    "history-rush-cql" (95, 25) rush::rush, Backend::Cql =>
        "the same as history-rush with a CQL server on this machine.";
    "export-cql" (70, 12) export::export, Backend::Cql =>
        "the same as export with a CQL server on this machine: the new store is a keyspace.";
    "search-cql" (150, 40) search::messages, Backend::Cql =>
        "the same as search with a CQL server on this machine.";
    "chat-list-cql" (0, 0) chat_list::list, Backend::Cql =>
        "the same as chat-list with a CQL server on this machine: the node has the ends of the logs in memory, or reads them \
         all.";
    "durable-cql" (100, 35) durable::durable, Backend::Cql =>
        "the same as durable with a CQL server on this machine, one room: a batch of messages is a few statements, and the \
         indexer reads and writes beside them.";
    "people-cql" (420, 25) people::people, Backend::Cql =>
        "the same as people with a CQL server on this machine.";
    "pages-cql" (720, 30) pages::pages, Backend::Cql =>
        "the same as pages with a CQL server on this machine.";
};

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
        let _ = writeln!(text, "{:<17}{seconds:>4} s  {}", row.name, row.meaning); // never fails for a String
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
    fn nobody_waits_longer_than_the_documents_say() {
        let seconds = |is_meant: fn(&&Row) -> bool, short| -> u64 {
            ALL.iter().filter(is_meant).map(|row| row.seconds(short)).sum()
        };
        let without_cql = seconds(|row| !row.name.ends_with("-cql"), false);
        assert!(without_cql <= 1_200, "{without_cql}");
        let [all, short] = [false, true].map(|short| seconds(|_| true, short));
        assert!(all <= 2_700, "{all}");
        assert!(short <= 480, "{short}");
        assert!(ALL.iter().all(|row| row.seconds(true) <= row.seconds(false)));
        assert_eq!(list(true).lines().count(), ALL.len());
    }
}
