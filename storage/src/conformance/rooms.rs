//! Rooms: creating, finding, purging.

use std::sync::Arc;

use protocol::RoomId;

use super::kit::{START_MS, TestRoom, new_room, range, seqs, user};
use crate::{Effect, EntryKind, EntryRange, LogStart, NewRoom, RoomCreated, RoomKind, Select, Store, StoreError};

async fn created(store: &Arc<dyn Store>, room: NewRoom) -> RoomCreated {
    store.create_room(room).await.expect("the store creates a room")
}

/// What was asked for is there.
pub async fn a_created_room_is_there_with_its_members(store: Arc<dyn Store>) {
    let new = new_room(RoomKind::Group, "Tea", &["alice", "bob"]);
    let RoomCreated::New(state) = created(&store, new.clone()).await else {
        panic!("the room is new");
    };
    assert_eq!(
        (state.room.id, state.room.kind, state.room.name.as_str()),
        (new.id, RoomKind::Group, "Tea")
    );
    assert_eq!(
        (state.room.members_count, state.room.deleted, state.room.created_ms),
        (2, false, START_MS)
    );
    assert_eq!(state.room.initiator, Some(user("alice")));
    assert_eq!((state.head.epoch, state.head.seq), (new.epoch, 0));
    assert_eq!(store.room(new.id).await.expect("a read"), Some(state));
    assert_eq!(store.room(RoomId::generate(5)).await.expect("a read"), None);
    let bob = store
        .member(new.id, &user("bob"))
        .await
        .expect("a read")
        .expect("bob is a member");
    assert_eq!((bob.joined_seq, bob.joined_number, bob.joined_ms), (0, 0, START_MS));
}

/// The id is taken.
pub async fn a_room_id_is_given_once(store: Arc<dyn Store>) {
    let first = new_room(RoomKind::Group, "first", &["alice"]);
    let mut second = new_room(RoomKind::Group, "second", &["bob"]);
    second.id = first.id;
    created(&store, first.clone()).await;
    let refused = store.create_room(second.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let state = store.room(first.id).await.expect("a read").expect("the room");
    assert_eq!(state.room.name, "first");
    assert!(store.member(first.id, &user("bob")).await.expect("a read").is_none());
}

/// One chat per pair, whoever begins.
pub async fn a_pair_has_one_direct_chat(store: Arc<dyn Store>) {
    let mut rooms = Vec::new();
    for people in [
        ["alice", "bob"],
        ["bob", "alice"],
        ["alice", "carol"],
        ["alice", "alice"],
    ] {
        let room = new_room(RoomKind::Direct, "", &people);
        rooms.push(match created(&store, room).await {
            RoomCreated::New(state) => (true, state),
            RoomCreated::Existing(state) => (false, state),
        });
    }
    assert_eq!(
        rooms.iter().map(|(is_new, _)| *is_new).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    assert_eq!(rooms[0].1, rooms[1].1);
    assert_eq!(rooms[3].1.room.members_count, 1);
    let crowd = new_room(RoomKind::Direct, "", &["alice", "bob", "carol"]);
    assert!(store.create_room(crowd).await.is_err());
}

/// A deleted chat does not come back; the pair gets another.
pub async fn a_pair_whose_chat_was_deleted_begins_a_new_one(store: Arc<dyn Store>) {
    let first = new_room(RoomKind::Direct, "", &["alice", "bob"]);
    let mut room = TestRoom::create(&store, first).await;
    let deletion = room.notice(EntryKind::RoomDeleted, "alice", vec![Effect::RoomDeleted]);
    room.append(vec![deletion]).await;
    let RoomCreated::New(second) = created(&store, new_room(RoomKind::Direct, "", &["bob", "alice"])).await else {
        panic!("the old chat is deleted");
    };
    assert_ne!(second.room.id, room.id);
    let RoomCreated::Existing(again) = created(&store, new_room(RoomKind::Direct, "", &["alice", "bob"])).await else {
        panic!("the new chat is there");
    };
    assert_eq!(again.room.id, second.room.id);
    let old = store
        .room(room.id)
        .await
        .expect("a read")
        .expect("the old chat is kept");
    assert!(old.room.deleted);
}

/// Twenty ask at once.
pub async fn many_who_begin_the_same_chat_at_once_get_one(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { created(&store, new_room(RoomKind::Direct, "", &["alice", "bob"])).await })
        })
        .collect();
    let mut ids = Vec::new();
    let mut new = 0;
    for task in tasks {
        match task.await.expect("a task ends well") {
            RoomCreated::New(state) => {
                new += 1;
                ids.push(state.room.id);
            }
            RoomCreated::Existing(state) => ids.push(state.room.id),
        }
    }
    ids.dedup();
    assert_eq!((ids.len(), new), (1, 1));
}

/// A channel is found by name.
pub async fn a_channel_has_its_name_alone(store: Arc<dyn Store>) {
    let news = new_room(RoomKind::Channel, "news", &[]);
    created(&store, news.clone()).await;
    let RoomCreated::Existing(existing) = created(&store, new_room(RoomKind::Channel, "news", &[])).await else {
        panic!("the name is taken");
    };
    assert_eq!(existing.room.id, news.id);
    assert_eq!(
        store.channel("news").await.expect("a read").map(|room| room.id),
        Some(news.id)
    );
    assert_eq!(store.channel("News").await.expect("a read"), None);
    created(&store, new_room(RoomKind::Group, "news", &["alice"])).await;
    created(&store, new_room(RoomKind::Channel, "News", &[])).await;
}

/// Page by page, one kind only.
pub async fn rooms_of_a_kind_come_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for number in 0..7 {
        let mut group = new_room(RoomKind::Group, &format!("{number}"), &["alice"]);
        group.id = RoomId::generate(START_MS + number);
        expected.push(group.id);
        created(&store, group).await;
        created(&store, new_room(RoomKind::Channel, &format!("{number}"), &[])).await;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.rooms(RoomKind::Group, after, 3).await.expect("a read");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        found.extend(page.iter().map(|room| room.id));
    }
    assert_eq!(found, expected);
    assert!(store.rooms(RoomKind::Direct, None, 9).await.expect("a read").is_empty());
}

/// Everything goes but the numbers.
pub async fn a_purged_log_is_empty_and_goes_on_under_a_new_epoch(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    for text in ["one", "two", "three"] {
        room.says("bob", text).await;
    }
    let old = room.head.clone();
    let retry = room.at(3).await;
    let state = store.purge_log(room.id, &room.permit).await.expect("the log is purged");
    assert_ne!(state.head.epoch, old.epoch);
    assert_eq!((state.head.seq, state.head.number, state.head.message_seq), (3, 3, 0));
    assert_eq!(state.start, LogStart { seq: 4, number: 3 }, "nothing of it is unread");
    assert_eq!(store.room(room.id).await.expect("a read"), Some(state.clone()));
    assert!(room.everything().await.is_empty());
    let messages = EntryRange {
        select: Select::Messages,
        ..range(1, 99)
    };
    assert!(room.read(messages).await.is_empty());
    assert_eq!(store.entry(room.id, 2).await.expect("a read"), None);
    assert_eq!(store.seq_at(room.id, START_MS).await.expect("a read"), 4);
    let chat = store
        .chat_of(&user("alice"), room.id)
        .await
        .expect("a read")
        .expect("the chat");
    assert_eq!(chat.last, None);

    // Who has not noticed may not append.
    let late = room.try_append(vec![room.message(0, "bob", "late")]).await;
    assert!(late.is_err(), "{late:?}");
    room.head = state.head;
    // The record of a command counts only with its row.
    let mut again = room.message(0, "bob", "three");
    again.entry.command_id = retry.command_id;
    assert_eq!(room.append(vec![again]).await, 4);
    assert_eq!(room.says("alice", "five").await, 5);
    assert_eq!(seqs(&room.everything().await), [4, 5]);
    assert_eq!(seqs(&room.read(messages).await), [4, 5]);
    let state = store
        .purge_log(room.id, &room.permit)
        .await
        .expect("the log is purged again");
    assert_eq!(state.head.seq, 5);
    assert!(room.everything().await.is_empty());
    let nowhere = store.purge_log(RoomId::generate(5), &room.permit).await;
    assert!(matches!(nowhere, Err(StoreError::NotFound)), "{nowhere:?}");
}
