//! Objects that hold regions, segmentations and structure sets, from their bytes.

use codec::Warning;
use codec::dataset::{Limits, read};

use super::instance::Instance;
use super::pixel_value::with_pixels_of;
use super::rtstruct::{StructureSet, read_structure_set};
use super::seg::{Segmentation, of_pixels};
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
    let mut instance = Instance::new(0, read(bytes, Limits::default())?);
    let (regions, more) = match instance.modality.as_str() {
        "SEG" => {
            let ((segmentation, more), warnings) =
                with_pixels_of(&instance, bytes, |pixels| of_pixels(&instance.data_set, pixels))?;
            instance.warnings.extend(warnings);
            (Regions::Segmentation(segmentation), more)
        }
        "RTSTRUCT" => {
            let (set, warnings) = read_structure_set(&instance.data_set)?;
            (Regions::StructureSet(set), warnings)
        }
        other => {
            let found = if other.is_empty() { "none" } else { other }.to_owned();
            return Err(Error::Invalid {
                attribute: "Modality",
                expected: "SEG or RTSTRUCT",
                found,
            });
        }
    };
    let mut warnings = instance.warnings;
    warnings.extend(more);
    Ok((regions, warnings))
}
