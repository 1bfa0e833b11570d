//! Stories about tokens: whom they admit, and everybody they don't.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::{elliptic_curve::sec1::ToEncodedPoint as _, pkcs8::EncodePrivateKey as _};
use rsa::{pkcs1::EncodeRsaPrivateKey as _, traits::PublicKeyParts as _};
use serde_json::{Value, json};
use storage::{Origin, UserRole};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::{
    config::{Secret, Text, WebUrl},
    limits::{JWKS_FRESH_FOR_MS, JWKS_RETRY_AFTER_MS, TOKEN_LEEWAY_S},
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

/// An identity provider on a free port: answers every request with its current key set.
struct Provider {
    url: String,
    document: Arc<std::sync::Mutex<String>>,
    requests: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(document: &Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/keys", listener.local_addr().expect("bound"));
        let document = Arc::new(std::sync::Mutex::new(document.to_string()));
        let requests = Arc::new(AtomicUsize::new(0));
        let (served, counted) = (Arc::clone(&document), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let body = served.lock().expect("no panic").clone();
                let mut head = [0; 2_048];
                let _ = stream.read(&mut head).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            url,
            document,
            requests,
        }
    }

    fn publishes(&self, document: &Value) {
        *self.document.lock().expect("no panic") = document.to_string();
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn tokens(&self, clock: &Clock) -> GatewayTokens {
        let config = Config {
            jwt_jwks_url: Some(WebUrl(self.url.clone())),
            jwt_hmac_secret: Secret::new(OUTSIDE_SECRET.into()),
            ..Config::default()
        };
        tokens_of(config, clock)
    }
}

/// A key pair of the provider: what it publishes, and how it signs.
struct Pair {
    public: Value,
    private: EncodingKey,
    algorithm: Algorithm,
}

impl Pair {
    fn rsa(kid: &str) -> Self {
        let key = rsa::RsaPrivateKey::new(&mut rand::thread_rng(), 2_048).expect("a key");
        let number = |value: &rsa::BigUint| URL_SAFE_NO_PAD.encode(value.to_bytes_be());
        let public = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": number(key.n()), "e": number(key.e()) });
        let der = key.to_pkcs1_der().expect("DER");
        Self {
            public,
            private: EncodingKey::from_rsa_der(der.as_bytes()),
            algorithm: Algorithm::RS256,
        }
    }

    fn ec(kid: &str) -> Self {
        let key = p256::SecretKey::random(&mut rand::thread_rng());
        let point = key.public_key().to_encoded_point(false);
        let number = |half: Option<&_>| URL_SAFE_NO_PAD.encode::<&p256::FieldBytes>(half.expect("a point"));
        let public = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": number(point.x()), "y": number(point.y()) });
        let der = key.to_pkcs8_der().expect("DER");
        Self {
            public,
            private: EncodingKey::from_ec_der(der.as_bytes()),
            algorithm: Algorithm::ES256,
        }
    }

    fn signs(&self, kid: Option<&str>, claims: &Value) -> String {
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::new(self.algorithm)
        };
        encode(&header, claims, &self.private).expect("signed")
    }
}

#[tokio::test]
async fn keys_of_a_provider_admit_by_rsa_and_by_elliptic_curve_and_are_fetched_once() {
    let (rsa, ec) = (Pair::rsa("r1"), Pair::ec("e1"));
    let encryption = json!({ "kty": "RSA", "use": "enc", "kid": "r2", "n": rsa.public["n"], "e": "AQAB" });
    let unknown = json!({ "kty": "OKP", "crv": "X25519", "kid": "x", "x": "AAAA" });
    let provider = Provider::start(&json!({ "keys": [unknown, encryption, rsa.public, ec.public] })).await;
    let tokens = provider.tokens(&Clock::fixed(NOW_MS));
    let claims = json!({ "sub": "42" });
    for token in [
        rsa.signs(Some("r1"), &claims),
        ec.signs(Some("e1"), &claims),
        ec.signs(None, &claims),
    ] {
        assert_eq!(tokens.connection(&token).await.expect("admitted").user.as_str(), "42");
    }
    assert!(
        tokens.connection(&rsa.signs(Some("r2"), &claims)).await.is_err(),
        "a key for encryption signs nothing"
    );
    let impostor = Pair::rsa("r1").signs(Some("r1"), &claims);
    assert_eq!(tokens.connection(&impostor).await.err(), Some(TokenError::Invalid));
    // The public key taken for a secret: the oldest trick.
    let confused = {
        let secret = rsa.public["n"].as_str().expect("text");
        let header = Header {
            kid: Some("r1".into()),
            ..Header::new(Algorithm::HS256)
        };
        encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
    };
    assert_eq!(tokens.connection(&confused).await.err(), Some(TokenError::Invalid));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_unknown_one_asks_the_provider_seldom() {
    let (old, new) = (Pair::ec("old"), Pair::ec("new"));
    let provider = Provider::start(&json!({ "keys": [old.public] })).await;
    let clock = Clock::fixed(NOW_MS);
    let tokens = provider.tokens(&clock);
    let claims = json!({ "sub": "42" });
    assert!(tokens.connection(&old.signs(Some("old"), &claims)).await.is_ok());

    provider.publishes(&json!({ "keys": [old.public, new.public] }));
    let token = new.signs(Some("new"), &claims);
    for _ in 0..10 {
        assert_eq!(tokens.connection(&token).await.err(), Some(TokenError::Invalid));
    }
    assert_eq!(provider.requests(), 1, "within half a minute nobody is asked again");
    clock.advance(JWKS_RETRY_AFTER_MS);
    assert!(tokens.connection(&token).await.is_ok());
    assert_eq!(provider.requests(), 2);

    provider.publishes(&json!({ "keys": [new.public] }));
    clock.advance(JWKS_FRESH_FOR_MS);
    let withdrawn = tokens.connection(&old.signs(Some("old"), &claims)).await;
    assert_eq!(
        withdrawn.err(),
        Some(TokenError::Invalid),
        "a key that was withdrawn ends"
    );
}

#[tokio::test]
async fn a_crowd_with_an_unknown_key_asks_the_provider_once() {
    let key = Pair::ec("k");
    let provider = Provider::start(&json!({ "keys": [key.public] })).await;
    let tokens = provider.tokens(&Clock::fixed(NOW_MS));
    let token = key.signs(Some("k"), &json!({ "sub": "42" }));
    let all = futures_util::future::join_all((0..50).map(|_| tokens.connection(&token))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(provider.requests(), 1);
}

#[tokio::test]
async fn while_the_provider_is_away_known_keys_go_on_and_without_any_the_answer_is_unavailable() {
    let key = Pair::ec("k");
    let provider = Provider::start(&json!({ "keys": [key.public] })).await;
    let clock = Clock::fixed(NOW_MS);
    let tokens = provider.tokens(&clock);
    let token = key.signs(Some("k"), &json!({ "sub": "42" }));
    assert!(tokens.connection(&token).await.is_ok());
    for nonsense in [json!("no set"), json!({ "keys": "x".repeat(300_000) })] {
        provider.publishes(&nonsense);
        clock.advance(JWKS_FRESH_FOR_MS);
        assert!(tokens.connection(&token).await.is_ok());
    }
    let fresh = provider.tokens(&clock);
    assert_eq!(fresh.connection(&token).await.err(), Some(TokenError::Unavailable));
}
