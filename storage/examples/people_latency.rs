//! How long it takes to find people by the beginnings of their names.
//!
//! `cargo run --release -p storage --features sqlite,generator --example people_latency -- [--json] [folder] [people]`
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

mod common;

use std::{path::Path, sync::Arc, time::Instant};

use common::{Outcome, arguments};
use indicatif::ProgressBar;
use storage::{
    Store, User,
    generator::{People, Random},
    search::{find_people, names_in},
    sqlite::{Options, SqliteStore},
};
use tokio::task::JoinSet;

const SEED: u64 = 20_240_531;
const AT_ONCE: usize = 4_096;
const SEARCHES: usize = 2_000;
const PAGE: usize = 50;

/// Registers people; gives some of them.
async fn fill(store: &Arc<dyn Store>, people: u64) -> Outcome<Vec<User>> {
    let bar = ProgressBar::new(people);
    let (mut made, mut some, mut waiting) = (People::new(SEED), Vec::new(), JoinSet::new());
    for number in 0..people {
        let user = made.person(1_700_000_000_000);
        if number % (people / SEARCHES as u64).max(1) == 0 {
            some.push(user.clone());
        }
        let store = Arc::clone(store);
        waiting.spawn(async move { store.create_user(user).await });
        if waiting.len() >= AT_ONCE {
            waiting.join_next().await.transpose()?.transpose()?;
        }
        bar.inc(1);
    }
    while let Some(registered) = waiting.join_next().await {
        registered??;
    }
    bar.finish();
    Ok(some)
}

fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// What somebody types to find a person.
fn typed(what: &str, user: &User, random: &mut Random) -> String {
    let names = names_in(&user.info);
    let (first, last) = (
        names.first().cloned().unwrap_or_default(),
        names.last().cloned().unwrap_or_default(),
    );
    match what {
        "the user name's beginning" => beginning(&user.username, 2 + random.below(3) as usize),
        "the last name's beginning" => beginning(&last, 2 + random.below(4) as usize),
        "first and last name" => format!("{first} {last}"),
        "two letters of each name" => format!("{} {}", beginning(&first, 2), beginning(&last, 2)),
        _ => beginning(&first, 1),
    }
}

async fn run(folder: &Path, people: u64, as_json: bool) -> Outcome<()> {
    let path = folder.join(format!("people-{}.db", std::process::id()));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Options::default())?);
    let begun = Instant::now();
    let some = fill(&store, people).await?;
    let fill_seconds = begun.elapsed().as_secs_f64();
    if !as_json {
        println!("{people} people registered in {fill_seconds:.0} s");
    }
    let mut lines = Vec::new();
    for what in [
        "the user name's beginning",
        "the last name's beginning",
        "first and last name",
        "two letters of each name",
        "one letter",
    ] {
        let (mut random, mut times, mut found) = (Random::new(SEED), Vec::new(), 0);
        for user in &some {
            let text = typed(what, user, &mut random);
            let begun = Instant::now();
            found += find_people(&*store, &text, PAGE).await?.len();
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
        let (p50_ms, p99_ms, hits) = (at(0.5), at(0.99), found as f64 / times.len() as f64);
        if !as_json {
            println!("{what:>28}: p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, {hits:.1} people on average");
        }
        lines.push(format!(
            r#"{{"what":"{what}","p50_ms":{p50_ms},"p99_ms":{p99_ms},"people":{hits}}}"#
        ));
    }
    drop(store);
    for ending in ["", "-wal", "-shm"] {
        // Whatever is there of them.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    if as_json {
        println!(
            r#"{{"people":{people},"fill_seconds":{fill_seconds},"searches":[{}]}}"#,
            lines.join(",")
        );
    }
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let (folder, people, as_json) = arguments(1_000_000)?;
    run(&folder, people, as_json).await
}
