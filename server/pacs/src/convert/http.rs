//! Files of other kinds into the archive: `POST /archive/convert`.
//!
//! ```text
//! POST /archive/convert?study=UID    one file as the body: a picture of a study that the archive has
//! POST /archive/convert              multipart/form-data or multipart/related: what is known of patient and study as JSON, then
//!                                    the files, one series of one study
//! ```
//!
//! The JSON has the names of [`Header`] in it. Of a study that the archive has, what is not said is taken from there, and what is
//! said must be the same, so that a picture is filed with the patient it was brought for. The answer says of each file what
//! became of it. A file that is sent again is another object.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::header::is_written;
use super::{Header, Limits, to_dicom};
use crate::access::Action;
use crate::dicomweb::multipart::{self, Event, Reader, essence, parameter};
use crate::dicomweb::stow::Taken;
use crate::dicomweb::upload::Report;
use crate::http::{App, Caller, Error, Query as Asked, Result};
use crate::index::{Index, Key, Level, Match, Query, Restriction};

/// What one file may ask for: it is in memory, and so is its object.
const LIMITS: Limits = Limits {
    file_bytes: 256 << 20,
    pixel_bytes: 256 << 20,
    pages: 1000,
};
/// Bytes of what is said of patient and study.
const IDENTITY_BYTES: usize = 64 << 10;
/// Files of one request.
const FILES: u64 = 1000;
/// Requests at once.
const PLACES: usize = 4;

/// The route of this module.
pub fn router() -> Router<App> {
    Router::new()
        .route("/archive/convert", post(convert))
        .layer(Extension(Arc::new(Semaphore::new(PLACES))))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    study: Option<String>,
}

/// [`Header`] as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Identity {
    patient_id: String,
    issuer_of_patient_id: String,
    patient_name: String,
    patient_birth_date: String,
    patient_sex: String,
    study_instance_uid: String,
    series_instance_uid: String,
    study_date: String,
    study_time: String,
    study_id: String,
    accession_number: String,
    referring_physician_name: String,
    study_description: String,
    series_description: String,
    series_number: u32,
    instance_number: u32,
    content_date: String,
    content_time: String,
    document_title: String,
    is_photograph: bool,
    burned_in_annotation: Option<bool>,
}

impl From<Identity> for Header {
    fn from(said: Identity) -> Self {
        Self {
            patient_id: said.patient_id,
            issuer_of_patient_id: said.issuer_of_patient_id,
            patient_name: said.patient_name,
            patient_birth_date: said.patient_birth_date,
            patient_sex: said.patient_sex,
            study_instance_uid: said.study_instance_uid,
            series_instance_uid: said.series_instance_uid,
            study_date: said.study_date,
            study_time: said.study_time,
            study_id: said.study_id,
            accession_number: said.accession_number,
            referring_physician_name: said.referring_physician_name,
            study_description: said.study_description,
            series_description: said.series_description,
            series_number: said.series_number,
            instance_number: said.instance_number,
            content_date: said.content_date,
            content_time: said.content_time,
            document_title: said.document_title,
            is_photograph: said.is_photograph,
            burned_in_annotation: said.burned_in_annotation,
        }
    }
}

async fn convert(
    State(app): State<App>,
    caller: Caller,
    Extension(places): Extension<Arc<Semaphore>>,
    Asked(address): Asked<Address>,
    request: Request,
) -> Result<Response> {
    caller.may(Action::Store, address.study.as_deref()).await?;
    let (parts, body) = request.into_parts();
    let boundary = boundary(&parts.headers)?;
    let _place = places.try_acquire().map_err(|_| Error::Busy("conversions"))?;
    let mut converting = Converting {
        app,
        caller,
        address,
        header: None,
        report: Report::default(),
    };
    match boundary {
        Some(boundary) => converting.parts(body, &boundary).await?,
        None => {
            let file = Part {
                bytes: whole(body, &parts.headers).await?,
                ..Part::default()
            };
            converting.take(file).await?;
        }
    }
    if converting.report.is_empty() {
        return Err(Error::BadRequest("expected a file, found none".to_owned()));
    }
    let status = StatusCode::from_u16(converting.report.status()).map_err(|_| Error::Internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((status, headers, converting.report.to_json()).into_response())
}

/// The boundary of a body of several parts; `None` for one file.
fn boundary(headers: &HeaderMap) -> Result<Option<String>> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Error::UnsupportedMediaType("a file without Content-Encoding"));
    }
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let boundary = match essence(content_type).to_ascii_lowercase().as_str() {
        "multipart/form-data" => multipart::form(content_type),
        "multipart/related" => multipart::related(content_type).map(|related| related.boundary),
        _ => return Ok(None),
    };
    boundary.map(Some).map_err(refused)
}

/// A body that is one file.
async fn whole(body: Body, headers: &HeaderMap) -> Result<Vec<u8>> {
    let too_large = || Error::TooLarge {
        what: "file",
        limit: LIMITS.file_bytes,
    };
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > LIMITS.file_bytes) {
        return Err(too_large());
    }
    let (mut stream, mut file) = (body.into_data_stream(), Vec::new());
    while let Some(bytes) = stream.next().await {
        file.extend_from_slice(&bytes.map_err(|_| cut())?);
        if file.len() as u64 > LIMITS.file_bytes {
            return Err(too_large());
        }
    }
    Ok(file)
}

fn cut() -> Error {
    Error::BadRequest("the body ended before its announced end".to_owned())
}

fn refused(error: multipart::Error) -> Error {
    match error {
        multipart::Error::TooLarge { limit, .. } => Error::TooLarge {
            what: "a file, the files' number or their headers",
            limit,
        },
        other => Error::BadRequest(other.to_string()),
    }
}

/// A part of the body.
#[derive(Default)]
struct Part {
    is_identity: bool,
    /// What the file is called where it came from.
    name: String,
    bytes: Vec<u8>,
}

impl Part {
    fn begun(headers: &[(String, String)]) -> Self {
        let value = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
        let value = |wanted| value(wanted).map_or("", |(_, value)| value.as_str());
        Self {
            is_identity: essence(value("content-type")).eq_ignore_ascii_case("application/json"),
            name: parameter(value("content-disposition"), "filename").unwrap_or_default(),
            bytes: Vec::new(),
        }
    }
}

/// The files of one request on their way in.
struct Converting {
    app: App,
    caller: Caller,
    address: Address,
    /// Of the next file, once it is known whose it is.
    header: Option<Header>,
    report: Report,
}

impl Converting {
    /// Takes a body of several parts, one after another: one file is in memory at a time.
    async fn parts(&mut self, body: Body, boundary: &str) -> Result<()> {
        let limits = multipart::Limits {
            parts: FILES + 1,
            part_bytes: LIMITS.file_bytes,
            ..multipart::Limits::default()
        };
        let mut reader = Reader::new(boundary, limits).map_err(refused)?;
        let (mut stream, mut current) = (body.into_data_stream(), Part::default());
        while let Some(bytes) = stream.next().await {
            let mut ended = Vec::new();
            let read = reader.push(&bytes.map_err(|_| cut())?, |event| match event {
                Event::Part(headers) => current = Part::begun(&headers),
                Event::Content(bytes) => current.bytes.extend_from_slice(bytes),
                Event::End => ended.push(std::mem::take(&mut current)),
            });
            for part in ended {
                self.take(part).await?;
            }
            read.map_err(refused)?;
            if current.is_identity && current.bytes.len() > IDENTITY_BYTES {
                return Err(identity_too_large());
            }
        }
        reader.finish().map_err(refused)
    }

    async fn take(&mut self, part: Part) -> Result<()> {
        if part.is_identity {
            if self.header.is_some() {
                let words = "expected one part of application/json, before the files";
                return Err(Error::BadRequest(words.to_owned()));
            }
            if part.bytes.len() > IDENTITY_BYTES {
                return Err(identity_too_large());
            }
            let said: Identity = serde_json::from_slice(&part.bytes)
                .map_err(|_| Error::BadRequest("the JSON part: expected what is known of patient and study, by the names that the documentation has".to_owned()))?;
            self.header = Some(self.begun(said.into()).await?);
            return Ok(());
        }
        let header = match &mut self.header {
            Some(header) => header,
            None => {
                let begun = self.begun(Header::default()).await?;
                self.header.insert(begun)
            }
        };
        let own = header.clone();
        header.instance_number += 1;
        let Part { name, bytes, .. } = part;
        let converted = tokio::task::spawn_blocking(move || to_dicom(&bytes, &own, &LIMITS)).await;
        match converted.map_err(|_| Error::Internal)? {
            Ok(object) => {
                let mut receiving = self
                    .app
                    .archive()
                    .ingest()
                    .begin()
                    .from(self.caller.sender().await?);
                receiving.write(&object).await?;
                self.report.add(&name, Taken::Judged(receiving.finish().await?))
            }
            Err(error) => {
                self.report.refuse(&name, &error.to_string());
                Ok(())
            }
        }
    }

    /// What the first file's object has in its head.
    async fn begun(&self, mut header: Header) -> Result<Header> {
        if let Some(study) = &self.address.study {
            same(tags::STUDY_INSTANCE_UID, &mut header.study_instance_uid, study)?;
        }
        let given = header.study_instance_uid.clone();
        let study_uid = Some(given.as_str()).filter(|uid| !uid.is_empty());
        let within = self.caller.may(Action::Store, study_uid).await?;
        let index = self.app.archive().index();
        let is_there = !given.is_empty() && as_filed(index, within, &mut header).await?;
        if self.address.study.is_some() && !is_there && header.patient_id.is_empty() {
            return Err(Error::NotFound);
        }
        header
            .check()
            .map_err(|error| Error::BadRequest(error.to_string()))?;
        for uid in [&mut header.study_instance_uid, &mut header.series_instance_uid] {
            if uid.is_empty() {
                *uid = crate::identity::new_uid().map_err(|_| Error::Internal)?;
            }
        }
        header.instance_number = header.instance_number.max(1);
        Ok(header)
    }
}

fn identity_too_large() -> Error {
    Error::TooLarge {
        what: "the JSON part",
        limit: IDENTITY_BYTES as u64,
    }
}

/// Fills in what the archive shows of the study; whether it has it.
async fn as_filed(index: &Index, within: Restriction, header: &mut Header) -> Result<bool> {
    let query = Query {
        keys: vec![Key {
            tag: tags::STUDY_INSTANCE_UID,
            matching: Match::UidList(vec![header.study_instance_uid.clone()]),
        }],
        within,
        ..Query::all(Level::Study)
    };
    let rows = index.query(&query).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    for (tag, said) in [
        (tags::PATIENT_ID, &mut header.patient_id),
        (tags::ISSUER_OF_PATIENT_ID, &mut header.issuer_of_patient_id),
        (tags::PATIENT_NAME, &mut header.patient_name),
        (tags::PATIENT_BIRTH_DATE, &mut header.patient_birth_date),
        (tags::PATIENT_SEX, &mut header.patient_sex),
        (tags::STUDY_DATE, &mut header.study_date),
        (tags::STUDY_TIME, &mut header.study_time),
        (tags::STUDY_ID, &mut header.study_id),
        (tags::ACCESSION_NUMBER, &mut header.accession_number),
        (
            tags::REFERRING_PHYSICIAN_NAME,
            &mut header.referring_physician_name,
        ),
        (tags::STUDY_DESCRIPTION, &mut header.study_description),
    ] {
        let known = row.value(tag);
        same(tag, said, if is_written(tag, known) { known } else { "" })?;
    }
    Ok(true)
}

/// Takes a value that was not said, and refuses one that was said otherwise.
fn same(tag: Tag, said: &mut String, known: &str) -> Result<()> {
    if said.is_empty() {
        known.clone_into(said);
    }
    if said == known {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "{tag} is said otherwise than the study has it"
    )))
}
