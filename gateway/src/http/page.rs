//! The pages: the browser client at `/`, the functions at `/docs`. Everything comes from this program; nothing is loaded from elsewhere.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, Encoding, EntityTag,
        IfNoneMatch, VARY,
    },
    web,
};
use serde::{Deserialize, Serialize};

use super::{methods, problem::Problem};
use crate::server::Gateway;

/// Scripts and styles only from here, and none inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A name that holds its content's hash is the same content for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked about each time.
const ASK_FIRST: &str = "no-cache";
/// The client's document, in [`BUILT`].
const INDEX: &str = "index.html";

/// A file of the browser client, with its compressed forms. `build.rs` writes the list.
struct Built {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// The browser client; empty when the program was built without it.
static BUILT: &[Built] = include!(concat!(env!("OUT_DIR"), "/built_page.rs"));

/// A file that is as it stands in the sources.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";

static ASSETS: [Asset; 3] = [
    Asset {
        path: "/docs",
        content_type: HTML,
        text: include_str!("../page/docs.html"),
    },
    Asset {
        path: "/assets/docs.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../page/docs.js"),
    },
    Asset {
        path: "/assets/style.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../page/style.css"),
    },
];

/// What `/` says when there is no client.
static MISSING: Asset = Asset {
    path: "/",
    content_type: HTML,
    text: include_str!("../page/missing.html"),
};

/// What a node started with `--demo` tells its page.
#[derive(Debug, Clone, Serialize)]
pub struct Demo {
    /// The demo user's name.
    pub username: String,
    /// Its password; everybody may know it.
    pub password: String,
    /// The demo room.
    pub chat_id: String,
    /// Lets guests into it.
    pub invitation: DemoInvitation,
}

/// The demo room's invitation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DemoInvitation {
    /// Its code.
    pub code: String,
    /// The path of the page where guests join.
    pub path: String,
}

pub(super) fn routes(app: &mut web::ServiceConfig) {
    for asset in &ASSETS {
        app.service(methods::get(asset.path, move || answer(asset)));
    }
    for file in BUILT.iter().filter(|file| file.path != INDEX) {
        let path = format!("/{}", file.path);
        app.service(methods::get(&path, move |request| built(file, request, FOR_EVER)));
    }
    // A link into a room opens the client; it reads the code itself.
    for path in ["/", "/join/{code}"] {
        app.service(methods::get(path, index));
    }
    app.service(methods::get("/demo.json", demo));
}

async fn index(request: HttpRequest) -> HttpResponse {
    match BUILT.iter().find(|file| file.path == INDEX) {
        Some(file) => built(file, request, ASK_FIRST).await,
        None => answer(&MISSING).await,
    }
}

async fn answer(asset: &'static Asset) -> HttpResponse {
    with_policy(HttpResponse::Ok())
        .content_type(asset.content_type)
        .body(asset.text)
}

/// Also where nothing has changed: browsers put the headers of a 304 over those that they have kept.
fn with_policy(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response.insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY));
    response
}

async fn built(file: &'static Built, request: HttpRequest, caching: &'static str) -> HttpResponse {
    // One content whatever its encoding: a weak tag.
    let tag = EntityTag::new_weak(file.etag.to_owned());
    let is_known = is_known(&request, &tag);
    let mut response = with_policy(if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    });
    response
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((VARY, "Accept-Encoding"));
    if is_known {
        return response.finish();
    }
    let (encoding, bytes) = encoded(file, &request);
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    response.content_type(file.content_type).body(bytes)
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Some(IfNoneMatch::Any) => true,
        None => false,
    }
}

/// The smallest form that the client takes.
fn encoded(file: &Built, request: &HttpRequest) -> (Option<&'static str>, &'static [u8]) {
    let accepted = request.get_header::<AcceptEncoding>();
    let takes = |encoding: Encoding| {
        let chosen = accepted
            .as_ref()
            .and_then(|accepted| accepted.negotiate([&encoding].into_iter()));
        chosen == Some(encoding)
    };
    match (file.brotli, file.gzip) {
        (Some(brotli), _) if takes(Encoding::brotli()) => (Some("br"), brotli),
        (_, Some(gzip)) if takes(Encoding::gzip()) => (Some("gzip"), gzip),
        _ => (None, file.plain),
    }
}

async fn demo(gateway: web::Data<Gateway>) -> Result<HttpResponse, Problem> {
    gateway
        .demo()
        .map(|demo| HttpResponse::Ok().json(demo))
        .ok_or_else(Problem::not_found)
}
