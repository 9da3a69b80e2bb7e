//! What browsers load for viewers: the element and, where it was built, the drawer of the page's own worker.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// Files by their names below `/viewer/`.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/viewer_files.rs"));

/// A file as it is sent.
struct File {
    plain: &'static [u8],
    gzip: Bytes,
    etag: String,
}

fn file(name: &str) -> Option<&'static File> {
    static MADE: OnceLock<HashMap<&'static str, OnceLock<File>>> = OnceLock::new();
    let made = MADE.get_or_init(|| FILES.iter().map(|(name, _)| (*name, OnceLock::new())).collect());
    let (name, plain) = FILES.iter().find(|(known, _)| *known == name)?;
    let made = made.get(name)?.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(plain).and_then(|()| encoder.finish());
        let hash = Sha256::digest(plain);
        File {
            plain,
            gzip: written.unwrap_or_default().into(),
            etag: format!(
                "\"{}\"",
                hash.iter()
                    .take(12)
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            ),
        }
    });
    Some(made)
}

/// A file of the element.
pub async fn element(Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&format!("element/{name}"), &headers)
}

/// A file of the drawer.
pub async fn drawer(Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&format!("wasm/{name}"), &headers)
}

fn answer(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = file(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .unwrap_or("")
    };
    let media_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "wasm")) => "application/wasm",
        _ => "text/javascript; charset=utf-8",
    };
    // Asked again each time, and sent only when it is another: a new version is there at once.
    let common = [
        (header::CONTENT_TYPE, media_type),
        (header::ETAG, file.etag.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
    ];
    if text(header::IF_NONE_MATCH).contains(&file.etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let takes_gzip = text(header::ACCEPT_ENCODING).contains("gzip") && !file.gzip.is_empty();
    if takes_gzip {
        return (common, [(header::CONTENT_ENCODING, "gzip")], file.gzip.clone()).into_response();
    }
    (common, Bytes::from_static(file.plain)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_element_is_embedded_and_sent_once() {
        let plain = answer("element/nm-viewer.js", &HeaderMap::new());
        assert_eq!(plain.status(), StatusCode::OK);
        assert_eq!(
            plain.headers()[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        let packed = answer("element/nm-viewer.css", &headers);
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        headers.insert(header::IF_NONE_MATCH, packed.headers()[header::ETAG].clone());
        assert_eq!(
            answer("element/nm-viewer.css", &headers).status(),
            StatusCode::NOT_MODIFIED
        );
        for name in ["element/", "element/../Cargo.toml", "element/none.js", "secret"] {
            assert_eq!(answer(name, &headers).status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
