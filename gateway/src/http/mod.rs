//! Everything that the port answers in plain HTTP.

pub(crate) mod bearer;
pub(crate) mod body;
mod cors;
mod functions;
mod headers;
mod methods;
mod openapi;
mod page;
mod probes;
pub mod problem;
mod sockets;

use std::sync::Arc;

use actix_service::{Service as _, ServiceFactory};
use actix_web::{
    App, Error, HttpResponse, ResponseError as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    web,
};

pub use self::page::{Demo, DemoInvitation};
use self::problem::Problem;
use crate::server::Gateway;

/// The application of one worker.
pub fn app(
    gateway: Arc<Gateway>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let counted = Arc::clone(&gateway);
    App::new()
        .app_data(web::Data::from(gateway))
        // What is not UTF-8 in a path names nothing.
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::not_found().into()))
        .wrap(headers::security())
        .wrap_fn(move |request, service| count(Arc::clone(&counted), service.call(request)))
        .configure(probes::routes)
        .configure(functions::routes)
        .configure(openapi::routes)
        .configure(page::routes)
        .configure(sockets::routes)
        .configure(crate::streams::routes)
        .configure(crate::server_api::routes)
        .default_service(web::to(nothing))
}

/// Counts what is answered.
async fn count<B>(
    gateway: Arc<Gateway>,
    answer: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Error> {
    let answer = answer.await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    gateway.metrics.answered(status);
    answer
}

/// What is at no path.
async fn nothing() -> HttpResponse {
    Problem::not_found().error_response()
}
