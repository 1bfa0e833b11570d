//! Where the load goes to, and whether it may.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// The endpoint of a server: host, port and path, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUrl {
    /// Host and port as they stand in the `Host` header.
    pub authority: String,
    /// Path and query.
    pub path: String,
    port: u16,
    host: String,
}

/// A target that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host and port as they stand in the `Host` header.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// Where to connect to.
    pub address: SocketAddr,
}

impl Target {
    /// The path of another endpoint of the same server: below what stands before the usual endpoint of sockets, if it is used.
    pub fn beside(&self, endpoint: &str) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let below = path.strip_suffix(PATH_USUAL).unwrap_or_default();
        format!("{below}{endpoint}")
    }
}

/// Why a target is not used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No scheme, or one that is not spoken here.
    #[error("a target is ws://HOST:PORT or http://HOST:PORT, with a path or without")]
    Scheme,
    /// TLS is not spoken here.
    #[error("TLS is not spoken here: give the address behind what terminates it")]
    Tls,
    /// No host, or something that is no port.
    #[error("a target needs a host, and a port from 1 to 65535 if it is not 80")]
    Authority,
    /// The name means nothing.
    #[error("{0} can't be looked up: {1}")]
    Lookup(String, String),
    /// Somewhere else.
    #[error(
        "{0} is not on this machine. For whoever did not ask for it, a load test is an attack: \
         if that server is yours, or its operator has agreed, say so with --i-own-the-target"
    )]
    NotOwned(String),
}

const PATH_USUAL: &str = "/connection/websocket";

impl FromStr for TargetUrl {
    type Err = TargetError;

    fn from_str(url: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = url.split_once("://").ok_or(TargetError::Scheme)?;
        match scheme {
            "ws" | "http" => {}
            "wss" | "https" => return Err(TargetError::Tls),
            _ => return Err(TargetError::Scheme),
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains(|character: char| character.is_control() || "@ ?#".contains(character))
            || path.contains(|character: char| character.is_control() || character == ' ')
        {
            return Err(TargetError::Authority);
        }
        let (host, port) = split_port(authority).ok_or(TargetError::Authority)?;
        let path = if path.len() < 2 { PATH_USUAL } else { path };
        Ok(Self {
            authority: authority.to_owned(),
            path: path.to_owned(),
            port,
            host: host.to_owned(),
        })
    }
}

fn split_port(authority: &str) -> Option<(&str, u16)> {
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[bracket..].find(':') {
        Some(colon) => (
            &authority[..bracket + colon],
            authority[bracket + colon + 1..].parse().ok()?,
        ),
        None => (authority, 80),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty() && port > 0).then_some((host, port))
}

impl TargetUrl {
    /// Looks the host up. A target elsewhere needs `owned`.
    ///
    /// # Errors
    /// When the name means nothing, or the target is elsewhere and not `owned`.
    pub async fn look_up(&self, owned: bool) -> Result<Target, TargetError> {
        let failure = |error: String| TargetError::Lookup(self.authority.clone(), error);
        let mut addresses = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| failure(error.to_string()))?;
        let address = addresses.next().ok_or_else(|| failure("no address".to_owned()))?;
        if !owned && !is_loopback(address.ip()) {
            return Err(TargetError::NotOwned(self.authority.clone()));
        }
        Ok(Target {
            authority: self.authority.clone(),
            path: self.path.clone(),
            address,
        })
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<(String, u16, String), TargetError> {
        url.parse::<TargetUrl>()
            .map(|target| (target.host, target.port, target.path))
    }

    #[test]
    fn targets_are_read_with_and_without_path() {
        let usual = PATH_USUAL.to_owned();
        assert_eq!(
            parse("ws://localhost:8123"),
            Ok(("localhost".to_owned(), 8123, usual.clone()))
        );
        assert_eq!(parse("http://[::1]:80/"), Ok(("::1".to_owned(), 80, usual.clone())));
        assert_eq!(
            parse("http://node/chat?x=1"),
            Ok(("node".to_owned(), 80, "/chat?x=1".to_owned()))
        );
    }

    #[tokio::test]
    async fn other_endpoints_stand_beside_the_usual_one() {
        for (url, expected) in [
            ("ws://127.0.0.1", "/emulation"),
            ("ws://127.0.0.1/below/connection/websocket?x=1", "/below/emulation"),
            ("ws://127.0.0.1/chat", "/emulation"),
        ] {
            let target: TargetUrl = url.parse().expect("a target");
            let target = target.look_up(false).await.expect("an address");
            assert_eq!(target.beside("/emulation"), expected);
        }
    }

    #[test]
    fn what_is_no_target_is_told_apart() {
        assert_eq!(parse("localhost:8123"), Err(TargetError::Scheme));
        assert_eq!(parse("wss://chat.example"), Err(TargetError::Tls));
        for url in [
            "ws://",
            "ws://:80",
            "ws://host:0",
            "ws://host:x",
            "ws://a b",
            "ws://h\r\nX: y",
            "ws://u@h",
        ] {
            assert_eq!(parse(url), Err(TargetError::Authority), "{url:?}");
        }
    }

    #[tokio::test]
    async fn somebody_elses_server_is_refused_and_the_reason_said() {
        let target: TargetUrl = "ws://192.0.2.1:8123".parse().expect("a target");
        let refused = target.look_up(false).await.expect_err("not on this machine");
        assert!(refused.to_string().contains("--i-own-the-target"), "{refused}");
        assert!(target.look_up(true).await.is_ok());
        let here: TargetUrl = "ws://127.0.0.7:8123".parse().expect("a target");
        assert!(here.look_up(false).await.is_ok());
    }
}
