//! Reading what a function is given: a JSON object; unknown fields are ignored.

use std::str::FromStr;

use protocol::{Error, ErrorCode, IdError};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use uuid::Uuid;

use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};

/// Reads the parameters.
///
/// # Errors
/// `BadRequest`, naming the field whose value is missing or of another type. Values are not repeated: one may be a password.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let text = text.trim_ascii();
    let text = if text.is_empty() { b"{}" } else { text };
    // A struct would also be read out of an array.
    if text.first() != Some(&b'{') {
        return Err(Error::new(ErrorCode::BadRequest, "expected a JSON object"));
    }
    let reader = &mut serde_json::Deserializer::from_slice(text);
    let parsed = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        let path = error.path().to_string();
        describe(&path, error.inner())
    })?;
    reader
        .end()
        .map_err(|_| Error::new(ErrorCode::BadRequest, "not valid JSON"))?;
    Ok(parsed)
}

fn describe(path: &str, error: &serde_json::Error) -> Error {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    let words = if !error.is_data() {
        "not valid JSON".to_owned()
    } else if words.starts_with("missing field") || words.starts_with("duplicate field") {
        words.to_owned()
    } else {
        format!("{path}: wrong type or form")
    };
    Error::new(ErrorCode::BadRequest, words)
}

/// An id out of a path or body. A malformed one names nothing.
///
/// # Errors
/// `NotFound`.
pub(super) fn id<T: FromStr<Err = IdError>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| ErrorCode::NotFound.into())
}

/// How many items a page may have.
///
/// # Errors
/// `BadRequest` for 0.
pub(super) fn page_items(limit: Option<u64>) -> Result<usize, Error> {
    match limit {
        None => Ok(PAGE_ITEMS_DEFAULT),
        Some(0) => Err(Error::new(ErrorCode::BadRequest, "limit: at least 1")),
        Some(limit) => Ok(usize::try_from(limit).unwrap_or(usize::MAX).min(PAGE_ITEMS_MAX)),
    }
}

/// A number that may be written as text, as it comes out of a query.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(u64),
        Text(String),
    }
    match Option::<Number>::deserialize(from)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

/// An optional UUID in its usual text form.
pub(super) fn uuid<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Uuid>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        name: String,
        #[serde(default, deserialize_with = "number")]
        limit: Option<u64>,
        #[serde(default, deserialize_with = "uuid")]
        client_msg_id: Option<Uuid>,
    }

    fn words(text: &str) -> String {
        let error = parse::<Sample>(text.as_bytes()).expect_err("refused");
        assert_eq!(error.code, ErrorCode::BadRequest);
        error.message().to_owned()
    }

    #[test]
    fn numbers_come_as_text_out_of_a_query_and_unknown_fields_are_ignored() -> Result<(), Error> {
        let sample: Sample = parse(br#"{"name":"a","limit":"7","more":[1]}"#)?;
        assert_eq!(
            (sample.name.as_str(), sample.limit, sample.client_msg_id),
            ("a", Some(7), None)
        );
        let sample: Sample = parse(br#"{"name":"a","limit":7,"client_msg_id":null}"#)?;
        assert_eq!((sample.limit, sample.client_msg_id), (Some(7), None));
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named_without_repeating_the_value() {
        assert_eq!(words(""), "missing field `name`");
        assert_eq!(words(r#"{"name":12345678}"#), "name: wrong type or form");
        assert_eq!(words(r#"{"name":"a","limit":"many"}"#), "limit: wrong type or form");
        assert_eq!(words(r#"{"name":"a","limit":-1}"#), "limit: wrong type or form");
        assert_eq!(
            words(r#"{"name":"a","client_msg_id":"1"}"#),
            "client_msg_id: wrong type or form"
        );
        assert_eq!(words(r#"{"name":"a""#), "not valid JSON");
        assert_eq!(words(r#"{"name":"a"} x"#), "not valid JSON");
        assert_eq!(words(r#"["a"]"#), "expected a JSON object");
    }

    #[test]
    fn a_page_has_1_to_200_items() {
        assert_eq!(page_items(None), Ok(50));
        assert_eq!(page_items(Some(1)), Ok(1));
        assert_eq!(page_items(Some(u64::MAX)), Ok(200));
        assert!(page_items(Some(0)).is_err());
    }
}
