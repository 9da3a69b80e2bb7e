//! The layers around every handler, of pages and of the archive's interfaces alike: a number for the request, who asks,
//! no change from another site's page, headers that keep a browser safe, errors in the language of whoever asked.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use pacs::access::Context;
use pacs::http::Peer;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::error::Said;
use crate::language::Language;
use crate::sessions::{self, Found};
use crate::ui::{self, Theme, View};
use crate::web::{Visit, address_of, visit};
use crate::{Error, Platform, clients, push, secrets};

/// What pages may load, send to and stand in.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'";
/// The same for a page with a viewer, which compiles WebAssembly. Sockets of this site are among what `connect-src 'self'` names,
/// its pictures are blobs, its workers scripts of this site.
pub(crate) fn viewer_policy() -> String {
    POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
}

/// Characters of what a browser calls itself that are kept.
const AGENT: usize = 200;
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the layers around a router.
pub fn around(router: Router, platform: &Platform) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Error::internal("a handler panicked").into_response()
        }))
        .layer(middleware::from_fn_with_state(platform.clone(), visited))
}

async fn visited(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let number = match secrets::random::<8>() {
        Ok(bytes) => secrets::hex(&bytes),
        Err(error) => return error.into_response(),
    };
    let span = tracing::info_span!("request", id = %number);
    let is_secure = platform.settings().is_secure;
    async move {
        let wants_page = wants_page(&parts);
        let visit = match visit_of(&platform, &parts, number.clone()).await {
            Ok(visit) => visit,
            Err(error) => return dressed(error.into_response(), &number, is_secure),
        };
        let counted = match visit.signed() {
            None => platform.limits().stranger(&parts, visit.address()),
            Some(_) => Ok(()),
        };
        let asked = counted
            .and_then(|()| without_nul(&parts))
            .and_then(|()| from_here(&parts, is_secure));
        if let Err(error) = asked {
            return dressed(
                said(error.into_response(), &visit, wants_page),
                &number,
                is_secure,
            );
        }
        // Whoever shows a token is known by it: it may open less than the session beside it.
        let has_token = has_token(&parts.headers);
        let principal = visit
            .signed()
            .filter(|_| !has_token)
            .and_then(|signed| signed.principal(visit.is_inside()));
        if let Some(principal) = principal {
            parts.extensions.insert(principal);
        }
        let path = parts.uri.path_and_query().map(ToString::to_string);
        let context = Context::from(Some(visit.address()));
        parts.extensions.insert(context.of_request(visit.request()));
        parts.extensions.insert(visit.clone());
        let response = next.run(Request::from_parts(parts, body)).await;
        let response = sign_in_first(response, &visit, wants_page, path.as_deref());
        dressed(said(response, &visit, wants_page), &number, is_secure)
    }
    .instrument(span)
    .await
}

async fn visit_of(platform: &Platform, request: &Parts, number: String) -> Result<Visit, Error> {
    let headers = &request.headers;
    let peer = request.extensions.get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip().to_canonical());
    let address = address_of(peer, headers, |address| platform.settings().is_proxy(address));
    let (signed, ended) = match sessions::find(platform, headers).await? {
        Found::Signed(signed) => (Some(*signed), None),
        Found::Ended(why) => (None, Some(why)),
        Found::None => (None, None),
    };
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let view = View::of(platform, request, signed.as_ref()).await?;
    let key = text(HeaderName::from_static("idempotency-key"));
    Ok(Visit(Arc::new(visit::Shared {
        platform: platform.clone(),
        view,
        signed,
        ended,
        address,
        agent: text(header::USER_AGENT)
            .unwrap_or("")
            .chars()
            .take(AGENT)
            .collect(),
        host: text(header::HOST).unwrap_or("localhost").to_owned(),
        request: number,
        key: key
            .filter(|key| (8..=200).contains(&key.len()))
            .map(str::to_owned),
        browser: sessions::cookie(headers, push::COOKIE).map(secrets::kept),
    })))
}

/// Whether somebody looks at the answer in a browser.
fn wants_page(request: &Parts) -> bool {
    let accepted = request.headers.get(header::ACCEPT);
    accepted
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"))
}

/// No database takes a NUL for text.
fn without_nul(request: &Parts) -> Result<(), Error> {
    if request.uri.path().contains("%00") {
        return Err(Error::BadRequest("expected an address without NUL".to_owned()));
    }
    Ok(())
}

/// Changes come from this site's own pages, or from programs that show a token (Fetch Metadata; Origin where a browser is
/// old). A cookie alone changes nothing.
fn from_here(request: &Parts, is_secure: bool) -> Result<(), Error> {
    let headers = &request.headers;
    // A socket is no answer that a page of another site could not read: it is opened from here, or not at all.
    let is_socket = headers.contains_key(header::UPGRADE);
    let is_safe = matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) && !is_socket;
    // What programs send by themselves: no cookie is looked at there.
    let is_for_programs = clients::is_for_programs(request.uri.path());
    if is_safe || is_for_programs || !headers.contains_key(header::COOKIE) && !is_form(headers) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let scheme = if is_secure { "https" } else { "http" };
            text("host").is_some_and(|host| origin == format!("{scheme}://{host}"))
        }
        (None, None) => false,
    };
    if is_own { Ok(()) } else { Err(Error::ForeignOrigin) }
}

/// Whether a request shows a bearer token (RFC 6750).
fn has_token(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION);
    let scheme = value.and_then(|value| value.as_bytes().get(..7));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

/// Whether a page of another site could have sent it without asking first.
fn is_form(headers: &HeaderMap) -> bool {
    let kinds = [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ];
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    !headers.contains_key(header::AUTHORIZATION)
        && value.is_some_and(|value| kinds.iter().any(|kind| value.starts_with(kind)))
}

/// Sends a browser to where something has to be done first.
fn sign_in_first(response: Response, visit: &Visit, wants_page: bool, path: Option<&str>) -> Response {
    let Some(said) = response.extensions().get::<Said>().copied() else {
        return response;
    };
    if !wants_page {
        return response;
    }
    if let Some(first) = said.first {
        return axum::response::Redirect::to(first).into_response();
    }
    if said.wants_sign_in && visit.signed().is_none() {
        let to: String = form_urlencoded::byte_serialize(path.unwrap_or("/").as_bytes()).collect();
        return axum::response::Redirect::to(&format!("/sign-in?to={to}")).into_response();
    }
    response
}

/// The page of an error, where somebody looks at it.
fn said(response: Response, visit: &Visit, wants_page: bool) -> Response {
    let Some(said) = response.extensions().get::<Said>().copied() else {
        return response;
    };
    if !wants_page {
        return response;
    }
    let status = response.status();
    let mut page = (status, ui::error_page(visit, status, said.key)).into_response();
    if let Some(after) = response.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, after.clone());
    }
    page
}

/// Headers that every answer has.
fn dressed(mut response: Response, number: &str, is_secure: bool) -> Response {
    let headers = response.headers_mut();
    if let Ok(number) = HeaderValue::from_str(number) {
        headers.insert(REQUEST, number);
    }
    let pairs = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        // What browsers know that are too old for `frame-ancestors`.
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(self), microphone=(), geolocation=(), payment=()",
        ),
    ];
    for (name, value) in pairs {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if is_secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}

/// What is asked for that is not there.
pub async fn nowhere() -> Error {
    Error::NotFound
}

/// What is asked for otherwise than it is there.
pub async fn otherwise() -> Error {
    Error::Method
}

impl View {
    async fn of(
        platform: &Platform,
        request: &Parts,
        signed: Option<&sessions::Signed>,
    ) -> Result<Self, Error> {
        let headers = &request.headers;
        let route = request.extensions.get::<MatchedPath>();
        let cookie = |name: &str| sessions::cookie(headers, name);
        let language = cookie(ui::LANGUAGE_COOKIE).and_then(Language::from_tag);
        let theme = cookie(ui::THEME_COOKIE).and_then(Theme::from_word);
        let (unread, todos) = match signed {
            Some(signed) => crate::messages::store::counts(platform.readers(), signed.account()).await?,
            None => (0, 0),
        };
        Ok(Self {
            language: language.unwrap_or_else(|| Language::of(headers)),
            theme: theme.unwrap_or_default(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            route: route.map_or(String::new(), |route| route.as_str().to_owned()),
            zone: platform.settings().zone,
            unread,
            todos,
            once: secrets::token()?,
        })
    }
}
