//! Who may call: whoever shows `api.key`.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
    web,
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{config::Secret, server::Gateway};

/// The scheme of the `Authorization` header.
const SCHEME: &str = "apikey";
/// The header that goes before `Authorization`.
const HEADER: &str = "X-API-Key";
/// The parameter of the query, looked at last.
const PARAMETER: &str = "api_key";

/// Whether the request shows the key that is in force now. Without a configured key nobody does.
pub(super) fn is_shown(gateway: &Gateway, request: &HttpRequest) -> bool {
    let config = gateway.config();
    let Some(key) = &config.api_key else { return false };
    let by_header = from_headers(request.headers());
    by_header.is_some_and(|shown| is_equal(key, shown))
        || from_query(request.query_string()).is_some_and(|shown| is_equal(key, &shown))
}

fn from_headers(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(HEADER) {
        return value.to_str().ok();
    }
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| key.trim())
}

fn from_query(query: &str) -> Option<String> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .ok()?
        .into_inner();
    pairs
        .into_iter()
        .find_map(|(name, value)| (name == PARAMETER).then_some(value))
}

/// Takes the same time whatever is shown: digests are compared, which are of one length.
fn is_equal(key: &Secret, shown: &str) -> bool {
    let (key, shown) = (Sha256::digest(key.reveal()), Sha256::digest(shown));
    key[..].ct_eq(&shown[..]).into()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_key_stands_in_either_header_or_in_the_query() {
        let by_own_header = TestRequest::default().insert_header((HEADER, "k")).to_http_request();
        assert_eq!(from_headers(by_own_header.headers()), Some("k"));
        for value in ["apikey k", "APIKEY  k ", "ApiKey k"] {
            let request = TestRequest::default()
                .insert_header((AUTHORIZATION, value))
                .to_http_request();
            assert_eq!(from_headers(request.headers()), Some("k"), "{value}");
        }
        let bearer = TestRequest::default()
            .insert_header((AUTHORIZATION, "Bearer k"))
            .to_http_request();
        assert_eq!(from_headers(bearer.headers()), None);
        assert_eq!(from_query("a=1&api_key=k%20k").as_deref(), Some("k k"));
        assert_eq!(from_query(""), None);
    }

    #[test]
    fn only_the_whole_key_is_the_key() {
        let key = Secret::new("the key".to_owned()).expect("not empty");
        assert!(is_equal(&key, "the key"));
        for other in ["", "the ke", "the key ", "the keY"] {
            assert!(!is_equal(&key, other), "{other:?}");
        }
    }
}
