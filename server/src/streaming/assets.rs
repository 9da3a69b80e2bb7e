//! The files of which the viewer in the page is made: its element, and the package that draws without the server, where the
//! program was built with it.
//!
//! Their names stay the same from one version to the next: browsers ask each time whether theirs is still the one.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

/// A file as it is and as it was compressed ahead.
struct File {
    folder: &'static str,
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

// What build.rs found.
include!(concat!(env!("OUT_DIR"), "/viewer_files.rs"));

/// The worker compiles the package; it loads scripts and asks for data from here alone.
const WORKER: (&str, &str) = (
    "local-worker.js",
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
);

static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |file: &File| {
        let hash = Sha256::digest(file.plain);
        let digits: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        // Of the content, however it is coded.
        format!("W/\"{digits}\"")
    };
    FILES.iter().map(tag).collect()
});

/// Gives the files, to anybody.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let of = |folder: &'static str| {
        get(move |Path(name): Path<String>, headers: HeaderMap| async move { file(folder, &name, &headers) })
    };
    Router::new()
        .route("/viewer/element/{name}", of("element"))
        .route("/viewer/wasm/{name}", of("wasm"))
}

/// Whether pages can draw by themselves.
#[must_use]
pub fn has_package() -> bool {
    FILES.iter().any(|file| file.folder == "wasm")
}

fn file(folder: &str, name: &str, asked: &HeaderMap) -> Response {
    let is_it = |file: &File| file.folder == folder && file.name == name;
    let Some(place) = FILES.iter().position(is_it) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (file, tag) = (&FILES[place], TAGS[place].as_str());
    let mut headers = HeaderMap::new();
    let mut say = |name: HeaderName, value: &str| {
        headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    };
    say(header::ETAG, tag);
    say(header::CACHE_CONTROL, "no-cache");
    say(header::VARY, "accept-encoding");
    if values(asked, &header::IF_NONE_MATCH).any(|known| known == tag || known == "*") {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    say(header::CONTENT_TYPE, file.media_type);
    if file.name == WORKER.0 {
        say(header::CONTENT_SECURITY_POLICY, WORKER.1);
    }
    let (coding, bytes) = coded(file, asked);
    if let Some(coding) = coding {
        say(header::CONTENT_ENCODING, coding);
    }
    (headers, bytes).into_response()
}

/// The smallest form that is taken.
fn coded(file: &File, asked: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    let is_taken = |coding: &str| {
        values(asked, &header::ACCEPT_ENCODING).any(|value| {
            let mut parts = value.split(';').map(str::trim);
            let refused = |part: &str| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
            parts.next() == Some(coding) && !parts.any(refused)
        })
    };
    match (file.br, file.gzip) {
        (Some(bytes), _) if is_taken("br") => (Some("br"), bytes),
        (_, Some(bytes)) if is_taken("gzip") => (Some("gzip"), bytes),
        _ => (None, file.plain),
    }
}

/// What a header lists.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let texts = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pair =
            |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        pairs.iter().map(pair).collect()
    }

    const SAMPLE: File = File {
        folder: "wasm",
        name: "sample.wasm",
        media_type: "application/wasm",
        plain: b"plain",
        br: Some(b"br"),
        gzip: Some(b"gzip"),
    };

    fn check(accepted: &'static str, expected: Option<&str>) {
        let found = coded(&SAMPLE, &asked(&[(header::ACCEPT_ENCODING, accepted)])).0;
        assert_eq!(found, expected, "{accepted}");
    }

    #[test]
    fn the_smallest_form_that_is_taken_is_given() {
        check("gzip, deflate, br, zstd", Some("br"));
        check("gzip, deflate", Some("gzip"));
        check("br;q=0, gzip;q=0.5", Some("gzip"));
        check("br;q=1.0", Some("br"));
        check("brotli", None);
        check("identity", None);
        assert_eq!(coded(&SAMPLE, &HeaderMap::new()), (None, SAMPLE.plain));
    }

    #[test]
    fn the_worker_may_compile_and_is_known_again() {
        let first = file("element", "local-worker.js", &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let headers = first.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("'wasm-unsafe-eval'"), "{policy}");
        let tag = headers[header::ETAG].clone();
        let again: HeaderMap = [(header::IF_NONE_MATCH, tag)].into_iter().collect();
        assert_eq!(
            file("element", "local-worker.js", &again).status(),
            StatusCode::NOT_MODIFIED
        );
    }

    #[test]
    fn nothing_else_is_given() {
        for name in ["missing.js", "../Cargo.toml", "local-worker.js.br", ""] {
            let answer = file("element", name, &HeaderMap::new());
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn a_package_is_whole() {
        // Without one, viewers are drawn for.
        let names = || {
            FILES
                .iter()
                .filter(|file| file.folder == "wasm")
                .map(|file| file.name)
        };
        assert_eq!(has_package(), names().count() > 0);
        if has_package() {
            assert!(names().eq(["viewer_wasm.js", "viewer_wasm_bg.wasm"]));
        }
    }
}
