//! The requests of an upload.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{options, post};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Handle;

use super::store::{self, Upload};
use super::{Kind, Turn, Uploads, now_ns, objects};
use crate::access::Action;
use crate::dicomweb::base64;
use crate::dicomweb::stow::Taking;
use crate::http::{App, Caller, Error, Path, Result};
use crate::storage::Hash;

const VERSION: &str = "1.0.0";
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// Uploading under `/upload`.
pub fn router() -> Router<App> {
    Router::new()
        .route("/upload", options(offered).post(create))
        .route(
            "/upload/{id}",
            axum::routing::head(offset).patch(append).delete(remove),
        )
        .route("/upload/{id}/finish", post(finish))
        .layer(middleware::from_fn(one_version))
}

/// Refuses other versions of the protocol, and says which one this is.
async fn one_version(request: Request, next: Next) -> Response {
    let asked = request.headers().get(&TUS_RESUMABLE);
    let mut response = if asked.is_some_and(|version| version != VERSION) {
        StatusCode::PRECONDITION_FAILED.into_response()
    } else {
        next.run(request).await
    };
    let version = HeaderValue::from_static(VERSION);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("tus-version"), version.clone());
    headers.insert(TUS_RESUMABLE, version);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What is offered; asked before anybody signs in.
async fn offered(State(app): State<App>) -> Result<Response> {
    let limits = &app.uploads()?.shared.limits;
    let most = limits.object_bytes.max(limits.zip_bytes);
    let headers = [
        (
            HeaderName::from_static("tus-extension"),
            HeaderValue::from_static("creation,termination,expiration"),
        ),
        (HeaderName::from_static("tus-max-size"), HeaderValue::from(most)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

async fn create(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response> {
    caller.may(Action::Store, None).await?;
    let uploads = app.uploads()?;
    let limits = &uploads.shared.limits;
    let size = number(&headers, &UPLOAD_LENGTH)?;
    let (kind, sha256) = described(&headers)?;
    let (what, limit) = match kind {
        Kind::Object => ("DICOM file", limits.object_bytes),
        Kind::Zip => ("zip", limits.zip_bytes),
    };
    if size > limit {
        return Err(Error::TooLarge { what, limit });
    }
    if size == 0 {
        return Err(Error::BadRequest("expected a file, found no bytes".to_owned()));
    }
    uploads.sweep().await?;
    let owner = caller.principal.actor();
    let (unfinished, bytes) = store::unfinished(&uploads.shared.index, &owner).await?;
    // The caller's own: another time they are fewer only where it ends them.
    if unfinished >= limits.unfinished || bytes.saturating_add(size) > limits.total_bytes {
        return Err(Error::TooMany);
    }
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| Error::Internal)?;
    let upload = Upload {
        id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        owner,
        kind,
        size,
        sha256,
        created_ns: now_ns(),
        finished: None,
    };
    store::insert(&uploads.shared.index, &upload).await?;
    let location = HeaderValue::try_from(format!("/upload/{}", upload.id)).map_err(|_| Error::Internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

async fn offset(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let (uploads, upload, _turn) = own(&app, &caller, &id).await?;
    let offset = match upload.finished {
        Some(_) => upload.size,
        None => uploads.offset(&upload)?,
    };
    let headers = [
        (UPLOAD_OFFSET, HeaderValue::from(offset)),
        (UPLOAD_LENGTH, HeaderValue::from(upload.size)),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

async fn append(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let (uploads, upload, mut turn) = own(&app, &caller, &id).await?;
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_piece = content_type == Some("application/offset+octet-stream");
    if !is_piece || headers.contains_key(header::CONTENT_ENCODING) {
        let expected = "application/offset+octet-stream, without Content-Encoding,";
        return Err(Error::UnsupportedMediaType(expected));
    }
    if upload.finished.is_some() {
        return Err(Error::Conflict("the upload is finished".to_owned()));
    }
    let (asked, offset) = (number(&headers, &UPLOAD_OFFSET)?, uploads.offset(&upload)?);
    if asked != offset {
        let words = format!("expected Upload-Offset {offset}, found {asked}");
        let mut response = Error::Conflict(words).into_response();
        response
            .headers_mut()
            .insert(UPLOAD_OFFSET, HeaderValue::from(offset));
        return Ok(response);
    }
    let offset = piece(uploads, &upload, offset, body, &mut turn).await?;
    Ok((
        StatusCode::NO_CONTENT,
        [(UPLOAD_OFFSET, HeaderValue::from(offset))],
    )
        .into_response())
}

/// Puts bytes at the end of the file; gives the new offset. What came before the sender was cut off stays.
async fn piece(
    uploads: &Uploads,
    upload: &Upload,
    mut offset: u64,
    body: Body,
    turn: &mut Turn,
) -> Result<u64> {
    let mut file = tokio::fs::File::options()
        .append(true)
        .create(true)
        .open(uploads.path(upload))
        .await
        .map_err(objects::failed)?;
    let mut body = body.into_data_stream();
    let ended = loop {
        let bytes = tokio::select! {
            bytes = body.next() => bytes,
            () = turn.is_over() => break Err(Error::Conflict("a later request has this upload".to_owned())),
        };
        let bytes = match bytes {
            None => break Ok(()),
            Some(Ok(bytes)) => bytes,
            Some(Err(_)) => {
                break Err(Error::BadRequest(
                    "the body ended before its announced end".to_owned(),
                ));
            }
        };
        if bytes.len() as u64 > upload.size - offset {
            let limit = upload.size;
            let what = "upload";
            break Err(Error::TooLarge { what, limit });
        }
        if let Err(error) = file.write_all(&bytes).await {
            break Err(objects::failed(error));
        }
        offset += bytes.len() as u64;
    };
    // Before an offset is told, the bytes are on the disk, and so is the file's name.
    let flushed = async {
        file.flush().await?;
        file.sync_all().await?;
        let folder = tokio::fs::File::open(&uploads.shared.folder).await?;
        folder.sync_all().await
    };
    flushed.await.map_err(objects::failed)?;
    ended.map(|()| offset)
}

async fn remove(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let (uploads, upload, _turn) = own(&app, &caller, &id).await?;
    forget(uploads, &upload).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn forget(uploads: &Uploads, upload: &Upload) -> Result<()> {
    store::remove(&uploads.shared.index, std::slice::from_ref(&upload.id)).await?;
    uploads.remove_file(upload)
}

async fn finish(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let (uploads, upload, turn) = own(&app, &caller, &id).await?;
    if let Some((_, status, report)) = upload.finished {
        return reported(status, report);
    }
    let offset = uploads.offset(&upload)?;
    if offset != upload.size {
        let words = format!("expected {} bytes before the end, found {offset}", upload.size);
        return Err(Error::Conflict(words));
    }
    let place = uploads.shared.finishing.try_acquire();
    let _place = place.map_err(|_| Error::Busy("uploads being finished"))?;
    let taking = Taking::new(app.archive().ingest().clone(), caller.sender().await?, None);
    let uploads = uploads.clone();
    // A task of its own: a caller who is gone finds the report when it asks again.
    let finished = tokio::spawn(async move {
        let _turn = turn;
        taken(&uploads, &upload, taking).await
    });
    let (status, report) = finished.await.map_err(|_| Error::Internal)??;
    reported(status, report)
}

/// Takes the objects of a whole upload and writes down what became of them.
async fn taken(uploads: &Uploads, upload: &Upload, taking: Taking) -> Result<(u16, String)> {
    let path = uploads.path(upload);
    if let Some(expected) = upload.sha256 {
        let path = path.clone();
        let hash = tokio::task::spawn_blocking(move || objects::hash_of(&path)).await;
        let found = hash.map_err(|_| Error::Internal)?.map_err(objects::failed)?;
        if found != expected {
            uploads.remove_file(upload)?;
            let words = "the bytes are not those announced; the upload begins again at 0";
            return Err(Error::Conflict(words.to_owned()));
        }
    }
    let (kind, limits, handle) = (upload.kind, uploads.shared.limits.zip, Handle::current());
    let work = tokio::task::spawn_blocking(move || match kind {
        Kind::Object => objects::one(&path, taking, &handle),
        Kind::Zip => objects::of_zip(&path, taking, &handle, &limits),
    });
    let report = match work.await.map_err(|_| Error::Internal)? {
        Ok(report) => report,
        Err(error @ Error::BadRequest(_)) => {
            // It would be refused again: nothing of it is kept.
            forget(uploads, upload).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    let (status, report) = (report.status(), report.to_json());
    store::finish(&uploads.shared.index, &upload.id, now_ns(), status, &report).await?;
    uploads.remove_file(upload)?;
    Ok((status, report))
}

fn reported(status: u16, report: String) -> Result<Response> {
    let status = StatusCode::from_u16(status).map_err(|_| Error::Internal)?;
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok((status, headers, report).into_response())
}

/// An upload of the caller's own, and the right to it; others' are not found.
async fn own<'a>(app: &'a App, caller: &Caller, id: &str) -> Result<(&'a Uploads, Upload, Turn)> {
    caller.may(Action::Store, None).await?;
    let uploads = app.uploads()?;
    let owner = caller.principal.actor();
    let find = || store::get(&uploads.shared.index, id, &owner);
    find().await?.ok_or(Error::NotFound)?;
    let turn = uploads.turn(id).await?;
    // An earlier request may have finished or removed it.
    let upload = find().await?.ok_or(Error::NotFound)?;
    Ok((uploads, upload, turn))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let is_digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.filter(is_digits).and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::BadRequest(format!("expected a whole number as {name}")))
}

/// The kind and hash of Upload-Metadata: names, each with a value in base64.
fn described(headers: &HeaderMap) -> Result<(Kind, Option<Hash>)> {
    let text = headers.get("upload-metadata").map(|value| value.to_str());
    let text = text.and_then(|text| text.ok()).unwrap_or_default();
    let (mut kind, mut sha256, mut is_zip) = (None, None, false);
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let decoded = base64::decode(value.trim()).and_then(|bytes| String::from_utf8(bytes).ok());
        let value = decoded.ok_or_else(|| bad("expected values in base64 in Upload-Metadata"))?;
        match name {
            "kind" => {
                let read = Kind::from_text(&value);
                kind = Some(read.ok_or_else(|| bad("expected dcm or zip as kind in Upload-Metadata"))?);
            }
            "sha256" => {
                let read = Hash::from_hex(&value.to_ascii_lowercase());
                sha256 = Some(
                    read.ok_or_else(|| bad("expected 64 hexadecimal digits as sha256 in Upload-Metadata"))?,
                );
            }
            "filename" => is_zip = value.to_ascii_lowercase().ends_with(".zip"),
            // What other clients say besides is theirs.
            _ => {}
        }
    }
    let kind = kind.unwrap_or(if is_zip { Kind::Zip } else { Kind::Object });
    Ok((kind, sha256))
}

fn bad(words: &str) -> Error {
    Error::BadRequest(words.to_owned())
}
