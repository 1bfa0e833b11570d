use super::{Payload, PayloadError, PayloadLimits, published};

#[track_caller]
fn refused(with: PayloadError, texts: &[&str]) {
    for text in texts {
        assert_eq!(published(text), Err(with), "{text:?}");
    }
}

#[test]
fn what_is_not_one_json_value_is_malformed() {
    refused(
        PayloadError::Malformed,
        &[
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "NaN",
            "Infinity",
            "-Infinity",
            "-",
            "+1",
            "01",
            "-01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "1 2",
            "{} {}",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[",
            "]",
            "{",
            "}",
            "[}",
            "{]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "{1:1}",
            "{,}",
            "'a'",
            "\"",
            "\"a",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\u{1}\"",
            "\"a\nb\"",
            "// no\n1",
            "\u{feff}1",
            "\u{a0}1",
            "[1]\0",
        ],
    );
    let not_utf8 = Payload::from_json(b"\"\xff\"", &PayloadLimits::default());
    assert_eq!(not_utf8, Err(PayloadError::Malformed));
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    let texts = [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\ud83dx""#,
        r#""\udc00\ud800""#,
        r#"{"\ud800":1}"#,
    ];
    refused(PayloadError::LoneSurrogate, &texts);
}

#[test]
fn numbers_that_some_reader_would_round_differently_are_refused() {
    refused(
        PayloadError::NumberOutOfRange,
        &[
            "9007199254740993",
            "-9007199254740993",
            "18446744073709551616",
            "123456789012345678901234567890",
            "1e400",
            "-1e400",
            "[1.5e309]",
        ],
    );
    let long = format!("{}.0", "9".repeat(310));
    refused(PayloadError::NumberOutOfRange, &[&long]);
}

#[test]
fn a_key_twice_is_refused_however_it_is_written() {
    refused(
        PayloadError::DuplicateKey,
        &[
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"x":{"😀":1,"\ud83d\ude00":2}}"#,
            r#"[{"/":1,"\/":2}]"#,
            r#"{"":1,"":2}"#,
        ],
    );
    let many: Vec<_> = (0..5_000).map(|key| format!("\"k{key}\":0")).collect();
    let unique = format!("{{{}}}", many.join(","));
    assert_eq!(published(&unique).as_deref(), Ok(&*unique));
    refused(
        PayloadError::DuplicateKey,
        &[&format!("{{{},\"k4321\":0}}", many.join(","))],
    );
}

#[test]
fn too_large_is_told_apart_from_malformed_and_counts_white_space() {
    let limits = PayloadLimits { bytes: 4, depth: 1 };
    for text in ["12345", "1    ", "[[[[["] {
        assert_eq!(
            Payload::from_json(text.as_bytes(), &limits),
            Err(PayloadError::TooLarge),
            "{text:?}"
        );
    }
    assert_eq!(Payload::from_json(b"[1,]", &limits), Err(PayloadError::Malformed));
    assert!(Payload::from_json(b"[12]", &limits).is_ok());
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let limits = PayloadLimits { bytes: 100, depth: 2 };
    assert!(Payload::from_json(b"[{\"a\":1}]", &limits).is_ok());
    assert_eq!(Payload::from_json(b"[{\"a\":[]}]", &limits), Err(PayloadError::TooDeep));
    let flat = PayloadLimits { bytes: 100, depth: 0 };
    assert!(Payload::from_json(b"1", &flat).is_ok());
    assert_eq!(Payload::from_json(b"[]", &flat), Err(PayloadError::TooDeep));
}
