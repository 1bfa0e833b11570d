//! Phones open a room in which something is going on: its newest entries come from memory, and are what the store has.

#[path = "rooms/hooks.rs"]
mod hooks;
mod kit;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use engine::{Caller, Limits};
use hooks::Hooks;
use kit::{Group, Phone, World};
use protocol::{
    RoomId,
    client::{CommandResult, Encoding, HistoryRequest, Publication, Request, StreamPosition},
};

/// Counts reads of logs.
#[derive(Default)]
struct Reads(AtomicU64);

#[async_trait]
impl Hooks for Reads {
    async fn entries(&self, _: RoomId) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Story {
    world: World,
    reads: Arc<Reads>,
    owner: Caller,
    group: Group,
    phone: Phone,
}

impl Story {
    /// Somebody follows a room in which `before` texts have been said, and then `after` more are.
    async fn begin(before: usize, after: usize) -> (Self, Vec<String>) {
        let reads = Arc::new(Reads::default());
        let world = World::start(1, Limits::default(), Arc::clone(&reads) as Arc<dyn Hooks>);
        let owner = world.person("owner").await;
        let group = world.group(&owner, &["reader"]).await;
        let phone = world.phone(0, "reader", Encoding::Json, None).await;
        let mut story = Self {
            world,
            reads,
            owner,
            group,
            phone,
        };
        let mut ids = story.says(before).await;
        let request = protocol::client::SubscribeRequest {
            recover: false,
            ..story.group.from(0)
        };
        story.phone.subscribes(request).await;
        ids.extend(story.says(after).await);
        (story, ids)
    }

    async fn says(&self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(
                self.world
                    .sends(&self.owner, &self.group, &format!("word-{number}-"))
                    .await,
            );
        }
        ids
    }

    async fn reads(&mut self, request: HistoryRequest) -> Vec<Publication> {
        match self.phone.asks(Request::History(request)).await {
            Ok(CommandResult::History(page)) => page.publications,
            other => panic!("not a page: {other:?}"),
        }
    }

    async fn newest(&mut self, limit: i32) -> Vec<Publication> {
        let request = HistoryRequest {
            reverse: true,
            limit,
            ..self.group.history()
        };
        self.reads(request).await
    }

    /// The same from the store: the page that ends before an entry that is not there yet.
    async fn stored(&mut self, limit: i32) -> Vec<Publication> {
        let (epoch, end) = self.world.head(self.group.id).await;
        let since = StreamPosition {
            offset: end + 1,
            epoch: epoch.to_string(),
        };
        let request = HistoryRequest {
            reverse: true,
            limit,
            since: Some(since),
            ..self.group.history()
        };
        self.reads(request).await
    }

    fn reads_so_far(&self) -> u64 {
        self.reads.0.load(Ordering::SeqCst)
    }
}

fn offsets(page: &[Publication]) -> Vec<u64> {
    page.iter().map(|entry| entry.offset).collect()
}

fn text(page: &[Publication]) -> String {
    page.iter()
        .map(|entry| String::from_utf8_lossy(entry.data.as_bytes()).into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_page_of_a_busy_room_is_in_memory() {
    let (mut story, _) = Story::begin(3, 30).await;
    let before = story.reads_so_far();
    let page = story.newest(20).await;
    assert_eq!(story.reads_so_far(), before, "nothing was read");
    assert_eq!(offsets(&page), (14..=33).rev().collect::<Vec<_>>());
    assert_eq!(page, story.stored(20).await, "the same as in the store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_before_the_memory_is_read_once_while_the_room_goes_on() {
    let (mut story, _) = Story::begin(20, 5).await;
    let before = story.reads_so_far();
    let page = story.newest(15).await;
    assert_eq!(offsets(&page), (11..=25).rev().collect::<Vec<_>>());
    assert_eq!(story.reads_so_far(), before + 1);
    story.says(4).await;
    let page = story.newest(15).await;
    assert_eq!(offsets(&page), (15..=29).rev().collect::<Vec<_>>());
    assert_eq!(story.reads_so_far(), before + 1, "the older part is remembered");
    assert_eq!(page, story.stored(15).await, "the same as in the store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_text_is_in_neither_part_of_the_page() {
    let (mut story, ids) = Story::begin(5, 5).await;
    let page = story.newest(10).await;
    assert_eq!(
        text(&page).matches("word-2-").count(),
        2,
        "one was said before, one after"
    );
    for id in [&ids[2], &ids[7]] {
        story.world.deletes(&story.owner, id).await;
    }
    let page = story.newest(20).await;
    assert_eq!(offsets(&page), (1..=12).rev().collect::<Vec<_>>());
    assert!(!text(&page).contains("word-2-"), "{}", text(&page));
    assert_eq!(page, story.stored(20).await, "the same as in the store");
}
