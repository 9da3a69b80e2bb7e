//! Our own interface for viewers: a series as one stream, in viewing order, an overview of all of it first.
//!
//! `GET /viewer/v1/series/{study}/{series}` gives the header, which tells the geometry and the values' meaning of every frame,
//! and then chunks, each of which says what it is. An interrupted stream goes on with `?from=CHUNK`. Frames travel as they are
//! stored when they are compressed; else without loss in JPEG-LS, where that was made ahead or the link is slow enough for it
//! to be made on the way, or as they are. The protocol is `docs/viewer-protocol.md`; whatever changes
//! what a reader of it sees is another version, under another address.

mod ahead;
mod coding;
mod frames;
mod header;
mod kept;
mod link;
mod order;

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, FuturesOrdered};
use futures_util::{Stream, StreamExt, TryStreamExt};

use crate::access::Action;
use crate::dicomweb::parameters::parameters;
use crate::dicomweb::wado::answer;
use crate::dicomweb::wado::find::{Address, targets};
use crate::http::{App, Caller, Error, Path, Result};
use crate::index::DeflatedMetadata;

pub use ahead::Ahead;
pub(crate) use coding::FrameCache;
use coding::{For, Kind};
pub use frames::{Frame, SeriesFrames};
use header::{Header, Place};
pub use kept::KeptFrames;
use link::Link;

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
    caller.may(Action::Retrieve, Some(&address.study)).await?;
    let asked = Asked::of(query.as_deref().unwrap_or_default())?;
    let metadata = app
        .archive()
        .index()
        .deflated_metadata(&study, Some(&series), None)
        .await?;
    let etag = header::etag(&metadata, asked.has_overview);
    if !metadata.is_empty() && answer::is_known(&headers, &etag) {
        return Ok(answer::unchanged(&etag));
    }
    let header = header(&app, &address, metadata, asked.has_overview).await?;
    if asked.from >= header.chunks() {
        return Err(Error::BadRequest(format!(
            "expected a chunk below {}",
            header.chunks()
        )));
    }
    let beginning = header.bytes.clone();
    let mut chunks = Box::pin(chunks(app, header, asked.from));
    // The first chunk is made before the status is.
    let first = chunks.next().await.ok_or(Error::Internal)??;
    let pieces = stream::iter([Ok(beginning), Ok(first)]).chain(chunks.map_err(|error| {
        tracing::error!(%error, "a stream was broken off");
        error
    }));
    let body = Body::from_stream(pieces);
    Ok(answer::response(StatusCode::OK, &etag, Some(MEDIA_TYPE), body))
}

/// Gives the header of a series with this metadata.
async fn header(
    app: &App,
    address: &Address,
    metadata: Vec<DeflatedMetadata>,
    has_overview: bool,
) -> Result<Arc<Header>> {
    let etag = header::etag(&metadata, has_overview);
    if let Some(known) = app.frame_cache().header(&etag) {
        return Ok(known);
    }
    let targets = targets(app, address).await?;
    let made = tokio::task::spawn_blocking(move || Header::of(&targets, &metadata, has_overview));
    let header = Arc::new(made.await.map_err(|_| Error::Internal)??);
    app.frame_cache().put_header(Arc::clone(&header));
    Ok(header)
}

/// Objects that are being read for a stream: so many bytes, or so many, whichever is less.
const AHEAD_BYTES: u64 = 16 << 20;
const AHEAD: usize = 32;

/// A stream under way. When it ends, whole or broken off, it holds nothing any more.
struct Sending {
    app: App,
    header: Arc<Header>,
    link: Link,
    making: FuturesOrdered<Making>,
    /// The next chunk that is made.
    next: u32,
}

type Making = Pin<Box<dyn Future<Output = Result<[Bytes; 2]>> + Send>>;

impl Sending {
    /// Whether another chunk may be made: one a processor in any case, and small ones as far as that hides waiting.
    fn has_room(&self, processors: usize) -> bool {
        let under_way = self.making.len();
        let (_, place) = self.header.chunk(self.next);
        let object_bytes = place.map_or(0, |place| self.header.places[place as usize].target.size);
        let is_small = object_bytes.saturating_mul(under_way as u64 + 1) <= AHEAD_BYTES;
        under_way < processors || (is_small && under_way < AHEAD)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        for place in &self.header.places {
            let key = (place.target.hash, place.frame, Kind::Frame);
            drop(self.app.frame_cache().take(key));
        }
    }
}

/// The chunks of a stream, some of them made while others are sent: the head of each, then what it holds.
fn chunks(app: App, header: Arc<Header>, from: u32) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let sending = Sending {
        app,
        header,
        link: Link::default(),
        making: FuturesOrdered::new(),
        next: from,
    };
    let chunks = stream::unfold(sending, move |mut sending| async move {
        sending.link.asked(Instant::now());
        while sending.next < sending.header.chunks() && sending.has_room(processors) {
            let (app, header) = (sending.app.clone(), Arc::clone(&sending.header));
            let is_slow = sending.link.is_slow(processors);
            let making = chunk(app, header, sending.next, is_slow);
            sending.making.push_back(Box::pin(making));
            sending.next += 1;
        }
        let made = sending.making.next().await?;
        let bytes = made
            .as_ref()
            .map_or(0, |[head, content]| head.len() + content.len());
        sending.link.hand(bytes, Instant::now());
        Some((made, sending))
    });
    let pieces = chunks.map_ok(|pieces| stream::iter(pieces.map(Ok)));
    pieces
        .try_flatten()
        .try_filter(|piece| std::future::ready(!piece.is_empty()))
}

/// Makes a chunk: its head, and what it holds.
async fn chunk(app: App, header: Arc<Header>, number: u32, is_slow: bool) -> Result<[Bytes; 2]> {
    let (kind, place) = header.chunk(number);
    let (coding, content) = match place {
        None => (coding::Coding::Native, Bytes::new()),
        Some(place) => content(&app, kind, &header.places[place as usize], is_slow).await?,
    };
    let length = u32::try_from(content.len()).map_err(|_| Error::Internal)?;
    let words = [
        kind as u32,
        number,
        place.unwrap_or_default(),
        coding as u32,
        length,
    ];
    let head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Ok([head.into(), content])
}

async fn content(app: &App, kind: Kind, place: &Place, is_slow: bool) -> Result<(coding::Coding, Bytes)> {
    let key = (place.target.hash, place.frame, kind);
    if let Some(known) = app.frame_cache().get(&key) {
        return Ok(known);
    }
    if let Some(kept) = app.archive().kept_frames()
        && let Some(known) = kept.get(key).await
    {
        return Ok(known);
    }
    let reader = if is_slow { For::SlowLink } else { For::FastLink };
    let made = coding::make(app, kind, place, reader).await?;
    app.frame_cache().put(key, made.clone());
    if is_slow
        && coding::is_worth_keeping(kind, made.0)
        && let Some(kept) = app.archive().kept_frames()
    {
        let (kept, made) = (kept.clone(), made.clone());
        tokio::spawn(async move { kept.put(key, made).await });
    }
    Ok(made)
}
