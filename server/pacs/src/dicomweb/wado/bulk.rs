//! The values that metadata leave out, by their addresses.

use std::ops::Range;

use axum::response::Response;
use bytes::Bytes;
use codec::dataset::{self, PixelKind, Prefix};
use dicom_core::Tag;
use dicom_core::value::Value;
use dicom_object::InMemDicomObject;

use super::answer::{self, Asking, Content, Part};
use super::find::Target;
use super::frames::{self, Frames};
use crate::dicomweb::accept::Offer;
use crate::dicomweb::bulk::little_endian;
use crate::http::{App, Error, Result};

const OCTETS: &str = "application/octet-stream";

/// Bytes of a data set that are read for a value within it.
const MAX_BYTES: u64 = 512 << 20;

/// Deepest value that has an address.
const MAX_DEPTH: usize = 64;

/// Gives a value: `7FE00010`, or within items `SEQUENCE/ITEM/TAG`, items counted from 0.
pub(super) async fn retrieve(asking: Asking<'_>, target: Target, path: &str) -> Result<Response> {
    let steps = steps(path)?;
    let kind = match steps[..] {
        [Step::Tag(Tag(0x7FE0, 0x0010))] => Some(PixelKind::Integer),
        [Step::Tag(Tag(0x7FE0, 0x0008))] => Some(PixelKind::Float),
        [Step::Tag(Tag(0x7FE0, 0x0009))] => Some(PixelKind::DoubleFloat),
        _ => None,
    };
    if let Some(kind) = kind {
        return pixels(asking, target, kind).await;
    }
    let value = value(asking.app, &target, steps).await?;
    let etag = answer::etag(&[&target.hash.to_string(), path]);
    let location = format!("{}{}/bulkdata/{path}", asking.base, target.path());
    let total = value.len() as u64;
    let open = async |range: Range<u64>| {
        let range = range.start as usize..range.end as usize;
        Ok(Content::Bytes(value.slice(range)))
    };
    octets(asking, &etag, location, total, open).await
}

/// The pixel data: a compressed value frame by frame, any other as its bytes.
async fn pixels(asking: Asking<'_>, target: Target, kind: PixelKind) -> Result<Response> {
    let frames = Frames::open_received(asking.app, &target).await?;
    if frames.layout.kind != kind {
        return Err(Error::NotFound);
    }
    if frames.layout.is_encapsulated() || frames.layout.syntax.is_big_endian() {
        return frames::give(asking, target, frames, Vec::new()).await;
    }
    let value = frames.layout.value.clone();
    let etag = answer::etag(&[&target.hash.to_string(), "pixels"]);
    let location = format!("{}{}/bulkdata/7FE00010", asking.base, target.path());
    let storage = asking.app.archive().storage().clone();
    let total = value.end - value.start;
    let open = async |range: Range<u64>| {
        let range = value.start + range.start..value.start + range.end;
        if let super::layout::Source::Memory(_) = &frames.source {
            return Ok(Content::Bytes(frames.source.range(range).await?));
        }
        use futures_util::TryStreamExt;
        let pieces = storage.pieces(target.hash, range).await?;
        Ok(Content::Pieces(Box::pin(pieces.map_err(Error::from))))
    };
    octets(asking, &etag, location, total, open).await
}

/// A value as octets, single or as one part.
async fn octets<F>(
    asking: Asking<'_>,
    etag: &str,
    location: String,
    total: u64,
    open: impl FnOnce(Range<u64>) -> F,
) -> Result<Response>
where
    F: Future<Output = Result<Content>>,
{
    let chosen = asking.choose(&[Offer::parts(OCTETS), Offer::single(OCTETS)])?;
    let etag = format!(
        "\"{}{}\"",
        etag.trim_matches('"'),
        if chosen.part.is_some() { "m" } else { "" }
    );
    if let Some(known) = asking.known(&etag) {
        return Ok(known);
    }
    if chosen.part.is_none() {
        return answer::ranged(asking.headers, &etag, OCTETS, total, open).await;
    }
    let part = Part {
        content_type: OCTETS.to_owned(),
        location,
        content: open(0..total).await?,
    };
    answer::multipart(&etag, OCTETS, futures_util::stream::iter([Ok(part)])).await
}

enum Step {
    Tag(Tag),
    Item(usize),
}

fn steps(path: &str) -> Result<Vec<Step>> {
    let invalid = || Error::BadRequest("expected tags of eight hexadecimal digits, and items".to_owned());
    let steps = path
        .split('/')
        .take(2 * MAX_DEPTH + 1)
        .enumerate()
        .map(|(at, step)| {
            if at % 2 == 1 {
                return step.parse().map(Step::Item).map_err(|_| invalid());
            }
            let is_tag = step.len() == 8 && step.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u32::from_str_radix(step, 16)
                .ok()
                .filter(|_| is_tag)
                .ok_or_else(invalid)?;
            Ok(Step::Tag(Tag((number >> 16) as u16, number as u16)))
        });
    let steps = steps.collect::<Result<Vec<_>>>()?;
    if steps.len() % 2 == 0 || steps.len() > 2 * MAX_DEPTH {
        return Err(invalid());
    }
    Ok(steps)
}

/// The bytes of a value within the data set, little endian.
async fn value(app: &App, target: &Target, mut steps: Vec<Step>) -> Result<Bytes> {
    let storage = app.archive().storage();
    let mut length: u64 = 1 << 20;
    loop {
        let is_complete = length >= target.size;
        let bytes = storage.range(target.hash, 0..length.min(target.size)).await?;
        let read = tokio::task::spawn_blocking(move || {
            let found = match dataset::read_prefix(&bytes, is_complete, dataset::Limits::default()) {
                Ok(Prefix::Done(object)) => Some(find(&object.data_set, &steps)),
                Ok(Prefix::NeedsMore) => None,
                Err(_) => Some(None),
            };
            (found, steps)
        });
        let (found, again) = read.await.map_err(|_| Error::Internal)?;
        match found {
            Some(found) => return found.map(Bytes::from).ok_or(Error::NotFound),
            None if is_complete || length >= MAX_BYTES => return Err(Error::NotFound),
            None => {}
        }
        (steps, length) = (again, length * 4);
    }
}

fn find(object: &InMemDicomObject, steps: &[Step]) -> Option<Vec<u8>> {
    let [Step::Tag(tag), rest @ ..] = steps else {
        return None;
    };
    let element = object.get(*tag)?;
    match rest {
        [] => match element.value() {
            Value::Primitive(value) => Some(little_endian(value)),
            Value::PixelSequence(fragments) => Some(fragments.fragments().concat()),
            Value::Sequence(_) => None,
        },
        [Step::Item(item), rest @ ..] => find(element.items()?.get(*item)?, rest),
        [Step::Tag(_), ..] => None,
    }
}
