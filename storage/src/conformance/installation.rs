//! The users' light logs, and what belongs to the installation as a whole.

use std::sync::Arc;

use bytes::Bytes;

use super::kit::{START_MS, TestRoom, user};
use crate::{Store, UserFact};

fn fact(who: &str, text: &str) -> UserFact {
    UserFact {
        user: user(who),
        body: Bytes::from(format!("\"{text}\"")),
    }
}

/// Facts have seqs of their own per user.
pub async fn facts_are_numbered_for_each_user(store: Arc<dyn Store>) {
    let facts = vec![fact("alice", "a1"), fact("bob", "b1"), fact("alice", "a2")];
    assert_eq!(store.append_facts(facts, START_MS).await.expect("a write"), [1, 1, 2]);
    assert_eq!(
        store
            .append_facts(vec![fact("alice", "a3")], START_MS + 1)
            .await
            .expect("a write"),
        [3]
    );
    assert!(
        store
            .append_facts(Vec::new(), START_MS)
            .await
            .expect("a write")
            .is_empty()
    );
    let alice = user("alice");
    let entries = store.user_entries(&alice, 2, 3, 9).await.expect("a read");
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.seq, entry.time_ms, entry.body.as_ref()))
        .collect();
    assert_eq!(
        found,
        [
            (2, START_MS, b"\"a2\"".as_slice()),
            (3, START_MS + 1, b"\"a3\"".as_slice())
        ]
    );
    let first = store.user_entries(&alice, 0, u64::MAX, 1).await.expect("a read");
    assert_eq!(first.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1]);
    assert!(
        store
            .user_entries(&user("carol"), 1, 9, 9)
            .await
            .expect("a read")
            .is_empty()
    );
    assert_eq!(store.user_log_head(&alice).await.expect("a read").seq, 3);
}

/// The epoch is made once.
pub async fn the_epoch_of_a_users_log_is_made_once(store: Arc<dyn Store>) {
    let alice = user("alice");
    let (one, other) = tokio::join!(store.user_log_head(&alice), store.user_log_head(&alice));
    let head = one.expect("a read");
    assert_eq!(head.seq, 0);
    assert_eq!(other.expect("a read"), head);
    store
        .append_facts(vec![fact("alice", "x")], START_MS)
        .await
        .expect("a write");
    let later = store.user_log_head(&alice).await.expect("a read");
    assert_eq!((later.epoch, later.seq), (head.epoch, 1));
    assert_ne!(
        store.user_log_head(&user("bob")).await.expect("a read").epoch,
        head.epoch
    );
}

/// The first value counts.
pub async fn the_first_value_under_a_key_counts(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..20_u8)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.meta_or_insert("key", vec![number]).await.expect("a write") })
        })
        .collect();
    let first = store.meta_or_insert("key", vec![99]).await.expect("a write");
    for task in tasks {
        assert_eq!(task.await.expect("a task ends well"), first);
    }
    assert_eq!(
        store.meta_or_insert("other", Vec::new()).await.expect("a write"),
        Vec::<u8>::new()
    );
}

/// After a restore every client learns that it is another log.
pub async fn renewed_epochs_differ_for_every_log_and_the_logs_go_on(store: Arc<dyn Store>) {
    let mut room = TestRoom::group(&store, &["alice"]).await;
    let other = TestRoom::group(&store, &["alice"]).await;
    room.says("alice", "before").await;
    let alice = store.user_log_head(&user("alice")).await.expect("a read");
    store.renew_epochs().await.expect("a write");
    let renewed = store.room(room.id).await.expect("a read").expect("the room").head;
    let others = store.room(other.id).await.expect("a read").expect("the room").head;
    assert_ne!(renewed.epoch, room.head.epoch);
    assert_ne!(others.epoch, other.head.epoch);
    assert_ne!(renewed.epoch, others.epoch);
    assert_ne!(
        store.user_log_head(&user("alice")).await.expect("a read").epoch,
        alice.epoch
    );
    assert_eq!(renewed.seq, 1);
    room.restart().await;
    assert_eq!(room.head.epoch, renewed.epoch);
    assert_eq!(room.says("alice", "after").await, 2);
    // What is created after that has the epoch it was given.
    let new = TestRoom::group(&store, &["bob"]).await;
    let found = store.room(new.id).await.expect("a read").expect("the room");
    assert_eq!(found.head.epoch, new.head.epoch);
}

/// For `/readyz`.
pub async fn a_healthy_store_says_so(store: Arc<dyn Store>) {
    store.check().await.expect("the store is well");
    store.check().await.expect("and still is");
}
