//! Ends following a channel: nothing of it follows the reply.

use protocol::{
    ErrorCode,
    client::{CommandResult, UnsubscribeRequest},
};

use super::Session;
use crate::Channel;

impl Session {
    pub(super) fn unsubscribe(&mut self, id: u32, request: &UnsubscribeRequest) {
        let Some(channel) = Channel::parse(&request.channel) else {
            return self.reply(id, Err(ErrorCode::BadRequest.into()));
        };
        self.end_subscription(&channel);
        self.reply(id, Ok(CommandResult::Unsubscribe));
    }

    /// Ends a subscription, if there is one; whether there was.
    pub(super) fn end_subscription(&mut self, channel: &Channel) -> bool {
        let Some(subscription) = self.forget(channel) else {
            return false;
        };
        self.shard.unsubscribe(self.key, channel);
        self.announce_leave(&subscription);
        true
    }
}
