//! The pixel data of an instance, from its source to the codec.

use std::borrow::Cow;

use codec::dataset::{Limits, PixelLocation};
use codec::pixels::{PixelData, PixelValue};
use codec::{TransferSyntax, Warning};

use super::instance::Instance;
use super::source::{InMemory, Source};
use crate::dicom::{Error, Result};

/// Reads an instance's pixel data and hands it to `work`; gives what that returns, and what was odd.
///
/// # Errors
///
/// [`Error::Missing`] for an object without pixel data, [`Error::Source`] and [`Error::Codec`] as they come, and what
/// `work` returns.
pub fn with_pixels<T>(
    instance: &Instance,
    source: &dyn Source,
    buffer: &mut Vec<u8>,
    work: impl FnOnce(&PixelData<'_>) -> Result<T>,
) -> Result<(T, Vec<Warning>)> {
    fill(instance, source, buffer)?;
    with_filled(instance, buffer, work)
}

/// The bytes of the instance that was read last: the frames of one object are decoded without reading it again.
#[derive(Debug, Default)]
pub struct LastRead {
    key: Option<usize>,
    buffer: Vec<u8>,
}

impl LastRead {
    /// As [`with_pixels`].
    ///
    /// # Errors
    ///
    /// As [`with_pixels`].
    pub fn with_pixels<T>(
        &mut self,
        instance: &Instance,
        source: &dyn Source,
        work: impl FnOnce(&PixelData<'_>) -> Result<T>,
    ) -> Result<(T, Vec<Warning>)> {
        if self.key != Some(instance.key) {
            self.key = None;
            fill(instance, source, &mut self.buffer)?;
            self.key = Some(instance.key);
        }
        with_filled(instance, &self.buffer, work)
    }
}

fn located(instance: &Instance) -> Result<(&PixelLocation, TransferSyntax)> {
    let located = instance.pixels.as_ref().ok_or(Error::Missing {
        attribute: "Pixel Data",
        purpose: "decode",
    })?;
    let syntax = instance
        .transfer_syntax
        .ok_or_else(|| codec::Error::Unsupported {
            uid: instance.transfer_syntax_uid.clone(),
            name: "unknown",
            verb: "decoded",
        })?;
    Ok((located, syntax))
}

/// Reads the part of an instance that has its pixel data.
fn fill(instance: &Instance, source: &dyn Source, buffer: &mut Vec<u8>) -> Result<()> {
    let (located, syntax) = located(instance)?;
    let encapsulated = located.announced.is_none();
    let range = if syntax.is_deflated() {
        0..u64::MAX
    } else if encapsulated {
        located.range.start as u64..u64::MAX
    } else {
        located.range.start as u64..located.range.end as u64
    };
    source
        .read(instance.key, range, buffer)
        .map_err(|reason| Error::Source {
            key: instance.key,
            reason,
        })
}

fn with_filled<T>(
    instance: &Instance,
    buffer: &[u8],
    work: impl FnOnce(&PixelData<'_>) -> Result<T>,
) -> Result<(T, Vec<Warning>)> {
    let (located, syntax) = located(instance)?;
    let value = value_of(buffer, located, syntax.is_deflated())?;
    with_value(instance, syntax, located, &value, work)
}

/// As [`with_pixels`], for an instance whose bytes are at hand: the value is not copied.
pub(super) fn with_pixels_of<T>(
    instance: &Instance,
    bytes: &[u8],
    work: impl FnOnce(&PixelData<'_>) -> Result<T>,
) -> Result<(T, Vec<Warning>)> {
    let plain = instance.transfer_syntax.filter(|syntax| !syntax.is_deflated());
    let located = plain.zip(instance.pixels.as_ref());
    let value = located.and_then(|(_, located)| match located.announced {
        Some(_) => bytes.get(located.range.clone()),
        None => bytes.get(located.range.start..),
    });
    match (located, value) {
        (Some((syntax, located)), Some(value)) => with_value(instance, syntax, located, value, work),
        _ => with_pixels(instance, &InMemory(&[bytes]), &mut Vec::new(), work),
    }
}

/// As [`with_pixels`], with the value of the pixel data at hand.
fn with_value<T>(
    instance: &Instance,
    syntax: TransferSyntax,
    located: &PixelLocation,
    value: &[u8],
    work: impl FnOnce(&PixelData<'_>) -> Result<T>,
) -> Result<(T, Vec<Warning>)> {
    let value = if located.announced.is_none() {
        PixelValue::Encapsulated(value)
    } else {
        PixelValue::Native {
            bytes: value,
            vr: located.vr,
        }
    };
    let (pixels, warnings) = PixelData::new(&instance.data_set, syntax, located.kind, value)?;
    let result = work(&pixels)?;
    Ok((result, warnings))
}

/// The value's bytes within what was read; a deflated data set is inflated again.
fn value_of<'b>(buffer: &'b [u8], located: &PixelLocation, deflated: bool) -> Result<Cow<'b, [u8]>> {
    if !deflated {
        return Ok(Cow::Borrowed(buffer));
    }
    let object = codec::dataset::read(buffer, Limits::default())?;
    let range = object.pixels.map_or(located.range.clone(), |pixels| pixels.range);
    let bytes = object.bytes.get(range).ok_or(Error::Missing {
        attribute: "Pixel Data",
        purpose: "decode",
    })?;
    Ok(Cow::Owned(bytes.to_vec()))
}
