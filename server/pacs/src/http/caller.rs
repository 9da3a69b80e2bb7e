//! Who asks.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Error, Result};
use crate::access::{Action, Principal};

/// The caller of a request, known by its bearer token.
#[derive(Debug, Clone)]
pub struct Caller {
    app: App,
    /// Who it is.
    pub principal: Principal,
}

impl Caller {
    /// The one permission check of a handler.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`].
    pub fn may(&self, action: Action, study_uid: Option<&str>) -> Result<()> {
        let allowed = self.app.authorize().may(&self.principal, action, study_uid);
        allowed.then_some(()).ok_or(Error::Forbidden)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let principal = match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let token = value.to_str().ok().and_then(bearer);
                token.and_then(|token| app.authorize().bearer(token))
            }
            None => app.authorize().anonymous(),
        };
        Ok(Self {
            app: app.clone(),
            principal: principal.ok_or(Error::Unauthenticated)?,
        })
    }
}

/// The token of an Authorization header; schemes are compared without case (RFC 9110 11.1).
pub(crate) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

pub(super) async fn only_this_machine(request: Request, next: Next) -> Response {
    match foreign(request.uri(), request.headers()) {
        Some(why) => Error::NotThisMachine(why).into_response(),
        None => next.run(request).await,
    }
}

/// Why a request is not one of this machine's own.
fn foreign(uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "via",
    ];
    if forwarded.iter().any(|name| headers.contains_key(*name)) {
        return Some("the request was sent on by a proxy");
    }
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    // HTTP/1.1 always has a Host; without one there is no browser behind it.
    let hosts = [
        text(header::HOST),
        uri.authority().map(|authority| authority.as_str()),
    ];
    if hosts.into_iter().flatten().any(|host| !is_loopback(host)) {
        return Some("the request is for another host");
    }
    let origin = text(header::ORIGIN);
    let host_of = |origin: &str| {
        origin
            .split_once("://")
            .is_some_and(|(_, host)| is_loopback(host))
    };
    if origin.is_some_and(|origin| !host_of(origin)) {
        return Some("the request is from another origin");
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
