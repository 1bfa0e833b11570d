//! People of an outside identity provider, and people without a token.

use engine::{
    Caller,
    functions::{Needs, TABLE},
};
use protocol::ErrorCode;
use serde_json::json;

use crate::kit::World;

#[tokio::test]
async fn an_outside_user_is_created_at_first_use_under_the_providers_id() {
    let world = World::new();
    let token = world.tokens.of_outside("auth0|42", Some("Jane Doe"));
    let caller = world.admits(&token).await.expect("admitted");
    assert_eq!(caller.user.as_str(), "auth0|42");
    let profile = world
        .call(&caller, "user.get", json!({"username": "jane.doe"}))
        .await
        .expect("there");
    assert_eq!(profile["user_id"], "auth0|42");
    assert_eq!(profile["username"], "Jane.Doe");

    // The same user later, with a token that leaves the name out.
    world.clock.advance(3_600_000);
    let again = world.tokens.of_outside("auth0|42", None);
    assert!(world.admits(&again).await.is_ok());
    assert!(
        world
            .call(&caller, "user.get", json!({"username": "auth042"}))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn two_outside_users_of_one_name_are_told_apart() {
    let world = World::new();
    for sub in ["1", "2", "3"] {
        let token = world.tokens.of_outside(sub, Some("Jane"));
        assert!(world.admits(&token).await.is_ok());
    }
    let alice = world.person("alice").await;
    let found = alice.calls("user.search", json!({"q": "jane"})).await;
    assert_eq!(crate::kit::items(&found).len(), 3, "{found}");
}

#[tokio::test]
async fn many_connections_of_a_new_outside_user_make_one_account() {
    let world = World::new();
    let token = world.tokens.of_outside("42", Some("Jane"));
    let connects = (0..16).map(|_| world.admits(&token));
    for admitted in futures_util::future::join_all(connects).await {
        assert_eq!(admitted.map(|caller| caller.user.to_string()), Ok("42".to_owned()));
    }
    let alice = world.person("alice").await;
    let found = alice.calls("user.search", json!({"q": "jane"})).await;
    assert_eq!(crate::kit::items(&found).len(), 1);
}

#[tokio::test]
async fn an_outside_token_can_not_speak_for_an_own_account() {
    let world = World::new();
    let alice = world.person("alice").await;
    let token = world.tokens.of_outside(&alice.id, Some("alice"));
    assert_eq!(world.admits(&token).await, Err(ErrorCode::Unauthorized));
}

#[tokio::test]
async fn without_a_token_only_the_functions_of_accounts_answer() {
    let world = World::new();
    for row in TABLE {
        let refused = world.nobody(row.method, json!({})).await.expect_err("refused");
        if row.needs == Needs::SignedIn {
            assert_eq!(refused.code, ErrorCode::Unauthorized, "{}", row.method);
        }
    }
    let unknown = world.call(&Caller::anonymous(), "room.explode", json!({})).await;
    assert_eq!(unknown.expect_err("refused").code, ErrorCode::MethodNotFound);
}
