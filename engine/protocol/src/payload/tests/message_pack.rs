//! Native MessagePack values, checked with a library of others (`rmpv`) on the far side.

use rmpv::Value;
use serde_json::Value as Json;

use super::{super::INTEGER_MAX, Payload, PayloadError, PayloadLimits, random::Random, text_of};

fn packed(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).expect("writing to memory");
    bytes
}

fn from_value(value: &Value) -> Result<String, PayloadError> {
    Payload::from_msgpack(&packed(value), &PayloadLimits::default()).map(|payload| text_of(&payload))
}

fn map(pairs: &[(Value, Value)]) -> Value {
    Value::Map(pairs.to_vec())
}

#[test]
fn native_values_become_json() {
    let value = map(&[
        ("text".into(), "a\"\n\u{1}ж".into()),
        ("list".into(), Value::Array(vec![Value::Nil, true.into(), false.into()])),
        (
            "integers".into(),
            Value::Array(vec![
                0.into(),
                (-1).into(),
                200.into(),
                (-40_000).into(),
                INTEGER_MAX.into(),
            ]),
        ),
        (
            "doubles".into(),
            Value::Array(vec![
                0.5.into(),
                (-0.0).into(),
                1e20.into(),
                3.0.into(),
                Value::F32(1.5),
            ]),
        ),
        ("empty".into(), map(&[])),
    ]);
    let text = concat!(
        r#"{"text":"a\"\n\u0001ж","list":[null,true,false],"integers":[0,-1,200,-40000,9007199254740992],"#,
        r#""doubles":[0.5,-0.0,1e20,3.0,1.5],"empty":{}}"#
    );
    assert_eq!(from_value(&value).as_deref(), Ok(text));
}

#[test]
fn what_json_can_not_hold_is_refused() {
    for value in [
        Value::Binary(vec![1]),
        Value::Binary(vec![]),
        Value::Ext(1, vec![0; 4]),
        Value::Ext(-1, vec![0; 300]),
        Value::F64(f64::NAN),
        Value::F64(f64::INFINITY),
        Value::F32(f32::NEG_INFINITY),
        map(&[(1.into(), 1.into())]),
        map(&[(Value::Nil, 1.into())]),
    ] {
        for value in [value.clone(), Value::Array(vec![value])] {
            assert_eq!(from_value(&value), Err(PayloadError::NotJson), "{value}");
        }
    }
}

#[test]
fn integers_beyond_two_to_the_fifty_third_are_refused() {
    for value in [
        Value::from(INTEGER_MAX + 1),
        (-(INTEGER_MAX as i64) - 1).into(),
        u64::MAX.into(),
        i64::MIN.into(),
    ] {
        assert_eq!(from_value(&value), Err(PayloadError::NumberOutOfRange), "{value}");
    }
}

#[test]
fn a_key_twice_text_that_is_not_utf8_and_a_second_value_are_refused() {
    let twice = map(&[("a".into(), 1.into()), ("b".into(), 2.into()), ("a".into(), 3.into())]);
    assert_eq!(from_value(&twice), Err(PayloadError::DuplicateKey));
    for bytes in [&b"\xa1\xff"[..], b"\xc0\xc0", b"\xc1", b""] {
        let refused = Payload::from_msgpack(bytes, &PayloadLimits::default());
        assert_eq!(refused, Err(PayloadError::Malformed), "{bytes:x?}");
    }
}

#[test]
fn the_limits_count_the_json_text_too() {
    let limits = PayloadLimits { bytes: 20, depth: 1 };
    // 16 bytes of MessagePack, 92 of JSON.
    let control = packed(&"\u{1}".repeat(15).into());
    assert_eq!(Payload::from_msgpack(&control, &limits), Err(PayloadError::TooLarge));
    assert_eq!(
        Payload::from_msgpack(&packed(&"a".repeat(21).into()), &limits),
        Err(PayloadError::TooLarge)
    );
    assert_eq!(Payload::from_msgpack(b"\x91\x90", &limits), Err(PayloadError::TooDeep));
}

#[test]
fn every_payload_means_the_same_in_message_pack_and_comes_back() {
    let mut random = Random::seeded("every_payload_means_the_same_in_message_pack_and_comes_back");
    let mut accepted = 0;
    while accepted < 2_000 {
        let text = random.json(4);
        let Ok(payload) = Payload::from_json(text.as_bytes(), &PayloadLimits::default()) else {
            continue;
        };
        let mut bytes = Vec::new();
        payload.to_msgpack(&mut bytes);
        let native = rmpv::decode::read_value(&mut &*bytes).expect("valid MessagePack");
        assert_eq!(packed(&native), bytes, "the shortest form of {text}");
        let meant: Json = serde_json::from_slice(payload.as_bytes()).expect("valid JSON");
        assert_same(&meant, &native);

        let limits = PayloadLimits {
            bytes: usize::MAX,
            ..Default::default()
        };
        let back = Payload::from_msgpack(&bytes, &limits).expect("what Plenum wrote");
        let mut again = Vec::new();
        back.to_msgpack(&mut again);
        assert_eq!(again, bytes, "{text}");
        accepted += 1;
    }
}

/// Compares what two libraries of others read out of the two encodings.
#[track_caller]
fn assert_same(json: &Json, native: &Value) {
    match (json, native) {
        (Json::Null, Value::Nil) => {}
        (Json::Bool(left), Value::Boolean(right)) => assert_eq!(left, right),
        (Json::String(left), Value::String(right)) => assert_eq!(Some(&**left), right.as_str()),
        (Json::Number(left), Value::Integer(right)) => assert_eq!(left.as_i64(), right.as_i64()),
        (Json::Number(left), Value::F64(right)) => {
            let left = left.as_f64().expect("a double");
            // The other library's reading of long literals may be off by the last bits.
            assert!(
                (left - right).abs() <= right.abs() * 4.0 * f64::EPSILON,
                "{left} {right}"
            );
        }
        (Json::Array(left), Value::Array(right)) => {
            assert_eq!(left.len(), right.len());
            left.iter()
                .zip(right)
                .for_each(|(left, right)| assert_same(left, right));
        }
        (Json::Object(left), Value::Map(right)) => {
            assert_eq!(left.len(), right.len());
            for (key, value) in right {
                assert_same(&left[key.as_str().expect("a key is text")], value);
            }
        }
        _ => panic!("{json} is not {native}"),
    }
}
