//! How far a guest's token reaches: one room, and the verbs that say so. Everybody else reaches as far as their memberships.
//!
//! Every question about a room or a channel comes through here before anything is looked up, and every verb before it is called: what is
//! new is closed to guests until somebody opens it.

use protocol::{Error, ErrorCode, RoomId};

use crate::{
    Caller, Channel, ChannelKind,
    accounts::guest,
    functions::{Needs, Row},
};

impl Caller {
    /// Whether the room may exist for the caller at all: of a guest the one that they were invited to.
    pub fn reaches(&self, room: RoomId) -> bool {
        !self.is_guest() || guest::room(&self.user) == Some(room)
    }

    /// Whether the channel may: of a guest that room's and their own.
    pub(crate) fn reaches_channel(&self, channel: &Channel) -> bool {
        match channel.kind() {
            ChannelKind::Room(room) => self.reaches(room),
            ChannelKind::User(_) | ChannelKind::Nothing => true,
            ChannelKind::Open => !self.is_guest(),
        }
    }
}

/// Whether the caller may call a verb at all.
///
/// # Errors
/// `Unauthorized` when nobody is signed in; `PermissionDenied` for guests.
pub(crate) fn may_call(caller: &Caller, row: &Row) -> Result<(), Error> {
    if row.needs == Needs::Nothing {
        return Ok(());
    }
    if caller.is_anonymous() {
        return Err(ErrorCode::Unauthorized.into());
    }
    if caller.is_guest() && !row.is_for_guests {
        return Err(Error::new(ErrorCode::PermissionDenied, "not for guests"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use protocol::UserId;
    use storage::UserRole;

    use super::*;

    fn channel(name: &str) -> Channel {
        Channel::parse(name).expect("a name")
    }

    #[test]
    fn a_guest_reaches_one_room_and_a_person_every_room() {
        let (own, other) = (RoomId::from_key(1), RoomId::from_key(2));
        let guest = Caller::person(guest::id(own, 1), UserRole::Guest, None);
        assert!(guest.reaches(own) && !guest.reaches(other));
        assert!(guest.reaches_channel(&Channel::of_room(own)) && !guest.reaches_channel(&Channel::of_room(other)));
        assert!(guest.reaches_channel(&Channel::of_user(&guest.user)) && !guest.reaches_channel(&channel("news")));

        // The id alone makes nobody a guest, and a guest whose id tells no room reaches none.
        let person = Caller::person(guest.user.clone(), UserRole::User, None);
        assert!(person.reaches(own) && person.reaches(other) && person.reaches_channel(&channel("news")));
        let lost = Caller::person(UserId::generate(1), UserRole::Guest, None);
        assert!(!lost.reaches(own) && !lost.reaches_channel(&Channel::of_room(own)));
    }
}
