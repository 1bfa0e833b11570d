use super::{super::INTEGER_MAX, Payload, PayloadLimits, published, text_of};

#[test]
fn white_space_between_tokens_goes_and_all_else_stays_as_written() {
    for (text, kept) in [
        ("null", "null"),
        (" true\r\n", "true"),
        ("\t[ 1 , 2.50,\n-0 , 1E+2 ]", "[1,2.50,-0,1E+2]"),
        ("{ }", "{}"),
        (
            "{\n  \"text\" : \"a b\\n\\u0041\\/\",\n  \"n\" : [ ] }\n",
            r#"{"text":"a b\n\u0041\/","n":[]}"#,
        ),
        ("\"привет 😀\"", "\"привет 😀\""),
        (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
    ] {
        assert_eq!(published(text).as_deref(), Ok(kept), "{text:?}");
    }
}

#[test]
fn line_separators_of_unicode_stay_valid() {
    assert_eq!(published("\"\u{2028}\u{2029}\"").as_deref(), Ok("\"\u{2028}\u{2029}\""));
}

#[test]
fn integers_are_accepted_up_to_two_to_the_fifty_third() {
    for text in [INTEGER_MAX.to_string(), format!("-{INTEGER_MAX}")] {
        assert_eq!(published(&text), Ok(text));
    }
}

#[test]
fn keys_that_only_look_alike_are_different() {
    let text = r#"{"a":1,"A":2,"a ":3,"а":4,"b":{"a":5},"c":[{"a":6},{"a":7}]}"#;
    assert_eq!(published(text).as_deref(), Ok(text));
}

#[test]
fn a_value_as_large_and_as_deep_as_the_limits_is_accepted() {
    let limits = PayloadLimits { bytes: 12, depth: 3 };
    let accepted = Payload::from_json(b"[[[ \"12\" ]]]", &limits);
    assert_eq!(accepted.map(|payload| text_of(&payload)).as_deref(), Ok("[[[\"12\"]]]"));
}

#[test]
fn a_struct_becomes_a_payload_and_back() {
    let payload = Payload::from_value(&("typing", [1, 2])).expect("a list");
    assert_eq!(text_of(&payload), r#"["typing",[1,2]]"#);
    assert_eq!(
        payload.to_value::<(String, [u8; 2])>().ok(),
        Some(("typing".to_owned(), [1, 2]))
    );
    let around = Payload::from_value(&std::collections::BTreeMap::from([("data", &payload)])).expect("an object");
    assert_eq!(text_of(&around), r#"{"data":["typing",[1,2]]}"#);
}
