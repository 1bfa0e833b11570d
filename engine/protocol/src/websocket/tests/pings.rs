//! Autobahn 2: pings and pongs.

use super::kit::{a_client, a_server};
use crate::websocket::{CONTROL_PAYLOAD_LIMIT_BYTES, DecodeError, Event, Opcode};

#[test]
fn pings_carry_up_to_125_bytes_of_anything() {
    for payload in [
        &b""[..],
        b"Hello, world!",
        &[0, 0xff, 0xfe, 0xfd, 0xfc, 0],
        &[0xfe; CONTROL_PAYLOAD_LIMIT_BYTES],
    ] {
        assert_eq!(
            a_client().sends(Opcode::Ping, payload).received(),
            [Event::Ping(payload.to_vec())]
        );
        assert_eq!(
            a_server().sends(Opcode::Ping, payload).received(),
            [Event::Ping(payload.to_vec())]
        );
    }
}

#[test]
fn a_ping_of_126_bytes_is_refused() {
    let sender = a_client().sends(Opcode::Ping, [0xfe; CONTROL_PAYLOAD_LIMIT_BYTES + 1]);
    assert_eq!(sender.refused(), DecodeError::ControlTooLong);
    assert_eq!(sender.refused_after_bytes(), Some(2));
}

#[test]
fn pongs_that_nobody_asked_for_are_events_like_others() {
    let sender = a_client()
        .sends(Opcode::Pong, "unsolicited")
        .sends(Opcode::Ping, "ping");
    assert_eq!(
        sender.received(),
        [Event::Pong(b"unsolicited".to_vec()), Event::Ping(b"ping".to_vec())]
    );
}

#[test]
fn ten_pings_in_a_row_keep_their_order() {
    let sender = (0..10).fold(a_client(), |sender, number| {
        sender.sends(Opcode::Ping, format!("ping {number}"))
    });
    let expected: Vec<_> = (0..10)
        .map(|number| Event::Ping(format!("ping {number}").into()))
        .collect();
    assert_eq!(sender.received(), expected);
}
