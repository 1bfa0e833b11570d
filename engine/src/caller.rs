//! Who asks.

use std::net::IpAddr;

use protocol::UserId;
use storage::UserRole;
use uuid::Uuid;

/// The one who sent a command, already authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user; the anonymous user's id is empty.
    pub user: UserId,
    /// What the user may do in the whole installation.
    pub role: UserRole,
    /// The login behind the token, for own tokens.
    pub auth_session: Option<Uuid>,
    /// The realtime connection, when it came over one.
    pub client: Option<Uuid>,
    /// Where it comes from, where that is known.
    pub address: Option<IpAddr>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    System,
}

impl Caller {
    /// A signed-in user.
    pub fn person(user: UserId, role: UserRole, auth_session: Option<Uuid>) -> Self {
        Self {
            user,
            role,
            auth_session,
            client: None,
            address: None,
            kind: Kind::Person,
        }
    }

    /// A connection without a token.
    pub fn anonymous() -> Self {
        Self::person(UserId::anonymous(), UserRole::User, None)
    }

    /// The system itself: the server API and the node's own notices.
    pub fn system() -> Self {
        Self {
            kind: Kind::System,
            ..Self::person(UserId::anonymous(), UserRole::Admin, None)
        }
    }

    /// The same caller on this realtime connection.
    #[must_use]
    pub fn on_connection(mut self, client: Uuid) -> Self {
        self.client = Some(client);
        self
    }

    /// The same caller from this address.
    #[must_use]
    pub fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Whether an invitation let them in, to one room only.
    pub fn is_guest(&self) -> bool {
        self.role == UserRole::Guest
    }

    /// Whether this is the system.
    pub fn is_system(&self) -> bool {
        self.kind == Kind::System
    }

    /// Whether nobody is signed in.
    pub fn is_anonymous(&self) -> bool {
        !self.is_system() && self.user.is_anonymous()
    }
}
