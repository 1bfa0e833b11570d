//! Input made to exhaust memory or stack, and input cut anywhere.

use bytes::Bytes;

use super::{Payload, PayloadError, PayloadLimits, random::Random};

const ENDLESS: PayloadLimits = PayloadLimits {
    bytes: usize::MAX,
    depth: usize::MAX,
};

#[test]
fn nesting_costs_no_stack() {
    for depth in [10_000, 1_000_000] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let limits = PayloadLimits {
            bytes: text.len(),
            ..Default::default()
        };
        assert_eq!(Payload::from_json(text.as_bytes(), &limits), Err(PayloadError::TooDeep));
        assert_eq!(
            Payload::from_json(text.as_bytes(), &ENDLESS),
            Ok(Payload::from_trusted(text.clone().into()))
        );

        let mut packed = vec![0x91; depth];
        packed.push(0xc0);
        assert_eq!(Payload::from_msgpack(&packed, &limits), Err(PayloadError::TooDeep));
        assert!(Payload::from_msgpack(&packed, &ENDLESS).is_ok());

        let mut out = Vec::new();
        Payload::from_trusted(text.into()).to_msgpack(&mut out);
        assert_eq!(out.len(), depth);
    }
}

#[test]
fn declared_lengths_are_not_believed() {
    for head in [
        &b"\xdb\xff\xff\xff\xff"[..],
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ] {
        for tail in [&b""[..], b"\x01", b"\xa1a\x01"] {
            let value = [head, tail].concat();
            let refused = Payload::from_msgpack(&value, &ENDLESS).expect_err("the bytes are not there");
            assert!(
                matches!(refused, PayloadError::Malformed | PayloadError::NotJson),
                "{value:x?}: {refused:?}"
            );
        }
    }
}

#[test]
fn a_value_cut_anywhere_is_refused() {
    let mut random = Random::seeded("a_value_cut_anywhere_is_refused");
    let mut cut = 0;
    while cut < 200 {
        // Only containers: half of a number may be a number.
        let text = format!("[{}]", random.json(3));
        let Ok(payload) = Payload::from_json(text.as_bytes(), &PayloadLimits::default()) else {
            continue;
        };
        let mut packed = Vec::new();
        payload.to_msgpack(&mut packed);
        for end in 0..payload.as_bytes().len() {
            assert!(
                Payload::from_json(&payload.as_bytes()[..end], &ENDLESS).is_err(),
                "{end} of {text}"
            );
        }
        for end in 0..packed.len() {
            assert!(
                Payload::from_msgpack(&packed[..end], &ENDLESS).is_err(),
                "{end} of {packed:x?}"
            );
        }
        cut += 1;
    }
}

#[test]
fn garbage_is_refused_or_becomes_valid_json() {
    let mut random = Random::seeded("garbage_is_refused_or_becomes_valid_json");
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.number() as u8).collect();
        for payload in [
            Payload::from_json(&bytes, &ENDLESS),
            Payload::from_msgpack(&bytes, &ENDLESS),
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(
                Payload::from_json(payload.as_bytes(), &ENDLESS),
                Ok(payload),
                "{bytes:x?}"
            );
        }
    }
}

#[test]
fn integers_of_the_server_itself_stay_exact_in_a_double() {
    let payload = Payload::from_value(&[u64::MAX, 1 << 53]).expect("a list");
    let mut out = Vec::new();
    payload.to_msgpack(&mut out);
    let native = rmpv::decode::read_value(&mut &*out).expect("valid MessagePack");
    assert_eq!(
        native,
        rmpv::Value::Array(vec![(u64::MAX as f64).into(), (1u64 << 53).into()])
    );
}

#[test]
fn a_damaged_row_becomes_nil_in_message_pack() {
    for damaged in [&b""[..], b"{\"a\":", b"\xff", b"[1,2", b"1e400"] {
        let mut out = vec![0x91];
        Payload::from_trusted(Bytes::copy_from_slice(damaged)).to_msgpack(&mut out);
        assert_eq!(out, [0x91, 0xc0], "{damaged:x?}");
    }
}
