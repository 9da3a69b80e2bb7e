//! Frames: compressed as they are stored, decoded, or in another compression.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use codec::dataset::PixelKind;
use codec::pixels::{PixelData, PixelValue};
use codec::{FrameDescription, TransferSyntax, compression, encapsulation};
use futures_util::{StreamExt, stream};

use super::answer::{self, Asking, Content, Part};
use super::find::Target;
use super::instances::{not_transcoded, transcoded};
use super::layout::{Layout, Source};
use crate::dicomweb::accept::{Accept, Offer};
use crate::http::{App, Error, Result};
use crate::transcode;

/// Frames of one answer at most.
pub(crate) const MAX_FRAMES: usize = 4096;

/// Frames on their way at once.
const AHEAD: usize = 4;

/// Objects up to here are read whole for their frames: that is one pass over them.
const SMALL_BYTES: u64 = 1 << 20;

const OCTETS: &str = "application/octet-stream";

/// Reads a list of frames, counted from 1.
///
/// # Errors
///
/// [`Error::BadRequest`] for what is no such list.
pub(super) fn list(text: &str) -> Result<Vec<u32>> {
    let frames = text.split(',').take(MAX_FRAMES + 1).map(|number| {
        let is_digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let frame = number.parse::<u32>().ok().filter(|frame| is_digits && *frame > 0);
        frame.ok_or_else(|| Error::BadRequest("expected numbers of frames, counted from 1".to_owned()))
    });
    let frames = frames.collect::<Result<Vec<_>>>()?;
    if frames.len() > MAX_FRAMES {
        return Err(Error::BadRequest(format!(
            "at most {MAX_FRAMES} frames are given at once"
        )));
    }
    Ok(frames)
}

/// An object whose frames are asked for.
#[derive(Clone)]
pub(crate) struct Frames {
    pub(crate) source: Source,
    pub(crate) layout: Arc<Layout>,
}

impl Frames {
    /// Opens an object in the form it lies in. A deflated one is inflated first: nothing within it can be told by its place.
    ///
    /// # Errors
    ///
    /// As [`Layout::read`].
    pub(crate) async fn open(app: &App, target: &Target) -> Result<Self> {
        let storage = app.archive().storage().clone();
        if target.compressed.is_some()
            && let Some(packed) = storage.packed(target.hash).await?
        {
            let is_small = packed.size() <= SMALL_BYTES;
            let source = if is_small {
                Source::Memory(packed.read().await?)
            } else {
                Source::Packed(packed)
            };
            let layout = app.layouts().of(target.hash, true, &source).await?;
            return Ok(Self { source, layout });
        }
        Self::open_received(app, target).await
    }

    /// As [`Frames::open`], of the object as it was received, however it lies.
    ///
    /// # Errors
    ///
    /// As [`Layout::read`].
    pub(crate) async fn open_received(app: &App, target: &Target) -> Result<Self> {
        let storage = app.archive().storage().clone();
        let deflated = TransferSyntax::DeflatedExplicitLittleEndian.uid();
        if target.transfer_syntax_uid == deflated {
            let plain = TransferSyntax::ExplicitLittleEndian.uid();
            let source = Source::Memory(transcoded(app, target, plain).await?);
            let layout = Arc::new(Layout::read(&source).await?);
            return Ok(Self { source, layout });
        }
        let source = if target.size <= SMALL_BYTES {
            Source::Memory(storage.read(target.hash, SMALL_BYTES).await?)
        } else {
            Source::Stored {
                storage,
                hash: target.hash,
                size: target.size,
            }
        };
        let layout = app.layouts().of(target.hash, false, &source).await?;
        Ok(Self { source, layout })
    }

    /// Gives a frame, counted from 0, in a transfer syntax; stored ones as they are.
    pub(crate) async fn frame(&self, app: &App, frame: u32, to: TransferSyntax) -> Result<Bytes> {
        let stored = self.layout.frame(&self.source, frame).await?;
        let layout = Arc::clone(&self.layout);
        let is_as_it_is = layout.syntax == to
            || (!layout.is_encapsulated() && !to.is_encapsulated() && !layout.syntax.is_big_endian());
        if is_as_it_is {
            return Ok(stored);
        }
        let made = app
            .archive()
            .transcoder()
            .run(move || converted(&layout, &stored, to))
            .await;
        let made = made.and_then(|made| made);
        made.map_err(|error| not_transcoded(&error, self.layout.syntax.uid()))
    }
}

/// Decodes a frame and encodes it again, if it is to be compressed; what does not decode to the same is not given.
fn converted(layout: &Layout, stored: &[u8], to: TransferSyntax) -> transcode::Result<Bytes> {
    let one;
    let value = if layout.is_encapsulated() {
        one = encapsulation::encapsulate([stored])?;
        PixelValue::Encapsulated(&one)
    } else {
        PixelValue::Native {
            bytes: stored,
            vr: layout.vr,
        }
    };
    let (pixels, _) = PixelData::new(&layout.attributes, layout.syntax, layout.kind, value)?;
    let unsupported = || transcode::Error::Unsupported(to.uid().to_owned(), layout.syntax.uid().to_owned());
    pixels.check_frame(0)?;
    let mut values = vec![0; pixels.frame_bytes()];
    let decoded = pixels.decode_into(0, &mut values)?;
    let keeps = compression::keeps_cells(layout.syntax) && compression::keeps_cells(to);
    if keeps {
        values = pixels.decode_cells(0)?;
    }
    if layout.kind != PixelKind::Integer {
        return if to.is_encapsulated() {
            Err(unsupported())
        } else {
            Ok(values.into())
        };
    }
    let source = *pixels.description();
    let mut description = FrameDescription {
        photometric: decoded.photometric,
        planar: compression::keeps_cells(to) && pixels.stored().planar,
        ..source
    };
    if !keeps {
        description.bits_stored = source
            .bits_stored
            .max(decoded.precision)
            .min(source.bits_allocated);
        description.high_bit = description.bits_stored - 1;
    }
    let encoder = compression::encoder_for(to).ok_or_else(unsupported)?;
    let encoded = encoder.encode(&values, &description)?;
    if to.is_encapsulated() {
        let decoder = compression::decoder_for(to).ok_or_else(unsupported)?;
        let mut again = vec![0; values.len()];
        decoder.decode(&encoded, &description, &mut again)?;
        if !is_same(&description, &again, &values) {
            return Err(transcode::Error::NotIdentical { frame: 1 });
        }
    }
    Ok(encoded.into())
}

/// Whether cells have the same values; what stands above Bits Stored is the sign's, or nobody's.
fn is_same(description: &FrameDescription, one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let bits = description.bits_stored.min(16);
    let mask = ((1_u32 << bits) - 1) as u16;
    match description.bytes_per_sample() {
        1 => one.iter().zip(other).all(|(a, b)| (a ^ b) & mask as u8 == 0),
        2 => {
            let cells = one.as_chunks::<2>().0.iter().zip(other.as_chunks::<2>().0);
            cells
                .into_iter()
                .all(|(a, b)| (u16::from_le_bytes(*a) ^ u16::from_le_bytes(*b)) & mask == 0)
        }
        _ => false,
    }
}

/// The media type of frames in a transfer syntax (PS3.18 table 8.7.3-5).
pub(crate) fn media_type(syntax: TransferSyntax) -> &'static str {
    use TransferSyntax as T;
    match syntax {
        T::JpegBaseline
        | T::JpegExtended
        | T::JpegSpectralSelection
        | T::JpegFullProgression
        | T::JpegLossless
        | T::JpegLosslessFirstOrder => "image/jpeg",
        T::JpegLsLossless | T::JpegLsNearLossless => "image/jls",
        T::Jpeg2000Lossless | T::Jpeg2000 => "image/jp2",
        T::Htj2kLossless | T::Htj2kLosslessRpcl | T::Htj2k => "image/jphc",
        T::RleLossless => "image/dicom-rle",
        _ => OCTETS,
    }
}

/// What the frames of an object can be given as: media type and transfer syntax, stored ones first.
fn available(layout: &Layout) -> Vec<(&'static str, TransferSyntax)> {
    let stored = layout.syntax;
    let mut all = Vec::new();
    if layout.is_encapsulated() {
        all.push((media_type(stored), stored));
    }
    if !layout.is_encapsulated() || compression::decoder_for(stored).is_some() {
        all.push((OCTETS, TransferSyntax::ExplicitLittleEndian));
        let others = transcode::WRITTEN
            .iter()
            .filter(|other| other.is_encapsulated() && **other != stored);
        if layout.kind == PixelKind::Integer {
            all.extend(others.map(|other| (media_type(*other), *other)));
        }
    }
    if layout.is_encapsulated() {
        // Viewers ask for octets in whatever syntax is stored; only then are they given compressed.
        all.push((OCTETS, stored));
    }
    all
}

/// Chooses how frames are given of an object that was received in a transfer syntax.
fn choose(
    accept: &Accept,
    layout: &Layout,
    received: &str,
    is_single: bool,
) -> Option<(Offer, TransferSyntax)> {
    let mut offers: Vec<(Offer, TransferSyntax)> = Vec::new();
    let is_received_plain =
        TransferSyntax::from_uid(received).is_some_and(|syntax| !syntax.is_encapsulated());
    for (media_type, syntax) in available(layout) {
        let forms = [Offer::parts(media_type), Offer::single(media_type)];
        for offer in &forms[..if is_single { 2 } else { 1 }] {
            let is_plain = media_type == OCTETS && !syntax.is_encapsulated();
            let fits = |asked: Option<&str>| match asked {
                None => media_type != OCTETS || is_plain,
                Some("*") => syntax == layout.syntax || (is_plain && !layout.is_encapsulated()),
                Some(asked) => asked == syntax.uid() || (is_plain && asked == received && is_received_plain),
            };
            let ranges = accept.covering(*offer);
            if ranges
                .iter()
                .any(|range| fits(range.parameter("transfer-syntax")))
            {
                offers.push((*offer, syntax));
            }
        }
    }
    let all: Vec<Offer> = offers.iter().map(|(offer, _)| *offer).collect();
    let chosen = accept.choose(&all)?;
    offers.into_iter().find(|(offer, _)| *offer == chosen)
}

/// Gives frames, counted from 1.
pub(super) async fn retrieve(asking: Asking<'_>, target: Target, wanted: Vec<u32>) -> Result<Response> {
    let frames = Frames::open(asking.app, &target).await?;
    give(asking, target, frames, wanted).await
}

/// As [`retrieve`], of an object that is open; no list means every frame.
pub(super) async fn give(
    asking: Asking<'_>,
    target: Target,
    frames: Frames,
    wanted: Vec<u32>,
) -> Result<Response> {
    let layout = Arc::clone(&frames.layout);
    if wanted.iter().any(|frame| *frame > layout.frames) {
        return Err(Error::NotFound);
    }
    let (offer, syntax) = choose(
        asking.accept,
        &layout,
        &target.transfer_syntax_uid,
        wanted.len() == 1,
    )
    .ok_or_else(|| {
        let all = available(&layout);
        let all = all
            .iter()
            .map(|(media, syntax)| format!("{media}; transfer-syntax={}", syntax.uid()));
        Error::NotAcceptable(all.collect::<Vec<_>>().join(", "))
    })?;
    let etag = answer::etag(&[
        &target.hash.to_string(),
        &offer.to_string(),
        syntax.uid(),
        &format!("{wanted:?}"),
    ]);
    if let Some(known) = asking.known(&etag) {
        return Ok(known);
    }
    let media = offer.part.unwrap_or(offer.media_type);
    let content_type = format!("{media}; transfer-syntax={}", syntax.uid());
    if offer.part.is_none() {
        let bytes = frames.frame(asking.app, wanted[0] - 1, syntax).await?;
        return asking.bytes(&etag, &content_type, bytes).await;
    }
    let wanted = if wanted.is_empty() {
        (1..=layout.frames).collect()
    } else {
        wanted
    };
    let location = format!("{}{}", asking.base, target.path());
    let app = asking.app.clone();
    let parts = stream::iter(wanted).map(move |frame| {
        let (app, frames, content_type) = (app.clone(), frames.clone(), content_type.clone());
        let location = format!("{location}/frames/{frame}");
        async move {
            let bytes = frames.frame(&app, frame - 1, syntax).await?;
            Ok(Part {
                content_type,
                location,
                content: Content::Bytes(bytes),
            })
        }
    });
    answer::multipart(&etag, media, parts.buffered(AHEAD)).await
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn lists_of_frames() {
        assert_eq!(list("1").unwrap(), [1]);
        assert_eq!(list("3,1,3").unwrap(), [3, 1, 3]);
        for text in [
            "",
            "0",
            "1,",
            "1,0",
            "-1",
            "+1",
            "a",
            "1 2",
            "4294967296",
            "1,,2",
            "..",
            "1.5",
        ] {
            assert!(list(text).is_err(), "{text}");
        }
        assert!(list(&vec!["1"; 10_000].join(",")).is_err());
    }
}
