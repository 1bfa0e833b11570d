//! Stories about an identity provider that publishes its keys.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::{Clock, TokenError, Tokens as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use p256::{elliptic_curve::sec1::ToEncodedPoint as _, pkcs8::EncodePrivateKey as _};
use rsa::{pkcs1::EncodeRsaPrivateKey as _, traits::PublicKeyParts as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{NOW_MS, OUTSIDE_SECRET, tokens_of};
use crate::{
    config::{Config, Secret, WebUrl},
    limits::{JWKS_FRESH_FOR_MS, JWKS_RETRY_AFTER_MS},
    tokens::GatewayTokens,
};

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
