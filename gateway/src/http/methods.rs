//! A path that knows its methods.

use actix_web::{Handler, Resource, ResponseError as _, web};

use super::problem::Problem;

/// A path without methods yet; every one that is not added is answered 405 with `allow`.
pub(super) fn resource(path: &str, allow: String) -> Resource {
    let refuse = move || {
        let problem = Problem::method_not_allowed(allow.clone());
        async move { problem.error_response() }
    };
    web::resource(path).default_service(web::to(refuse))
}

/// A path that is only read; the head alone can be asked for, too.
pub(super) fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    resource(path, "GET, HEAD".to_owned())
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}
