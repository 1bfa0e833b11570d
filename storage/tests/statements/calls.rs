//! The calls whose statements are counted, each as the engine makes it.

use std::{
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use storage::{
    AppendBatch, Effect, Entry, EntryRange, NewEntry, Order, Permit, Select, Store,
    conformance::kit::{TestRoom, user},
};

use super::rooms::{PEOPLE, Place};

/// Messages of a page; one more is asked for, to know whether there are more.
pub const PAGE: usize = 50;
/// Messages of the batch that is appended; each of the ten people sends ten.
pub const BATCH: usize = 100;

/// Something a client does.
pub type Call = for<'a> fn(&'a Arc<dyn Store>, Place) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What is counted, in the order of the table.
pub const CALLS: &[(&str, Call)] = &[
    ("newest page", |store, place| Box::pin(newest_page(store, place))),
    ("next page", |store, place| Box::pin(next_page(store, place))),
    ("page around a message", |store, place| {
        Box::pin(page_around(store, place))
    }),
    ("page from a date", |store, place| {
        Box::pin(page_from_a_date(store, place))
    }),
    ("first page ever", |store, place| Box::pin(first_page(store, place))),
    ("unread count, with the last message", |store, place| {
        Box::pin(unread(store, place))
    }),
    ("who has read how far", |store, place| {
        Box::pin(who_has_read(store, place))
    }),
];

/// The call that writes.
pub const APPEND: &str = "append of a batch of 100 messages";
/// What follows within half a second.
pub const APPENDED: &str = "written behind it, for its 10 senders";

async fn page(
    store: &Arc<dyn Store>,
    place: Place,
    (first, last): (u64, u64),
    limit: usize,
    order: Order,
) -> Vec<Entry> {
    let range = EntryRange {
        first,
        last,
        limit: limit + 1,
        bytes_max: 1 << 20,
        order,
        select: Select::Messages,
    };
    store.entries(place.room, range).await.expect("a page is read")
}

fn is_full(place: Place, entries: &[Entry], from: u64) {
    let wanted = u64::try_from(PAGE).expect("a page").min(place.last);
    assert!(
        entries.len() as u64 >= wanted.min(from),
        "{} messages from {from} on",
        entries.len()
    );
}

async fn newest_page(store: &Arc<dyn Store>, place: Place) {
    let state = store
        .room(place.room)
        .await
        .expect("a room is read")
        .expect("the room is there");
    let found = page(store, place, (1, state.head.seq), PAGE, Order::Descending).await;
    assert!(found[0].seq >= place.last);
    is_full(place, &found, place.last);
}

async fn next_page(store: &Arc<dyn Store>, place: Place) {
    let before = place.last.saturating_sub(PAGE as u64);
    let found = page(store, place, (1, before), PAGE, Order::Descending).await;
    assert_eq!(found.first().map_or(0, |entry| entry.seq), before);
    is_full(place, &found, before);
}

async fn page_around(store: &Arc<dyn Store>, place: Place) {
    let found = store
        .entry(place.room, place.middle)
        .await
        .expect("a message is read")
        .expect("it is there");
    assert_eq!(found.seq, place.middle);
    let older = page(store, place, (1, place.middle), PAGE / 2, Order::Descending).await;
    let newer = page(
        store,
        place,
        (place.middle + 1, i64::MAX as u64),
        PAGE / 2,
        Order::Ascending,
    )
    .await;
    assert_eq!((older[0].seq, newer[0].seq), (place.middle, place.middle + 1));
}

async fn page_from_a_date(store: &Arc<dyn Store>, place: Place) {
    let (dated, time_ms) = place.dated;
    let first = store.seq_at(place.room, time_ms).await.expect("a date is looked for");
    assert_eq!(first, dated);
    let found = page(store, place, (first, i64::MAX as u64), PAGE, Order::Ascending).await;
    assert_eq!((found[0].seq, found[0].time_ms), (dated, time_ms));
}

async fn first_page(store: &Arc<dyn Store>, place: Place) {
    let found = page(store, place, (1, i64::MAX as u64), PAGE, Order::Ascending).await;
    assert_eq!(found[0].seq, 1);
    is_full(place, &found, place.last);
}

async fn unread(store: &Arc<dyn Store>, place: Place) {
    let reader = user("bob");
    let chat = store
        .chat_of(&reader, place.room)
        .await
        .expect("a chat is read")
        .expect("the chat is there");
    let unread = chat.state.head.number - chat.mark.read_number.max(chat.member.joined_number);
    assert!(unread >= place.last);
    assert_eq!(chat.last.expect("a last message").seq, chat.state.head.seq);
}

async fn who_has_read(store: &Arc<dyn Store>, place: Place) {
    store.top_marks(place.room).await.expect("marks are read");
}

/// Appends a batch of new messages of all ten people; each moves the sender's own mark.
pub async fn append(store: &Arc<dyn Store>, place: Place) {
    let current = Arc::<AtomicU64>::default();
    let permit = Permit::take_over(&current);
    let opened = store.open_log(place.room, &permit).await.expect("the log opens");
    let state = opened.expect("the room is there");
    let now_ms = state.head.time_ms + 1;
    let owner = TestRoom {
        store: Arc::clone(store),
        id: place.room,
        current,
        permit: permit.clone(),
        head: state.head.clone(),
        now_ms,
    };
    let entries = (0..BATCH).map(|at| {
        let sender = PEOPLE[at % PEOPLE.len()];
        let new = owner.message(at as u64, sender, "one of a hundred");
        let effect = Effect::Read {
            user: user(sender),
            seq: new.entry.seq,
            number: new.entry.number,
        };
        NewEntry {
            effects: vec![effect],
            ..new
        }
    });
    let batch = AppendBatch {
        room: place.room,
        permit,
        head: state.head.clone(),
        entries: entries.collect(),
        deadline: Instant::now() + Duration::from_secs(60),
    };
    store.append(batch).await.expect("the store appends");
}
