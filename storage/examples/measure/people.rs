//! How long it takes to find people by the beginnings of their names. They are loaded as an import does it.

use std::sync::Arc;

use serde_json::{Value, json};
use storage::{
    Store, User,
    dump::DumpRecord,
    generator::{People, Random},
    search::{find_people, names_in},
};
use tokio::task::JoinSet;

use crate::{
    Outcome, SEED,
    progress::Progress,
    room::now_ms,
    searches::timed,
    target::{Opened, Target},
};

/// People that are loaded together, and such groups at the same time.
const BATCH: u64 = 2_000;
const AT_ONCE: usize = 4;
const PAGE: usize = 50;
/// Searches of each kind before those that count.
const WARM_SEARCHES: usize = 100;
const KINDS: [&str; 5] = [
    "the user name's beginning",
    "the last name's beginning",
    "first and last name",
    "two letters of each name",
    "one letter",
];

/// Loads people; gives some of them.
async fn fill(store: &Arc<dyn Store>, people: u64, some: u64, progress: &Progress) -> Outcome<Vec<User>> {
    let (mut made, mut known, mut loading) = (People::new(SEED), Vec::new(), JoinSet::new());
    let (now_ms, step) = (now_ms(), (people / some.max(1)).max(1));
    for first in (0..people).step_by(BATCH as usize) {
        let numbers = first..people.min(first + BATCH);
        let count = numbers.end - numbers.start;
        let users: Vec<_> = numbers.clone().map(|_| made.person(now_ms)).collect();
        let marked = numbers.zip(&users).filter(|(number, _)| number.is_multiple_of(step));
        known.extend(marked.map(|(_, user)| user.clone()));
        if loading.len() >= AT_ONCE {
            loading.join_next().await.transpose()?.transpose()?;
        }
        let store = Arc::clone(store);
        loading.spawn(async move { store.load(users.into_iter().map(DumpRecord::User).collect()).await });
        progress.advance(count);
    }
    while let Some(loaded) = loading.join_next().await {
        loaded??;
    }
    Ok(known)
}

fn beginning(text: &str, characters: u64) -> String {
    text.chars().take(characters as usize).collect()
}

/// What somebody types to find a person.
fn typed(what: &str, user: &User, random: &mut Random) -> String {
    let names = names_in(&user.info);
    let name = |name: Option<&String>| name.cloned().unwrap_or_default();
    let (first, last) = (name(names.first()), name(names.last()));
    match what {
        "the user name's beginning" => beginning(&user.username, 2 + random.below(3)),
        "the last name's beginning" => beginning(&last, 2 + random.below(4)),
        "first and last name" => format!("{first} {last}"),
        "two letters of each name" => format!("{} {}", beginning(&first, 2), beginning(&last, 2)),
        _ => beginning(&first, 1),
    }
}

async fn of_kind(opened: &Opened, what: &str, known: &[User]) -> Outcome<Value> {
    let mut random = Random::new(SEED);
    let asked = known.iter().take(WARM_SEARCHES).chain(known);
    let texts = asked.map(|user| Ok(typed(what, user, &mut random)));
    timed(opened, what, WARM_SEARCHES, texts, async |text| {
        Ok(find_people(&*opened.store, &text, PAGE).await?.len())
    })
    .await
}

/// Loads so many people and looks for some of them.
pub async fn measure(target: &Target, people: u64, samples: u64) -> Outcome<Value> {
    let opened = target.open()?;
    let progress = Progress::new("people", people);
    let known = fill(&opened.store, people, samples, &progress).await?;
    let fill_seconds = progress.seconds();
    let mut searches = Vec::new();
    for what in KINDS {
        searches.push(of_kind(&opened, what, &known).await?);
    }
    opened.close();
    Ok(json!({ "people": people, "fill_seconds": fill_seconds, "searches": searches }))
}
