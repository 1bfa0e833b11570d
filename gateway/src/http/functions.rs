//! The functions of the engine over HTTP: one route per line of the engine's table, one handler for all.
//!
//! The ids of the path and the query's fields are laid over the body's fields: what the path names can't be contradicted.

use std::collections::BTreeMap;

use actix_service::Service as _;
use actix_web::{
    HttpRequest, HttpResponse,
    dev::HttpServiceFactory,
    http::{
        Method, StatusCode,
        header::{LINK, USER_AGENT},
    },
    web,
};
use engine::functions::{Answer, HttpMethod, Needs, Row, TABLE};
use serde_json::value::{RawValue, to_raw_value};

use super::{bearer, body, body::Fields, cors, methods, problem::Problem};
use crate::server::Gateway;

/// What a new login calls itself, where the body does not say.
const AGENT_FIELD: &str = "agent";
/// Fields of paths and their other spellings in bodies: all of them name the same thing.
const SPELLINGS: [(&str, &[&str]); 4] = [
    ("chat_id", &["chatId", "conversationId", "conversation_id", "channelId"]),
    ("message_id", &["messageId"]),
    ("user_id", &["userId"]),
    ("username", &["user_name"]),
];

pub(super) fn routes(app: &mut web::ServiceConfig) {
    let mut paths: BTreeMap<&'static str, Vec<(HttpMethod, &'static Row)>> = BTreeMap::new();
    for row in TABLE {
        for route in row.routes {
            paths.entry(route.path).or_default().push((route.method, row));
        }
    }
    for (path, rows) in paths {
        app.service(resource(path, &rows));
    }
}

/// One path with its methods; every other method is answered 405.
fn resource(path: &str, rows: &[(HttpMethod, &'static Row)]) -> impl HttpServiceFactory + use<> {
    let methods: Vec<(&str, &'static Row)> = rows.iter().flat_map(|(method, row)| names(*method, row)).collect();
    let allow = methods.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let resource = methods::resource(path, allow.clone()).route(web::method(Method::OPTIONS).to(move || {
        let answer = cors::preflight(&allow);
        async move { answer }
    }));
    let resource = methods.into_iter().fold(resource, |resource, (name, row)| {
        let method = Method::from_bytes(name.as_bytes()).expect("the table names methods");
        let handler = move |gateway, request, path, body| handle(row, gateway, request, path, body);
        resource.route(web::method(method).to(handler))
    });
    resource.wrap_fn(|request, service| {
        let origin = cors::allowed_origin(&request);
        let answer = service.call(request);
        async move {
            let mut answer = answer.await?;
            if let Some(origin) = origin {
                cors::allow(origin, answer.headers_mut());
            }
            Ok(answer)
        }
    })
}

/// What can be read can be asked for without its body, too (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2>).
fn names(method: HttpMethod, row: &'static Row) -> impl Iterator<Item = (&'static str, &'static Row)> {
    let head = (method == HttpMethod::Get).then_some(("HEAD", row));
    std::iter::once((method.as_str(), row)).chain(head)
}

async fn handle(
    row: &'static Row,
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    path: web::Path<Vec<String>>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let caller = bearer::caller(&gateway, &request, row.needs).await?;
    let fields = body::fields(&request, body, gateway.engine.limits.message_bytes).await?;
    // The extractor decodes values; it can't read names into text.
    let names = request.match_info().iter().map(|(name, _)| name.to_owned());
    let path = names.zip(path.into_inner()).collect();
    let params = params(row, &request, path, fields)?;
    let answer = gateway.engine.call_row(row, &caller, &params).await?;
    Ok(respond(&request, &answer))
}

/// The parameters of the function as a JSON object.
fn params(
    row: &Row,
    request: &HttpRequest,
    path: BTreeMap<String, String>,
    mut fields: Fields,
) -> Result<Vec<u8>, Problem> {
    for (name, value) in query(request.query_string())? {
        fields.insert(name, raw(&value));
    }
    if row.needs == Needs::Nothing {
        let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        if let Some(agent) = agent {
            fields.entry(AGENT_FIELD.to_owned()).or_insert_with(|| raw(agent));
        }
    }
    for (name, value) in path {
        let others = SPELLINGS
            .iter()
            .find(|(field, _)| *field == name)
            .map_or(&[][..], |(_, others)| others);
        others.iter().for_each(|other| drop(fields.remove(*other)));
        fields.insert(name, raw(&value));
    }
    Ok(serde_json::to_vec(&fields).expect("text keys and JSON values are JSON"))
}

fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("text is JSON")
}

fn query(text: &str) -> Result<Vec<(String, String)>, Problem> {
    web::Query::<Vec<(String, String)>>::from_query(text)
        .map(web::Query::into_inner)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the query is not well-formed"))
}

fn respond(request: &HttpRequest, answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(cursor) = &answer.next {
        response.insert_header((LINK, format!("<{}>; rel=\"next\"", next_page(request, cursor))));
    }
    response.body(answer.body.bytes())
}

/// The same request with another cursor (<https://www.rfc-editor.org/rfc/rfc8288>).
fn next_page(request: &HttpRequest, cursor: &str) -> String {
    let mut page = format!("{}?cursor={}", request.uri().path(), escaped(cursor));
    let others = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    for pair in others {
        page.push('&');
        page.push_str(pair);
    }
    page
}

/// Text as a value of a query (<https://www.rfc-editor.org/rfc/rfc3986#section-2.3>).
fn escaped(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut escaped, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
                _ => escaped.push_str(&format!("%{byte:02X}")),
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_next_page_keeps_the_query_and_replaces_the_cursor() {
        let request = TestRequest::with_uri("/chats?limit=2&cursor=old&q=a%20b").to_http_request();
        assert_eq!(next_page(&request, "a/b c"), "/chats?cursor=a%2Fb%20c&limit=2&q=a%20b");
        let request = TestRequest::with_uri("/chats").to_http_request();
        assert_eq!(next_page(&request, "x"), "/chats?cursor=x");
    }
}
