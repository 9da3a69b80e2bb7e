//! STOW-RS: storing objects (PS3.18 10.5).
//!
//! Objects stream into the archive as they arrive, several waiting for the disk together. The response says of each what
//! became of it: only what stands in Referenced SOP Sequence is acknowledged. Metadata with bulk data apart from it are not
//! taken (415).

pub(crate) mod report;
mod take;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::BodyDataStream;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Extension, Router};
use tokio::sync::Semaphore;

use super::accept::{Accept, Offer};
use super::parameters::{parameters, uid};
use super::{BulkData, address, json, multipart, xml};
use crate::access::Action;
use crate::http::{App, Caller, Error, Path, Result};
use report::Report;
pub(crate) use report::{FULL, Taken};
pub(super) use take::Taking;

/// How much requests may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: u64,
    /// Of a body of several parts.
    pub multipart: multipart::Limits,
    /// Requests at once: each holds some objects of at most a megabyte in memory.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 << 30,
            multipart: multipart::Limits {
                part_bytes: 16 << 30,
                ..multipart::Limits::default()
            },
            requests: 32,
        }
    }
}

pub(crate) const OFFERS: [Offer; 3] = [
    Offer::single("application/dicom+json"),
    Offer::single("application/json"),
    Offer::single("application/dicom+xml"),
];

/// What is taken.
const EXPECTED: &str =
    "multipart/related; type=\"application/dicom\", or application/dicom, without Content-Encoding,";

struct Gate {
    limits: Limits,
    places: Semaphore,
}

/// A body, and how much of it was read.
struct Body {
    stream: BodyDataStream,
    bytes: u64,
}

/// Storing under `/dicom-web`, within the default limits.
pub fn router() -> Router<App> {
    router_with(Limits::default())
}

/// Storing under `/dicom-web`.
pub fn router_with(limits: Limits) -> Router<App> {
    let gate = Gate {
        places: Semaphore::new(limits.requests),
        limits,
    };
    let work_items = any(async || Error::NotOffered("UPS-RS"));
    Router::new()
        .route("/dicom-web/studies", post(store))
        .route("/dicom-web/studies/{study}", post(store_in_study))
        .route("/dicom-web/workitems", work_items.clone())
        .route("/dicom-web/workitems/{*rest}", work_items)
        .layer(Extension(Arc::new(gate)))
}

async fn store(
    app: State<App>,
    caller: Caller,
    gate: Extension<Arc<Gate>>,
    request: Request,
) -> Result<Response> {
    take(app.0, caller, &gate, None, request).await
}

async fn store_in_study(
    app: State<App>,
    caller: Caller,
    gate: Extension<Arc<Gate>>,
    Path(study): Path<String>,
    request: Request,
) -> Result<Response> {
    let study = uid(&study)?.to_owned();
    take(app.0, caller, &gate, Some(study), request).await
}

async fn take(
    app: App,
    caller: Caller,
    gate: &Gate,
    study: Option<String>,
    request: Request,
) -> Result<Response> {
    caller.may(Action::Store, study.as_deref()).await?;
    let (parts, body) = request.into_parts();
    let offer = offer(&parts)?;
    let boundary = boundary(&parts.headers)?;
    if announced(&parts.headers).is_some_and(|bytes| bytes > gate.limits.body_bytes) {
        return Err(too_large(&gate.limits));
    }
    let _place = gate.places.try_acquire().map_err(|_| Error::Busy("uploads"))?;
    let taking = Taking::new(app.archive().ingest().clone(), caller.sender().await?, study);
    let body = Body {
        stream: body.into_data_stream(),
        bytes: 0,
    };
    let taken = match boundary {
        Some(boundary) => taking.parts(body, &boundary, &gate.limits).await?,
        None => taking.whole(body, &gate.limits).await?,
    };
    respond(
        &Report::of(taken),
        offer,
        &address::service(&parts.headers, &parts.uri),
    )
}

/// What the response is in; asked before anything is stored.
fn offer(parts: &Parts) -> Result<Offer> {
    let parameters = parameters(parts.uri.query().unwrap_or_default())?;
    let accept = parameters.into_iter().find(|(name, _)| name == "accept");
    let accept = Accept::of(&parts.headers, accept.as_ref().map(|(_, value)| value.as_str()));
    let offers = || OFFERS.map(|offer| offer.to_string()).join(", ");
    accept
        .choose(&OFFERS)
        .ok_or_else(|| Error::NotAcceptable(offers()))
}

/// The boundary of a body of several parts; `None` for one object.
fn boundary(headers: &HeaderMap) -> Result<Option<String>> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // Compressed bodies inflate to any size; who sends images has compressed them already.
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Error::UnsupportedMediaType(EXPECTED));
    }
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/dicom") {
        return Ok(None);
    }
    if !media_type.eq_ignore_ascii_case("multipart/related") {
        return Err(Error::UnsupportedMediaType(EXPECTED));
    }
    let related = multipart::related(content_type).map_err(|error| Error::BadRequest(error.to_string()))?;
    match related.media_type.as_deref() {
        None | Some("application/dicom") => Ok(Some(related.boundary)),
        Some(_) => Err(Error::UnsupportedMediaType(EXPECTED)),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limits: &Limits) -> Error {
    Error::TooLarge {
        what: "body",
        limit: limits.body_bytes,
    }
}

fn respond(report: &Report, offer: Offer, service: &str) -> Result<Response> {
    if report.is_empty() {
        return Err(Error::BadRequest("expected an object, found none".to_owned()));
    }
    let no_bulk = BulkData {
        inline_bytes: usize::MAX,
        uri: &|_| String::new(),
        left_out: &[],
    };
    let data_set = report.data_set(service);
    let mut body = Vec::new();
    if offer.media_type == "application/dicom+xml" {
        xml::write(&data_set, &no_bulk, &mut body).map_err(|_| Error::Internal)?;
    } else {
        json::write(&data_set, &no_bulk, &mut body).map_err(|_| Error::Internal)?;
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(offer.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (report.status(), headers, body).into_response();
    if report.has_beside() {
        let words = "another object has this SOP Instance UID; both are kept, the first stays visible";
        if let Ok(value) = HeaderValue::try_from(format!("299 {service} \"{words}\"")) {
            response.headers_mut().insert(header::WARNING, value);
        }
    }
    Ok(response)
}
