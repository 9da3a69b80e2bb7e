//! Objects in another transfer syntax: the same pixels and, element by element, the same other values.
//!
//! Text, private and unknown values stay the bytes they are. What changes is what must: Photometric Interpretation, Planar
//! Configuration and High Bit where the other compression has them otherwise, offset tables, Lossy Image Compression where
//! only the compression said so. Every object made here is read again and each of its frames compared with the source's
//! before it is given; a codec that fails, or panics, costs its own object only. Icons within sequences stay as they are.

mod behind;
mod pixels;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use codec::dataset::{self, Change, NewPixels, Object};
use codec::{TransferSyntax, compression};
use tokio::sync::Semaphore;

use crate::storage::Hash;
use behind::Behind;

/// Why an object is not given in another transfer syntax.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stored transfer syntax is not read here, or the one asked for not written.
    #[error("transfer syntax {0} cannot be made from {1}")]
    Unsupported(String, String),
    /// The object has no pixels to compress.
    #[error("an object without pixels cannot be given in {0}")]
    NoPixels(&'static str),
    /// The bits beside the pixels' values hold an overlay, which the compression asked for does not keep.
    #[error("{0} does not keep the overlay in the pixels' unused bits")]
    EmbeddedOverlay(&'static str),
    /// The object cannot be read, decoded or encoded.
    #[error(transparent)]
    Codec(#[from] codec::Error),
    /// What was made does not decode to the pixels it was made from; it is not given.
    #[error("the pixels of frame {frame} would not be the same")]
    NotIdentical {
        /// The first frame that differs, counted from 1.
        frame: u32,
    },
    /// What was made does not read as the elements it was made from; it is not given.
    #[error("the elements of the object would not be the same")]
    OtherElements,
    /// A codec ended without an answer.
    #[error("a codec failed")]
    Fault,
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much one object may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all its frames, decoded; the object made is no larger but for its data set.
    pub decoded_bytes: u64,
    /// Limits of reading its data set.
    pub data_set: dataset::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decoded_bytes: 2 << 30,
            data_set: dataset::Limits::default(),
        }
    }
}

/// Transcodes on threads that may wait, as many objects at once as there are cores; clones share the places.
#[derive(Debug, Clone)]
pub struct Transcoder {
    limits: Limits,
    places: Arc<Semaphore>,
    behind: Behind,
}

impl Default for Transcoder {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Transcoder {
    /// A transcoder within limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            limits,
            places: Arc::new(Semaphore::new(cores)),
            behind: Behind::default(),
        }
    }

    /// Gives a Part 10 object in `to`; as it is when it has that transfer syntax.
    ///
    /// # Errors
    ///
    /// As [`transcode`].
    pub async fn transcode(&self, object: Bytes, to: TransferSyntax) -> Result<Bytes> {
        let limits = self.limits;
        self.run(move || transcode(&object, to, limits)).await?
    }

    /// Runs what decodes or encodes on a thread for it, within the places that there are.
    ///
    /// # Errors
    ///
    /// [`Error::Fault`] when it panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Error::Fault)?;
        let task = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        task.await.map_err(|_| Error::Fault)
    }

    /// As [`Transcoder::run`], for work that nobody waits for: it takes only what others leave of the processors.
    ///
    /// # Errors
    ///
    /// [`Error::Fault`] when it panics.
    pub async fn run_behind<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        self.behind.run(work).await
    }
}

/// Transfer syntaxes that objects are written in here, those without compression first.
pub const WRITTEN: &[TransferSyntax] = &[
    TransferSyntax::ExplicitLittleEndian,
    TransferSyntax::ImplicitLittleEndian,
    TransferSyntax::DeflatedExplicitLittleEndian,
    TransferSyntax::Htj2kLossless,
    TransferSyntax::Htj2kLosslessRpcl,
    TransferSyntax::JpegLsLossless,
    TransferSyntax::Jpeg2000Lossless,
    TransferSyntax::JpegLosslessFirstOrder,
    TransferSyntax::RleLossless,
];

/// Whether an object stored in `from` can be given in `to`, as far as the transfer syntaxes tell.
///
/// A syntax that compresses also needs pixels that it can hold: [`transcode`] says.
#[must_use]
pub fn is_possible(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    let decoded = TransferSyntax::from_uid(from)
        .is_some_and(|from| from.is_big_endian() || compression::decoder_for(from).is_some());
    decoded && TransferSyntax::from_uid(to).is_some_and(|to| WRITTEN.contains(&to))
}

/// Gives a Part 10 object in `to`; as it is when it has that transfer syntax. It blocks: see [`Transcoder`].
///
/// # Errors
///
/// Every [`Error`]; nothing is given that was not compared with its source.
pub fn transcode(object: &Bytes, to: TransferSyntax, limits: Limits) -> Result<Bytes> {
    let made = catch_unwind(AssertUnwindSafe(|| made(object, to, limits)));
    made.unwrap_or(Err(Error::Fault))
}

fn made(bytes: &Bytes, to: TransferSyntax, limits: Limits) -> Result<Bytes> {
    let object = dataset::read(bytes, limits.data_set)?;
    let Some(from) = object
        .transfer_syntax
        .filter(|from| is_possible(from.uid(), to.uid()))
    else {
        return Err(Error::Unsupported(
            to.uid().to_owned(),
            object.transfer_syntax_uid,
        ));
    };
    if from == to {
        return Ok(bytes.clone());
    }
    let Some(location) = &object.pixels else {
        if to.is_encapsulated() {
            return Err(Error::NoPixels(to.name()));
        }
        let file = dataset::rewrite(bytes, &object, to, &[], NewPixels::Same, limits.data_set)?;
        same_elements(&object, &dataset::read(&file, limits.data_set)?, &[])?;
        return Ok(file.into());
    };
    if location.announced.is_some() && !to.is_encapsulated() {
        return native(bytes, &object, to, limits);
    }
    let new = pixels::encoded(&object, location, to, limits)?;
    let value = match &new.value {
        pixels::Value::Native { vr, bytes } => NewPixels::Native { vr: *vr, bytes },
        pixels::Value::Encapsulated(bytes) => NewPixels::Encapsulated(bytes),
    };
    let file = dataset::rewrite(bytes, &object, to, &new.changes, value, limits.data_set)?;
    let made = dataset::read(&file, limits.data_set)?;
    same_elements(&object, &made, &new.changes)?;
    pixels::prove(&made, &new)?;
    drop(made);
    Ok(file.into())
}

/// Gives the value that the pixel data of an object have without compression, little endian. It blocks, and may panic where a
/// codec does: see [`transcode`].
///
/// # Errors
///
/// [`Error::Codec`], [`Error::NoPixels`], [`Error::Unsupported`].
pub(crate) fn native_value(bytes: &[u8], limits: Limits) -> Result<Vec<u8>> {
    let to = TransferSyntax::ExplicitLittleEndian;
    let object = dataset::read(bytes, limits.data_set)?;
    let location = object.pixels.as_ref().ok_or(Error::NoPixels(to.name()))?;
    match pixels::encoded(&object, location, to, limits)?.value {
        pixels::Value::Native { bytes, .. } => Ok(bytes),
        pixels::Value::Encapsulated(_) => Err(Error::Fault),
    }
}

/// Whether a reader finds the same elements; their values were carried over as bytes.
fn same_elements(source: &Object, made: &Object, changes: &[Change]) -> Result<()> {
    let tags = |object: &Object| {
        let tags = object.data_set.iter().map(|element| element.header().tag);
        let kept = tags.filter(|tag| !changes.iter().any(|change| change.tag == *tag));
        kept.collect::<Vec<_>>()
    };
    let is_same = tags(source) == tags(made) && source.pixels.is_some() == made.pixels.is_some();
    is_same.then_some(()).ok_or(Error::OtherElements)
}

/// Uncompressed to uncompressed: the value stays, or is turned round.
fn native(bytes: &[u8], object: &Object, to: TransferSyntax, limits: Limits) -> Result<Bytes> {
    let swapped = pixels::little_endian(object);
    let value = match &swapped {
        Some((vr, bytes)) => NewPixels::Native { vr: *vr, bytes },
        None => NewPixels::Same,
    };
    let file = dataset::rewrite(bytes, object, to, &[], value, limits.data_set)?;
    let made = dataset::read(&file, limits.data_set)?;
    same_elements(object, &made, &[])?;
    let value = |object: &Object, swapped: Option<&[u8]>| {
        let location = object.pixels.as_ref()?;
        Some(Hash::of(swapped.unwrap_or(&object.bytes[location.range.clone()])))
    };
    let expected = value(object, swapped.as_ref().map(|(_, bytes)| bytes.as_slice()));
    if value(&made, None) != expected {
        return Err(Error::NotIdentical { frame: 1 });
    }
    drop(made);
    Ok(file.into())
}
