//! The closed list of what can wake a session.
//!
//! | message | from | when |
//! |---|---|---|
//! | [`Commands`] | its socket, or the emulation endpoint | the client said something |
//! | [`crate::shard::ShardNotice`] | its shard | a subscription ended, a moment came, the socket failed |
//! | [`Control`] | functions and the server API | an operator or the user decides about the session |
//!
//! No message to listeners is among them: those are bytes in the shard's log.

use protocol::{Disconnect, client::Incoming};
use uuid::Uuid;

use crate::Channel;

/// What one frame of the client held, in order.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Commands(pub Vec<Incoming>);

/// What others decide about a session.
#[derive(Debug, Clone, actix::Message)]
#[rtype(result = "()")]
pub enum Control {
    /// Ends the connection.
    Disconnect(Disconnect),
    /// Subscribes the session from the server's side.
    Subscribe(Channel),
    /// Ends one subscription.
    Unsubscribe(Channel),
    /// Moves the end of the connection, Unix seconds; None: it does not end any more.
    Refresh(Option<i64>),
    /// Ends the connection if its token belongs to this login, which has ended.
    LoggedOut(Uuid),
}
