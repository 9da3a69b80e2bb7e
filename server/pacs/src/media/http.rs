//! Studies for download: `GET /archive/studies/{study}/zip` and `.../iso`.

use std::fmt::Write;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde::Deserialize;

use super::iso::Image;
use super::zip::{self, Packing};
use super::{Layout, NOTE, NOTE_DEIDENTIFIED, Names, Private, Selection, Tree};
use crate::access::Action;
use crate::deidentify;
use crate::http::{App, Caller, Error, Path, Query, Result};

/// What is downloaded, and how.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wishes {
    /// Series Instance UIDs with commas between them; empty for all.
    series: String,
    /// `anonymous`, `plain`, or a new name.
    names: String,
    /// Whether objects are de-identified.
    deidentify: bool,
    /// Whether the files are a file-set with a DICOMDIR.
    dicomdir: bool,
    /// Whether objects of a file-set stay in the transfer syntax they were received in.
    as_received: bool,
    /// Whether files are deflated.
    deflate: bool,
}

impl Wishes {
    fn file_set(&self) -> Layout {
        if self.as_received {
            Layout::FileSetAsReceived
        } else {
            Layout::FileSet
        }
    }
}

/// The routes of this module.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/studies/{study}/zip", get(zip_of))
        .route("/archive/studies/{study}/iso", get(iso_of))
}

fn selection(study_uid: String, series: &str) -> Selection {
    let uids = series.split(',').map(str::trim).filter(|uid| !uid.is_empty());
    Selection {
        study_uid,
        series_uids: uids.map(str::to_owned).collect(),
    }
}

fn private(with_directory: bool) -> Result<Private> {
    Ok(Private {
        // A secret that nobody keeps: nothing joins this download to another.
        key: deidentify::Key::random().map_err(|_| Error::Internal)?,
        request: deidentify::Request::default(),
        with_directory,
    })
}

async fn zip_of(
    State(app): State<App>,
    caller: Caller,
    Path(study): Path<String>,
    Query(wishes): Query<Wishes>,
) -> Result<Response> {
    caller.may(Action::Export, Some(&study)).await?;
    let names = match wishes.names.as_str() {
        "" | "anonymous" => Names::Anonymous,
        "plain" if wishes.deidentify => {
            return Err(Error::BadRequest(
                "names=plain would name the patient of de-identified objects".to_owned(),
            ));
        }
        "plain" => Names::Plain,
        name => Names::New(name.to_owned()),
    };
    let called = match &names {
        Names::New(name) => Some(super::names::safe(name, "study")),
        _ => None,
    };
    let layout = if wishes.dicomdir {
        wishes.file_set()
    } else {
        Layout::Folders(names)
    };
    let archive = app.archive();
    let mut tree = Tree::of(
        archive.index(),
        archive.storage(),
        &selection(study, &wishes.series),
        &layout,
        Vec::new(),
    )
    .await?;
    let name = called.or(tree.name.take()).unwrap_or_else(|| "study".to_owned()) + ".zip";
    let packing = if wishes.deflate {
        Packing::Deflated
    } else {
        Packing::Stored
    };
    let storage = archive.storage().clone();
    if wishes.deidentify {
        let private = private(wishes.dicomdir)?;
        let body = Body::from_stream(zip::deidentified(storage, tree, packing, private));
        return Ok(download("application/zip", &name, None, body));
    }
    let length = (packing == Packing::Stored).then(|| zip::stored_bytes(&tree));
    let body = Body::from_stream(zip::stream(storage, tree, packing));
    Ok(download("application/zip", &name, length, body))
}

async fn iso_of(
    State(app): State<App>,
    caller: Caller,
    Path(study): Path<String>,
    Query(wishes): Query<Wishes>,
) -> Result<Response> {
    caller.may(Action::Export, Some(&study)).await?;
    let (index, storage) = (app.archive().index(), app.archive().storage());
    let note = if wishes.deidentify {
        NOTE_DEIDENTIFIED
    } else {
        NOTE
    };
    let extra = vec![("README.TXT".to_owned(), Bytes::from_static(note.as_bytes()))];
    let selection = selection(study, &wishes.series);
    let mut tree = Tree::of(index, storage, &selection, &wishes.file_set(), extra).await?;
    if wishes.deidentify {
        tree = super::deidentified(storage, tree, private(true)?).await?;
    }
    let image = Image::new(tree, "DICOM")?;
    let size = image.size();
    let body = Body::from_stream(image.stream(storage.clone()));
    Ok(download(
        "application/x-iso9660-image",
        "study.iso",
        Some(size),
        body,
    ))
}

fn download(media_type: &'static str, name: &str, length: Option<u64>, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&disposition(name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// RFC 6266, with the name in the encoding of RFC 8187 too: what a browser calls the file.
fn disposition(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || " ._-()".contains(c) {
            c
        } else {
            '_'
        }
    };
    let ascii: String = name.chars().map(plain).collect();
    let mut value = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => value.push(char::from(byte)),
            // Writing into a String cannot fail.
            _ => drop(write!(value, "%{byte:02X}")),
        }
    }
    value
}

impl From<super::Error> for Error {
    fn from(error: super::Error) -> Self {
        match error {
            super::Error::NotFound => Self::NotFound,
            super::Error::TooMany { .. } | super::Error::Name => Self::BadRequest(error.to_string()),
            super::Error::Index(error) => error.into(),
            super::Error::Storage(error) => error.into(),
            super::Error::Correction(error) => error.into(),
            _ => {
                tracing::error!(%error, "files did not leave");
                Self::Internal
            }
        }
    }
}
