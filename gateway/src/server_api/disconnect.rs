//! Ends a user's connections.

use std::collections::HashSet;

use engine::session::Control;
use protocol::{Disconnect, Error, ErrorCode};
use serde::Deserialize;

use super::{fields, methods::Method, reply::Nothing, sessions::Whom};
use crate::server::Gateway;

#[derive(Deserialize)]
pub(super) struct DisconnectRequest {
    #[serde(flatten)]
    whom: Whom,
    #[serde(default)]
    disconnect: Option<Why>,
    #[serde(default, deserialize_with = "fields::nullable")]
    whitelist: Vec<String>,
}

/// The close code that is asked for. The reason is always the code's own.
#[derive(Deserialize)]
struct Why {
    #[serde(default, deserialize_with = "fields::nullable")]
    code: u32,
}

impl Method for DisconnectRequest {
    type Answer = Nothing;

    async fn call(self, gateway: &Gateway) -> Result<Nothing, Error> {
        let why = self
            .disconnect
            .map_or(Ok(Disconnect::ForceNoReconnect), |why| closest(why.code))?;
        let control = Control::Disconnect(why);
        if self.whitelist.is_empty() {
            self.whom.tell(gateway, &control)?;
            return Ok(Nothing {});
        }
        let (user, client) = self.whom.chosen()?;
        let spared: HashSet<&str> = self.whitelist.iter().map(String::as_str).collect();
        let sessions = &gateway.engine.sessions;
        for one in sessions.clients(&user) {
            let is_chosen = client.is_none_or(|client| client == one);
            if is_chosen && !spared.contains(one.to_string().as_str()) {
                sessions.tell(&user, Some(one), &control);
            }
        }
        Ok(Nothing {})
    }
}

/// The code of the table, or the one of it that tells SDKs the same: come back, or do not
/// (<https://centrifugal.dev/docs/server/codes>).
fn closest(code: u32) -> Result<Disconnect, Error> {
    if let Some(known) = Disconnect::ALL.iter().find(|known| u32::from(known.number()) == code) {
        return Ok(*known);
    }
    match code {
        3500..=3999 | 4500..=4999 => Ok(Disconnect::ForceNoReconnect),
        3000..=3499 | 4000..=4499 => Ok(Disconnect::ForceReconnect),
        _ => Err(Error::new(ErrorCode::BadRequest, "disconnect.code is not a close code")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_ones_own_becomes_the_one_that_tells_sdks_the_same() {
        assert_eq!(closest(3503), Ok(Disconnect::ForceNoReconnect));
        assert_eq!(closest(3012), Ok(Disconnect::NoPong));
        assert_eq!(closest(4000), Ok(Disconnect::ForceReconnect));
        assert_eq!(closest(4501), Ok(Disconnect::ForceNoReconnect));
        for code in [0, 1000, 2999, 5000] {
            assert!(closest(code).is_err(), "{code}");
        }
    }
}
