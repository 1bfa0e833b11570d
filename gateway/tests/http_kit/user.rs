//! Somebody who asks, and what comes back.

use serde_json::{Value, json};
use ureq::{Body, http::Response};

use super::Node;

/// Somebody with a token, or without.
pub struct User<'a> {
    pub(super) node: &'a Node,
    pub id: String,
    pub token: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Answer {
    fn of(mut response: Response<Body>) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().expect("text"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Checks that this is a problem of this status, in the one shape of all of them.
    #[track_caller]
    pub fn is_problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for field in ["type", "title", "detail"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {problem}"
            );
        }
        assert!(problem["code"].is_u64(), "{problem}");
        problem
    }
}

impl User<'_> {
    fn authorization(&self) -> Option<String> {
        (!self.token.is_empty()).then(|| format!("Bearer {}", self.token))
    }

    pub fn get(&self, path: &str) -> Answer {
        let mut request = self.node.agent.get(self.url(path));
        if let Some(authorization) = self.authorization() {
            request = request.header("authorization", authorization);
        }
        Answer::of(request.call().expect("an answer"))
    }

    pub fn delete(&self, path: &str) -> Answer {
        let mut request = self.node.agent.delete(self.url(path));
        if let Some(authorization) = self.authorization() {
            request = request.header("authorization", authorization);
        }
        Answer::of(request.call().expect("an answer"))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.sends("POST", path, "application/json", &body.to_string())
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.sends("PUT", path, "application/json", &body.to_string())
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.sends("PATCH", path, "application/json", &body.to_string())
    }

    /// Any body of any type.
    pub fn sends(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let mut request = match method {
            "PUT" => self.node.agent.put(self.url(path)),
            "PATCH" => self.node.agent.patch(self.url(path)),
            _ => self.node.agent.post(self.url(path)),
        };
        if let Some(authorization) = self.authorization() {
            request = request.header("authorization", authorization);
        }
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        Answer::of(request.send(body).expect("an answer"))
    }

    /// Creates a group with these people and gives its id.
    pub fn creates_chat(&self, name: &str, participants: &[&str]) -> String {
        let answer = self.post("/chats", &json!({ "name": name, "participants": participants }));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["chat_id"].as_str().expect("an id").to_owned()
    }

    /// Sends a message and gives it.
    pub fn says(&self, chat: &str, content: &str) -> Value {
        let answer = self.post(&format!("/chats/{chat}/messages"), &json!({ "content": content }));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.node.address)
    }
}
