//! What retrievals' answers share: entity tags, parts of bytes, bodies of several parts.

use std::ops::Range;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use crate::dicomweb::accept::{Accept, Offer};
use crate::dicomweb::multipart::Writer;
use crate::http::{App, Error, Result};

/// What every answer is made from: the archive, and what of the request any answer reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) app: &'a App,
    pub(super) headers: &'a HeaderMap,
    pub(super) accept: &'a Accept,
    /// The address of the service.
    pub(super) base: &'a str,
}

impl Asking<'_> {
    /// What it is given as.
    ///
    /// # Errors
    ///
    /// [`Error::NotAcceptable`], with what there is.
    pub(super) fn choose(self, offers: &[Offer]) -> Result<Offer> {
        let all = || offers.iter().map(ToString::to_string).collect::<Vec<_>>();
        let chosen = self.accept.choose(offers);
        chosen.ok_or_else(|| Error::NotAcceptable(all().join(", ")))
    }

    /// 304, where whoever asks has it already.
    pub(super) fn known(self, etag: &str) -> Option<Response> {
        is_known(self.headers, etag).then(|| unchanged(etag))
    }

    /// One content that is in memory, whole or in part.
    pub(super) async fn bytes(self, etag: &str, content_type: &str, bytes: Bytes) -> Result<Response> {
        let open = async |range: Range<u64>| {
            let range = range.start as usize..range.end as usize;
            Ok(Content::Bytes(bytes.slice(range)))
        };
        ranged(self.headers, etag, content_type, bytes.len() as u64, open).await
    }
}

/// Pieces of a body.
pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A content and how it is called.
pub(super) struct Part {
    /// Its media type, with the transfer syntax.
    pub(super) content_type: String,
    /// Its address.
    pub(super) location: String,
    pub(super) content: Content,
}

/// A content, in memory where it is small.
pub(super) enum Content {
    Bytes(Bytes),
    Pieces(Pieces),
}

impl Content {
    fn pieces(self) -> Pieces {
        match self {
            Self::Bytes(bytes) => Box::pin(stream::iter([Ok(bytes)])),
            Self::Pieces(pieces) => pieces,
        }
    }
}

/// The entity tag of what is made of objects and words alone.
pub(crate) fn etag(of: &[&str]) -> String {
    let hash = crate::storage::Hash::of(of.join("\n").as_bytes()).to_string();
    format!("\"{}\"", &hash[..32])
}

/// Whether the caller has it already (RFC 9110 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

/// An answer with the headers of all retrievals.
pub(crate) fn response(status: StatusCode, etag: &str, content_type: Option<&str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut put = |name, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    put(header::ETAG, etag);
    // It may be kept by whoever asked, and asked for again before it is shown: rights end.
    put(header::CACHE_CONTROL, "private, no-cache");
    put(header::VARY, "accept, authorization");
    if let Some(content_type) = content_type {
        put(header::CONTENT_TYPE, content_type);
    }
    response
}

/// 304.
pub(crate) fn unchanged(etag: &str) -> Response {
    response(StatusCode::NOT_MODIFIED, etag, None, Body::empty())
}

/// What is asked of a content of `total` bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    All,
    Part(Range<u64>),
    /// 416.
    Nothing,
}

/// Reads Range and If-Range (RFC 9110 14.2); several ranges, and what is no range, mean all.
pub(super) fn asked(headers: &HeaderMap, etag: &str, total: u64) -> Asked {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let Some(range) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
        return Asked::All;
    };
    if text(header::IF_RANGE).is_some_and(|condition| condition != etag) {
        return Asked::All;
    }
    let Some((first, last)) = range.split_once('-').filter(|_| !range.contains(',')) else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (None, Some(0)) => Asked::Nothing,
        (None, Some(count)) if first.is_empty() => Asked::Part(total.saturating_sub(count)..total),
        (Some(first), _) if first >= total => Asked::Nothing,
        (Some(first), None) if last.is_empty() => Asked::Part(first..total),
        (Some(first), Some(last)) if first <= last => Asked::Part(first..last.saturating_add(1).min(total)),
        _ => Asked::All,
    }
}

/// One content of known length, whole or in part; `open` gives its bytes.
pub(super) async fn ranged<F>(
    headers: &HeaderMap,
    etag: &str,
    content_type: &str,
    total: u64,
    open: impl FnOnce(Range<u64>) -> F,
) -> Result<Response>
where
    F: Future<Output = Result<Content>>,
{
    let (status, range) = match asked(headers, etag, total) {
        Asked::All => (StatusCode::OK, 0..total),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => {
            let mut response = response(StatusCode::RANGE_NOT_SATISFIABLE, etag, None, Body::empty());
            put(&mut response, header::CONTENT_RANGE, &format!("bytes */{total}"));
            return Ok(response);
        }
    };
    let body = match open(range.clone()).await? {
        Content::Bytes(bytes) => Body::from(bytes),
        Content::Pieces(pieces) => Body::from_stream(pieces),
    };
    let mut response = response(status, etag, Some(content_type), body);
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    put(
        &mut response,
        header::CONTENT_LENGTH,
        &(range.end - range.start).to_string(),
    );
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1));
        put(&mut response, header::CONTENT_RANGE, &text);
    }
    Ok(response)
}

fn put(response: &mut Response, name: header::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}

/// A body of several parts, made while it is sent. The first part is made before the status is.
pub(super) async fn multipart(
    etag: &str,
    media_type: &str,
    parts: impl Stream<Item = Result<Part>> + Send + 'static,
) -> Result<Response> {
    let mut parts = Box::pin(parts);
    let first = parts.next().await.ok_or(Error::NotFound)??;
    let writer = writer()?;
    let content_type = writer.content_type(media_type);
    let end = writer.end();
    let pieces = stream::iter([Ok(first)]).chain(parts).map(move |part| {
        let part = part?;
        let headers = [
            ("Content-Type", part.content_type.as_str()),
            ("Content-Location", part.location.as_str()),
        ];
        let head = writer.part(&headers).map_err(|_| Error::Internal)?;
        Ok::<Pieces, Error>(Box::pin(
            stream::iter([Ok(Bytes::from(head))]).chain(part.content.pieces()),
        ))
    });
    let body = pieces.try_flatten().chain(stream::iter([Ok(Bytes::from(end))]));
    Ok(response(
        StatusCode::OK,
        etag,
        Some(&content_type),
        Body::from_stream(body),
    ))
}

/// A boundary that no part has, but for chance.
fn writer() -> Result<Writer> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| Error::Internal)?;
    let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Writer::new(&boundary).map_err(|_| Error::Internal)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};

    use super::{Asked, asked, is_known};

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        for (range, condition, expected) in [
            ("bytes=0-0", None, Asked::Part(0..1)),
            ("bytes=5-", None, Asked::Part(5..10)),
            ("bytes=-3", None, Asked::Part(7..10)),
            ("bytes=-30", None, Asked::Part(0..10)),
            ("bytes=9-99", None, Asked::Part(9..10)),
            ("bytes=10-", None, Asked::Nothing),
            ("bytes=-0", None, Asked::Nothing),
            ("bytes=3-2", None, Asked::All),
            ("bytes=0-1,3-4", None, Asked::All),
            ("items=0-1", None, Asked::All),
            ("bytes=-", None, Asked::All),
            ("bytes=99999999999999999999-", None, Asked::All),
            ("bytes=0-0", Some("\"a\""), Asked::Part(0..1)),
            ("bytes=0-0", Some("\"b\""), Asked::All),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            if let Some(condition) = condition {
                headers.insert(header::IF_RANGE, condition.parse().unwrap());
            }
            assert_eq!(asked(&headers, "\"a\"", 10), expected, "{range} {condition:?}");
        }
    }

    #[test]
    fn known_entity_tags() {
        for (tags, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, tags.parse().unwrap());
            assert_eq!(is_known(&headers, "\"a\""), expected, "{tags}");
        }
    }
}
