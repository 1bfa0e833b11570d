//! Who may listen to a channel, read its log and know who is there.

use protocol::{Error, ErrorCode};

use crate::{Caller, Channel, ChannelKind, Engine};

/// Whether the caller may listen to a channel; asked again when a read answers.
///
/// # Errors
/// `UnknownChannel` when it is not there or not visible to the caller; `Unavailable` when the store does not answer.
pub(crate) async fn may_listen(engine: &Engine, caller: &Caller, channel: &Channel) -> Result<(), Error> {
    let is_visible = match channel.kind() {
        _ if caller.is_system() => true,
        _ if !caller.reaches_channel(channel) => false,
        ChannelKind::Room(room) => match engine.reader(caller, room).await {
            Ok(_) => true,
            Err(error) if error.code == ErrorCode::NotFound => false,
            Err(error) => return Err(error),
        },
        ChannelKind::User(user) => user == caller.user,
        ChannelKind::Open => engine.limits.open_channels,
        ChannelKind::Nothing => false,
    };
    if is_visible {
        Ok(())
    } else {
        Err(ErrorCode::UnknownChannel.into())
    }
}
