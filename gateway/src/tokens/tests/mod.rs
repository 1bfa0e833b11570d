//! Stories about tokens: whom they admit, and everybody they don't.

mod provider;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use storage::{Origin, UserRole};

use super::*;
use crate::{
    config::{Secret, Text},
    limits::TOKEN_LEEWAY_S,
};

const NOW_MS: i64 = 1_800_000_000_000;
const NOW_S: i64 = NOW_MS / 1_000;
const OUTSIDE_SECRET: &str = "outside";

fn tokens_of(config: Config, clock: &Clock) -> GatewayTokens {
    // The receiver goes on giving the last value when the sender is gone.
    let (_, in_force) = watch::channel(Arc::new(config));
    GatewayTokens::new(&[7; SIGNING_KEY_BYTES], in_force, clock.clone())
}

fn with_secret() -> GatewayTokens {
    let config = Config {
        jwt_hmac_secret: Secret::new(OUTSIDE_SECRET.into()),
        ..Config::default()
    };
    tokens_of(config, &Clock::fixed(NOW_MS))
}

fn alice() -> User {
    User {
        id: "alice".parse().expect("an id"),
        username: "alice".into(),
        password_hash: None,
        origin: Origin::Own,
        role: UserRole::User,
        info: bytes::Bytes::from_static(b"{}"),
        status: String::new(),
        created_ms: NOW_MS,
    }
}

fn signed(claims: &Value) -> String {
    signed_with(OUTSIDE_SECRET, claims)
}

fn signed_with(secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).expect("signed")
}

#[tokio::test]
async fn an_own_token_admits_until_its_end_and_the_leeway() {
    let clock = Clock::fixed(NOW_MS);
    let tokens = tokens_of(Config::default(), &clock);
    let session = Uuid::new_v4();
    let (token, lives_s) = tokens.issue(&alice(), session, NOW_MS);
    assert_eq!(lives_s, 3_600);

    let claims = tokens.connection(&token).await.expect("admitted");
    assert_eq!((claims.user.as_str(), claims.auth_session), ("alice", Some(session)));
    assert_eq!((claims.expires_at, claims.is_outside), (Some(NOW_S + 3_600), false));

    clock.advance((3_600 + TOKEN_LEEWAY_S) * 1_000 - 1);
    assert!(tokens.connection(&token).await.is_ok());
    clock.advance(1);
    assert_eq!(tokens.connection(&token).await.err(), Some(TokenError::Expired));
}

#[tokio::test]
async fn an_own_token_of_another_key_or_with_a_changed_letter_admits_nobody() {
    let clock = Clock::fixed(NOW_MS);
    let (_, in_force) = watch::channel(Arc::new(Config::default()));
    let foreign = GatewayTokens::new(&[8; SIGNING_KEY_BYTES], in_force, clock.clone());
    let tokens = tokens_of(Config::default(), &clock);
    let (token, _) = foreign.issue(&alice(), Uuid::new_v4(), NOW_MS);
    assert_eq!(tokens.connection(&token).await.err(), Some(TokenError::Invalid));

    let (token, _) = tokens.issue(&alice(), Uuid::new_v4(), NOW_MS);
    let payload_at = token.find('.').expect("three parts") + 5;
    let mut changed = token.into_bytes();
    changed[payload_at] = if changed[payload_at] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("ASCII");
    assert_eq!(tokens.connection(&changed).await.err(), Some(TokenError::Invalid));
}

#[tokio::test]
async fn an_outside_token_may_leave_out_name_and_end() {
    let tokens = with_secret();
    let claims = tokens
        .connection(&signed(&json!({ "sub": "42" })))
        .await
        .expect("admitted");
    assert_eq!((claims.user.as_str(), claims.is_outside), ("42", true));
    assert_eq!(
        (claims.name, claims.expires_at, claims.auth_session),
        (None, None, None)
    );

    let token = signed(&json!({ "sub": "42", "name": " Ann ", "exp": NOW_S + 10, "info": { "a": [1.50] }, "more": 1 }));
    let claims = tokens.connection(&token).await.expect("admitted");
    assert_eq!(
        (claims.name.as_deref(), claims.expires_at),
        (Some("Ann"), Some(NOW_S + 10))
    );
    assert!(claims.info.is_some());
    let token = signed(&json!({ "sub": "42", "b64info": "eyJhIjoxfQ==" }));
    let info = tokens.connection(&token).await.expect("admitted").info.expect("there");
    assert_eq!(info.as_bytes(), br#"{"a":1}"#);
}

#[tokio::test]
async fn tokens_that_say_nonsense_admit_nobody() {
    let tokens = with_secret();
    for claims in [
        json!({}),
        json!({ "sub": "" }),
        json!({ "sub": 42 }),
        json!({ "sub": "a\nb" }),
        json!({ "sub": "x".repeat(129) }),
        json!({ "sub": "42", "exp": "tomorrow" }),
        json!({ "sub": "42", "exp": 1e300 }),
        json!({ "sub": "42", "nbf": NOW_S + 60 }),
        json!({ "sub": "42", "name": "x".repeat(1_000) }),
        json!({ "sub": "42", "b64info": "no base64!" }),
        json!({ "sub": "42", "channel": "room:1" }),
    ] {
        assert_eq!(
            tokens.connection(&signed(&claims)).await.err(),
            Some(TokenError::Invalid),
            "{claims}"
        );
    }
    let expired = signed(&json!({ "sub": "42", "exp": NOW_S - TOKEN_LEEWAY_S }));
    assert_eq!(tokens.connection(&expired).await.err(), Some(TokenError::Expired));
    let just_over = signed(&json!({ "sub": "42", "exp": NOW_S - TOKEN_LEEWAY_S + 1 }));
    assert!(tokens.connection(&just_over).await.is_ok());
}

#[tokio::test]
async fn unsigned_foreign_and_broken_tokens_admit_nobody() {
    let tokens = with_secret();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!(
        "{}.{}.",
        part(json!({ "alg": "none", "typ": "JWT" })),
        part(json!({ "sub": "42" }))
    );
    let huge = "x".repeat(TOKEN_BYTES_MAX + 1);
    let foreign = signed_with("another", &json!({ "sub": "42" }));
    let other_family = encode(
        &Header::new(Algorithm::HS512),
        &json!({ "sub": "42" }),
        &EncodingKey::from_secret(OUTSIDE_SECRET.as_bytes()),
    )
    .expect("signed");
    for token in [
        "",
        ".",
        "..",
        "a.b.c",
        "\u{0}",
        &unsigned,
        &huge,
        &foreign,
        &other_family,
    ] {
        assert_eq!(
            tokens.connection(token).await.err(),
            Some(TokenError::Invalid),
            "{token:.60}"
        );
        assert_eq!(
            tokens.subscription(token).await.err(),
            Some(TokenError::Invalid),
            "{token:.60}"
        );
    }
    let without_provider = tokens_of(Config::default(), &Clock::fixed(NOW_MS));
    let token = signed_with("", &json!({ "sub": "42" }));
    assert_eq!(
        without_provider.connection(&token).await.err(),
        Some(TokenError::Invalid)
    );
}

#[tokio::test]
async fn a_subscription_token_admits_to_one_channel_and_own_tokens_are_none() {
    let tokens = with_secret();
    let token = signed(&json!({ "sub": "42", "channel": "news", "exp": NOW_S + 60, "info": 1 }));
    let claims = tokens.subscription(&token).await.expect("admitted");
    assert_eq!((claims.user.as_str(), claims.channel.as_str()), ("42", "news"));
    assert_eq!(claims.expires_at, Some(NOW_S + 60));
    let anonymous = tokens
        .subscription(&signed(&json!({ "channel": "news" })))
        .await
        .expect("admitted");
    assert!(anonymous.user.is_anonymous());
    let plain = signed(&json!({ "sub": "42" }));
    assert_eq!(tokens.subscription(&plain).await.err(), Some(TokenError::Invalid));
    let (own, _) = tokens.issue(&alice(), Uuid::new_v4(), NOW_MS);
    assert_eq!(tokens.subscription(&own).await.err(), Some(TokenError::Invalid));
}

#[tokio::test]
async fn issuer_and_audience_are_checked_where_they_are_required() {
    let config = Config {
        jwt_hmac_secret: Secret::new(OUTSIDE_SECRET.into()),
        jwt_issuer: Some(Text("https://id.example".into())),
        jwt_audience: Some(Text("plenum".into())),
        ..Config::default()
    };
    let tokens = tokens_of(config, &Clock::fixed(NOW_MS));
    let right = json!({ "sub": "42", "iss": "https://id.example", "aud": ["other", "plenum"] });
    assert!(tokens.connection(&signed(&right)).await.is_ok());
    for wrong in [
        json!({ "sub": "42" }),
        json!({ "sub": "42", "iss": "https://id.example" }),
        json!({ "sub": "42", "iss": "https://id.example", "aud": "other" }),
        json!({ "sub": "42", "iss": "https://evil.example", "aud": "plenum" }),
    ] {
        assert_eq!(
            tokens.connection(&signed(&wrong)).await.err(),
            Some(TokenError::Invalid),
            "{wrong}"
        );
    }
}
