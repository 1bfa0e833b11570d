//! A message, and with it everything before it, has been read.

use protocol::Error;

use super::{
    Answer, Function,
    marks::{Acknowledgement, Params, acknowledge},
};
use crate::{Caller, Engine, message::MessageObject};

/// `PUT /messages/{message_id}/read`.
pub(super) struct ReadMessage;

impl Function for ReadMessage {
    type Params = Params;
    type Answer = MessageObject<'static>;

    async fn call(engine: &Engine, caller: &Caller, params: Params) -> Result<Answer, Error> {
        acknowledge(engine, caller, params, Acknowledgement::Read).await
    }
}
