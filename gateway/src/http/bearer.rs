//! Who asks: the Bearer token of a request (<https://www.rfc-editor.org/rfc/rfc6750>).

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use engine::{Caller, functions::Needs};
use protocol::ErrorCode;

use super::problem::Problem;
use crate::server::Gateway;

/// The token of an `Authorization: Bearer …` header.
pub(crate) fn token(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The caller of a function. Where nobody needs to be signed in, a token that admits nobody is passed over: clients send what they
/// have left when they log in anew.
pub(super) async fn caller(gateway: &Gateway, request: &HttpRequest, needs: Needs) -> Result<Caller, Problem> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let admitted = match token(header) {
        Some(token) => gateway.engine.caller(token).await.map(|(caller, _)| caller),
        None => Err(ErrorCode::Unauthorized.into()),
    };
    let caller = match (admitted, needs) {
        (Ok(caller), _) => caller,
        (Err(_), Needs::Nothing) => Caller::anonymous(),
        (Err(error), Needs::SignedIn) => return Err(error.into()),
    };
    Ok(caller.from_address(request.peer_addr().map(|peer| peer.ip())))
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn only_a_bearer_token_is_taken() {
        assert_eq!(token(Some("Bearer abc")), Some("abc"));
        assert_eq!(token(Some("bearer  abc ")), Some("abc"));
        for other in [None, Some("Basic abc"), Some("abc"), Some("Bearer"), Some("")] {
            assert_eq!(token(other), None, "{other:?}");
        }
    }
}
