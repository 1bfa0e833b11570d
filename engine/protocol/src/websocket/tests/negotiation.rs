//! Which offers of permessage-deflate are accepted, and in which words.

use crate::websocket::{DeflateAgreement, DeflateParameters, DeflatePolicy, Upgrade};

fn negotiate_lines(offers: &[&str], policy: DeflatePolicy) -> Option<DeflateAgreement> {
    let request: [(&str, &[u8]); 4] = [
        ("Upgrade", b"websocket"),
        ("Connection", b"upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
    ];
    let offers = offers
        .iter()
        .map(|offer| ("Sec-WebSocket-Extensions", offer.as_bytes()));
    let upgrade = Upgrade::check("GET", (1, 1), request.into_iter().chain(offers)).unwrap();
    let agreement = upgrade.negotiate_deflate(&policy);
    let response = upgrade.response(None, agreement.as_ref());
    assert_eq!(response.contains("Sec-WebSocket-Extensions"), agreement.is_some());
    agreement
}

fn answer(offer: &str) -> Option<String> {
    negotiate_lines(&[offer], DeflatePolicy::default()).map(|agreement| agreement.header_value().to_owned())
}

#[test]
fn offers_are_answered_with_what_must_be_named() {
    for (offer, expected) in [
        ("permessage-deflate", "permessage-deflate"),
        ("PerMessage-Deflate", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
        (
            "permessage-deflate; client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=10",
        ),
        (
            "permessage-deflate;client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=8",
        ),
        (
            "permessage-deflate; server_max_window_bits=15",
            "permessage-deflate; server_max_window_bits=15",
        ),
        (
            "permessage-deflate; server_max_window_bits = \"9\"",
            "permessage-deflate; server_max_window_bits=9",
        ),
        (
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
        ),
        (
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
        ),
        (
            "permessage-deflate; server_max_window_bits=12; client_no_context_takeover; client_max_window_bits=\"11\"; \
             server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; \
             client_max_window_bits=11",
        ),
    ] {
        assert_eq!(answer(offer).as_deref(), Some(expected), "{offer}");
    }
}

#[test]
fn malformed_and_impossible_offers_are_declined() {
    for offer in [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflates",
        "permessage-deflate=1",
        "x-other; quoted=\", permessage-deflate, \"",
        "permessage-deflate;",
        "permessage-deflate; ;",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+10",
        "permessage-deflate; server_max_window_bits=1 0",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=100",
    ] {
        assert_eq!(answer(offer), None, "{offer}");
    }
}

#[test]
fn the_first_acceptable_of_several_offers_wins() {
    let in_one_line = "x-other; a=\"1,2;3\", permessage-deflate; server_max_window_bits=8, \
                       permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert_eq!(
        answer(in_one_line).as_deref(),
        Some("permessage-deflate; server_max_window_bits=10")
    );
    let in_lines = [
        "permessage-deflate; nonsense=1",
        "permessage-deflate; client_max_window_bits=9",
    ];
    let agreement = negotiate_lines(&in_lines, DeflatePolicy::default()).unwrap();
    assert_eq!(agreement.parameters.client_max_window_bits, 9);
}

#[test]
fn a_server_may_ask_for_less_than_offered() {
    let frugal = DeflatePolicy {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 12,
        client_max_window_bits: 11,
    };
    let agreement = negotiate_lines(&["permessage-deflate; client_max_window_bits"], frugal).unwrap();
    let expected = DeflateParameters {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 12,
        client_max_window_bits: 11,
    };
    assert_eq!(agreement.parameters, expected);
    assert_eq!(
        agreement.header_value(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; \
         client_max_window_bits=11"
    );
    let narrower = ["permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"];
    let narrower = negotiate_lines(&narrower, frugal).unwrap().parameters;
    assert_eq!(
        (narrower.server_max_window_bits, narrower.client_max_window_bits),
        (10, 9)
    );
}

#[test]
fn a_client_that_does_not_offer_it_keeps_its_window() {
    let frugal = DeflatePolicy {
        client_max_window_bits: 9,
        ..DeflatePolicy::default()
    };
    let agreement = negotiate_lines(&["permessage-deflate"], frugal).unwrap();
    assert_eq!(agreement.parameters.client_max_window_bits, 15);
    assert_eq!(agreement.header_value(), "permessage-deflate");
}
