//! Whole objects: application/dicom, in the transfer syntax that is accepted.

use std::ops::Range;

use axum::response::Response;
use bytes::Bytes;
use codec::TransferSyntax;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::answer::{self, Asking, Content, Part};
use super::find::Target;
use crate::corrections::{Outgoing, laid_over};
use crate::dicomweb::accept::{Accept, Offer};
use crate::http::{App, Error, Result};
use crate::transcode;

const DICOM: &str = "application/dicom";

/// What objects can be given as, the preferred first; the last only of one object.
pub(crate) const OFFERS: [Offer; 2] = [Offer::parts(DICOM), Offer::single(DICOM)];

/// Largest object that is transcoded: it is in memory then.
pub(crate) const MAX_TRANSCODED_BYTES: u64 = 1 << 30;

/// Objects up to here go through memory whole; several are on their way at once.
const SMALL_BYTES: u64 = 1 << 20;

/// Objects on their way at once.
const AHEAD: usize = 4;

/// Gives objects to whoever accepts application/dicom: in one part each, or a single one as it is.
pub(super) async fn retrieve(asking: Asking<'_>, targets: Vec<Target>) -> Result<Response> {
    let offers = &OFFERS[..if targets.len() == 1 { 2 } else { 1 }];
    let chosen = asking.accept.choose(offers);
    let mut wanted = Vec::new();
    for target in targets {
        let syntax = chosen.and_then(|offer| syntax(asking.accept, offer, &target));
        match syntax {
            Some(syntax) => wanted.push((target, syntax)),
            None => return Err(not_acceptable(offers, &target)),
        }
    }
    let mut tag = vec![chosen.map_or("", |offer| offer.media_type).to_owned()];
    for (target, syntax) in &wanted {
        tag.push(format!("{} {syntax}", target.version()));
    }
    let tag: Vec<&str> = tag.iter().map(String::as_str).collect();
    let etag = answer::etag(&tag);
    if let Some(known) = asking.known(&etag) {
        return Ok(known);
    }
    if chosen == Some(Offer::single(DICOM)) {
        let (target, syntax) = wanted.remove(0);
        return single(asking, &etag, target, &syntax).await;
    }
    let (app, base) = (asking.app.clone(), asking.base.to_owned());
    let parts = stream::iter(wanted)
        .map(move |(target, syntax)| part(app.clone(), format!("{base}{}", target.path()), target, syntax))
        .buffered(AHEAD);
    answer::multipart(&etag, DICOM, parts).await
}

/// One object, or a range of its bytes.
pub(super) async fn single(asking: Asking<'_>, etag: &str, target: Target, syntax: &str) -> Result<Response> {
    if syntax == target.transfer_syntax_uid {
        let outgoing = outgoing(asking.app, &target).await?;
        let open = async |range| content(asking.app, &outgoing, range).await;
        return answer::ranged(asking.headers, etag, DICOM, outgoing.size(), open).await;
    }
    let bytes = transcoded(asking.app, &target, syntax).await?;
    asking.bytes(etag, DICOM, bytes).await
}

async fn part(app: App, location: String, target: Target, syntax: String) -> Result<Part> {
    let content = if syntax == target.transfer_syntax_uid {
        let outgoing = outgoing(&app, &target).await?;
        content(&app, &outgoing, 0..outgoing.size()).await?
    } else {
        Content::Bytes(transcoded(&app, &target, &syntax).await?)
    };
    Ok(Part {
        content_type: format!("{DICOM}; transfer-syntax={syntax}"),
        location,
        content,
    })
}

/// The object in the transfer syntax it is stored in, with what is laid over it.
async fn outgoing(app: &App, target: &Target) -> Result<Outgoing> {
    let storage = app.archive().storage();
    Ok(Outgoing::of(storage, target.hash, target.size, &target.overlays).await?)
}

/// Its bytes, verified.
async fn content(app: &App, outgoing: &Outgoing, range: Range<u64>) -> Result<Content> {
    let storage = app.archive().storage();
    if range.end - range.start <= SMALL_BYTES {
        return Ok(Content::Bytes(outgoing.range(storage, range).await?));
    }
    let pieces = outgoing.pieces(storage, range).await?;
    Ok(Content::Pieces(Box::pin(pieces.map_err(Error::from))))
}

/// The object in a transfer syntax that it was not received in, with what is laid over it: its compressed form where that is
/// in it.
pub(super) async fn transcoded(app: &App, target: &Target, syntax: &str) -> Result<Bytes> {
    let to = TransferSyntax::from_uid(syntax).ok_or(Error::NotFound)?;
    let archive = app.archive();
    let packed = match &target.compressed {
        Some(_) => archive.storage().packed(target.hash).await?,
        None => None,
    };
    let object = match packed {
        Some(packed) => packed.read().await?,
        None => archive.storage().read(target.hash, MAX_TRANSCODED_BYTES).await?,
    };
    let object = laid_over(object, &target.overlays).await?;
    let made = archive.transcoder().transcode(object, to).await;
    made.map_err(|error| not_transcoded(&error, &target.transfer_syntax_uid))
}

/// What cannot be given as asked can be given otherwise; a fault of ours is ours.
pub(super) fn not_transcoded(error: &transcode::Error, stored: &str) -> Error {
    match error {
        transcode::Error::Fault | transcode::Error::NotIdentical { .. } | transcode::Error::OtherElements => {
            tracing::error!(%error, "an object was not transcoded");
            Error::Internal
        }
        _ => Error::NotAcceptable(format!("{DICOM}; transfer-syntax={stored}: {error}")),
    }
}

/// The transfer syntax that an object is given in; `None` where none is accepted that can be made.
pub(super) fn syntax(accept: &Accept, offer: Offer, target: &Target) -> Option<String> {
    let (received, stored) = (target.transfer_syntax_uid.as_str(), target.stored_syntax());
    let is_possible = |asked: &str| asked == received || transcode::is_possible(stored, asked);
    let explicit = TransferSyntax::ExplicitLittleEndian.uid();
    accept.covering(offer).into_iter().find_map(|range| {
        match range.parameter("transfer-syntax") {
            Some("*") => Some(stored.to_owned()),
            Some(asked) => is_possible(asked).then(|| asked.to_owned()),
            // Who names application/dicom and no syntax gets the default of PS3.18 8.7.3.5.2, where it can be made.
            None if is_named(range.parameter("type"), &range.media_type) => {
                Some(if is_possible(explicit) { explicit } else { stored }.to_owned())
            }
            None => Some(stored.to_owned()),
        }
    })
}

fn is_named(part: Option<&str>, media_type: &str) -> bool {
    part.is_some_and(|part| part.eq_ignore_ascii_case(DICOM)) || media_type == DICOM
}

fn not_acceptable(offers: &[Offer], target: &Target) -> Error {
    let stored = target.stored_syntax();
    let written = transcode::WRITTEN.iter().map(|syntax| syntax.uid());
    let mut syntaxes = vec![stored];
    syntaxes.extend(written.filter(|syntax| *syntax != stored && transcode::is_possible(stored, syntax)));
    let offers: Vec<String> = offers.iter().map(ToString::to_string).collect();
    Error::NotAcceptable(format!(
        "{}, with transfer-syntax {}",
        offers.join(", "),
        syntaxes.join(", ")
    ))
}
