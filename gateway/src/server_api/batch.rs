//! Several commands in one request: one after the other, or side by side. Replies stand in the order of the commands.

use futures_util::{StreamExt as _, stream};
use protocol::{Error, ErrorCode};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use super::{
    fields,
    methods::BatchCommand,
    reply::{ErrorObject, Outcome},
};
use crate::{limits::SERVER_API_AT_ONCE, server::Gateway};

/// The method's name.
pub(super) const NAME: &str = "batch";

#[derive(Deserialize)]
struct BatchRequest {
    #[serde(default, deserialize_with = "fields::nullable")]
    commands: Vec<Option<BatchCommand>>,
    #[serde(default, deserialize_with = "fields::nullable")]
    parallel: bool,
}

/// The replies of a batch.
#[derive(Serialize)]
pub(super) struct Replies {
    replies: Vec<BatchReply>,
}

/// One reply: the result under its method's name, or an error.
enum BatchReply {
    Of(&'static str, Outcome),
    Refused(Error),
}

impl Serialize for BatchReply {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut reply = to.serialize_map(Some(1))?;
        match self {
            Self::Of(name, Ok(result)) => reply.serialize_entry(name, result)?,
            Self::Of(_, Err(error)) | Self::Refused(error) => {
                reply.serialize_entry("error", &ErrorObject::of(error))?;
            }
        }
        reply.end()
    }
}

/// Runs a batch; None when it can't be read.
pub(super) async fn run(gateway: &Gateway, params: &[u8]) -> Option<Replies> {
    let batch: BatchRequest = serde_json::from_slice(params).ok()?;
    let at_once = if batch.parallel { SERVER_API_AT_ONCE } else { 1 };
    let replies = stream::iter(batch.commands)
        .map(|command| run_one(gateway, command))
        .buffered(at_once)
        .collect()
        .await;
    Some(Replies { replies })
}

async fn run_one(gateway: &Gateway, command: Option<BatchCommand>) -> BatchReply {
    let Some(command) = command else {
        return BatchReply::Refused(ErrorCode::BadRequest.into());
    };
    match command.run(gateway).await {
        Some((name, outcome)) => BatchReply::Of(name, outcome),
        None => BatchReply::Refused(ErrorCode::MethodNotFound.into()),
    }
}
