//! A message, and with it everything before it, is on a device.

use protocol::Error;

use super::{
    Answer, Function,
    marks::{Acknowledgement, Params, acknowledge},
};
use crate::{Caller, Engine, message::MessageObject};

/// `PUT /messages/{message_id}/receive`.
pub(super) struct ReceiveMessage;

impl Function for ReceiveMessage {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        acknowledge(engine, caller, params, Acknowledgement::Received).await
    }
}
