//! What a function answers, before it is known how it travels.

use bytes::Bytes;
use protocol::{Error, ErrorCode, payload::Payload};
use serde::Serialize;

/// The answer of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The object, or the array of a list.
    pub body: Payload,
    /// It is a list.
    pub is_list: bool,
    /// Of a list: the `cursor` of the next page, if there is one.
    pub next: Option<String>,
}

impl Answer {
    /// One object.
    pub(super) fn object<T: Serialize>(object: &T) -> Result<Self, Error> {
        Ok(Self {
            status: 200,
            body: to_payload(object)?,
            is_list: false,
            next: None,
        })
    }

    /// A page of a list.
    pub(super) fn list<T: Serialize>(items: &[T], next: Option<String>) -> Result<Self, Error> {
        Ok(Self {
            is_list: true,
            next,
            ..Self::object(&items)?
        })
    }

    /// As the result of an rpc: an array can't carry the place where it goes on, so a list becomes an object with it.
    pub fn into_rpc(self) -> Payload {
        if !self.is_list {
            return self.body;
        }
        let mut text = Vec::with_capacity(self.body.as_bytes().len() + 64);
        text.extend_from_slice(br#"{"items":"#);
        text.extend_from_slice(self.body.as_bytes());
        if let Some(next) = self.next.and_then(|next| serde_json::to_vec(&next).ok()) {
            text.extend_from_slice(br#","next":"#);
            text.extend_from_slice(&next);
        }
        text.push(b'}');
        Payload::from_trusted(Bytes::from(text))
    }
}

/// An own object as JSON.
pub(super) fn to_payload<T: Serialize>(object: &T) -> Result<Payload, Error> {
    Payload::from_value(object).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        ErrorCode::Internal.into()
    })
}
