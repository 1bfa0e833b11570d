//! Invitations: one for a room, found by its code.

use std::sync::Arc;

use protocol::RoomId;

use super::kit::START_MS;
use crate::{Invitation, Store, StoreError};

fn invitation(room: RoomId, code: &str) -> Invitation {
    Invitation {
        room,
        code: code.to_owned(),
        created_ms: START_MS,
    }
}

async fn created(store: &Arc<dyn Store>, new: Invitation) -> Invitation {
    store.create_invitation(new).await.expect("an invitation")
}

/// What was made is found from both sides, and by no other spelling.
pub async fn an_invitation_is_found_by_its_code_and_by_its_room(store: Arc<dyn Store>) {
    let (tea, coffee) = (RoomId::generate(1), RoomId::generate(2));
    let new = invitation(tea, "TEATEATEAT");
    assert_eq!(created(&store, new.clone()).await, new);
    assert_eq!(store.invitation("TEATEATEAT").await.expect("a read"), Some(new.clone()));
    assert_eq!(store.invitation_of(tea).await.expect("a read"), Some(new));
    assert_eq!(store.invitation_of(coffee).await.expect("a read"), None);
    for other in ["teateateat", "TEATEATEA", ""] {
        assert_eq!(store.invitation(other).await.expect("a read"), None, "{other:?}");
    }
}

/// The first one counts, and the code of the other is nobody's.
pub async fn a_room_has_one_invitation(store: Arc<dyn Store>) {
    let room = RoomId::generate(1);
    let first = created(&store, invitation(room, "FIRST")).await;
    assert_eq!(created(&store, invitation(room, "SECOND")).await, first);
    assert_eq!(store.invitation("SECOND").await.expect("a read"), None);
    let attempts = (0..8).map(|number| store.create_invitation(invitation(room, &format!("LATER{number}"))));
    for outcome in futures_util::future::join_all(attempts).await {
        assert_eq!(outcome.expect("an invitation"), first);
    }
}

/// Nobody's link leads into another room.
pub async fn a_code_is_of_one_room_alone(store: Arc<dyn Store>) {
    let (tea, coffee) = (RoomId::generate(1), RoomId::generate(2));
    let first = created(&store, invitation(tea, "DRINKS")).await;
    let refused = store.create_invitation(invitation(coffee, "DRINKS")).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(store.invitation("DRINKS").await.expect("a read"), Some(first));
    assert_eq!(store.invitation_of(coffee).await.expect("a read"), None);
}

/// The old code leads nowhere, and a new one can be made.
pub async fn an_ended_invitation_leads_nowhere_and_another_takes_its_place(store: Arc<dyn Store>) {
    let room = RoomId::generate(1);
    assert!(!store.end_invitation(room).await.expect("nothing to end"));
    created(&store, invitation(room, "OLD")).await;
    assert!(store.end_invitation(room).await.expect("an end"));
    assert_eq!(store.invitation("OLD").await.expect("a read"), None);
    assert_eq!(store.invitation_of(room).await.expect("a read"), None);
    assert!(!store.end_invitation(room).await.expect("nothing to end"));

    let next = created(&store, invitation(room, "NEW")).await;
    assert_eq!(store.invitation("NEW").await.expect("a read"), Some(next));
    assert_eq!(store.invitation("OLD").await.expect("a read"), None);
    let other = RoomId::generate(2);
    assert_eq!(created(&store, invitation(other, "OLD")).await.room, other);
}
