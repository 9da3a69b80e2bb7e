//! Files that pages are made of, under names that hold their hash: what a browser keeps is never old.

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use std::sync::LazyLock;

use crate::{Error, secrets};

const FILES: &[(&str, &str, &str)] = &[
    (
        "uptake.css",
        "text/css; charset=utf-8",
        include_str!("../../assets/uptake.css"),
    ),
    (
        "uptake.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/uptake.js"),
    ),
    (
        "passkeys.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/passkeys.js"),
    ),
    (
        "push.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/push.js"),
    ),
    (
        "signature.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/signature.js"),
    ),
    (
        "htmx.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/vendor/htmx.min.js"),
    ),
    (
        "viewing.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/viewing.js"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

static VERSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let version = |(_, _, text): &(&str, &str, &str)| secrets::kept(text)[..12].to_owned();
    FILES.iter().map(version).collect()
});

/// The address of a file.
#[must_use]
pub fn asset(name: &str) -> String {
    let place = FILES.iter().position(|(file, ..)| *file == name);
    let version = place.map_or("", |place| VERSIONS[place].as_str());
    format!("/static/{version}/{name}")
}

/// Gives the files, to anybody.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{version}/{name}", get(file))
}

async fn file(Path((version, name)): Path<(String, String)>) -> Result<Response, Error> {
    let place = FILES
        .iter()
        .position(|(file, ..)| *file == name)
        .ok_or(Error::NotFound)?;
    let (_, media_type, text) = FILES[place];
    if VERSIONS[place] != version {
        return Err(Error::NotFound);
    }
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, text).into_response())
}
