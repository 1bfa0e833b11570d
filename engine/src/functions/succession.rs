//! A group keeps an owner: before the only one leaves, the member of the highest role who has been in it longest becomes one.

use protocol::{Error, RoomId};
use storage::{Member, Role, RoomKind};

use crate::{Caller, Engine, failure, limits::SUCCESSION_MEMBERS_MAX, rooms::Verb};

impl Engine {
    /// Called before the caller leaves. In rooms too large to be looked through nothing happens.
    pub(super) async fn keep_an_owner(&self, caller: &Caller, room: RoomId) -> Result<(), Error> {
        let (state, own) = self.reader(caller, room).await?;
        let is_large = state.room.members_count > SUCCESSION_MEMBERS_MAX as u64;
        if own.role != Role::Owner || state.room.kind != RoomKind::Group || is_large {
            return Ok(());
        }
        let members = self.store.members(room, None, SUCCESSION_MEMBERS_MAX).await;
        let Some(successor) = successor(&own, members.map_err(failure::of_store)?) else {
            return Ok(());
        };
        let users = vec![(successor.user, Role::Owner)];
        let verb = Verb::AddParticipants { users };
        self.change(&Caller::system(), room, verb, None).await.map(drop)
    }
}

/// Who becomes owner; None when there is another one already, or nobody else.
fn successor(leaving: &Member, members: Vec<Member>) -> Option<Member> {
    let others = members.into_iter().filter(|member| member.user != leaving.user);
    let first = others.min_by_key(|member| (std::cmp::Reverse(member.role), member.joined_seq, member.user.clone()));
    first.filter(|member| member.role < Role::Owner)
}
