//! Objects that hold regions, segmentations and structure sets, from their bytes.

use codec::Warning;
use codec::dataset::{Limits, Object, read};
use codec::pixels::{PixelData, PixelValue};
use dicom_dictionary_std::tags;

use super::attributes::Attributes;
use super::rtstruct::{StructureSet, read_structure_set};
use super::seg::{Segmentation, read_segmentation};
use crate::dicom::{Error, Result};

/// The regions of an object.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Regions {
    /// Masks, of a SEG.
    Segmentation(Segmentation),
    /// Contours, of an RTSTRUCT.
    StructureSet(StructureSet),
}

/// Reads the regions of a SEG or an RTSTRUCT.
///
/// # Errors
///
/// [`Error::Invalid`] for an object of another modality, else what reading it gives.
pub fn read_regions(bytes: &[u8]) -> Result<(Regions, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (regions, more) = match object.data_set.text(tags::MODALITY).as_deref() {
        Some("SEG") => segmentation(&object)?,
        Some("RTSTRUCT") => {
            let (set, warnings) = read_structure_set(&object.data_set)?;
            (Regions::StructureSet(set), warnings)
        }
        other => {
            let found = other.unwrap_or("none").to_owned();
            return Err(Error::Invalid {
                attribute: "Modality",
                expected: "SEG or RTSTRUCT",
                found,
            });
        }
    };
    let mut warnings = object.warnings;
    warnings.extend(more);
    Ok((regions, warnings))
}

fn segmentation(object: &Object<'_>) -> Result<(Regions, Vec<Warning>)> {
    let missing = Error::Missing {
        attribute: "Pixel Data",
        purpose: "read the segments",
    };
    let located = object.pixels.as_ref().ok_or(missing)?;
    let uid = &object.transfer_syntax_uid;
    let unknown = || codec::Error::Unsupported {
        uid: uid.clone(),
        name: "unknown",
        verb: "decoded",
    };
    let syntax = object.transfer_syntax.ok_or_else(unknown)?;
    let bytes = &object.bytes[located.range.clone()];
    let value = match located.announced {
        Some(_) => PixelValue::Native {
            bytes,
            vr: located.vr,
        },
        None => PixelValue::Encapsulated(bytes),
    };
    let (pixels, mut warnings) = PixelData::new(&object.data_set, syntax, located.kind, value)?;
    let (segmentation, more) = read_segmentation(&object.data_set, |frame, buffer| {
        buffer.resize(pixels.frame_bytes(), 0);
        pixels.decode_into(frame, buffer).map(|_| ())
    })?;
    warnings.extend(more);
    Ok((Regions::Segmentation(segmentation), warnings))
}
