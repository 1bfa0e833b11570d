//! Requests to `/emulation`.

use super::*;

#[test]
fn a_json_request_carries_its_frame_as_a_string() {
    let body = r#"{"session":"s","node":"n","data":"{\"id\":1,\"ping\":{}}\n{}"}"#;
    let request = EmulationRequest::decode(Encoding::Json, body.as_bytes()).expect("as centrifuge-js sends it");
    assert_eq!((&*request.node, &*request.session), ("n", "s"));
    assert_eq!(
        decoded(Encoding::Json, &request.data),
        Ok(vec![command(1, Request::Ping), Incoming::Pong])
    );
}

#[test]
fn a_protobuf_request_carries_its_frame_as_bytes() {
    let request =
        EmulationRequest::decode(Encoding::Protobuf, b"\x0a\x01n\x12\x01s\x1a\x01\x00").expect("valid Protobuf");
    assert_eq!(
        (&*request.node, &*request.session, &*request.data),
        ("n", "s", &b"\0"[..])
    );
    assert_eq!(decoded(Encoding::Protobuf, &request.data), Ok(vec![Incoming::Pong]));
}

#[test]
fn requests_come_back_as_they_were_written() {
    let request = EmulationRequest {
        node: "n".into(),
        session: "s".into(),
        data: "{}\n\"ж\"".into(),
    };
    for encoding in [Encoding::Json, Encoding::Protobuf] {
        let body = request.encode(encoding).expect("the frame is text");
        assert_eq!(EmulationRequest::decode(encoding, &body), Ok(request.clone()));
    }
    assert_eq!(request.encode(Encoding::MessagePack), Err(DecodeError));
}

#[test]
fn other_bodies_are_refused_and_sessions_are_not_shown() {
    for body in ["", "[]", r#"{"data":{}}"#, r#"{"session":1}"#] {
        assert_eq!(
            EmulationRequest::decode(Encoding::Json, body.as_bytes()),
            Err(DecodeError),
            "{body}"
        );
    }
    assert_eq!(
        EmulationRequest::decode(Encoding::Protobuf, b"\x0a\x7f"),
        Err(DecodeError)
    );
    let request = EmulationRequest {
        node: "n".into(),
        session: "secret".into(),
        data: "secret".into(),
    };
    assert!(!format!("{request:?}").contains("secret"));
}
