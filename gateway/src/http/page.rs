//! The pages: one room live at `/` (and where invitations lead), the functions at `/docs`. Everything comes from this program; nothing is loaded from elsewhere.

use actix_web::{HttpResponse, http::header::CONTENT_SECURITY_POLICY, web};
use serde::{Deserialize, Serialize};

use super::{methods, problem::Problem};
use crate::server::Gateway;

/// Scripts and styles only from here, and none inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the pages.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: [Asset; 6] = [
    Asset {
        path: "/",
        content_type: HTML,
        text: include_str!("../page/index.html"),
    },
    Asset {
        path: "/docs",
        content_type: HTML,
        text: include_str!("../page/docs.html"),
    },
    Asset {
        path: "/assets/page.js",
        content_type: SCRIPT,
        text: include_str!("../page/page.js"),
    },
    Asset {
        path: "/assets/docs.js",
        content_type: SCRIPT,
        text: include_str!("../page/docs.js"),
    },
    Asset {
        path: "/assets/style.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../page/style.css"),
    },
    // Empty when the program was built without it: the page says so.
    Asset {
        path: "/assets/centrifuge.js",
        content_type: SCRIPT,
        text: include_str!(concat!(env!("OUT_DIR"), "/centrifuge.js")),
    },
];

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
    // The page itself reads the code out of its address.
    app.service(methods::get("/join/{code}", || answer(&ASSETS[0])));
    app.service(methods::get("/demo.json", demo));
}

async fn answer(asset: &'static Asset) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(asset.content_type)
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(asset.text)
}

async fn demo(gateway: web::Data<Gateway>) -> Result<HttpResponse, Problem> {
    gateway
        .demo()
        .map(|demo| HttpResponse::Ok().json(demo))
        .ok_or_else(Problem::not_found)
}
