//! Calls a function by name: the verbs of HTTP through the same code.

use std::sync::Arc;

use actix::Context;
use protocol::client::{CommandResult, RpcRequest};

use super::Session;

impl Session {
    pub(super) fn rpc(&mut self, id: u32, request: RpcRequest, ctx: &mut Context<Self>) {
        let data = match request.data.transpose() {
            Ok(data) => data,
            Err(error) => return self.reply(id, Err(error.into())),
        };
        if request.method == "message.send"
            && let Err(error) = self.may_publish_now()
        {
            return self.reply(id, Err(error));
        }
        let (engine, caller) = (Arc::clone(&self.engine), self.caller.clone());
        let called = async move {
            let params = data.as_ref().map_or(&b"{}"[..], |data| data.as_bytes());
            let result = engine.call(&caller, &request.method, params).await?;
            Ok(CommandResult::Rpc(Some(result)))
        };
        self.reply_with(id, called, ctx);
    }
}
