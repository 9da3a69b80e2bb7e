//! Metadata at three levels, from the index's cache: one read for a series.

use std::fmt::Write;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use dicom_core::{Tag, VR};
use futures_util::stream;

use super::answer::{self, Asking, Content, Part};
use super::find::Address;
use crate::dicomweb::accept::Offer;
use crate::dicomweb::{BulkData, json, xml};
use crate::http::{Error, Result};
use crate::index::DeflatedMetadata;

/// Bytes of one piece of a long answer.
const PIECE_BYTES: usize = 128 << 10;

const JSON: Offer = Offer::single("application/dicom+json");
const PLAIN: Offer = Offer::single("application/json");
const XML: Offer = Offer::parts("application/dicom+xml");

/// What metadata can be given as, the preferred first.
pub(crate) const OFFERS: [Offer; 3] = [JSON, PLAIN, XML];

/// Gives the data sets without bulk of everything below an address.
pub(super) async fn retrieve(asking: Asking<'_>, address: &Address, is_original: bool) -> Result<Response> {
    let (chosen, base) = (asking.choose(&OFFERS)?, asking.base);
    let mut instances = asking
        .app
        .archive()
        .index()
        .deflated_metadata(
            &address.study,
            address.series.as_deref(),
            address.instance.as_deref(),
        )
        .await?;
    if instances.is_empty() {
        return Err(Error::NotFound);
    }
    if is_original {
        instances = instances.into_iter().map(DeflatedMetadata::as_received).collect();
    }
    let mut tag = format!("{chosen} {base}\n");
    for instance in &instances {
        let _ = writeln!(tag, "{}", instance.version());
    }
    let etag = answer::etag(&[&tag]);
    if let Some(known) = asking.known(&etag) {
        return Ok(known);
    }
    let study = format!("{base}/studies/{}", address.study);
    if chosen == XML {
        let parts = stream::iter(instances.into_iter().map(move |instance| part(&instance, &study)));
        return answer::multipart(&etag, "application/dicom+xml", parts).await;
    }
    // The first piece is made before the status is: what is damaged there is not found out in the middle.
    let mut pieces = Pieces {
        instances: instances.into_iter(),
        study,
        is_first: true,
        is_ended: false,
    };
    let first = pieces.next().ok_or(Error::NotFound)??;
    let pieces = std::iter::once(Ok(first)).chain(pieces);
    Ok(answer::response(
        StatusCode::OK,
        &etag,
        Some(chosen.media_type),
        Body::from_stream(stream::iter(pieces)),
    ))
}

/// The JSON array, some instances at a time.
struct Pieces {
    instances: std::vec::IntoIter<DeflatedMetadata>,
    study: String,
    is_first: bool,
    is_ended: bool,
}

impl Iterator for Pieces {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_ended {
            return None;
        }
        let mut piece = String::new();
        while piece.len() < PIECE_BYTES {
            let Some(instance) = self.instances.next() else {
                self.is_ended = true;
                piece.push(']');
                break;
            };
            piece.push(if std::mem::take(&mut self.is_first) {
                '['
            } else {
                ','
            });
            match text(&instance, &self.study) {
                Ok(text) => piece.push_str(&text),
                Err(error) => {
                    self.is_ended = true;
                    return Some(Err(error));
                }
            }
        }
        Some(Ok(piece.into()))
    }
}

/// The JSON of an instance, the addresses of its bulk made whole.
fn text(instance: &DeflatedMetadata, study: &str) -> Result<String> {
    let text = instance.json()?;
    let path = format!(
        "\"BulkDataURI\":\"{study}/series/{}/instances/{}/bulkdata/",
        instance.series_uid, instance.sop_uid
    );
    // Within a value the quotation marks would be escaped: only addresses match.
    Ok(text.replace("\"BulkDataURI\":\"bulkdata/", &path))
}

/// The XML of an instance.
fn part(instance: &DeflatedMetadata, study: &str) -> Result<Part> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "metadata were not written");
        Error::Internal
    };
    let text = instance.json()?;
    let (mut object, bulk) =
        json::read(text.as_bytes(), json::Limits::default()).map_err(|error| failed(&error))?;
    // What stands elsewhere is named by its address; within items the XML keeps it empty.
    let mut left_out: Vec<(Tag, VR)> = Vec::new();
    for reference in bulk.iter().filter(|reference| !reference.path.contains('/')) {
        let number = |at: usize| u16::from_str_radix(reference.path.get(at..at + 4)?, 16).ok();
        let Some((group, element)) = number(0).zip(number(4)) else {
            continue;
        };
        if let Some(absent) = object.take_element(Tag(group, element)).ok().map(|e| e.vr()) {
            left_out.push((Tag(group, element), absent));
        }
    }
    let location = format!(
        "{study}/series/{}/instances/{}",
        instance.series_uid, instance.sop_uid
    );
    let uri = |path: &str| format!("{location}/bulkdata/{path}");
    let bulk = BulkData {
        inline_bytes: usize::MAX,
        uri: &uri,
        left_out: &left_out,
    };
    let mut xml = Vec::new();
    xml::write(&object, &bulk, &mut xml).map_err(|error| failed(&error))?;
    Ok(Part {
        content_type: "application/dicom+xml".to_owned(),
        location: format!("{location}/metadata"),
        content: Content::Bytes(xml.into()),
    })
}
