//! Errors over HTTP: one shape for all of them (RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>).

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use engine::TokenError;
use protocol::{Error, ErrorCode};
use serde::Serialize;

/// Seconds after which a client should try again what was refused for load.
const RETRY_AFTER_S: u32 = 1;

/// An error to answer. Its words are shown to the client: no secrets, no paths, no inner errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    detail: String,
    code: u32,
    allow: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: u32,
}

impl Problem {
    /// A problem of this status; its `code` is the status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            code: u32::from(status.as_u16()),
            allow: None,
        }
    }

    /// The path is there, the method is not.
    pub fn method_not_allowed(allow: impl Into<String>) -> Self {
        Self {
            allow: Some(allow.into()),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method")
        }
    }

    /// Nothing at this path.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "nothing at this path")
    }

    /// The document as JSON.
    pub fn to_json(&self) -> String {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
        };
        serde_json::to_string(&document).expect("plain text and numbers are JSON")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            code: error.code.number(),
            ..Self::new(status, error.message())
        }
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Error::from(code).into()
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => ErrorCode::Unauthorized.into(),
            TokenError::Expired => ErrorCode::TokenExpired.into(),
            TokenError::Unavailable => ErrorCode::Unavailable.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.status, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        match self.status {
            StatusCode::UNAUTHORIZED => {
                // https://www.rfc-editor.org/rfc/rfc6750#section-3
                response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"plenum\""));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((RETRY_AFTER, RETRY_AFTER_S));
            }
            _ => {}
        }
        if let Some(allow) = &self.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        response.body(self.to_json())
    }
}
