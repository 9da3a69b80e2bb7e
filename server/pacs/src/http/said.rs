//! What a request says in its address and its body; what is not understood is refused in this crate's words, as everything is.

use axum::body::Bytes;
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Error, Result};

/// Bytes of a body in JSON.
const JSON_BYTES: usize = 2 << 20;

/// The names in an address.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(extract::Path(names)) if !has_nul(parts.uri.path()) => Ok(Self(names)),
            _ => Err(bad("the address: expected numbers, or text in UTF-8 without NUL")),
        }
    }
}

/// The parameters of an address.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        if has_nul(parts.uri.query().unwrap_or_default()) {
            return Err(bad("the query: expected no NUL"));
        }
        let read = extract::Query::<T>::from_request_parts(parts, state).await;
        let read = read.map_err(|error| Error::BadRequest(error.body_text()))?;
        Ok(Self(read.0))
    }
}

/// A body in JSON.
#[derive(Debug)]
pub(crate) struct Said<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Said<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let said = request.headers().get(header::CONTENT_TYPE);
        let media_type = said.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Error::UnsupportedMediaType("application/json"));
        }
        let Bounded(bytes) = Bounded::<JSON_BYTES>::from_request(request, state).await?;
        // No database takes it for text.
        if has_escaped_nul(&bytes) {
            return Err(bad("the body: expected text without NUL"));
        }
        // The values are the caller's own, of patients too: where they stand is said, and not what they are.
        let read = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            bad(&format!(
                "the body: expected JSON with the fields of this address, found something else at line {line}, column {column}"
            ))
        })?;
        Ok(Self(read))
    }
}

/// A body of at most so many bytes.
#[derive(Debug)]
pub(crate) struct Bounded<const BYTES: usize>(pub(crate) Bytes);

impl<const BYTES: usize, S: Send + Sync> FromRequest<S> for Bounded<BYTES> {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        let what = "body";
        let limit = BYTES as u64;
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(Error::TooLarge { what, limit });
        }
        match axum::body::to_bytes(request.into_body(), BYTES).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(error) if is_too_long(&error) => Err(Error::TooLarge { what, limit }),
            Err(_) => Err(bad("the body ended before its announced end")),
        }
    }
}

/// Whether a part of an address writes a NUL.
pub(super) fn has_nul(text: &str) -> bool {
    text.contains("%00")
}

/// Whether JSON writes a NUL; as itself it cannot stand there.
fn has_escaped_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"u0000") {
            return true;
        }
        // What a backslash stands before is no escape of its own.
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

fn bad(words: &str) -> Error {
    Error::BadRequest(words.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::put;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::{Path, Query, Said};

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fields {
        number: u8,
    }

    async fn put_number(
        Path(id): Path<i64>,
        Query(asked): Query<Fields>,
        Said(said): Said<Fields>,
    ) -> String {
        format!("{id} {} {}", asked.number, said.number)
    }

    /// Asks, and gives status and answer.
    async fn ask(path: &str, content_type: &str, body: impl Into<Body>) -> (u16, String) {
        let router = Router::new().route("/{id}", put(put_number));
        let request = Request::put(path)
            .header("content-type", content_type)
            .body(body.into());
        let response = router.oneshot(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_is_not_understood_is_refused_in_json_without_its_values() {
        let (json, body) = ("application/json", "{\"number\": 3}");
        assert_eq!(ask("/1?number=2", json, body).await, (200, "1 2 3".to_owned()));
        let kind = "Application/JSON; charset=utf-8";
        assert_eq!(ask("/1?number=2", kind, body).await.0, 200);
        let long = " ".repeat(3 << 20);
        for (path, kind, body, status) in [
            ("/x?number=2", json, body, 400),
            ("/%FF?number=2", json, body, 400),
            ("/%00?number=2", json, body, 400),
            ("/1?number=2&%00", json, body, 400),
            ("/1?number=300", json, body, 400),
            ("/1?name=2", json, body, 400),
            ("/1?number=2", "text/plain", body, 415),
            ("/1?number=2", "", body, 415),
            ("/1?number=2", json, "", 400),
            ("/1?number=2", json, "{\"number\": \"WANG^XIAO\"}", 400),
            ("/1?number=2", json, "{\"number\": 3, \"WANG^XIAO\": 1}", 400),
            ("/1?number=2", json, "\u{0}", 400),
            ("/1?number=2", json, "{\"number\": 3, \"\\u0000\": 1}", 400),
            ("/1?number=2", json, long.as_str(), 413),
        ] {
            let (found, answer) = ask(path, kind, body.to_owned()).await;
            assert_eq!(found, status, "{path} {kind} {answer}");
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            let words = answer["error"].as_str().unwrap();
            assert!(!words.is_empty() && !words.contains("WANG"), "{words}");
        }
        // Without its length a body is as long as it turns out to be.
        let pieces = (0..3).map(|_| Ok::<_, std::io::Error>(" ".repeat(1 << 20)));
        let pieces = futures_util::stream::iter(pieces);
        assert_eq!(ask("/1?number=2", json, Body::from_stream(pieces)).await.0, 413);
    }

    #[test]
    fn a_nul_is_found_however_it_is_written() {
        for (json, expected) in [
            (r#""a""#, false),
            (r#""\u0000""#, true),
            (r#""\\u0000""#, false),
            (r#""\\\u0000""#, true),
            (r#""\u00000""#, true),
            (r#""\u0001\""#, false),
        ] {
            assert_eq!(super::has_escaped_nul(json.as_bytes()), expected, "{json}");
        }
    }
}
