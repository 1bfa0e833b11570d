//! How fields of requests are read: what is `null` is not there, and what is not offered is refused instead of passed over.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::Channel;
use protocol::{
    Error, ErrorCode, UserId,
    payload::{Payload, PayloadLimits},
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A field whose `null` is its default.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A value as it stands there; `null` is a value.
pub(super) fn value<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

/// A channel by its name.
///
/// # Errors
/// `BadRequest` when no channel can have this name.
pub(super) fn channel(name: &str) -> Result<Channel, Error> {
    Channel::parse(name).ok_or_else(|| ErrorCode::BadRequest.into())
}

/// A user by id; the empty one is the anonymous user.
///
/// # Errors
/// `BadRequest` when no user can have this id.
pub(super) fn user(id: &str) -> Result<UserId, Error> {
    if id.is_empty() {
        return Ok(UserId::anonymous());
    }
    id.parse().map_err(|_| ErrorCode::BadRequest.into())
}

/// A connection by id; None: every connection. An id that no connection can have is of none.
pub(super) fn client(id: &str) -> Result<Option<Uuid>, Error> {
    if id.is_empty() {
        return Ok(None);
    }
    id.parse().map(Some).map_err(|_| ErrorCode::BadRequest.into())
}

/// What is published: `b64data` where it is given, else `data`.
///
/// # Errors
/// `BadRequest` for what is no payload.
pub(super) fn payload(data: Option<&RawValue>, b64data: &str, bytes_max: usize) -> Result<Payload, Error> {
    let limits = PayloadLimits {
        bytes: bytes_max,
        ..PayloadLimits::default()
    };
    if b64data.is_empty() {
        let text = data.map_or("", RawValue::get);
        return Ok(Payload::from_json(text.as_bytes(), &limits)?);
    }
    let text = STANDARD
        .decode(b64data)
        .map_err(|_| Error::new(ErrorCode::BadRequest, "b64data is not base64"))?;
    Ok(Payload::from_json(&text, &limits)?)
}

/// Refuses a request that asks for something this server does not do.
///
/// # Errors
/// `NotAvailable` with the field's name, when it is asked for.
pub(super) fn refuse(field: &'static str, is_asked: bool) -> Result<(), Error> {
    if is_asked {
        return Err(Error::new(ErrorCode::NotAvailable, format!("{field}: not available")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_one_json_value_of_bounded_size_in_either_form() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let given = raw(r#"{"a": 1}"#);
        assert_eq!(
            payload(Some(&given), "", 100).expect("a payload").as_bytes(),
            br#"{"a":1}"#
        );
        let encoded = STANDARD.encode("[1,2]");
        assert_eq!(payload(None, &encoded, 100).expect("a payload").as_bytes(), b"[1,2]");
        let twice = raw(r#"{"a":1,"a":2}"#);
        let not_json = STANDARD.encode("plain");
        let refused = [
            payload(None, "", 100),
            payload(Some(&given), "", 3),
            payload(Some(&twice), "", 100),
            payload(None, &not_json, 100),
            payload(None, "%", 100),
        ];
        for outcome in refused {
            assert_eq!(outcome.expect_err("refused").code, ErrorCode::BadRequest);
        }
    }
}
