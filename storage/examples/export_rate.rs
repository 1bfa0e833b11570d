//! How many messages per second go through an export and an import together, from one SQLite store into another.
//!
//! `cargo run --release -p storage --features sqlite,dump --example export_rate -- [--json] [folder] [messages]`
//!
//! With the feature `scylla` and a CQL server in `SCYLLA_URI` the import goes into a new keyspace there, and an export out of it is timed
//! too; the keyspace stays.
//!
//! The store is like that of an office: a few large rooms and many small ones, people who are members, marks, a part of the
//! messages recent enough to be recognised when they are repeated, some edited and some deleted. The same seed fills it
//! with the same rooms and texts. The import is timed with everything that belongs to it: hashes of the files, loading, reading back.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement speaks on standard output, and beside it"
)]

mod common;

use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{Outcome, arguments, create_room, message};
use protocol::{RoomId, UserId};
use storage::{
    AppendBatch, Effect, Entry, EntryKind, LogHead, NewEntry, Permit, Role, Store,
    dump::{
        Export, Import, RecordKind, Unwatched, Watch,
        limits::{PAGE, Pieces},
    },
    sqlite::{Options, SqliteStore, check_consistency},
};

const SEED: u64 = 6;
/// Messages of one append.
const BATCH: u64 = 5_000;
const USERS: u64 = 2_000;
/// One room for so many messages, on average.
const MESSAGES_PER_ROOM: u64 = 1_000;
/// Of a hundred messages so many are recent.
const RECENT_PERCENT: u64 = 10;
const WORDS: [&str; 24] = [
    "meeting",
    "at",
    "three",
    "please",
    "see",
    "the",
    "attached",
    "договор",
    "подписан",
    "завтра",
    "в",
    "офисе",
    "спасибо",
    "ok",
    "who",
    "has",
    "keys",
    "to",
    "room",
    "отчёт",
    "готов",
    "проверьте",
    "and",
    "call",
];

/// splitmix64: the next number of a seeded row (<https://prng.di.unimi.it/splitmix64.c> gives the constants).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn user(&mut self) -> Outcome<UserId> {
        Ok(format!("user-{:05}", self.below(USERS)).parse()?)
    }

    /// What somebody says: mostly short.
    fn text(&mut self) -> Bytes {
        let count = 2 + self.below(8) + if self.below(10) == 0 { self.below(60) } else { 0 };
        let words: Vec<_> = (0..count)
            .map(|_| WORDS[self.below(WORDS.len() as u64) as usize])
            .collect();
        Bytes::from(format!("{{\"content\":\"{}\"}}", words.join(" ")))
    }
}

/// A message, sometimes an edit or a deletion of an earlier one.
fn entry(chance: &mut Chance, head: &LogHead, ahead: u64, number: &mut u64, is_recent: bool) -> Outcome<NewEntry> {
    let sender = chance.user()?;
    let mut new = NewEntry {
        entry: Entry {
            body: chance.text(),
            ..message(head, ahead, &sender)
        },
        is_repeatable: is_recent,
        effects: Vec::new(),
    };
    // Every seventh entry is a message that is never deleted, the one behind it a message that is never edited.
    let target = chance.below(head.seq + 1) / 7 * 7;
    let is_change = target > 0 && new.entry.seq % 7 > 1;
    match chance.below(100) {
        0 if is_change => {
            new.entry.kind = EntryKind::Edit;
            new.entry.target = target;
            let body = new.entry.body.clone();
            new.effects = vec![Effect::Edit { target, body }];
        }
        1 if is_change && target < head.seq => {
            new.entry.kind = EntryKind::Delete;
            new.entry.body = Bytes::from_static(b"{}");
            new.entry.target = target + 1;
            new.effects = vec![Effect::Delete { target: target + 1 }];
        }
        _ => {
            *number += 1;
            new.effects = vec![Effect::Read {
                user: sender,
                seq: new.entry.seq,
                number: *number,
            }];
        }
    }
    new.entry.number = *number;
    Ok(new)
}

/// Fills one room; who is in it comes with its first entry.
async fn fill_room(store: &Arc<dyn Store>, chance: &mut Chance, name: u64, messages: u64) -> Outcome<()> {
    let (room, mut head) = create_room(store, &format!("room {name}")).await?;
    let permit = Permit::take_over(&Arc::<AtomicU64>::default());
    join(store, chance, room, &permit, &mut head, messages).await?;
    let mut left = messages;
    while left > 0 {
        let count = left.min(BATCH);
        let (mut entries, mut number) = (Vec::new(), head.number);
        for ahead in 1..=count {
            let is_recent = left - ahead < messages * RECENT_PERCENT / 100;
            entries.push(entry(chance, &head, ahead, &mut number, is_recent)?);
        }
        append(store, room, &permit, &mut head, entries).await?;
        left -= count;
    }
    Ok(())
}

async fn join(
    store: &Arc<dyn Store>,
    chance: &mut Chance,
    room: RoomId,
    permit: &Permit,
    head: &mut LogHead,
    messages: u64,
) -> Outcome<()> {
    let mut first = message(head, 1, &chance.user()?);
    first.kind = EntryKind::Participants;
    first.number = 0;
    let mut effects = Vec::new();
    for _ in 0..2 + messages / 100 {
        effects.push(Effect::MemberAdded(chance.user()?, Role::Member));
    }
    let joined = NewEntry {
        entry: first,
        is_repeatable: false,
        effects,
    };
    append(store, room, permit, head, vec![joined]).await
}

async fn append(
    store: &Arc<dyn Store>,
    room: RoomId,
    permit: &Permit,
    head: &mut LogHead,
    entries: Vec<NewEntry>,
) -> Outcome<()> {
    *head = store
        .append(AppendBatch {
            room,
            permit: permit.clone(),
            head: head.clone(),
            entries,
            deadline: Instant::now() + Duration::from_secs(600),
        })
        .await?;
    Ok(())
}

/// Half of all messages in one room, the rest in rooms of any size.
async fn fill(store: &Arc<dyn Store>, messages: u64) -> Outcome<()> {
    let mut chance = Chance(SEED);
    fill_room(store, &mut chance, 0, messages / 2).await?;
    let mut left = messages - messages / 2;
    let mut name = 0;
    while left > 0 {
        name += 1;
        let size = (1 + chance.below(2 * MESSAGES_PER_ROOM)).min(left);
        fill_room(store, &mut chance, name, size).await?;
        left -= size;
    }
    Ok(())
}

fn open(path: &Path) -> Outcome<Arc<dyn Store>> {
    Ok(Arc::new(SqliteStore::open(path, Options::default())?))
}

/// A new keyspace on the CQL server that `SCYLLA_URI` names, if there is one.
#[cfg(feature = "scylla")]
async fn open_cql() -> Outcome<Option<Arc<dyn Store>>> {
    use storage::scylla::{Options, Ownership, ScyllaStore};
    let Ok(uri) = std::env::var("SCYLLA_URI") else {
        return Ok(None);
    };
    let hosts = uri
        .trim_start_matches("scylla://")
        .split('/')
        .next()
        .unwrap_or_default();
    let keyspace = format!("rate_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let mut options = Options::new(format!("scylla://{hosts}/{keyspace}").parse()?);
    options.ownership = Ownership::Node {
        name: "rate".to_owned(),
        folder: None,
    };
    let opened = tokio::task::spawn_blocking(move || ScyllaStore::open(&options, |_| {}));
    Ok(Some(Arc::new(opened.await??)))
}

#[cfg(not(feature = "scylla"))]
async fn open_cql() -> Outcome<Option<Arc<dyn Store>>> {
    Ok(None)
}

fn folder_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

async fn run(folder: &Path, messages: u64, as_json: bool) -> Outcome<()> {
    let (source_file, target_file) = (folder.join("source.db"), folder.join("target.db"));
    let source = open(&source_file)?;
    fill(&source, messages).await?;
    let watch: Arc<dyn Watch> = Arc::new(Unwatched);
    let export = Export {
        folder: folder.join("export"),
        source: "the source".to_owned(),
        backend: "sqlite".to_owned(),
        plenum: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: 1,
        pieces: Pieces::default(),
    };
    let begun = Instant::now();
    let manifest = export.run(&*source, &watch).await?;
    let export_s = begun.elapsed().as_secs_f64();
    drop(source);

    let cql = open_cql().await?;
    let is_cql = cql.is_some();
    let target = match cql {
        Some(store) => store,
        None => open(&target_file)?,
    };
    let import = Import {
        folder: export.folder.clone(),
        page: PAGE,
    };
    let begun = Instant::now();
    import.run(&*target, &watch).await?;
    let import_s = begun.elapsed().as_secs_f64();
    let entries = manifest.totals.of(RecordKind::Entry).records;
    if is_cql {
        let again = Export {
            folder: folder.join("again"),
            backend: "scylla".to_owned(),
            ..export.clone()
        };
        let begun = Instant::now();
        again.run(&*target, &watch).await?;
        let again_s = begun.elapsed().as_secs_f64();
        eprintln!(
            "export out of CQL {again_s:.2} s, {:.0} entries/s",
            entries as f64 / again_s
        );
    }
    drop(target);
    if !is_cql {
        let report = check_consistency(&target_file)?;
        if let Some(first) = report.differences.first() {
            return Err(format!("the imported store is not sound: {first}").into());
        }
    }
    let (store_bytes, export_bytes) = (fs::metadata(&source_file)?.len(), folder_bytes(&export.folder)?);
    let per_second = entries as f64 / (export_s + import_s);
    if as_json {
        println!(
            r#"{{"entries":{entries},"records":{},"export_seconds":{export_s},"import_seconds":{import_s},"entries_per_second":{per_second},"store_bytes":{store_bytes},"export_bytes":{export_bytes}}}"#,
            manifest.totals.records()
        );
        return Ok(());
    }
    println!("seed {SEED}: {entries} entries, {} records", manifest.totals.records());
    println!(
        "export {export_s:.2} s, {:.0} entries/s; {store_bytes} bytes of store, {export_bytes} exported",
        entries as f64 / export_s
    );
    println!("import {import_s:.2} s, {:.0} entries/s", entries as f64 / import_s);
    println!("through both: {per_second:.0} entries/s");
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let (parent, messages, as_json) = arguments(1_000_000)?;
    let folder = parent.join(format!("export-rate-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let result = run(&folder, messages, as_json).await;
    fs::remove_dir_all(&folder)?;
    result
}
