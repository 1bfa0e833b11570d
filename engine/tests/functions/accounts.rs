//! Registering, logging in, refreshing, logging out.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{PASSWORD, Person, World, items, text};

#[tokio::test]
async fn who_registers_is_logged_in_and_can_log_in_again() {
    let world = World::new();
    let alice = world.person("Alice").await;
    assert_eq!(
        world.admits(&alice.access).await.map(|caller| caller.user.to_string()),
        Ok(alice.id.clone())
    );

    let again = world
        .nobody("account.login", json!({"username": "aLICE", "password": PASSWORD}))
        .await;
    let again = again.expect("logged in");
    assert_eq!(again["user_id"], alice.id);
    assert_eq!(again["username"], "Alice");
    assert_eq!(again["expires_in"], 900);
    assert_ne!(again["refresh_token"], alice.refresh);
}

#[tokio::test]
async fn names_are_unique_whatever_their_case_and_bad_ones_are_refused() {
    let world = World::new();
    world.person("alice").await;
    for (username, password, code) in [
        ("ALICE", PASSWORD, ErrorCode::Conflict),
        ("al", PASSWORD, ErrorCode::Invalid),
        ("a b c", PASSWORD, ErrorCode::Invalid),
        ("bo\u{0}b", PASSWORD, ErrorCode::Invalid),
        ("bob", "1234567", ErrorCode::Invalid),
        ("bob", &"x".repeat(257), ErrorCode::Invalid),
    ] {
        let params = json!({"username": username, "password": password});
        let error = world.nobody("account.register", params).await.expect_err("refused");
        assert_eq!(error.code, code, "{username:?}: {error}");
    }
    let error = world
        .nobody("account.register", json!({"username": 7, "password": PASSWORD}))
        .await;
    let error = error.expect_err("refused");
    assert_eq!(
        (error.code, error.message()),
        (ErrorCode::BadRequest, "username: wrong type or form")
    );
    let error = world
        .nobody("account.register", json!({"username": "bob"}))
        .await
        .expect_err("refused");
    assert_eq!(error.message(), "missing field `password`");
}

#[tokio::test]
async fn of_two_who_register_one_name_at_the_same_time_one_gets_it() {
    let world = World::new();
    let register = || world.nobody("account.register", json!({"username": "alice", "password": PASSWORD}));
    let (one, other) = tokio::join!(register(), register());
    let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(
        refused.iter().map(|error| error.code).collect::<Vec<_>>(),
        [ErrorCode::Conflict]
    );
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_get_the_same_words_and_guessing_is_slowed_down() {
    let world = World::new();
    world.person("alice").await;
    let log_in = |name: &'static str, password: &'static str| {
        let world = &world;
        async move {
            world
                .nobody("account.login", json!({"username": name, "password": password}))
                .await
        }
    };
    let wrong = log_in("alice", "wrong horse").await.expect_err("refused");
    let unknown = log_in("mallory", "wrong horse").await.expect_err("refused");
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.code, ErrorCode::Unauthorized);

    for _ in 0..4 {
        assert_eq!(
            log_in("alice", "wrong horse").await.expect_err("refused").code,
            ErrorCode::Unauthorized
        );
    }
    let paused = log_in("alice", PASSWORD).await.expect_err("paused");
    assert_eq!(paused.code, ErrorCode::TooManyRequests);
    world.clock.advance(1_000);
    assert!(log_in("alice", PASSWORD).await.is_ok());
    assert!(log_in("alice", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_login() {
    let world = World::new();
    let alice = world.person("alice").await;
    let refresh = |token: &str| {
        let params = json!({"refresh_token": token});
        let world = &world;
        async move { world.nobody("account.refresh", params).await }
    };
    let fresh = refresh(&alice.refresh).await.expect("refreshed");
    assert_eq!(fresh["user_id"], alice.id);
    assert!(world.admits(&text(&fresh["access_token"])).await.is_ok());

    let reused = refresh(&alice.refresh).await.expect_err("refused");
    assert_eq!(reused.code, ErrorCode::Unauthorized);
    let after = refresh(&text(&fresh["refresh_token"]))
        .await
        .expect_err("the login has ended");
    assert_eq!(after.code, ErrorCode::Unauthorized);
    assert_eq!(
        refresh("nonsense").await.expect_err("refused").code,
        ErrorCode::Unauthorized
    );
}

#[tokio::test]
async fn an_access_token_ends_with_its_time_and_a_login_with_logging_out() {
    let world = World::new();
    let alice = world.person("alice").await;
    alice.calls("account.logout", json!({})).await;
    assert_eq!(world.admits(&alice.access).await, Err(ErrorCode::Unauthorized));
    assert!(
        world
            .engine
            .has_session_ended(alice.caller.auth_session.expect("a login"))
    );
    let refreshed = world
        .nobody("account.refresh", json!({"refresh_token": alice.refresh}))
        .await;
    assert_eq!(refreshed.expect_err("refused").code, ErrorCode::Unauthorized);

    let bob = world.person("bob").await;
    world.clock.advance(901_000);
    assert_eq!(world.admits(&bob.access).await, Err(ErrorCode::TokenExpired));
    assert_eq!(world.admits("nonsense").await, Err(ErrorCode::Unauthorized));
}

#[tokio::test]
async fn a_refresh_token_is_enough_to_log_out() {
    let world = World::new();
    let alice = world.person("alice").await;
    let ended = world
        .nobody("account.logout", json!({"refresh_token": alice.refresh}))
        .await;
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(world.admits(&alice.access).await, Err(ErrorCode::Unauthorized));
    assert_eq!(
        world
            .nobody("account.logout", json!({}))
            .await
            .expect_err("whose?")
            .code,
        ErrorCode::Unauthorized
    );
}

#[tokio::test]
async fn people_see_and_end_their_own_logins_only() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let params = json!({"username": "alice", "password": PASSWORD, "agent": "phone\n"});
    let phone = world.nobody("account.login", params).await.expect("logged in");
    let phone = Person::logged_in(&world, phone).await;

    let list = alice.calls("session.list", json!({})).await;
    assert_eq!(items(&list).len(), 2);
    let current = items(&list).iter().filter(|session| session["current"] == true).count();
    assert_eq!(current, 1);
    let session = items(&list)
        .iter()
        .find(|session| session["agent"] == "phone")
        .expect("the phone's");
    let id = text(&session["session_id"]);

    assert_eq!(
        bob.is_refused("session.end", json!({"session_id": id})).await,
        ErrorCode::NotFound
    );
    assert_eq!(
        bob.is_refused("session.end", json!({"session_id": "nonsense"})).await,
        ErrorCode::NotFound
    );
    alice.calls("session.end", json!({"session_id": id})).await;
    assert_eq!(world.admits(&phone.access).await, Err(ErrorCode::Unauthorized));
    assert!(world.admits(&alice.access).await.is_ok());
    assert_eq!(items(&alice.calls("session.list", json!({})).await).len(), 1);
    assert_eq!(
        alice.is_refused("session.end", json!({"session_id": id})).await,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn an_account_has_no_password_in_any_answer() {
    let world = World::new();
    let alice = world.person("alice").await;
    let profile = alice.calls("user.get", json!({"username": "alice"})).await;
    let sessions = alice.calls("session.list", json!({})).await;
    for shown in [profile.to_string(), sessions.to_string()] {
        assert!(
            !shown.contains("argon2") && !shown.contains(PASSWORD) && !shown.contains("hash"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn calls_are_counted_by_method_and_outcome() {
    let world = World::new();
    let alice = world.person("alice").await;
    alice.is_refused("room.get", json!({"chat_id": "nonsense"})).await;
    let families = world.registry.gather();
    let calls = families
        .iter()
        .find(|family| family.name() == "plenum_functions_total")
        .expect("counted");
    let count = |method: &str, outcome: &str| {
        let found = calls.get_metric().iter().find(|metric| {
            let labels = metric.get_label();
            labels.iter().any(|pair| pair.value() == method) && labels.iter().any(|pair| pair.value() == outcome)
        });
        found.map(|metric| metric.get_counter().get_value())
    };
    assert_eq!(count("account.register", "ok"), Some(1.0));
    assert_eq!(count("room.get", "not_found"), Some(1.0));
    assert_eq!(count("room.get", "ok"), Some(0.0));
}
