//! The content of chunks: frames as they are stored or in JPEG-LS, and overviews of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use codec::dataset::PixelKind;
use codec::{FrameDescription, TransferSyntax, compression};
use dicom_dictionary_std::tags;

use super::header::{Header, Place};
use super::kept::Key;
use crate::dicomweb::wado::frames::Frames;
use crate::http::{App, Error, Result};

/// Every so many pixels of an overview's rows and columns one is taken.
pub(super) const OVERVIEW_STEP: usize = 4;

/// Bytes of made chunks that are kept.
const KEPT_BYTES: usize = 64 << 20;

/// Bytes of headers that are kept.
const HEADER_BYTES: usize = 32 << 20;

/// Bytes of frames that were read for their overviews and are held until they are sent, of all streams together.
const HELD_BYTES: usize = 256 << 20;

/// What a chunk is; the number is the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub(crate) enum Kind {
    /// Every fourth pixel of every fourth row.
    Overview = 1,
    /// A whole frame.
    Frame = 2,
    /// The end: nothing is missing.
    End = 3,
}

/// How a chunk's content is encoded; the number is the wire's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Coding {
    /// Cells as they are stored, little endian; Planar Configuration says how colours lie.
    Native = 0,
    /// JPEG-LS without loss.
    JpegLs = 1,
    /// In the transfer syntax that the header names for the frame.
    Stored = 2,
}

impl Coding {
    pub(super) const ALL: [Self; 3] = [Self::Native, Self::JpegLs, Self::Stored];
}

/// For whom a chunk is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Somebody who waits, on a link where compressing costs less than sending.
    SlowLink,
    /// Somebody who waits, on a link where it does not.
    FastLink,
    /// Nobody yet.
    Later,
}

/// Makes the content of a chunk; uncompressed frames are compressed unless the link is fast.
///
/// # Errors
///
/// Those of reading the object.
pub(super) async fn make(app: &App, kind: Kind, place: &Place, reader: For) -> Result<(Coding, Bytes)> {
    let is_compressed = reader != For::FastLink;
    if kind == Kind::Frame
        && !is_compressed
        && let Some(native) = app.frame_cache().take((place.target.hash, place.frame, kind))
    {
        return Ok((Coding::Native, native));
    }
    let frames = Frames::open(app, &place.target).await?;
    let stored = frames.layout.syntax;
    let frame = place.frame - 1;
    if kind == Kind::Frame && stored.is_encapsulated() {
        return Ok((Coding::Stored, frames.frame(app, frame, stored).await?));
    }
    let native = frames
        .frame(app, frame, TransferSyntax::ExplicitLittleEndian)
        .await?;
    if kind == Kind::Frame && !is_compressed {
        return Ok((Coding::Native, native));
    }
    if kind == Kind::Overview && !is_compressed && !stored.is_encapsulated() {
        let key = (place.target.hash, place.frame, Kind::Frame);
        app.frame_cache().hold(key, native.clone());
    }
    if frames.layout.kind != PixelKind::Integer {
        return Ok(match kind {
            Kind::Overview => (Coding::Native, Bytes::new()),
            _ => (Coding::Native, native),
        });
    }
    let described = codec::pixels::describe(&frames.layout.attributes, frames.layout.kind);
    let (description, _) = described.map_err(|_| Error::Internal)?;
    let planar = frames.layout.attributes.get(tags::PLANAR_CONFIGURATION);
    let is_planar = planar.is_some_and(|planar| planar.to_int::<u16>().is_ok_and(|value| value == 1));
    if kind == Kind::Overview && is_planar && description.samples_per_pixel > 1 {
        return Ok((Coding::Native, Bytes::new()));
    }
    let run = move || match kind {
        Kind::Overview => overview(&description, &native, is_compressed),
        _ => compressed(&description, native),
    };
    let transcoder = app.archive().transcoder();
    let made = match reader {
        For::SlowLink | For::FastLink => transcoder.run(run).await,
        For::Later => transcoder.run_behind(run).await,
    };
    made.map_err(|error| {
        tracing::error!(%error, "a frame was not encoded");
        Error::Internal
    })
}

/// A frame in JPEG-LS, where that holds all of its cells; else as it is.
fn compressed(description: &FrameDescription, native: Bytes) -> (Coding, Bytes) {
    match jpeg_ls(description, &native) {
        Some(encoded) => (Coding::JpegLs, encoded),
        None => (Coding::Native, native),
    }
}

/// Every fourth pixel of every fourth row; nothing of a layout that this is not done for.
fn overview(description: &FrameDescription, native: &[u8], is_compressed: bool) -> (Coding, Bytes) {
    let pixel = usize::from(description.samples_per_pixel) * description.bytes_per_sample();
    let row = description.columns as usize * pixel;
    let is_plain = description.bits_allocated >= 8 && native.len() >= row * description.rows as usize;
    if !is_plain {
        return (Coding::Native, Bytes::new());
    }
    let rows = native.chunks_exact(row).take(description.rows as usize);
    let taken = rows
        .step_by(OVERVIEW_STEP)
        .flat_map(|row| row.chunks_exact(pixel).step_by(OVERVIEW_STEP));
    let values: Vec<u8> = taken.flatten().copied().collect();
    if !is_compressed {
        return (Coding::Native, values.into());
    }
    let small = FrameDescription {
        rows: description.rows.div_ceil(OVERVIEW_STEP as u32),
        columns: description.columns.div_ceil(OVERVIEW_STEP as u32),
        ..*description
    };
    compressed(&small, values.into())
}

/// Encodes cells whose bits above Bits Stored say nothing of their own.
fn jpeg_ls(description: &FrameDescription, native: &[u8]) -> Option<Bytes> {
    let to = TransferSyntax::JpegLsLossless;
    let is_by_pixel = description.samples_per_pixel == 1;
    let fits = matches!(description.bits_allocated, 8 | 16)
        && description.high_bit + 1 == description.bits_stored
        && is_by_pixel
        && native.len() == description.frame_bytes().ok()?;
    if !fits {
        return None;
    }
    // Values beyond their bits are refused by the encoder: then the frame travels as it is.
    let encoded = compression::encoder_for(to)?.encode(native, description).ok()?;
    (encoded.len() < native.len()).then(|| encoded.into())
}

/// Whether a chunk took work that is better not done twice.
pub(super) fn is_worth_keeping(kind: Kind, coding: Coding) -> bool {
    kind == Kind::Overview || coding == Coding::JpegLs
}

/// Chunks made lately; the oldest go first.
#[derive(Debug, Default)]
pub(crate) struct FrameCache {
    kept: Mutex<Kept>,
    held: Mutex<Held>,
    headers: Mutex<VecDeque<Arc<Header>>>,
}

/// Frames that were read and verified for a stream that will send them.
#[derive(Debug, Default)]
struct Held {
    frames: HashMap<Key, Bytes>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    chunks: HashMap<Key, (Coding, Bytes)>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl FrameCache {
    pub(super) fn get(&self, key: &Key) -> Option<(Coding, Bytes)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.chunks.get(key).cloned()
    }

    /// Gives the header with an entity tag, if it was made lately.
    pub(super) fn header(&self, etag: &str) -> Option<Arc<Header>> {
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.iter().find(|header| header.etag == etag).cloned()
    }

    pub(super) fn put_header(&self, header: Arc<Header>) {
        let mut headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        headers.push_front(header);
        while headers.iter().map(|header| header.kept_bytes()).sum::<usize>() > HEADER_BYTES {
            headers.pop_back();
        }
    }

    /// Holds a frame, where there is room.
    fn hold(&self, key: Key, native: Bytes) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.bytes + native.len() <= HELD_BYTES && !held.frames.contains_key(&key) {
            held.bytes += native.len();
            held.frames.insert(key, native);
        }
    }

    /// Gives a frame that is held, and holds it no longer.
    pub(super) fn take(&self, key: Key) -> Option<Bytes> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let native = held.frames.remove(&key)?;
        held.bytes -= native.len();
        Some(native)
    }

    /// Keeps a chunk that took work; what is given as it is stored is not kept.
    pub(super) fn put(&self, key: Key, chunk: (Coding, Bytes)) {
        if !is_worth_keeping(key.2, chunk.0) || chunk.1.len() > KEPT_BYTES / 8 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = chunk.1.len();
        if kept.chunks.insert(key, chunk).is_none() {
            kept.order.push_back(key);
            kept.bytes += bytes;
        }
        while kept.bytes > KEPT_BYTES
            && let Some(oldest) = kept.order.pop_front()
        {
            let gone = kept.chunks.remove(&oldest);
            kept.bytes -= gone.map_or(0, |(_, bytes)| bytes.len());
        }
    }
}
