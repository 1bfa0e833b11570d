//! Phones come and go in busy rooms while reads are slow at random: each gets every entry exactly once, and no push before its reply.
//! What recovery can't give whole it does not give in part.

#[path = "rooms/hooks.rs"]
mod hooks;
mod kit;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    Caller, Limits,
    rooms::{Command, Verb},
};
use futures_util::future::join_all;
use hooks::{Hooks, NoHooks};
use kit::{Group, Phone, RandomDelays, World, eventually};
use protocol::{
    Epoch, RoomId,
    client::{
        CommandResult, Encoding, Event, Outgoing, Request, SubscribeRequest, SubscribeResult, UnsubscribeRequest,
    },
    payload::Payload,
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio::sync::{Notify, Semaphore};

const ROOMS: usize = 4;
const PHONES: usize = 12;
const JOINS: usize = 20_000;
/// Messages that are committed together.
const BURST: usize = 32;

/// How far a phone has come in each room.
struct Visitor {
    phone: Phone,
    last: [u64; ROOMS],
    random: SmallRng,
}

impl Visitor {
    /// Joins from where it was; the reply comes before everything else of the room.
    async fn joins(&mut self, groups: &[Group], room: usize) {
        let id = self.phone.says(Request::Subscribe(groups[room].from(self.last[room])));
        match self.phone.next().await {
            Outgoing::Reply(reply) => {
                assert_eq!(reply.id, id);
                let Ok(CommandResult::Subscribe(result)) = reply.result else {
                    panic!("{:?}", reply.result)
                };
                assert!(result.recovered, "everything missed is within the limits: {result:?}");
                assert_eq!(result.offset, self.last[room], "it goes on where the phone was");
            }
            other => panic!("before the subscribe reply came {other:?}"),
        }
    }

    /// Takes one message of the server while it listens to a room; whether it is the reply to `id`.
    async fn takes(&mut self, groups: &[Group], room: usize, id: u32) -> bool {
        match self.phone.next().await {
            Outgoing::Reply(reply) => {
                assert_eq!((reply.id, reply.result), (id, Ok(CommandResult::Unsubscribe)));
                true
            }
            Outgoing::Push(push) => {
                assert_eq!(
                    &*push.channel,
                    groups[room].channel.as_str(),
                    "only of the room that is followed"
                );
                match push.event {
                    Event::Publication(publication) => {
                        assert_eq!(publication.offset, self.last[room] + 1, "each entry once, in order");
                        self.last[room] = publication.offset;
                    }
                    Event::Join(_) | Event::Leave(_) => {}
                    other => panic!("unexpected {other:?}"),
                }
                false
            }
            Outgoing::Ping => false,
        }
    }

    /// Leaves; nothing follows the reply.
    async fn leaves(&mut self, groups: &[Group], room: usize) {
        let channel = groups[room].channel.to_string();
        let id = self.phone.says(Request::Unsubscribe(UnsubscribeRequest { channel }));
        while !self.takes(groups, room, id).await {}
    }

    /// Joins and leaves rooms at random until there were enough joins.
    async fn comes_and_goes(mut self, groups: Arc<[Group]>, joins: Arc<AtomicUsize>, joined: Arc<Notify>) -> Self {
        while joins.fetch_add(1, Ordering::Relaxed) < JOINS {
            joined.notify_one();
            let room = self.random.random_range(0..ROOMS);
            self.joins(&groups, room).await;
            for _ in 0..self.random.random_range(0..4) {
                tokio::task::yield_now().await;
            }
            self.leaves(&groups, room).await;
        }
        joined.notify_one();
        self
    }

    /// Joins once more and stays until the end.
    async fn catches_up(&mut self, groups: &[Group], room: usize, head: u64) {
        self.joins(groups, room).await;
        while self.last[room] < head {
            assert!(!self.takes(groups, room, 0).await);
        }
        self.leaves(groups, room).await;
    }
}

/// Says something in a random room in bursts, about once per join, until the joins are over.
async fn keeps_talking(
    world: Arc<World>,
    owner: Caller,
    groups: Arc<[Group]>,
    joins: Arc<AtomicUsize>,
    joined: Arc<Notify>,
    mut random: SmallRng,
) {
    let mut said = 0;
    loop {
        let done = joins.load(Ordering::Relaxed);
        if done >= JOINS {
            return;
        }
        if said > done {
            joined.notified().await;
            continue;
        }
        let burst = (0..BURST).map(|_| {
            let group = &groups[random.random_range(0..ROOMS)];
            let verb = Verb::Send {
                content: format!("number {said}"),
                reply_to: 0,
                attachments: Payload::from_trusted(bytes::Bytes::from_static(b"[]")),
            };
            let command = Command {
                caller: owner.clone(),
                verb,
                client_msg_id: None,
            };
            said += 1;
            world.engine.rooms.submit(&group.channel, command)
        });
        for answer in join_all(burst).await {
            answer.expect("one answer").expect("it is appended");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_joins_of_busy_rooms_lose_and_repeat_nothing() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let limits = Limits {
        delivery_budget: Some(Duration::from_millis(5)),
        recovery_max_entries: 1_000_000,
        ..Limits::default()
    };
    let world = Arc::new(World::start(2, limits, Arc::new(RandomDelays)));
    let owner = world.person("owner").await;
    let names: Vec<String> = (0..PHONES).map(|number| format!("visitor-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let groups: Arc<[Group]> = join_all((0..ROOMS).map(|_| world.group(&owner, &names))).await.into();

    let (joins, joined) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let talk = keeps_talking(
        Arc::clone(&world),
        owner,
        Arc::clone(&groups),
        Arc::clone(&joins),
        Arc::clone(&joined),
        SmallRng::from_rng(&mut random),
    );
    let talk = tokio::spawn(talk);
    let mut visits = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let encoding = Encoding::ALL[(number / 2) % Encoding::ALL.len()];
        let visitor = Visitor {
            phone: world.phone(number % 2, name, encoding, None).await,
            last: [0; ROOMS],
            random: SmallRng::from_rng(&mut random),
        };
        let visit = visitor.comes_and_goes(Arc::clone(&groups), Arc::clone(&joins), Arc::clone(&joined));
        visits.push(tokio::spawn(visit));
    }
    let mut visitors = Vec::new();
    for visit in visits {
        visitors.push(visit.await.expect("no visitor fails"));
    }
    talk.await.expect("talking does not fail");
    for (room, group) in groups.iter().enumerate() {
        let (_, head) = world.head(group.id).await;
        assert!(head as usize > JOINS / ROOMS / 10, "the rooms were busy: {head}");
        for visitor in &mut visitors {
            visitor.catches_up(&groups, room, head).await;
        }
    }
}

#[tokio::test]
async fn what_exceeds_the_limits_is_not_recovered_in_part() {
    let limits = Limits {
        recovery_max_entries: 50,
        ..Limits::default()
    };
    let world = World::start(1, limits, Arc::new(NoHooks));
    let owner = world.person("owner").await;
    let group = world.group(&owner, &["phone"]).await;
    for number in 0..60 {
        world.sends(&owner, &group, &number.to_string()).await;
    }
    let (epoch, mut end) = world.head(group.id).await;
    let since = |epoch: &str, offset| SubscribeRequest {
        epoch: epoch.to_owned(),
        ..group.from(offset)
    };
    let (same, other) = (epoch.to_string(), Epoch::generate().to_string());
    for what in ["one too many", "all", "ahead", "far ahead", "another epoch", "no epoch"] {
        let request = match what {
            "one too many" => since(&same, end - 51),
            "all" => since(&same, 0),
            "ahead" => since(&same, end + 1),
            "far ahead" => since(&same, u64::MAX),
            "another epoch" => since(&other, end),
            _ => since("nonsense", end),
        };
        let mut phone = world.phone(0, "phone", Encoding::Json, None).await;
        let result = phone.subscribes(request).await;
        assert_eq!(place(&result), (false, true, end), "{what}");
        assert_eq!(result.epoch, epoch.to_string(), "{what}");
        assert!(result.publications.is_empty(), "{what}");
        world.sends(&owner, &group, "the next").await;
        end += 1;
        assert_eq!(next_offset(&mut phone).await, end, "{what}: nothing of what was missed");
        phone.unsubscribes(&group).await;
    }
    let mut phone = world.phone(0, "phone", Encoding::Json, None).await;
    let result = phone.subscribes(group.from(end - 50)).await;
    assert_eq!(place(&result), (true, true, end - 50), "exactly what is allowed");
    for offset in end - 49..=end {
        assert_eq!(next_offset(&mut phone).await, offset);
    }
}

fn place(result: &SubscribeResult) -> (bool, bool, u64) {
    (result.recovered, result.was_recovering, result.offset)
}

/// The offset of the next publication.
async fn next_offset(phone: &mut Phone) -> u64 {
    loop {
        if let Outgoing::Push(push) = phone.next().await
            && let Event::Publication(publication) = push.event
        {
            return publication.offset;
        }
    }
}

/// Keeps whoever reads a room waiting while it is closed.
struct Door {
    open: Semaphore,
}

#[async_trait]
impl Hooks for Door {
    async fn room(&self, _: RoomId) {
        let _passed = self.open.acquire().await.expect("never closed for good");
    }
}

#[tokio::test]
async fn whoever_vanishes_while_joining_leaves_nothing_behind() {
    let door = Arc::new(Door {
        open: Semaphore::new(1_000),
    });
    let world = World::start(1, Limits::default(), Arc::clone(&door) as Arc<dyn Hooks>);
    let owner = world.person("owner").await;
    let group = world.group(&owner, &["phone"]).await;
    let mut phone = world.phone(0, "phone", Encoding::Json, None).await;

    let kept = door.open.acquire_many(1_000).await.expect("all places");
    let relays = &world.engine.relays;
    assert!(!relays.has_listeners(&group.channel));
    phone.says(Request::Subscribe(group.from(0)));
    eventually("it is about to listen", || relays.has_listeners(&group.channel)).await;
    phone.vanishes();
    eventually("the relay goes with the only one who wanted it", || {
        !relays.has_listeners(&group.channel)
    })
    .await;
    drop(kept);
}
