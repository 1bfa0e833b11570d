//! Where the servers are: `scylla://host[:port][,host…]/keyspace`.

use std::{fmt, str::FromStr};

/// The port that CQL servers listen on.
const PORT: u16 = 9042;
/// The longest name of a keyspace that the servers take.
const KEYSPACE_CHARACTERS_MAX: usize = 48;

/// The contact points and the keyspace of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `host:port` each; one that answers is enough, it tells of the others.
    pub hosts: Vec<String>,
    /// The keyspace: letters, digits and `_`, the first one a letter; small letters, so that it never needs quotes.
    pub keyspace: String,
}

/// The text is no address of CQL servers; in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; it has to look like scylla://host[:port][,host…]/keyspace")]
pub struct AddressError(&'static str);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = text
            .strip_prefix("scylla://")
            .ok_or(AddressError("it does not begin with scylla://"))?;
        if rest.contains('@') {
            return Err(AddressError(
                "user name and password do not belong into the address (storage.username, storage.password)",
            ));
        }
        let (hosts, keyspace) = rest.split_once('/').ok_or(AddressError("the keyspace is missing"))?;
        let hosts = hosts.split(',').map(host).collect::<Result<_, _>>()?;
        if !is_keyspace(keyspace) {
            return Err(AddressError(
                "a keyspace is up to 48 small letters, digits and _, and begins with a letter",
            ));
        }
        Ok(Self {
            hosts,
            keyspace: keyspace.to_owned(),
        })
    }
}

fn host(text: &str) -> Result<String, AddressError> {
    // An IPv6 address stands in brackets, so that its colons are not the port's.
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    if name.is_empty() || (name.contains(':') && !is_bracketed) || name.contains(char::is_whitespace) {
        return Err(AddressError("a host is missing or malformed"));
    }
    let port = match port {
        None => PORT,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or(AddressError("a port is a number from 1 to 65535"))?,
    };
    Ok(format!("{name}:{port}"))
}

fn is_keyspace(name: &str) -> bool {
    name.len() <= KEYSPACE_CHARACTERS_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "scylla://{}/{}", self.hosts.join(","), self.keyspace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_get_the_usual_port_and_may_have_their_own() {
        let address: Address = "scylla://one,two:9043,[::1],[::1]:7/plenum_1"
            .parse()
            .expect("an address");
        assert_eq!(address.hosts, ["one:9042", "two:9043", "[::1]:9042", "[::1]:7"]);
        assert_eq!(address.keyspace, "plenum_1");
        assert_eq!(address.to_string().parse(), Ok(address));
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        for (text, reason) in [
            ("cassandra://one/plenum", "does not begin"),
            ("scylla://one", "keyspace is missing"),
            ("scylla:///plenum", "host is missing"),
            ("scylla://one,/plenum", "host is missing"),
            ("scylla://one:0/plenum", "port is"),
            ("scylla://one:x/plenum", "port is"),
            ("scylla://me:secret@one/plenum", "do not belong"),
            ("scylla://one/Plenum", "a keyspace is"),
            ("scylla://one/1plenum", "a keyspace is"),
            ("scylla://one/p;drop", "a keyspace is"),
            ("scylla://one/", "a keyspace is"),
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(error.to_string().contains(reason), "{text}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
