//! Everything out of one store and into another. Each story has two empty stores of the same backend.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Epoch, RoomId};
use uuid::Uuid;

use super::kit::{START_MS, TestRoom, account, new_room, seqs, user};
use crate::{
    AuthSession, Effect, EntryKind, Invitation, Mark, RefreshOutcome, Role, RoomCreated, RoomKind, Store, StoreError,
    UserFact, UserLogHead, UserRole,
    bucket::{BucketHead, WINDOW_MAX_MS},
    dump::{Cursor, DumpRecord, ImportBegun, ImportMark, PageLimit, RecordKind, Section},
};

const LARGE: PageLimit = PageLimit {
    records: 1_000,
    bytes: 1 << 20,
};

/// Commands that are not younger have been forgotten, or soon will be.
const COMMANDS_SINCE_MS: i64 = START_MS + 2 * WINDOW_MAX_MS;

/// Everything of a store, in pages of this size.
async fn read_all(store: &Arc<dyn Store>, limit: PageLimit, commands_since_ms: i64) -> Vec<DumpRecord> {
    let dump = store.open_dump(commands_since_ms).await.expect("a picture");
    let mut records = Vec::new();
    for section in Section::EXPORTED {
        let mut after: Option<Cursor> = None;
        loop {
            let page = dump.page(section, after.as_ref(), limit).await.expect("a page");
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    records
}

/// Loads records in small calls, each twice when asked for.
async fn load_all(store: &Arc<dyn Store>, records: &[DumpRecord], times: usize) {
    for batch in records.chunks(7) {
        for _ in 0..times {
            store.load(batch.to_vec()).await.expect("loaded");
        }
    }
}

/// Records without what differs from store to store, in an order of their own.
fn comparable(mut records: Vec<DumpRecord>) -> Vec<DumpRecord> {
    for record in &mut records {
        match record {
            DumpRecord::Room(state) => {
                state.head.epoch = Epoch::from_key(0);
                state.head.bucket = BucketHead::default();
            }
            DumpRecord::UserLog(_, head) => head.epoch = Epoch::from_key(0),
            _ => {}
        }
    }
    records.sort_by_cached_key(|record| format!("{record:?}"));
    records
}

/// What the stories are about: people, a group with a past, a chat of two, a channel, an empty and a deleted room.
pub struct Installation {
    /// A group over three buckets.
    pub group: TestRoom,
    /// Alice's chat with Bob.
    pub direct: RoomId,
    /// An open channel.
    pub channel: RoomId,
    /// Alice's login; its token was replaced twice.
    pub session: AuthSession,
    /// The command of the group's newest message.
    pub command: Uuid,
}

/// Fills an empty store with something of every kind.
///
/// # Panics
/// When the store does not take it.
pub async fn fill(store: &Arc<dyn Store>) -> Installation {
    for name in ["Alice", "Bob", "Čeněk"] {
        store.create_user(account(name)).await.expect("a user");
    }
    let mut guest = account("guest");
    guest.role = UserRole::Guest;
    store.create_user(guest).await.expect("a guest");
    store
        .meta_or_insert("a key", vec![0, 1, 255])
        .await
        .expect("a value under a key");
    let (group, command) = fill_group(store).await;
    let direct = TestRoom::create(store, new_room(RoomKind::Direct, "", &["alice", "bob"])).await;
    let mut channel = TestRoom::create(store, new_room(RoomKind::Channel, "news", &[])).await;
    let mut publication = channel.notice(EntryKind::Publication, "alice", Vec::new());
    publication.entry.sender = Some(protocol::UserId::anonymous());
    publication.entry.client = Some(Uuid::new_v4());
    channel.append(vec![publication]).await;
    TestRoom::group(store, &["bob"]).await;
    let mut deleted = TestRoom::group(store, &["alice"]).await;
    let effects = vec![Effect::RoomDeleted];
    deleted
        .append(vec![deleted.notice(EntryKind::RoomDeleted, "alice", effects)])
        .await;
    let invitation = Invitation {
        room: group.id,
        code: "WELCOME".to_owned(),
        created_ms: START_MS,
    };
    store.create_invitation(invitation).await.expect("an invitation");
    let facts = ["one", "two", "three"].map(|text| UserFact {
        user: user("alice"),
        body: Bytes::from(format!("\"{text}\"")),
    });
    store.append_facts(facts.into(), START_MS).await.expect("facts");
    store.user_log_head(&user("bob")).await.expect("an empty log");
    Installation {
        group,
        direct: direct.id,
        channel: channel.id,
        session: fill_session(store).await,
        command,
    }
}

/// A group over three buckets, with an edit, a deletion of an edited message, a reply, a mute, marks.
async fn fill_group(store: &Arc<dyn Store>) -> (TestRoom, Uuid) {
    let mut group = TestRoom::group(store, &["alice", "bob"]).await;
    for _ in 0..3 {
        group.says("alice", "hello").await;
        group.says("bob", "hi").await;
        group.now_ms += WINDOW_MAX_MS;
    }
    group.append(vec![group.edit("alice", 1, "hello, edited")]).await;
    group.append(vec![group.edit("bob", 2, "to be deleted")]).await;
    let mut deletion = group.delete("bob", 2);
    deletion.entry.actor = Some(user("alice"));
    group.append(vec![deletion]).await;
    let joins = vec![Effect::MemberAdded(user("carol"), Role::Moderator)];
    group
        .append(vec![group.notice(EntryKind::Participants, "alice", joins)])
        .await;
    let mut reply = group.message(0, "carol", "newest");
    reply.entry.reply_to = 1;
    let command = reply.entry.command_id;
    group.append(vec![reply]).await;
    let mark = Mark {
        read_seq: 4,
        read_number: 4,
        received_seq: 5,
    };
    store
        .advance_mark(group.id, &user("bob"), mark)
        .await
        .expect("a mark moves");
    store
        .mute_member(group.id, &user("carol"), START_MS + 5)
        .await
        .expect("a mute");
    (group, command)
}

/// A login whose token was replaced twice: 1, then 2, then 3.
async fn fill_session(store: &Arc<dyn Store>) -> AuthSession {
    let session = AuthSession {
        id: Uuid::new_v4(),
        user: user("id-alice"),
        refresh_hash: [1; 32],
        created_ms: START_MS,
        refreshed_ms: START_MS,
        expires_ms: START_MS + 1_000,
        agent: "a phone".to_owned(),
    };
    store.create_session(session.clone()).await.expect("a login");
    for token in [1, 2] {
        let rotated = store.rotate_session([token; 32], [token + 1; 32], START_MS + 1, START_MS + 2_000);
        assert!(matches!(rotated.await.expect("a refresh"), RefreshOutcome::Rotated(_)));
    }
    session
}

/// A filled store, copied.
async fn copied(source: &Arc<dyn Store>, target: &Arc<dyn Store>) -> Installation {
    let installation = fill(source).await;
    // As if they came out of a file: no log keeps its epoch.
    let mut records = read_all(source, LARGE, COMMANDS_SINCE_MS).await;
    for record in &mut records {
        match record {
            DumpRecord::Room(state) => state.head.epoch = Epoch::generate(),
            DumpRecord::UserLog(_, head) => head.epoch = Epoch::generate(),
            _ => {}
        }
    }
    load_all(target, &records, 1).await;
    installation
}

/// Nothing is missing, nothing is more.
pub async fn what_is_loaded_into_another_store_is_what_was_read_out_of_the_first(
    source: Arc<dyn Store>,
    target: Arc<dyn Store>,
) {
    copied(&source, &target).await;
    let before = comparable(read_all(&source, LARGE, COMMANDS_SINCE_MS).await);
    let after = comparable(read_all(&target, LARGE, COMMANDS_SINCE_MS).await);
    assert_eq!(after, before);
    for kind in RecordKind::ALL {
        assert!(before.iter().any(|record| record.kind() == kind), "{kind:?}");
    }
}

/// A page ends anywhere.
pub async fn pages_of_any_size_give_the_same_records(source: Arc<dyn Store>, _: Arc<dyn Store>) {
    fill(&source).await;
    let whole = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    for limit in [
        PageLimit { records: 1, ..LARGE },
        PageLimit { records: 2, ..LARGE },
        PageLimit { bytes: 1, ..LARGE },
        PageLimit { bytes: 999, ..LARGE },
    ] {
        assert_eq!(read_all(&source, limit, COMMANDS_SINCE_MS).await, whole, "{limit:?}");
    }
}

/// As after an interruption.
pub async fn what_is_loaded_twice_is_there_once(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    fill(&source).await;
    let records = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    load_all(&target, &records, 2).await;
    load_all(&target, &records, 1).await;
    let loaded = read_all(&target, LARGE, COMMANDS_SINCE_MS).await;
    assert_eq!(comparable(loaded), comparable(records));
}

/// Such a dump is not one of ours.
pub async fn a_log_with_a_hole_and_an_entry_without_its_room_are_refused(
    source: Arc<dyn Store>,
    target: Arc<dyn Store>,
) {
    fill(&source).await;
    let records = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    let is_entry = |record: &DumpRecord| record.kind() == RecordKind::Entry;
    let entry = records.iter().find(|record| is_entry(record)).expect("an entry");
    let refused = target.load(vec![entry.clone()]).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");

    let mut left_out = records.clone();
    let three = records.windows(3).position(|three| three.iter().all(is_entry));
    left_out.remove(three.expect("the group has many") + 1);
    let refused = target.load(left_out).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(
        read_all(&target, LARGE, COMMANDS_SINCE_MS).await,
        [],
        "a call is loaded as a whole or not at all"
    );
}

/// By every way that leads to something.
pub async fn people_find_everything_in_the_other_store(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    let Installation {
        mut group,
        direct,
        channel,
        session,
        ..
    } = copied(&source, &target).await;
    let before = group.everything().await;
    let mark = source.mark(group.id, &user("bob")).await.expect("a read");
    let top = source.top_marks(group.id).await.expect("a read");
    let dated = source.seq_at(group.id, START_MS + WINDOW_MAX_MS).await.expect("a read");
    let chats = source.chats_of(&user("bob"), None, 9).await.expect("a read");
    group.store = Arc::clone(&target);
    assert_eq!(group.everything().await, before);
    assert_eq!(target.mark(group.id, &user("bob")).await.expect("a read"), mark);
    assert_eq!(target.top_marks(group.id).await.expect("a read"), top);
    assert_eq!(
        target.seq_at(group.id, START_MS + WINDOW_MAX_MS).await.expect("a read"),
        dated
    );
    let found = target.chats_of(&user("bob"), None, 9).await.expect("a read");
    let told = |chats: &[crate::Chat]| -> Vec<_> {
        let line = |chat: &crate::Chat| {
            (
                chat.state.room.clone(),
                chat.mark,
                chat.last.clone(),
                chat.last_activity_ms,
            )
        };
        chats.iter().map(line).collect()
    };
    assert_eq!(told(&found), told(&chats));

    let again = target
        .create_room(new_room(RoomKind::Direct, "", &["bob", "alice"]))
        .await;
    assert!(matches!(again.expect("a room"), RoomCreated::Existing(state) if state.room.id == direct));
    let news = target.channel("news").await.expect("a read").expect("the channel");
    assert_eq!(news.id, channel);
    let carol = target.member(group.id, &user("carol")).await.expect("a read");
    assert_eq!(carol.map(|carol| carol.muted_until_ms), Some(START_MS + 5));
    let named = target.user_by_name("čENĚK").await.expect("a read").expect("the user");
    assert_eq!(named, account("Čeněk"));
    assert_eq!(target.users_by_prefix("guest", 9).await.expect("a read"), []);
    let invitation = target.invitation("WELCOME").await.expect("a read");
    assert_eq!(invitation.map(|invitation| invitation.room), Some(group.id));
    assert!(target.end_invitation(group.id).await.expect("an end"));
    let sessions = target.sessions_of(&session.user, START_MS).await.expect("a read");
    assert_eq!(sessions.iter().map(|found| found.id).collect::<Vec<_>>(), [session.id]);
    let facts = target.user_entries(&user("alice"), 2, 3, 9).await.expect("a read");
    assert_eq!(facts.iter().map(|fact| fact.seq).collect::<Vec<_>>(), [2, 3]);
}

/// Clients with a place in the old log are told so.
pub async fn a_loaded_log_goes_on_under_another_epoch(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    let Installation { mut group, .. } = copied(&source, &target).await;
    let (before, facts) = (
        group.head.clone(),
        source.user_log_head(&user("alice")).await.expect("a read"),
    );
    group.store = Arc::clone(&target);
    group.restart().await;
    assert_ne!(group.head.epoch, before.epoch);
    assert_eq!(
        (group.head.seq, group.head.number, group.head.message_seq),
        (before.seq, before.number, before.message_seq)
    );
    assert_eq!(group.says("alice", "after the move").await, before.seq + 1);
    assert_eq!(group.everything().await.len() as u64, before.seq + 1);
    let UserLogHead { epoch, seq } = target.user_log_head(&user("alice")).await.expect("a read");
    assert_ne!(epoch, facts.epoch);
    let next = UserFact {
        user: user("alice"),
        body: Bytes::from_static(b"4"),
    };
    assert_eq!(
        target.append_facts(vec![next], START_MS).await.expect("a write"),
        [seq + 1]
    );
}

/// Purged entries do not come back, and their seqs are not given again.
pub async fn a_purged_log_goes_on_where_it_was(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    let mut purged = TestRoom::group(&source, &["alice"]).await;
    purged.says("alice", "gone").await;
    let empty = TestRoom::group(&source, &["alice"]).await;
    for room in [&purged, &empty] {
        source.purge_log(room.id, &room.permit).await.expect("purged");
    }
    let mut refilled = TestRoom::group(&source, &["alice"]).await;
    refilled.says("alice", "gone").await;
    source.purge_log(refilled.id, &refilled.permit).await.expect("purged");
    refilled.restart().await;
    refilled.says("alice", "still here").await;
    let records = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    load_all(&target, &records, 1).await;
    for (mut room, next, kept) in [(purged, 2, vec![2]), (empty, 1, vec![1]), (refilled, 3, vec![2, 3])] {
        room.store = Arc::clone(&target);
        room.restart().await;
        assert_eq!(room.says("alice", "goes on").await, next);
        assert_eq!(seqs(&room.everything().await), kept);
    }
}

/// Somebody has a copy of it, wherever the login is kept.
pub async fn a_replaced_token_still_ends_its_login(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    let Installation { session, .. } = copied(&source, &target).await;
    let now_ms = START_MS + 2;
    let rotated = target.rotate_session([3; 32], [4; 32], now_ms, now_ms + 1_000).await;
    assert!(matches!(rotated.expect("a refresh"), RefreshOutcome::Rotated(_)));
    let reused = target.rotate_session([1; 32], [9; 32], now_ms, now_ms + 1_000).await;
    assert_eq!(reused.expect("a refresh"), RefreshOutcome::Reused);
    assert_eq!(target.session(session.id).await.expect("a read"), None);
}

/// For seven days.
pub async fn a_repeated_command_is_recognised_and_an_old_one_left_out(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    let Installation { group, command, .. } = copied(&source, &target).await;
    let found = target
        .find_command(group.id, &user("carol"), command, group.now_ms + 1)
        .await;
    assert_eq!(found.expect("a read"), Some(group.head.seq));
    let young = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    let seqs: Vec<_> = young
        .iter()
        .filter_map(|record| match record {
            DumpRecord::Command(room, command) if *room == group.id => Some(command.seq),
            _ => None,
        })
        .collect();
    assert!(!seqs.contains(&1) && seqs.contains(&group.head.seq), "{seqs:?}");
}

/// A salt, a check, a mark.
pub async fn what_belongs_to_a_store_itself_stays_there(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    source.renew_epochs().await.expect("renewed");
    source.check().await.expect("well");
    source.meta_or_insert("key", vec![7]).await.expect("a value");
    let records = read_all(&source, LARGE, COMMANDS_SINCE_MS).await;
    assert_eq!(records, [DumpRecord::Meta("key".to_owned(), vec![7])]);
    let own = DumpRecord::Meta(ImportMark::KEY.to_owned(), b"nonsense".to_vec());
    let refused = target.load(vec![own]).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
}

/// Of the rooms that it has read; here of a room that it has begun to read.
pub async fn a_picture_does_not_show_what_is_appended_later(source: Arc<dyn Store>, _: Arc<dyn Store>) {
    let mut room = TestRoom::group(&source, &["alice"]).await;
    room.says("alice", "before").await;
    room.says("alice", "before too").await;
    let dump = source.open_dump(0).await.expect("a picture");
    let one = PageLimit { records: 1, ..LARGE };
    let first = dump.page(Section::Rooms, None, one).await.expect("a page");
    assert!(matches!(&first.records[..], [DumpRecord::Room(state)] if state.head.seq == 2));
    room.says("alice", "after").await;
    let rest = dump
        .page(Section::Rooms, first.next.as_ref(), LARGE)
        .await
        .expect("a page");
    let entries = rest.records.iter().filter(|record| record.kind() == RecordKind::Entry);
    assert_eq!(entries.count(), 2);
}

fn mark() -> ImportMark {
    ImportMark {
        import: Uuid::new_v4(),
        files_done: 0,
        failed: None,
    }
}

/// Nothing is mixed.
pub async fn an_import_begins_in_an_empty_store_alone(source: Arc<dyn Store>, target: Arc<dyn Store>) {
    target.check().await.expect("well");
    assert_eq!(target.begin_import(&mark()).await.expect("a write"), ImportBegun::New);
    TestRoom::group(&source, &["alice"]).await;
    let refused = source.begin_import(&mark()).await.expect("a write");
    assert!(matches!(refused, ImportBegun::NotEmpty(_)), "{refused:?}");
    assert_eq!(source.import_mark().await.expect("a read"), None);
}

/// Whoever comes finds it.
pub async fn the_mark_of_an_import_stays_until_it_is_taken_away(_: Arc<dyn Store>, target: Arc<dyn Store>) {
    assert_eq!(target.import_mark().await.expect("a read"), None);
    let (mut first, second) = (mark(), mark());
    let (one, other) = tokio::join!(target.begin_import(&first), target.begin_import(&second));
    let new = [one.expect("a write"), other.expect("a write")];
    assert_eq!(new.iter().filter(|begun| **begun == ImportBegun::New).count(), 1);
    if new[0] != ImportBegun::New {
        first = second;
    }
    assert_eq!(target.import_mark().await.expect("a read").as_ref(), Some(&first));
    first.files_done = 3;
    first.failed = Some("it was not the same".to_owned());
    target.set_import_mark(Some(&first)).await.expect("a write");
    assert_eq!(
        target.begin_import(&mark()).await.expect("a write"),
        ImportBegun::Marked(first)
    );
    target.set_import_mark(None).await.expect("a write");
    assert_eq!(target.import_mark().await.expect("a read"), None);
}
