//! Search: what is found, in which order, and that the index says what the log says.

mod chance;

use std::sync::Arc;

use bytes::Bytes;
use protocol::RoomId;

pub use self::chance::what_reading_everything_finds_is_found;
use super::{
    kit::{START_MS, TestRoom, account, user},
    retention::{RETENTION_DAYS, keeps_for},
};
use crate::{
    EntryKind, NewEntry, SearchScope, SegmentId, Store,
    bucket::DAY_MS,
    search::{
        Backlog, Block, Found, Indexer, Look, Position, Query, Request, Retired, SearchMetrics, SearchState, Segment,
        Tails, Times, find_people, forget_before, search,
    },
};

fn body(text: &str, files: &[&str]) -> Bytes {
    let files: Vec<_> = files
        .iter()
        .map(|name| serde_json::json!({ "filename": name }))
        .collect();
    Bytes::from(serde_json::json!({ "content": text, "attachments": files }).to_string())
}

fn said(room: &TestRoom, ahead: u64, sender: &str, text: &str, files: &[&str]) -> NewEntry {
    let mut new = room.message(ahead, sender, "");
    new.entry.body = body(text, files);
    new
}

async fn says(room: &mut TestRoom, sender: &str, text: &str) -> u64 {
    room.now_ms += 1;
    let new = said(room, 0, sender, text, &[]);
    room.append(vec![new]).await
}

async fn edits(room: &mut TestRoom, sender: &str, target: u64, text: &str) {
    room.now_ms += 1;
    let mut new = room.edit(sender, target, "");
    new.entry.body = body(text, &[]);
    new.effects = vec![crate::Effect::Edit {
        target,
        body: new.entry.body.clone(),
    }];
    room.append(vec![new]).await;
}

fn indexer(store: &Arc<dyn Store>, now_ms: i64) -> Indexer {
    let backlog = Arc::<Backlog>::default();
    Indexer::new(Arc::clone(store), backlog, SearchMetrics::unregistered(), move || {
        now_ms
    })
}

/// Closes a room's open end.
async fn close(room: &TestRoom) {
    let indexer = indexer(&room.store, room.now_ms);
    let end = indexer
        .index_room(room.id, room.head.seq)
        .await
        .expect("the store indexes");
    assert_eq!(end, room.head.seq, "the index reaches the log's end");
}

fn request(text: &str) -> Request {
    Request {
        query: Query::parse(text).expect("a query"),
        look: Look::Texts,
        author: None,
        after_ms: None,
        before_ms: None,
        behind: None,
        limit: 50,
    }
}

async fn scope(store: &Arc<dyn Store>, name: &str) -> Vec<SearchScope> {
    store
        .search_scope(&user(name), 100)
        .await
        .expect("the store tells the rooms")
}

async fn found(store: &Arc<dyn Store>, name: &str, request: &Request) -> Found {
    let rooms = scope(store, name).await;
    search(&**store, &Tails::default(), &rooms, request)
        .await
        .expect("the store searches")
}

/// Seqs of what alice finds.
async fn finds(room: &TestRoom, text: &str) -> Vec<u64> {
    let found = found(&room.store, "alice", &request(text)).await;
    assert!(found.hits.iter().all(|hit| hit.room == room.id));
    found.hits.iter().map(|hit| hit.entry.seq).collect()
}

/// What was said is found at once, and just the same when it is in a segment.
pub async fn a_message_is_found_in_the_open_end_and_in_a_segment(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let first = says(&mut room, "alice", "Годовой отчёт готов").await;
    let second = says(&mut room, "bob", "The weekly reports are late").await;
    let third = says(&mut room, "bob", "отчёта по weekly пока нет").await;
    for is_closed in [false, true] {
        if is_closed {
            close(&room).await;
        }
        assert_eq!(finds(&room, "ОТЧЕТЫ").await, [third, first]);
        assert_eq!(finds(&room, "report").await, [second]);
        assert_eq!(finds(&room, "weekly").await, [third, second]);
        assert_eq!(finds(&room, "weekly отчёт").await, [third]);
        assert_eq!(finds(&room, "\"weekly report\"").await, [second]);
        assert_eq!(finds(&room, "\"report weekly\"").await, [0; 0]);
        assert_eq!(finds(&room, "nothing").await, [0; 0]);
        assert_eq!(finds(&room, "wee").await, [0; 0], "a part of a word is no word");
    }
}

/// The index says old words of a message; its row says otherwise.
pub async fn an_edited_or_deleted_message_is_found_by_what_it_is_now(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let edited = says(&mut room, "alice", "apple").await;
    let deleted = says(&mut room, "alice", "apple too").await;
    let kept = says(&mut room, "alice", "apple as well").await;
    close(&room).await;
    edits(&mut room, "alice", edited, "banana").await;
    room.append(vec![room.delete("alice", deleted)]).await;
    for is_closed in [false, true] {
        if is_closed {
            close(&room).await;
        }
        assert_eq!(finds(&room, "apple").await, [kept]);
        assert_eq!(finds(&room, "banana").await, [edited]);
        assert_eq!(finds(&room, "too").await, [0; 0]);
    }
    edits(&mut room, "alice", edited, "cherry").await;
    assert_eq!(finds(&room, "banana").await, [0; 0]);
    assert_eq!(finds(&room, "cherry").await, [edited]);
}

/// Many segments and their merging: every message once, newest first, whatever was edited in between.
pub async fn pages_give_every_hit_once_across_segments(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let mut expected = Vec::new();
    for round in 0..12_u64 {
        let mut batch = Vec::new();
        for ahead in 0..70 {
            let text = if ahead % 7 == 0 { "needle in hay" } else { "only hay" };
            batch.push(said(&room, ahead, "alice", text, &[]));
        }
        room.now_ms += 1;
        let first = room.head.seq + 1;
        room.append(batch).await;
        expected.extend((first..first + 70).step_by(7));
        edits(&mut room, "alice", first + 1, "needle by an edit").await;
        expected.push(first + 1);
        if round % 5 != 4 {
            close(&room).await;
        }
    }
    expected.sort_unstable_by(|one, other| other.cmp(one));
    let (mut seen, mut behind) = (Vec::new(), None);
    loop {
        let page = found(
            &store,
            "alice",
            &Request {
                limit: 9,
                behind,
                ..request("needle")
            },
        )
        .await;
        seen.extend(page.hits.iter().map(|hit| hit.entry.seq));
        behind = page.next;
        if behind.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let state = store.search_state(room.id).await.expect("a state");
    assert!(
        state.segments.len() < 8,
        "small segments are merged: {:?}",
        state.segments
    );
}

/// One search over several rooms: the newest message first, whichever room it is in.
pub async fn hits_of_several_rooms_come_by_time(store: Arc<dyn Store>) {
    let mut rooms = Vec::new();
    for _ in 0..6 {
        rooms.push(TestRoom::group(&store, &["alice"]).await);
    }
    let mut foreign = TestRoom::group(&store, &["bob"]).await;
    let mut expected = Vec::new();
    for number in 0..60_usize {
        let room = &mut rooms[number * 5 % 6];
        room.now_ms = START_MS + number as i64 * 10;
        let seq = says(room, "alice", "a word that is everywhere").await;
        expected.push((room.id, seq));
        if number % 13 == 0 {
            close(room).await;
        }
    }
    says(&mut foreign, "bob", "a word that is everywhere").await;
    expected.reverse();
    let (mut seen, mut behind): (Vec<(RoomId, u64)>, Option<Position>) = (Vec::new(), None);
    loop {
        let page = found(
            &store,
            "alice",
            &Request {
                limit: 7,
                behind,
                ..request("everywhere")
            },
        )
        .await;
        seen.extend(page.hits.iter().map(|hit| (hit.room, hit.entry.seq)));
        behind = page.next;
        if behind.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert_eq!(scope(&store, "alice").await.len(), 6);
}

/// Author, time and files narrow a search; file names are found by their beginnings.
pub async fn filters_and_file_names_find_what_they_say(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice", "bob"]).await;
    let mut seqs = Vec::new();
    for (sender, text, files) in [
        ("alice", "plan of the year", &["План_Работ-2024.xlsx"][..]),
        ("bob", "plan again", &[]),
        ("bob", "another plan", &["photo.JPG", "budget final.pdf"]),
    ] {
        room.now_ms += 1_000;
        let new = said(&room, 0, sender, text, files);
        seqs.push(room.append(vec![new]).await);
    }
    for is_closed in [false, true] {
        if is_closed {
            close(&room).await;
        }
        let seqs_of = |found: Found| found.hits.iter().map(|hit| hit.entry.seq).collect::<Vec<_>>();
        let by = |name: &str| Request {
            author: Some(user(name)),
            ..request("plan")
        };
        assert_eq!(seqs_of(found(&store, "alice", &by("bob")).await), [seqs[2], seqs[1]]);
        assert_eq!(
            seqs_of(found(&store, "alice", &request("plan has:file")).await),
            [seqs[2], seqs[0]]
        );
        assert_eq!(
            seqs_of(found(&store, "alice", &request("has:file")).await),
            [seqs[2], seqs[0]]
        );
        let between = Request {
            after_ms: Some(START_MS + 2_000),
            before_ms: Some(START_MS + 3_000),
            ..request("plan")
        };
        assert_eq!(seqs_of(found(&store, "alice", &between).await), [seqs[1]]);
        for (text, expected) in [
            ("план", &[seqs[0]][..]),
            ("бюд", &[]),
            ("bud pdf", &[seqs[2]]),
            ("2024.xls", &[seqs[0]]),
            ("photo budget", &[]),
        ] {
            let names = Request {
                look: Look::FileNames,
                ..request(text)
            };
            assert_eq!(seqs_of(found(&store, "alice", &names).await), expected, "{text}");
        }
    }
}

/// Notices and damaged bodies stop nobody.
pub async fn what_has_no_text_is_passed_over(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let notice = room.notice(EntryKind::RoomUpdated, "alice", Vec::new());
    room.append(vec![notice]).await;
    let mut damaged = room.message(0, "alice", "");
    damaged.entry.body = Bytes::from_static(b"\xff{\"content\":7");
    room.append(vec![damaged]).await;
    let seq = says(&mut room, "alice", "word").await;
    close(&room).await;
    assert_eq!(finds(&room, "word").await, [seq]);
}

/// Of two indexers that work on one room, one wins, and the index is whole.
pub async fn two_indexers_at_once_make_one_index(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    for number in 0..40 {
        says(&mut room, "alice", &format!("word number{number}")).await;
    }
    let (one, other) = (indexer(&store, room.now_ms), indexer(&store, room.now_ms));
    let (one, other) = tokio::join!(
        one.index_room(room.id, room.head.seq),
        other.index_room(room.id, room.head.seq)
    );
    one.expect("no error");
    other.expect("no error");
    close(&room).await;
    assert_eq!(finds(&room, "word").await.len(), 40);
    assert_eq!(finds(&room, "number39").await, [40]);
}

/// A state is replaced over the revision that was read, and only then.
pub async fn a_state_is_replaced_over_its_own_revision_alone(store: Arc<dyn Store>) {
    let room = TestRoom::group(&store, &["alice"]).await;
    let fresh = store.search_state(room.id).await.expect("a state");
    assert_eq!(fresh, SearchState::default());
    let state = SearchState {
        indexed_to: 9,
        segments: vec![Segment {
            id: 3,
            first_seq: 1,
            last_seq: 9,
            bytes: 77,
            times: Times::default(),
        }],
        retired: vec![Retired { id: 4, since_ms: 5 }],
        ..fresh.clone()
    };
    let replace = |state: &SearchState| store.replace_search_state(room.id, state.clone());
    assert!(replace(&state).await.expect("written"));
    assert!(!replace(&state).await.expect("refused"), "it is not fresh any more");
    let stored = store.search_state(room.id).await.expect("a state");
    assert_eq!(stored, SearchState { revision: 1, ..state });
    assert!(replace(&stored).await.expect("written"));
    assert!(!replace(&stored).await.expect("refused"));
}

/// The block at or before a key, the blocks behind one, and none of another segment.
pub async fn blocks_are_found_by_the_last_key_before(store: Arc<dyn Store>) {
    let room = RoomId::generate(START_MS);
    let id = |segment| SegmentId { room, segment };
    let block = |key: &[u8]| Block {
        key: key.to_vec(),
        data: [key, b"!"].concat().into(),
    };
    let blocks = vec![block(b"b"), block(b"b\x00\xff"), block(b"d")];
    store.put_search_blocks(id(1), blocks.clone()).await.expect("written");
    store.put_search_blocks(id(1), blocks.clone()).await.expect("and again");
    store
        .put_search_blocks(id(2), vec![block(b"c")])
        .await
        .expect("written");
    let places = [
        (1, &b"a"[..]),
        (1, b"b"),
        (1, b"b\x01"),
        (1, b"\xff"),
        (2, b"d"),
        (3, b"d"),
    ];
    let asked = places
        .iter()
        .map(|(segment, key)| (id(*segment), key.to_vec()))
        .collect();
    let read = store.search_blocks(asked).await.expect("read");
    let expected = [
        None,
        Some(&blocks[0]),
        Some(&blocks[1]),
        Some(&blocks[2]),
        Some(&block(b"c")),
        None,
    ];
    assert_eq!(read.iter().map(Option::as_ref).collect::<Vec<_>>(), expected);
    let behind = |after: Option<&[u8]>, limit| store.search_blocks_behind(id(1), after.map(<[u8]>::to_vec), limit);
    assert_eq!(behind(None, 2).await.expect("read"), blocks[..2]);
    assert_eq!(behind(Some(b"b"), 9).await.expect("read"), blocks[1..]);
    while store.remove_search_blocks(id(1)).await.expect("removed") {}
    assert!(behind(None, 9).await.expect("read").is_empty());
    assert_eq!(store.search_blocks_behind(id(2), None, 9).await.expect("read").len(), 1);
}

/// Who looks through all rooms sees each once, with how far its index is.
pub async fn the_backlog_names_every_room(store: Arc<dyn Store>) {
    let mut rooms = Vec::new();
    for number in 0..5 {
        let mut room = TestRoom::group(&store, &["alice"]).await;
        for _ in 0..number {
            says(&mut room, "alice", "word").await;
        }
        rooms.push(room);
    }
    close(&rooms[4]).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.search_backlog(after, 2).await.expect("read");
        let Some(last) = page.last() else { break };
        after = Some(last.room);
        seen.extend(page.iter().map(|open| (open.room, open.head_seq, open.indexed_to)));
    }
    seen.sort_unstable();
    let mut expected: Vec<_> = rooms.iter().map(|room| (room.id, room.head.seq, 0)).collect();
    expected[4].2 = 4;
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

/// A purged log takes its index along; what comes after is found.
pub async fn a_purged_log_is_not_found_any_more(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    says(&mut room, "alice", "secret").await;
    close(&room).await;
    let state = store.purge_log(room.id, &room.permit).await.expect("purged");
    room.head = state.head;
    assert_eq!(finds(&room, "secret").await, [0; 0]);
    let seq = says(&mut room, "alice", "public").await;
    assert_eq!(finds(&room, "public").await, [seq]);
    close(&room).await;
    assert_eq!(finds(&room, "public").await, [seq]);
    assert_eq!(finds(&room, "secret").await, [0; 0]);
}

/// What a log has dropped leaves its index: at once for whoever searches, and then its segments.
pub async fn a_dropped_past_is_not_found_and_its_segments_are_removed(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    keeps_for(&mut room, Some(RETENTION_DAYS)).await;
    for day in 0..4 {
        room.now_ms = START_MS + day * DAY_MS + 10;
        says(&mut room, "alice", &format!("secret of day {day}")).await;
    }
    close(&room).await;
    let state = store.search_state(room.id).await.expect("a read");
    let first = state.segments[0].clone();
    assert_eq!(finds(&room, "secret").await, [5, 4, 3, 2]);
    let dropped = store.drop_before(room.id, &room.permit, START_MS + 2 * DAY_MS).await;
    let start = dropped.expect("dropped").start;
    assert_eq!(finds(&room, "secret").await, [5, 4]);
    forget_before(&*store, room.id, start.seq)
        .await
        .expect("nothing to remove");
    assert_eq!(
        finds(&room, "secret").await,
        [5, 4],
        "the segment reaches over the border"
    );

    let dropped = store.drop_before(room.id, &room.permit, room.now_ms + 1).await;
    let start = dropped.expect("dropped").start;
    assert_eq!(finds(&room, "secret").await, [0; 0]);
    forget_before(&*store, room.id, start.seq).await.expect("removed");
    let state = store.search_state(room.id).await.expect("a read");
    assert_eq!((state.segments.len(), state.retired.len(), state.indexed_to), (0, 0, 5));
    let segment = SegmentId {
        room: room.id,
        segment: first.id,
    };
    let blocks = store.search_blocks_behind(segment, None, 9).await.expect("a read");
    assert!(blocks.is_empty());
    let seq = says(&mut room, "alice", "another secret").await;
    assert_eq!(finds(&room, "secret").await, [seq]);
    close(&room).await;
    assert_eq!(finds(&room, "secret").await, [seq]);
}

/// A rebuilt index finds the same.
pub async fn a_rebuilt_index_finds_the_same(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    for number in 0..30 {
        says(&mut room, "alice", &format!("word {}", number % 3)).await;
    }
    close(&room).await;
    let before = finds(&room, "word 2").await;
    let rebuilt = indexer(&store, room.now_ms).rebuild_room(room.id, room.head.seq).await;
    rebuilt.expect("rebuilt");
    let state = store.search_state(room.id).await.expect("a state");
    assert_eq!(state.indexed_to, 30);
    assert!(!state.retired.is_empty(), "the old segments wait for removal");
    let day_ms = 24 * 3_600_000;
    let later = indexer(&store, room.now_ms + 3 * day_ms);
    later.clean_room(room.id).await.expect("removed");
    let state = store.search_state(room.id).await.expect("a state");
    assert!(state.retired.is_empty());
    assert_eq!(finds(&room, "word 2").await, before);
    assert_eq!(before.len(), 10);
}

/// Reading rows by their places, absent ones among them.
pub async fn rows_are_read_by_their_places(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    for text in ["one", "two"] {
        says(&mut room, "alice", text).await;
    }
    let nowhere = RoomId::generate(START_MS);
    let places = vec![(room.id, 2), (nowhere, 1), (room.id, 9), (room.id, 1)];
    let rows = store.entries_at(places).await.expect("read");
    let seqs: Vec<_> = rows.iter().map(|row| row.as_ref().map(|entry| entry.seq)).collect();
    assert_eq!(seqs, [Some(2), None, None, Some(1)]);
}

/// People are found by any word of their names, and by new names after a change.
pub async fn people_are_found_by_the_words_of_their_names(store: Arc<dyn Store>) {
    for (name, info) in [
        ("a.petrov", r#"{"first_name":"Артём","last_name":"Петров"}"#),
        ("petra", "{}"),
        ("Ёлкин", r#"{"name":"Семён Ёлкин","age":7}"#),
    ] {
        let mut user = account(name);
        user.info = Bytes::from(info);
        store.create_user(user).await.expect("registered");
    }
    let names = async |beginning: &str, limit| {
        let people = store.people_by_word(beginning, limit).await.expect("read");
        let people = store.users_at(people).await.expect("read");
        people.into_iter().map(|user| user.username).collect::<Vec<_>>()
    };
    assert_eq!(names("пет", 9).await, ["a.petrov"]);
    assert_eq!(names("артем", 9).await, ["a.petrov"]);
    assert_eq!(names("petr", 9).await, ["petra", "a.petrov"]);
    assert_eq!(names("a.pe", 9).await, ["a.petrov"], "the user name as a whole");
    assert_eq!(names("елк", 9).await, ["Ёлкин"], "one person once");
    assert_eq!(names("", 2).await.len(), 2);
    let both = find_people(&*store, "петров арт", 9).await.expect("read");
    assert_eq!(both.len(), 1, "every word counts");
    assert!(find_people(&*store, "петров семен", 9).await.expect("read").is_empty());
    let first = find_people(&*store, "petr", 9).await.expect("read");
    assert_eq!(first[0].username, "petra", "user names come first");
    let change = crate::UserChange {
        info: Some(Bytes::from_static(br#"{"name":"Volkov"}"#)),
        ..crate::UserChange::default()
    };
    store
        .change_user(&account("a.petrov").id, change)
        .await
        .expect("changed");
    assert_eq!(names("волк", 9).await, [""; 0]);
    assert_eq!(names("volk", 9).await, ["a.petrov"]);
    assert_eq!(names("артем", 9).await, [""; 0]);
}
