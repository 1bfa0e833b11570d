//! `{"type": "auth", "data": {"token": "…"}}`: how a client that can't set headers says who it is.

use serde::Deserialize;

#[derive(Deserialize)]
struct Frame {
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    token: String,
}

/// The token of a first frame; None when it is anything else.
pub(super) fn token(text: &str) -> Option<String> {
    let frame: Frame = serde_json::from_str(text).ok()?;
    (frame.r#type == "auth").then_some(frame.data.token)
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn only_an_auth_frame_has_a_token() {
        assert_eq!(
            token(r#"{"type":"auth","data":{"token":"t","more":1}}"#).as_deref(),
            Some("t")
        );
        for other in [
            "",
            "{}",
            "[]",
            r#"{"type":"auth"}"#,
            r#"{"type":"x","data":{"token":"t"}}"#,
            r#"{"data":{"token":1}}"#,
        ] {
            assert_eq!(token(other), None, "{other}");
        }
    }
}
