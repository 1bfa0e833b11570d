//! Phones in a room that drops its past: who listens notices nothing, and nobody is given what is gone, from no memory of the node.

#[path = "rooms/hooks.rs"]
mod hooks;
mod kit;

use std::sync::Arc;

use engine::{Caller, Limits};
use hooks::NoHooks;
use kit::{Group, Phone, World};
use protocol::client::{CommandResult, Encoding, Event, Outgoing, Request};
use serde_json::json;
use storage::bucket::{DAY_MS, RETENTION_WINDOWS};

/// Days on which something is said.
const DAYS: u64 = RETENTION_WINDOWS as u64 + 2;

/// A group that keeps its messages for so long that a bucket lasts a day, with a message a day; the first entry says so.
async fn talkative(world: &World, owner: &Caller) -> Group {
    let group = world.group(owner, &["listener", "phone"]).await;
    let setting = json!({"chat_id": group.id.to_string(), "retention_days": RETENTION_WINDOWS});
    world.calls(owner, "room.update", setting).await;
    for day in 1..=DAYS {
        world.sends(owner, &group, &format!("of day {day}")).await;
        world.engine.clock.advance(DAY_MS);
    }
    group
}

/// Somebody who has heard everything of a talkative group and goes on listening.
async fn listens(world: &World, owner: &Caller) -> (Group, Phone) {
    let group = talkative(world, owner).await;
    let mut listener = world.phone(0, "listener", Encoding::Json, None).await;
    // From here on the shard's window holds everything.
    assert!(listener.subscribes(group.from(0)).await.recovered);
    let end = DAYS + 1;
    assert_eq!(hears_up_to(&mut listener, end).await, (1..=end).collect::<Vec<_>>());
    (group, listener)
}

/// The offsets of the publications up to one.
async fn hears_up_to(phone: &mut Phone, last: u64) -> Vec<u64> {
    let mut offsets = Vec::new();
    while offsets.last() != Some(&last) {
        if let Outgoing::Push(push) = phone.next().await
            && let Event::Publication(publication) = push.event
        {
            offsets.push(publication.offset);
        }
    }
    offsets
}

#[tokio::test]
async fn what_a_room_has_dropped_is_recovered_by_nobody_and_who_listens_notices_nothing() {
    let world = World::start(1, Limits::default(), Arc::new(NoHooks));
    let owner = world.person("owner").await;
    let (group, mut listener) = listens(&world, &owner).await;
    let end = DAYS + 1;
    world.sends(&owner, &group, "in the relay's ring").await;
    assert_eq!(hears_up_to(&mut listener, end + 1).await, [end + 1]);

    world.engine.drop_past().await.expect("looked at");
    // The first two days are over, and the setting's own entry.
    let first = 4;
    let mut phone = world.phone(0, "phone", Encoding::Json, None).await;
    for offset in 0..first - 1 {
        let result = phone.subscribes(group.from(offset)).await;
        assert_eq!((result.recovered, result.offset), (false, end + 1), "from {offset}");
        phone.unsubscribes(&group).await;
    }
    assert!(
        phone.subscribes(group.from(first - 1)).await.recovered,
        "nothing of it is missing"
    );
    assert_eq!(
        hears_up_to(&mut phone, end + 1).await,
        (first..=end + 1).collect::<Vec<_>>()
    );
    let Ok(CommandResult::History(page)) = phone.asks(Request::History(group.history())).await else {
        panic!("a page");
    };
    let offsets: Vec<u64> = page.publications.iter().map(|entry| entry.offset).collect();
    assert_eq!(offsets, (first..=end + 1).collect::<Vec<_>>());
    assert_eq!(page.epoch, group.epoch.to_string(), "the same log");

    world.sends(&owner, &group, "as if nothing had happened").await;
    for phone in [&mut listener, &mut phone] {
        assert_eq!(hears_up_to(phone, end + 2).await, [end + 2]);
    }
}

#[tokio::test]
async fn a_room_that_has_dropped_everything_goes_on_for_who_listens() {
    let world = World::start(1, Limits::default(), Arc::new(NoHooks));
    let owner = world.person("owner").await;
    let (group, mut listener) = listens(&world, &owner).await;
    let end = DAYS + 1;
    world.engine.clock.advance(RETENTION_WINDOWS * DAY_MS);
    world.engine.drop_past().await.expect("looked at");
    let mut phone = world.phone(0, "phone", Encoding::Json, None).await;
    let result = phone.subscribes(group.from(end - 1)).await;
    assert_eq!((result.recovered, result.offset), (false, end));
    phone.unsubscribes(&group).await;
    assert!(
        phone.subscribes(group.from(end)).await.recovered,
        "it has missed nothing"
    );
    world.sends(&owner, &group, "a new beginning").await;
    for phone in [&mut listener, &mut phone] {
        assert_eq!(hears_up_to(phone, end + 1).await, [end + 1]);
    }
}
