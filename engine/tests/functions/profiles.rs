//! Profiles and finding people.

use protocol::ErrorCode;
use serde_json::json;

use crate::kit::{World, items};

#[tokio::test]
async fn people_change_their_own_profile_and_everybody_sees_it() {
    let world = World::new();
    let [alice, bob] = world.people(["alice", "bob"]).await;
    let params = json!({"username": "Alice", "info": {"city": "Kazan", "n": 1.50}, "status": "at lunch"});
    let changed = alice.calls("user.update", params).await;
    assert_eq!(changed["status"], "at lunch");
    alice
        .calls("user.update", json!({"username": "alice", "status": "back"}))
        .await;

    let seen = bob.calls("user.get", json!({"username": "alice"})).await;
    assert_eq!(seen["info"], json!({"city": "Kazan", "n": 1.5}), "what is absent stays");
    assert_eq!(seen["status"], "back");
    assert_eq!(seen["created"], "2023-11-14T22:13:20.000Z");
}

#[tokio::test]
async fn foreign_and_malformed_profiles_are_refused() {
    let world = World::new();
    let [alice, _bob] = world.people(["alice", "bob"]).await;
    for (params, code) in [
        (
            json!({"username": "bob", "status": "mine now"}),
            ErrorCode::PermissionDenied,
        ),
        (json!({"username": "nobody", "status": "x"}), ErrorCode::NotFound),
        (
            json!({"username": "alice", "status": "x".repeat(257)}),
            ErrorCode::Invalid,
        ),
        (json!({"username": "alice", "status": "a\nb"}), ErrorCode::Invalid),
        (json!({"username": "alice", "status": 5}), ErrorCode::BadRequest),
        (json!({"username": "alice", "info": [1]}), ErrorCode::BadRequest),
        (json!({"username": "alice", "info": "text"}), ErrorCode::BadRequest),
        (
            json!({"username": "alice", "info": {"long": "x".repeat(4_096)}}),
            ErrorCode::Invalid,
        ),
    ] {
        assert_eq!(alice.is_refused("user.update", params.clone()).await, code, "{params}");
    }
    assert_eq!(
        alice.is_refused("user.get", json!({"username": "nobody"})).await,
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_their_name() {
    let world = World::new();
    let [alice, ..] = world.people(["alice", "Алексей", "алёна", "bob"]).await;
    let found = alice.calls("user.search", json!({"q": "АЛ"})).await;
    let names: Vec<_> = items(&found).iter().map(|user| user["username"].clone()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(
        items(&alice.calls("user.search", json!({"q": "al", "limit": "1"})).await).len(),
        1
    );
    assert_eq!(items(&alice.calls("user.search", json!({"q": "%"})).await).len(), 0);
    assert_eq!(
        items(&alice.calls("user.search", json!({"q": "x".repeat(500)})).await).len(),
        0
    );
    assert_eq!(
        alice.is_refused("user.search", json!({"q": " "})).await,
        ErrorCode::BadRequest
    );
    assert_eq!(alice.is_refused("user.search", json!({})).await, ErrorCode::BadRequest);
    assert_eq!(
        alice.is_refused("user.search", json!({"q": "a", "limit": 0})).await,
        ErrorCode::BadRequest
    );
}
