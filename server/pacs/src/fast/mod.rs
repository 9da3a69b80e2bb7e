//! Our own interface for viewers: a series as one stream, in viewing order, an overview of all of it first.
//!
//! `GET /viewer/v1/series/{study}/{series}` gives the header, which tells the geometry and the values' meaning of every frame,
//! and then chunks, each of which says what it is. An interrupted stream goes on with `?from=CHUNK`. Frames travel as they are
//! stored when they are compressed, else without loss in JPEG-LS. The protocol is `docs/viewer-protocol.md`; whatever changes
//! what a reader of it sees is another version, under another address.

mod coding;
mod header;
mod order;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::access::Action;
use crate::dicomweb::parameters::parameters;
use crate::dicomweb::wado::answer;
use crate::dicomweb::wado::find::{Address, targets};
use crate::http::{App, Caller, Error, Result};

pub(crate) use coding::FrameCache;
use coding::Kind;
use header::{Header, Place};

/// The media type of a stream.
pub const MEDIA_TYPE: &str = "application/vnd.uptake.series";

/// What a stream begins with: a name and the version.
pub const MAGIC: &[u8; 8] = b"UPTKSER1";

/// The viewers' interface, under `/viewer/v1`.
pub fn router() -> Router<App> {
    Router::new().route("/viewer/v1/series/{study}/{series}", get(series))
}

/// What of a stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    /// The first chunk.
    from: u32,
    has_overview: bool,
}

impl Asked {
    fn of(query: &str) -> Result<Self> {
        let mut asked = Self {
            from: 0,
            has_overview: true,
        };
        for (name, value) in parameters(query)? {
            let invalid = || Error::BadRequest(format!("parameter {name} is not understood"));
            match (name.as_str(), value.as_str()) {
                ("from", number) => asked.from = number.parse().map_err(|_| invalid())?,
                ("overview", "quarter") => asked.has_overview = true,
                ("overview", "none") => asked.has_overview = false,
                _ => return Err(invalid()),
            }
        }
        Ok(asked)
    }
}

async fn series(
    State(app): State<App>,
    caller: Caller,
    Path((study, series)): Path<(String, String)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let address = Address::of(&study, Some(&series), None)?;
    caller.may(Action::Retrieve, Some(&address.study))?;
    let asked = Asked::of(query.as_deref().unwrap_or_default())?;
    let targets = targets(&app, &address).await?;
    let metadata = app
        .archive()
        .index()
        .deflated_metadata(&study, Some(&series), None)
        .await?;
    let made = tokio::task::spawn_blocking(move || Header::of(&targets, &metadata, asked.has_overview));
    let header = made.await.map_err(|_| Error::Internal)??;
    let etag = header.etag.clone();
    if answer::is_known(&headers, &etag) {
        return Ok(answer::unchanged(&etag));
    }
    if asked.from >= header.chunks() {
        return Err(Error::BadRequest(format!(
            "expected a chunk below {}",
            header.chunks()
        )));
    }
    let beginning = Bytes::from(header.bytes());
    let ahead = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    let header = Arc::new(header);
    let chunks = stream::iter(asked.from..header.chunks())
        .map(move |number| chunk(app.clone(), Arc::clone(&header), number))
        .buffered(ahead);
    let mut chunks = Box::pin(chunks);
    // The first chunk is made before the status is.
    let first = chunks.next().await.ok_or(Error::Internal)??;
    let pieces = stream::iter([Ok(beginning), Ok(first)]).chain(chunks.map_err(|error| {
        tracing::error!(%error, "a stream was broken off");
        error
    }));
    let body = Body::from_stream(pieces);
    Ok(answer::response(StatusCode::OK, &etag, Some(MEDIA_TYPE), body))
}

/// Makes a chunk: its head, and what it holds.
async fn chunk(app: App, header: Arc<Header>, number: u32) -> Result<Bytes> {
    let (kind, place) = header.chunk(number);
    let (coding, content) = match place {
        None => (coding::Coding::Native, Bytes::new()),
        Some(place) => content(&app, kind, &header.places[place as usize]).await?,
    };
    let mut bytes = Vec::with_capacity(content.len() + 20);
    let length = u32::try_from(content.len()).map_err(|_| Error::Internal)?;
    for word in [
        kind as u32,
        number,
        place.unwrap_or_default(),
        coding as u32,
        length,
    ] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend_from_slice(&content);
    Ok(bytes.into())
}

async fn content(app: &App, kind: Kind, place: &Place) -> Result<(coding::Coding, Bytes)> {
    let key = (place.target.hash, place.frame, kind);
    if let Some(known) = app.frame_cache().get(&key) {
        return Ok(known);
    }
    let made = coding::make(app, kind, place).await?;
    app.frame_cache().put(key, made.clone());
    Ok(made)
}
