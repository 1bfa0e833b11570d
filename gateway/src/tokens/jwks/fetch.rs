//! One bounded HTTP request for a key set.

use std::time::Duration;

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use crate::limits::{JWKS_BYTES_MAX, JWKS_REDIRECTS_MAX, JWKS_TIMEOUT};

/// Fetches the document on a thread for blocking work. The error's text names no address: it may carry a key.
pub(super) async fn fetch(url: String) -> Result<Vec<u8>, String> {
    let fetched = tokio::task::spawn_blocking(move || get(&url)).await;
    fetched.map_err(|_| "the request ended early".to_owned())?
}

fn get(url: &str) -> Result<Vec<u8>, String> {
    let mut response = agent()
        .get(url)
        .header("accept", "application/json")
        .call()
        .map_err(in_words)?;
    response
        .body_mut()
        .with_config()
        .limit(JWKS_BYTES_MAX)
        .read_to_vec()
        .map_err(in_words)
}

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let connect: Duration = JWKS_TIMEOUT / 2;
    Agent::config_builder()
        .timeout_global(Some(JWKS_TIMEOUT))
        .timeout_connect(Some(connect))
        .max_redirects(JWKS_REDIRECTS_MAX)
        .tls_config(tls)
        .build()
        .into()
}

fn in_words(error: ureq::Error) -> String {
    match error {
        ureq::Error::StatusCode(status) => format!("the answer has status {status}"),
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => "the answer is too large".to_owned(),
        ureq::Error::Io(error) => format!("{}", error.kind()),
        _ => "the request failed".to_owned(),
    }
}
