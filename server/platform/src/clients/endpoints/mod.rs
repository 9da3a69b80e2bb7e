//! What programs ask for by themselves: tokens, whether they hold, taking them back, who a person is, and what is
//! published about this site. None of it looks at cookies, so that pages of any site may ask (CORS), without them.

mod authentication;
mod discovery;
mod exchange;
mod introspect;
mod refused;
mod revoke;
mod token;
mod userinfo;

use axum::Router;
use axum::extract::{FromRequest as _, Request};
use axum::http::{Method, header};
use axum::routing::{get, post};
use tower_http::cors::{Any, CorsLayer};

use self::refused::Refused;
use crate::web::layers::otherwise;
use crate::web::{Fields, Visit};
use crate::{Error, Platform};

/// Addresses of forms that programs send by themselves, without a cookie.
const FOR_PROGRAMS: [&str; 4] = [
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
];

/// Whether a path takes forms of programs: it looks at no cookie, so that a page of another site has nothing to borrow.
#[must_use]
pub fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS.contains(&path)
}

pub(super) fn router() -> Router<Platform> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE]);
    Router::new()
        .route("/oauth/token", post(token::give))
        .route("/oauth/revoke", post(revoke::revoke))
        .route("/oauth/introspect", post(introspect::introspect))
        .route("/oauth/userinfo", get(userinfo::tell).post(userinfo::tell))
        .route("/oauth/jwks", get(discovery::jwks))
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::configuration),
        )
        // Before the layer, which other pages' questions with OPTIONS are answered by.
        .method_not_allowed_fallback(otherwise)
        .layer(cors)
}

/// The parameters of a request in its body; each stands once (RFC 6749 3.2).
async fn parameters(request: Request) -> Result<Fields, Refused> {
    let read = Fields::from_request(request, &()).await;
    read.map_err(|error| match error {
        Error::Internal => Refused::Failed,
        _ => Refused::Request("expected a form as application/x-www-form-urlencoded"),
    })
}

/// The value of a parameter; one without a value is none.
fn one<'a>(fields: &'a Fields, name: &'a str) -> Result<Option<&'a str>, Refused> {
    let mut all = fields.all(name);
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(Refused::Request("a parameter stands twice")),
        (value, None) => Ok(value.filter(|value| !value.is_empty())),
    }
}

/// The value of a parameter that must be there.
fn needed<'a>(fields: &'a Fields, name: &'a str, words: &'static str) -> Result<&'a str, Refused> {
    one(fields, name)?.ok_or(Refused::Request(words))
}

/// An entry of the journal by a program, for a person where it is for one.
fn entry(
    visit: &Visit,
    kind: &'static str,
    client_id: &str,
    person: Option<i64>,
    organisation: i64,
) -> journal::Entry {
    let actor = match person {
        Some(person) => format!("person:{person} client:{client_id}"),
        None => format!("client:{client_id}"),
    };
    journal::Entry {
        organisation: Some(organisation),
        actor,
        ..visit.entry(kind)
    }
}
