//! Which web pages may open a socket.
//!
//! Browsers send cookies and `Origin` (<https://www.rfc-editor.org/rfc/rfc6455#section-10.2>) with every handshake and ask nobody
//! first: this check is what keeps foreign pages out. Programs send no `Origin` and pass.

use actix_http::{
    Uri,
    header::{HOST, HeaderMap, ORIGIN},
};

use crate::config::Origins;

/// Whether the request's origin may connect. None: the page must come from the host that it connects to.
pub fn is_allowed(headers: &HeaderMap, allowed: Option<&Origins>) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str().map(str::to_ascii_lowercase) else {
        return false;
    };
    match allowed {
        Some(allowed) => allowed.0.iter().any(|one| one == "*" || *one == origin),
        None => is_same_host(headers, &origin),
    }
}

/// The host is compared with its port: another port of the same host is another program's page.
fn is_same_host(headers: &HeaderMap, origin: &str) -> bool {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .map(str::to_ascii_lowercase);
    let Some(host) = host else {
        return false;
    };
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let default_port = match origin.scheme_str() {
        Some("https") => ":443",
        _ => ":80",
    };
    let authority = origin.authority().map(|authority| authority.as_str());
    let without_default = |text: &str| text.strip_suffix(default_port).unwrap_or(text).to_owned();
    authority.is_some_and(|authority| without_default(authority) == without_default(&host))
}

#[cfg(test)]
mod tests {
    use actix_http::test::TestRequest;

    use super::*;

    fn request(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut request = TestRequest::default();
        request.insert_header((HOST, host));
        if let Some(origin) = origin {
            request.insert_header((ORIGIN, origin));
        }
        request.finish().head().headers().clone()
    }

    #[test]
    fn without_a_list_only_pages_of_the_same_host_and_programs_pass() {
        for (host, origin, passes) in [
            ("chat.example.org", None, true),
            ("chat.example.org", Some("https://chat.example.org"), true),
            ("chat.example.org:443", Some("https://Chat.Example.org"), true),
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
            ("127.0.0.1:8080", Some("http://127.0.0.1:9090"), false),
            ("chat.example.org", Some("https://evil.example"), false),
            ("chat.example.org", Some("https://chat.example.org.evil.example"), false),
            ("chat.example.org", Some("null"), false),
        ] {
            assert_eq!(is_allowed(&request(host, origin), None), passes, "{host} {origin:?}");
        }
    }

    #[test]
    fn a_list_names_whole_origins_and_a_star_lets_any_pass() {
        let listed = Origins(vec!["https://app.example.org".into()]);
        let any = Origins(vec!["*".into()]);
        let from = |origin| request("chat.example.org", Some(origin));
        assert!(is_allowed(&from("https://app.example.org"), Some(&listed)));
        assert!(!is_allowed(&from("http://app.example.org"), Some(&listed)));
        assert!(!is_allowed(&from("https://chat.example.org"), Some(&listed)));
        assert!(is_allowed(&from("https://evil.example"), Some(&any)));
    }
}
