//! What a call is answered: `{"result": …}` or `{"error": {"code", "message"}}`.

use protocol::{Error, ErrorCode, UserId, client::ClientInfo, payload::Payload};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

/// The result of a method as JSON, or why there is none.
pub(super) type Outcome = Result<Box<RawValue>, Error>;

/// A result without fields.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// One answer.
pub(super) struct Reply {
    id: u32,
    outcome: Outcome,
}

impl Reply {
    /// The answer to the command with this id; 0: it had none.
    pub(super) fn new(id: u32, outcome: Outcome) -> Self {
        Self { id, outcome }
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut reply = to.serialize_map(None)?;
        if self.id != 0 {
            reply.serialize_entry("id", &self.id)?;
        }
        match &self.outcome {
            Ok(result) => reply.serialize_entry("result", result)?,
            Err(error) => reply.serialize_entry("error", &ErrorObject::of(error))?,
        }
        reply.end()
    }
}

/// The error of a reply.
#[derive(Serialize)]
pub(super) struct ErrorObject<'a> {
    code: u32,
    message: &'a str,
}

impl<'a> ErrorObject<'a> {
    pub(super) fn of(error: &'a Error) -> Self {
        Self {
            code: error.code.number(),
            message: error.message(),
        }
    }
}

/// The same failure with a code of that protocol: what rooms and functions answer by an HTTP status has none there.
pub(super) fn as_documented(error: Error) -> Error {
    let code = match error.code {
        ErrorCode::NotFound => return ErrorCode::UnknownChannel.into(),
        ErrorCode::Conflict | ErrorCode::TooLarge | ErrorCode::Invalid => ErrorCode::BadRequest,
        code => code,
    };
    Error::new(code, error.message().to_owned())
}

/// The server's own value as JSON.
pub(super) fn raw<T: Serialize>(value: &T) -> Box<RawValue> {
    to_raw_value(value).expect("own values are JSON")
}

/// The same as bytes.
pub(super) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("own values are JSON")
}

/// Who is connected, or has published.
#[derive(Serialize)]
pub(super) struct Client {
    user: String,
    client: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    conn_info: Option<Payload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chan_info: Option<Payload>,
}

impl Client {
    /// A connection of this user, of which nothing else is told.
    pub(super) fn of(user: &UserId, client: Uuid) -> Self {
        Self {
            user: user.to_string(),
            client: client.to_string(),
            conn_info: None,
            chan_info: None,
        }
    }
}

impl From<ClientInfo> for Client {
    fn from(info: ClientInfo) -> Self {
        Self {
            user: info.user,
            client: info.client,
            conn_info: info.conn_info,
            chan_info: info.chan_info,
        }
    }
}
