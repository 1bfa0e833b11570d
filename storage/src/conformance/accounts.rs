//! Users and their logins.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::kit::{START_MS, account, user};
use crate::{AuthSession, RefreshOutcome, Store, StoreError, UserChange, UserRole};

fn login(who: &str, token: u8, created_ms: i64) -> AuthSession {
    AuthSession {
        id: Uuid::new_v4(),
        user: user(who),
        refresh_hash: [token; 32],
        created_ms,
        refreshed_ms: created_ms,
        expires_ms: created_ms + 1_000,
        agent: "a browser".to_owned(),
    }
}

/// Found by id and by name.
pub async fn a_registered_user_is_found_by_id_and_by_name_in_any_case(store: Arc<dyn Store>) {
    let mut olga = account("Ольга");
    olga.id = user("olga");
    store.create_user(olga.clone()).await.expect("a new user");
    assert_eq!(store.user(&olga.id).await.expect("a read"), Some(olga.clone()));
    for name in ["Ольга", "ольга", "ОЛЬГА"] {
        assert_eq!(
            store.user_by_name(name).await.expect("a read"),
            Some(olga.clone()),
            "{name}"
        );
    }
    assert_eq!(store.user_by_name("Ольг").await.expect("a read"), None);
    assert_eq!(store.user(&user("nobody")).await.expect("a read"), None);
}

/// Ids and names are unique.
pub async fn a_name_or_id_is_given_once(store: Arc<dyn Store>) {
    store.create_user(account("alice")).await.expect("a new user");
    let mut same_name = account("ALICE");
    same_name.id = user("somebody-else");
    let mut same_id = account("bob");
    same_id.id = account("alice").id;
    for taken in [same_name, same_id] {
        let refused = store.create_user(taken).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    // What was refused has taken nothing.
    assert_eq!(store.user_by_name("bob").await.expect("a read"), None);
    assert_eq!(store.user(&user("somebody-else")).await.expect("a read"), None);
    store.create_user(account("bob")).await.expect("the name is free");
}

/// Twenty want the same name.
pub async fn of_many_who_register_a_name_at_once_one_gets_it(store: Arc<dyn Store>) {
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            let mut wanted = account("alice");
            wanted.id = user(&format!("{number}"));
            tokio::spawn(async move { store.create_user(wanted).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        winners += usize::from(task.await.expect("a task ends well"));
    }
    assert_eq!(winners, 1);
}

/// A guest has an account, and nobody looks for it.
pub async fn a_guest_is_there_and_in_no_list(store: Arc<dyn Store>) {
    let mut guest = account("annual-guest");
    guest.role = UserRole::Guest;
    guest.password_hash = None;
    guest.info = Bytes::from_static(br#"{"name":"Annabel Guest"}"#);
    store.create_user(guest.clone()).await.expect("a new user");
    assert_eq!(store.user(&guest.id).await.expect("a read"), Some(guest.clone()));
    let named = store.user_by_name("Annual-Guest").await.expect("a read");
    assert_eq!(named, Some(guest));
    let taken = store.create_user(account("annual-guest")).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");

    assert_eq!(store.users_by_prefix("ann", 9).await.expect("a read"), []);
    for word in ["annual", "annabel", "guest"] {
        assert_eq!(store.people_by_word(word, 9).await.expect("a read"), [], "{word}");
    }
}

/// The beginning of a name.
pub async fn users_are_found_by_the_beginning_of_their_name(store: Arc<dyn Store>) {
    for name in ["anna", "Ann", "annette", "ANNABEL", "an", "bob", "анна"] {
        let mut new = account(name);
        new.id = user(name);
        store.create_user(new).await.expect("a new user");
    }
    let names = |users: Vec<crate::User>| users.into_iter().map(|user| user.username).collect::<Vec<_>>();
    let found = store.users_by_prefix("aNN", 9).await.expect("a read");
    assert_eq!(names(found), ["Ann", "anna", "ANNABEL", "annette"]);
    let found = store.users_by_prefix("ann", 2).await.expect("a read");
    assert_eq!(names(found), ["Ann", "anna"]);
    assert_eq!(names(store.users_by_prefix("АН", 9).await.expect("a read")), ["анна"]);
    assert!(store.users_by_prefix("x", 9).await.expect("a read").is_empty());
    assert_eq!(store.users_by_prefix("", 99).await.expect("a read").len(), 7);
}

/// What is not given stays.
pub async fn a_change_changes_what_it_names(store: Arc<dyn Store>) {
    let alice = account("alice");
    store.create_user(alice.clone()).await.expect("a new user");
    let change = UserChange {
        status: Some("at tea".to_owned()),
        role: Some(UserRole::Support),
        ..UserChange::default()
    };
    let mut expected = alice.clone();
    expected.status = "at tea".to_owned();
    expected.role = UserRole::Support;
    assert_eq!(store.change_user(&alice.id, change).await.expect("a write"), expected);
    let change = UserChange {
        info: Some(Bytes::from_static(br#"{"a":1}"#)),
        password_hash: Some("$argon2id$other".to_owned()),
        ..UserChange::default()
    };
    expected.info = Bytes::from_static(br#"{"a":1}"#);
    expected.password_hash = Some("$argon2id$other".to_owned());
    assert_eq!(store.change_user(&alice.id, change).await.expect("a write"), expected);
    assert_eq!(store.user(&alice.id).await.expect("a read"), Some(expected));
    let nobody = store.change_user(&user("nobody"), UserChange::default()).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)));
}

/// Each refresh replaces the token.
pub async fn a_refresh_replaces_the_token_and_moves_the_end(store: Arc<dyn Store>) {
    let first = login("alice", 1, START_MS);
    store.create_session(first.clone()).await.expect("a new login");
    assert_eq!(store.session(first.id).await.expect("a read"), Some(first.clone()));
    let outcome = store
        .rotate_session([1; 32], [2; 32], START_MS + 10, START_MS + 2_000)
        .await
        .expect("a write");
    let expected = AuthSession {
        refresh_hash: [2; 32],
        refreshed_ms: START_MS + 10,
        expires_ms: START_MS + 2_000,
        ..first.clone()
    };
    assert_eq!(outcome, RefreshOutcome::Rotated(expected.clone()));
    assert_eq!(store.session(first.id).await.expect("a read"), Some(expected));
    let outcome = store
        .rotate_session([9; 32], [3; 32], START_MS, START_MS + 1)
        .await
        .expect("a write");
    assert_eq!(outcome, RefreshOutcome::Unknown);
    let taken = store.create_session(login("bob", 2, START_MS)).await;
    assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
}

/// A stolen token ends the login for both.
pub async fn a_replaced_token_that_comes_back_ends_its_login(store: Arc<dyn Store>) {
    let (session, other) = (login("alice", 1, START_MS), login("alice", 100, START_MS));
    store.create_session(session.clone()).await.expect("a new login");
    store.create_session(other.clone()).await.expect("a new login");
    for token in 1..5 {
        let next = [token + 1; 32];
        let outcome = store
            .rotate_session([token; 32], next, START_MS, START_MS + 99)
            .await
            .expect("a write");
        assert!(matches!(outcome, RefreshOutcome::Rotated(_)));
    }
    let outcome = store
        .rotate_session([2; 32], [50; 32], START_MS, START_MS + 99)
        .await
        .expect("a write");
    assert_eq!(outcome, RefreshOutcome::Reused);
    assert_eq!(store.session(session.id).await.expect("a read"), None);
    for token in [5, 2, 50] {
        let outcome = store
            .rotate_session([token; 32], [60; 32], START_MS, START_MS + 99)
            .await
            .expect("a write");
        assert_eq!(outcome, RefreshOutcome::Unknown, "token {token}");
    }
    assert_eq!(store.session(other.id).await.expect("a read"), Some(other));
}

/// Two refresh with the same token at the same time.
pub async fn of_two_refreshes_with_one_token_one_gets_through(store: Arc<dyn Store>) {
    let session = login("alice", 1, START_MS);
    store.create_session(session.clone()).await.expect("a new login");
    let one = store.rotate_session([1; 32], [2; 32], START_MS, START_MS + 99);
    let other = store.rotate_session([1; 32], [3; 32], START_MS, START_MS + 99);
    let outcomes = tokio::join!(one, other);
    let outcomes = [outcomes.0.expect("a write"), outcomes.1.expect("a write")];
    let through = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, RefreshOutcome::Rotated(_)));
    assert_eq!(through.count(), 1);
    assert!(outcomes.contains(&RefreshOutcome::Reused));
    assert_eq!(store.session(session.id).await.expect("a read"), None);
}

/// Time is up.
pub async fn a_login_whose_time_is_over_can_not_be_refreshed(store: Arc<dyn Store>) {
    let session = login("alice", 1, START_MS);
    store.create_session(session.clone()).await.expect("a new login");
    let outcome = store
        .rotate_session([1; 32], [2; 32], START_MS + 1_000, START_MS + 9_000)
        .await
        .expect("a write");
    assert_eq!(outcome, RefreshOutcome::Unknown);
    let outcome = store
        .rotate_session([2; 32], [3; 32], START_MS, START_MS + 9_000)
        .await
        .expect("a write");
    assert_eq!(outcome, RefreshOutcome::Unknown);
}

/// The own logins, newest first.
pub async fn own_logins_are_listed_and_ended_one_by_one(store: Arc<dyn Store>) {
    let logins: Vec<AuthSession> = (0..4)
        .map(|n| login("alice", n + 1, START_MS + i64::from(n) * 300))
        .collect();
    for session in &logins {
        store.create_session(session.clone()).await.expect("a new login");
    }
    store
        .create_session(login("bob", 77, START_MS))
        .await
        .expect("a new login");
    let alice = user("alice");
    // The first is over at this time.
    let listed = store.sessions_of(&alice, START_MS + 1_000).await.expect("a read");
    assert_eq!(listed, [logins[3].clone(), logins[2].clone(), logins[1].clone()]);
    assert!(!store.end_session(&user("bob"), logins[2].id).await.expect("a write"));
    assert!(store.end_session(&alice, logins[2].id).await.expect("a write"));
    assert!(!store.end_session(&alice, logins[2].id).await.expect("a write"));
    let listed = store.sessions_of(&alice, START_MS + 1_000).await.expect("a read");
    assert_eq!(listed, [logins[3].clone(), logins[1].clone()]);
    assert_eq!(store.session(logins[2].id).await.expect("a read"), None);
    let outcome = store
        .rotate_session([3; 32], [9; 32], START_MS, START_MS + 99)
        .await
        .expect("a write");
    assert_eq!(outcome, RefreshOutcome::Unknown);
}
