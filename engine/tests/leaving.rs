//! Who has left a room, and what was deleted from it: neither gets out any more, whatever was under way.

#[path = "rooms/hooks.rs"]
mod hooks;
mod kit;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use async_trait::async_trait;
use engine::{
    Caller, Limits,
    rooms::{Command, Verb},
};
use hooks::Hooks;
use kit::{Group, Phone, RandomDelays, World};
use protocol::{
    ErrorCode, RoomId,
    client::{
        CommandResult, Encoding, Event, HistoryRequest, Outgoing, ReplyError, Request, UnsubscribePush,
        UnsubscribeRequest,
    },
    payload::Payload,
};
use serde_json::json;
use tokio::sync::Notify;

/// Rooms that live at the same time, and how often each begins anew.
const TASKS: usize = 8;
const ROUNDS: usize = 250;

fn send(content: String) -> Verb {
    Verb::Send {
        content,
        reply_to: 0,
        attachments: Payload::from_trusted(bytes::Bytes::from_static(b"[]")),
    }
}

/// The people and phones of one task.
struct Cast {
    world: Arc<World>,
    owner: Caller,
    owners_phone: Phone,
    victim: Caller,
    /// Listens from the beginning, on the first worker.
    live: Phone,
    /// Comes in the moment of the removal, on the second.
    late: Phone,
}

impl Cast {
    async fn enters(world: Arc<World>, task: usize) -> Self {
        let (owner, victim) = (format!("owner-{task}"), format!("victim-{task}"));
        let encoding = Encoding::ALL[task % Encoding::ALL.len()];
        Self {
            owners_phone: world.phone(task % 2, &owner, encoding, None).await,
            live: world.phone(0, &victim, encoding, None).await,
            late: world.phone(1, &victim, Encoding::Json, None).await,
            owner: world.person(&owner).await,
            victim: world.person(&victim).await,
            world,
        }
    }

    /// Removes the victim and says something at once.
    async fn removes_and_says(&self, group: &Group, secret: String, is_at_once: bool) {
        let users = vec![self.victim.user.clone()];
        let remove = Verb::RemoveParticipants { users };
        let submit = |verb| {
            let command = Command {
                caller: self.owner.clone(),
                verb,
                client_msg_id: None,
            };
            self.world.engine.rooms.submit(&group.channel, command)
        };
        if is_at_once {
            let (removed, said) = (submit(remove), submit(send(secret)));
            removed.await.expect("one answer").expect("removed");
            said.await.expect("one answer").expect("said");
        } else {
            let params = json!({ "chat_id": group.id.to_string(), "user_id": self.victim.user.to_string() });
            self.world.calls(&self.owner, "participants.remove", params).await;
            self.world.sends(&self.owner, group, &secret).await;
        }
    }

    async fn plays(&mut self, name: &str, is_at_once: bool, is_crowded: bool) {
        let victim = self.victim.user.to_string();
        let group = self.world.group(&self.owner, &[&victim, "bystander"]).await;
        if is_crowded {
            // The room is one that many ask about: from now on its roster is in memory.
            let bystander = self.world.person("bystander").await;
            let params = json!({ "chat_id": group.id.to_string() });
            for caller in [&self.owner, &self.victim, &bystander] {
                self.world.calls(caller, "message.history", params.clone()).await;
            }
        }
        self.owners_phone.subscribes(group.from(0)).await;
        self.live.subscribes(group.from(0)).await;
        self.world.sends(&self.owner, &group, &format!("before-{name}-")).await;
        // These are under way while the removal is.
        let joining = self.late.says(Request::Subscribe(group.from(0)));
        let reading = self.late.says(Request::History(group.history()));
        self.removes_and_says(&group, format!("secret-{name}-"), is_at_once)
            .await;
        hears(&mut self.owners_phone, &format!("secret-{name}-")).await;
        self.owners_phone.unsubscribes(&group).await;
        is_sent_away(&mut self.live, &group).await;
        // Whatever these answers are, the secret is in none of them.
        self.late.hears_all(&[joining, reading]).await;
        let channel = group.channel.to_string();
        self.late.says(Request::Unsubscribe(UnsubscribeRequest { channel }));
        self.is_locked_out(&group).await;
    }

    /// Nothing afterwards leads back in.
    async fn is_locked_out(&mut self, group: &Group) {
        for phone in [&mut self.live, &mut self.late] {
            let unknown = ErrorCode::UnknownChannel.number();
            let joined = phone.asks(Request::Subscribe(group.from(0))).await;
            assert_eq!(joined.expect_err("not let in").code, unknown);
            let read = phone.asks(Request::History(group.history())).await;
            assert_eq!(read.expect_err("not let in").code, unknown);
        }
        let params = json!({ "chat_id": group.id.to_string() });
        let read = self.world.call(&self.victim, "message.history", params).await;
        assert_eq!(read.expect_err("not let in").code, ErrorCode::NotFound);
    }
}

/// Waits for a publication with this text.
async fn hears(phone: &mut Phone, text: &str) {
    loop {
        if let Outgoing::Push(push) = phone.next().await
            && let Event::Publication(publication) = push.event
            && String::from_utf8_lossy(publication.data.as_bytes()).contains(text)
        {
            return;
        }
    }
}

/// Waits until the server has ended the subscription.
async fn is_sent_away(phone: &mut Phone, group: &Group) {
    loop {
        if let Outgoing::Push(push) = phone.next().await
            && let Event::Unsubscribe(UnsubscribePush { code, .. }) = push.event
        {
            assert_eq!(&*push.channel, group.channel.as_str());
            assert_eq!(code, u32::from(protocol::Unsubscribe::Server.number()));
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_sees_no_byte_of_what_is_said_next() {
    let world = Arc::new(World::start(2, Limits::default(), Arc::new(RandomDelays)));
    let mut plays = Vec::new();
    for task in 0..TASKS {
        let mut cast = Cast::enters(Arc::clone(&world), task).await;
        plays.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                cast.plays(&format!("{task}-{round}"), round % 2 == 0, round % 3 > 0)
                    .await;
            }
            cast
        }));
    }
    for play in plays {
        let cast = play.await.expect("no play fails");
        for phone in [&cast.live, &cast.late] {
            assert!(!phone.stream().contains("secret-"), "a removed person saw a secret");
        }
        assert!(cast.live.stream().contains("before-"), "what came before was seen");
    }
}

/// Messages of the story of deletions, and how many of them are there at a time.
const TEXTS: usize = 400;
const WRITERS: usize = 4;
/// Bytes that a slow phone takes at once.
const BITE: usize = 300;

/// Says, sometimes edits, and deletes; notes the moment at which each deletion had returned.
async fn says_and_deletes(world: Arc<World>, owner: Caller, group: Group, writer: usize, deleted: Arc<[AtomicU64]>) {
    let mut there = std::collections::VecDeque::new();
    for number in (writer..TEXTS).step_by(WRITERS) {
        let text = format!("gone-{number}-{}", "x".repeat(500));
        let id = world.sends(&owner, &group, &text).await;
        if number % 3 == 0 {
            let params = json!({ "message_id": id, "content": format!("{text} edited") });
            world.calls(&owner, "message.edit", params).await;
        }
        there.push_back((number, id));
        // Some go at once, some when they have become old.
        while there.len() > number % 7 {
            let (number, id) = there.pop_front().expect("there is one");
            world.deletes(&owner, &id).await;
            let moment = world.moment.fetch_add(1, Ordering::SeqCst) + 1;
            deleted[number].store(moment, Ordering::SeqCst);
        }
    }
}

/// Where deletions never stop, a read may be told to come again; it is never given what is gone.
fn is_read_or_later(reply: Result<CommandResult, ReplyError>) {
    if let Err(error) = reply {
        assert_eq!(error.code, ErrorCode::Unavailable.number(), "{error:?}");
    }
}

/// Reads again and again in every way, until the writers are done.
async fn reads(mut phone: Phone, group: Group, is_over: Arc<AtomicBool>) -> Phone {
    while !is_over.load(Ordering::SeqCst) {
        phone.subscribes(group.from(0)).await;
        let newest_first = HistoryRequest {
            reverse: true,
            limit: 50,
            ..group.history()
        };
        for request in [group.history(), newest_first] {
            is_read_or_later(phone.asks(Request::History(request)).await);
        }
        let page = json!({ "chat_id": group.id.to_string(), "limit": 100 });
        let request = protocol::client::RpcRequest {
            method: "message.history".to_owned(),
            data: Some(Ok(Payload::from_value(&page).expect("JSON"))),
        };
        is_read_or_later(phone.asks(Request::Rpc(request)).await);
        phone.unsubscribes(&group).await;
    }
    phone
}

/// No frame that began after a deletion had returned holds the deleted text.
fn check(phone: &Phone, deleted: &[AtomicU64]) -> usize {
    let mut seen = 0;
    for (moment, payload) in phone.frames() {
        let text = String::from_utf8_lossy(&payload);
        for found in text.split("gone-").skip(1) {
            let number: usize = found
                .split('-')
                .next()
                .and_then(|number| number.parse().ok())
                .expect("a number");
            let deleted = deleted[number].load(Ordering::SeqCst);
            assert!(
                deleted == 0 || moment < deleted,
                "text {number} left at {moment} and was deleted at {deleted}: {}",
                &text[..text.len().min(80)]
            );
            seen += 1;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_text_is_in_no_byte_sent_afterwards() {
    let world = Arc::new(World::start(2, Limits::default(), Arc::new(RandomDelays)));
    let owner = world.person("owner").await;
    let group = world.group(&owner, &["reader", "slow"]).await;
    let deleted: Arc<[AtomicU64]> = (0..TEXTS).map(|_| AtomicU64::new(0)).collect();
    let is_over = Arc::new(AtomicBool::new(false));

    let mut slow = Vec::new();
    for worker in 0..4 {
        let mut phone = world
            .phone(worker % 2, "slow", Encoding::ALL[worker % 3], Some(BITE))
            .await;
        phone.subscribes(group.from(0)).await;
        slow.push(phone);
    }
    let mut readers = Vec::new();
    for worker in 0..2 {
        let phone = world.phone(worker, "reader", Encoding::ALL[worker], None).await;
        readers.push(tokio::spawn(reads(phone, group.clone(), Arc::clone(&is_over))));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (world, owner, group) = (Arc::clone(&world), owner.clone(), group.clone());
            tokio::spawn(says_and_deletes(world, owner, group, writer, Arc::clone(&deleted)))
        })
        .collect();
    for writer in writers {
        writer.await.expect("writing does not fail");
    }
    is_over.store(true, Ordering::SeqCst);
    let mut seen = 0;
    for reader in readers {
        seen += check(&reader.await.expect("reading does not fail"), &deleted);
    }
    // The slow ones take the rest, long after everything was deleted.
    let (_, head) = world.head(group.id).await;
    for phone in &mut slow {
        loop {
            if let Outgoing::Push(push) = phone.next().await
                && let Event::Publication(publication) = push.event
                && publication.offset == head
            {
                break;
            }
        }
        seen += check(phone, &deleted);
    }
    assert!(seen > 0, "texts were seen before they were deleted");
}

/// Stops the next read of a log when it has its rows.
#[derive(Default)]
struct Pause {
    is_armed: AtomicBool,
    has_read: Notify,
    go: Notify,
}

#[async_trait]
impl Hooks for Pause {
    async fn entries_read(&self, _: RoomId) {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            self.has_read.notify_one();
            self.go.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_under_way_gives_nobody_what_is_deleted_meanwhile() {
    let pause = Arc::new(Pause::default());
    let world = Arc::new(World::start(1, Limits::default(), Arc::clone(&pause) as Arc<dyn Hooks>));
    let owner = world.person("owner").await;
    for way in ["message.history", "history", "recovery"] {
        let group = world.group(&owner, &["reader"]).await;
        let message = world.sends(&owner, &group, "gone-0-").await;
        world.sends(&owner, &group, "stays").await;
        let mut phone = world.phone(0, "reader", Encoding::Json, None).await;
        pause.is_armed.store(true, Ordering::SeqCst);
        let request = match way {
            "history" => Request::History(group.history()),
            "recovery" => Request::Subscribe(group.from(0)),
            _ => Request::Rpc(protocol::client::RpcRequest {
                method: way.to_owned(),
                data: Some(Ok(
                    Payload::from_value(&json!({ "chat_id": group.id.to_string() })).expect("JSON")
                )),
            }),
        };
        let id = phone.says(request);
        pause.has_read.notified().await;
        world.deletes(&owner, &message).await;
        pause.go.notify_one();
        let reply = phone.hears(id).await.unwrap_or_else(|error| panic!("{way}: {error:?}"));
        if let CommandResult::Subscribe(result) = reply {
            assert!(result.recovered, "{way}");
            hears(&mut phone, "message.deleted").await;
        }
        let stream = phone.stream();
        assert!(stream.contains("stays"), "{way}: the rest is there");
        assert!(!stream.contains("gone-0-"), "{way}: {stream}");
    }
}
