//! The hand-written scanner against `serde_json`: whatever one accepts the other must accept, but for what is refused on purpose.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{super::INTEGER_MAX, Payload, PayloadError, PayloadLimits, random::Random};

/// Accepts what payloads accept, decided on the values that `serde_json` reads.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_bool<E>(self, _truth: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _text: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Strict, E> {
        if number > INTEGER_MAX {
            Err(E::custom("number out of range"))
        } else {
            Ok(Strict)
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Strict, E> {
        self.visit_u64(number.unsigned_abs())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Strict, A::Error> {
        while list.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut keys = BTreeSet::new();
        let mut duplicate = false;
        while let Some((key, _)) = map.next_entry::<String, Strict>()? {
            duplicate |= !keys.insert(key);
        }
        if duplicate {
            Err(A::Error::custom("key twice"))
        } else {
            Ok(Strict)
        }
    }
}

fn agree(text: &[u8]) -> Option<PayloadError> {
    let limits = PayloadLimits {
        bytes: usize::MAX,
        depth: 100,
    };
    let shown = String::from_utf8_lossy(text);
    match (
        Payload::from_json(text, &limits),
        serde_json::from_slice::<Strict>(text),
    ) {
        (Ok(payload), Ok(Strict)) => {
            let (before, after) = (
                serde_json::from_slice::<Value>(text),
                serde_json::from_slice::<Value>(payload.as_bytes()),
            );
            assert_eq!(before.ok(), after.ok(), "{shown}");
            assert!(payload.as_bytes().iter().all(|byte| *byte >= 0x20), "{shown}");
            assert_eq!(Payload::from_json(payload.as_bytes(), &limits), Ok(payload), "{shown}");
            None
        }
        // `serde_json` reads integers beyond 64 bits as doubles.
        (Err(PayloadError::NumberOutOfRange), Ok(Strict)) => {
            let digits = text.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max();
            assert!(digits >= Some(19), "{shown}");
            Some(PayloadError::NumberOutOfRange)
        }
        // Both refuse; which of several faults is named first is their own affair.
        (Err(error), Err(_)) => Some(error),
        (Ok(_), Err(reference)) => panic!("only serde_json refuses {shown}: {reference}"),
        (Err(error), Ok(Strict)) => panic!("only the scanner refuses {shown}: {error}"),
    }
}

#[test]
fn both_agree_on_well_formed_text() {
    let mut random = Random::seeded("both_agree_on_well_formed_text");
    let outcomes: Vec<_> = (0..5_000).map(|_| agree(random.json(4).as_bytes())).collect();
    assert!(!outcomes.contains(&Some(PayloadError::Malformed)));
    for outcome in [
        None,
        Some(PayloadError::DuplicateKey),
        Some(PayloadError::NumberOutOfRange),
    ] {
        assert!(
            outcomes.contains(&outcome),
            "no text led to {outcome:?}: the generator is too tame"
        );
    }
}

#[test]
fn both_agree_on_text_with_a_few_wrong_bytes() {
    const PIECES: &[u8] = b"\"\\{}[],:0123456789.eE+-ntfu /\n\x00\x1f\x80\xd0\xff";
    let mut random = Random::seeded("both_agree_on_text_with_a_few_wrong_bytes");
    for _ in 0..40_000 {
        let mut text = random.json(2).into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len() + 1);
            match random.below(3) {
                0 => text.insert(at, random.pick(PIECES)),
                1 if at < text.len() => text[at] = random.pick(PIECES),
                _ => text.truncate(at.max(1)),
            }
        }
        agree(&text);
    }
}
