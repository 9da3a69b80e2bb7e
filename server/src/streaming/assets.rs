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

/// A name, its bytes, and those that were compressed ahead.
type Embedded = (&'static str, &'static [u8], Option<&'static [u8]>);

/// Files by their names below `/viewer/`, and in Brotli where they were compressed ahead.
const FILES: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/viewer_files.rs"));

/// The worker compiles what it draws with, asks for data from here, and loads nothing else.
const WORKER: &str = "element/local-worker.js";
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/// A file as it is sent.
struct File {
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Bytes,
    etag: String,
}

fn file(name: &str) -> Option<&'static File> {
    static MADE: OnceLock<HashMap<&'static str, OnceLock<File>>> = OnceLock::new();
    let made = MADE.get_or_init(|| FILES.iter().map(|(name, ..)| (*name, OnceLock::new())).collect());
    let (name, plain, brotli) = FILES.iter().find(|(known, ..)| *known == name)?;
    let made = made.get(name)?.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let written = encoder.write_all(plain).and_then(|()| encoder.finish());
        let hash = Sha256::digest(plain);
        File {
            plain,
            brotli: *brotli,
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
    let is_known = text(header::IF_NONE_MATCH).contains(&file.etag);
    let takes = |coding| is_taken(text(header::ACCEPT_ENCODING), coding);
    let coded = match file.brotli {
        Some(brotli) if takes("br") => Some(("br", Bytes::from_static(brotli))),
        _ => (takes("gzip") && !file.gzip.is_empty()).then(|| ("gzip", file.gzip.clone())),
    };
    let mut answer = match coded {
        _ if is_known => (StatusCode::NOT_MODIFIED, common).into_response(),
        Some((coding, bytes)) => (common, [(header::CONTENT_ENCODING, coding)], bytes).into_response(),
        None => (common, Bytes::from_static(file.plain)).into_response(),
    };
    // Also where nothing has changed: a browser takes the policy of that answer for the file it has.
    if name == WORKER {
        let policy = HeaderValue::from_static(WORKER_POLICY);
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// Whether a coding is among those that are accepted (RFC 9110 12.5.3).
fn is_taken(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_refusal = |part: &str| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        parts.next() == Some(coding) && !parts.any(is_refusal)
    })
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

    #[test]
    fn the_worker_may_compile_and_the_page_may_not() {
        let policy = |name: &str| {
            let new = answer(name, &HeaderMap::new());
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, new.headers()[header::ETAG].clone());
            let known = answer(name, &headers);
            assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
            [new, known].map(|answer| answer.headers().get(header::CONTENT_SECURITY_POLICY).cloned())
        };
        for worker in policy(WORKER) {
            assert!(worker.unwrap().to_str().unwrap().contains("'wasm-unsafe-eval'"));
        }
        assert_eq!(policy("element/nm-viewer.js"), [None, None]);
    }

    #[test]
    fn a_drawer_is_embedded_whole_or_not_at_all() {
        let drawer = FILES.iter().filter(|(name, ..)| name.starts_with("wasm/"));
        let names: Vec<&str> = drawer.clone().map(|(name, ..)| *name).collect();
        assert!(
            names.is_empty() || names == ["wasm/viewer_wasm.js", "wasm/viewer_wasm_bg.wasm"],
            "{names:?}"
        );
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("gzip, deflate, br"),
        );
        for (name, _, brotli) in drawer {
            assert!(brotli.is_some_and(|bytes| bytes.len() < 3_000_000), "{name}");
            assert_eq!(answer(name, &headers).headers()[header::CONTENT_ENCODING], "br");
        }
    }

    #[test]
    fn a_coding_is_taken_where_it_is_named_and_not_refused() {
        for (accepted, coding, expected) in [
            ("gzip, deflate, br, zstd", "br", true),
            ("br;q=0, gzip;q=0.5", "br", false),
            ("br;q=0, gzip;q=0.5", "gzip", true),
            ("brotli", "br", false),
            ("", "gzip", false),
        ] {
            assert_eq!(is_taken(accepted, coding), expected, "{accepted} {coding}");
        }
    }
}
