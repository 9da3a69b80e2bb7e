//! Registration objects (PS3.3 A.39): where images and frames of reference lie in one of them, by matrices (C.20.2) or
//! by displacements on a grid (C.20.3).

mod between;
mod deformable;
mod matrix;

use std::collections::{BTreeSet, HashMap};

use codec::Warning;
use codec::dataset::{Limits, read};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::attributes::{Attributes as _, Tag};
use super::references::{image_reference, series_of_instances};
use crate::dicom::registration::RegistrationMethod;
use crate::dicom::{Code, Error, ImageReference, Result};
use crate::geometry::{Affine, Deformation, Patient};

pub use between::Unregistered;

/// Where images and frames of reference lie in one space, the registered one.
///
/// ```
/// # fn show(fixed: &engine::dicom::write::SourceImages, moving: &engine::dicom::write::SourceImages, bytes: &[u8])
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let (registration, _) = engine::dicom::read::registration(bytes)?;
/// let moving_from_fixed = registration.between(moving, fixed)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Frame of Reference UID (0020,0052) of the object: the registered space.
    pub frame_of_reference_uid: String,
    /// Content Label (0070,0080).
    pub label: String,
    /// Content Description (0070,0081).
    pub description: String,
    /// What was registered to it.
    pub registered: Vec<Registered>,
    /// Series Instance UIDs of all images that the object names, sorted: also of those that nothing moves.
    pub series_instance_uids: Vec<String>,
}

/// Images, or a frame of reference, with their place in the registered space.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// Frame of Reference UID (0020,0052) of the data, or Source Frame of Reference UID (0064,0003); `None` where the
    /// object names images alone.
    pub frame_of_reference_uid: Option<String>,
    /// The images; empty where the object names a frame of reference alone.
    pub images: Vec<ImageReference>,
    /// What it was found by; `None` where that is not said in a code of CID 7100.
    pub method: Option<RegistrationMethod>,
    /// Frame of Reference Transformation Comment (3006,00C8); empty where there is none.
    pub comment: String,
    /// Where it lies.
    pub placement: Placement,
}

/// How one space lies in the registered one. The two kinds of object say it in opposite directions.
#[derive(Debug, Clone, PartialEq)]
pub enum Placement {
    /// By a matrix, which takes places of the data to the registered space.
    Matrix {
        /// From the data's patient space to the registered one.
        registered_from_source: Affine<Patient, Patient>,
    },
    /// By displacements, which take places of the registered space to where the data is sampled.
    Deformable {
        /// From the registered patient space to the data's.
        source_from_registered: Deformation,
    },
}

impl Registered {
    /// Series Instance UIDs of its images, each once; those that the object does not say are left out.
    #[must_use]
    pub fn series_instance_uids(&self) -> Vec<&str> {
        let series = self
            .images
            .iter()
            .map(|image| &image.reference.series_instance_uid);
        let uids: BTreeSet<&str> = series.map(String::as_str).filter(|uid| !uid.is_empty()).collect();
        uids.into_iter().collect()
    }
}

/// Whether a SOP class is one of the two that [`registration`] reads.
#[must_use]
pub fn is_registration(sop_class_uid: &str) -> bool {
    [
        uids::SPATIAL_REGISTRATION_STORAGE,
        uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE,
    ]
    .contains(&sop_class_uid)
}

/// Reads a Spatial Registration or Deformable Spatial Registration object from its bytes.
///
/// # Errors
///
/// As [`read_registration`], and [`Error::Codec`] for bytes that are no object.
pub fn registration(bytes: &[u8]) -> Result<(Registration, Vec<Warning>)> {
    let object = read(bytes, Limits::default())?;
    let (registration, mut warnings) = read_registration(&object.data_set)?;
    warnings.extend(object.warnings);
    Ok((registration, warnings))
}

/// Reads a Spatial Registration or Deformable Spatial Registration object.
///
/// Several matrices of one item follow each other in the order of the sequence (PS3.3 C.20.2.1.1). A matrix before a
/// displacement grid is taken into the displacements and the matrix behind it, with the same result to 1e-7 of a
/// displacement; displacements that the object calls undefined are 0, with a warning that counts them.
///
/// # Errors
///
/// [`Error::Invalid`] for another object, a matrix that is not 16 finite numbers with the bottom row 0, 0, 0, 1, one
/// that cannot be turned round, or a grid whose numbers, size and bytes do not fit each other.
pub fn read_registration(object: &InMemDicomObject) -> Result<(Registration, Vec<Warning>)> {
    let class = object.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if !is_registration(&class) {
        return Err(invalid("SOP Class UID", "a registration's", class));
    }
    let Some(frame_of_reference_uid) = object.text(tags::FRAME_OF_REFERENCE_UID) else {
        return Err(invalid("Frame of Reference UID", "a UID", "none".to_owned()));
    };
    let series_of = series_of_instances(object);
    let mut warnings = Vec::new();
    let mut registered = Vec::new();
    let kinds: [(Tag, Reader); 2] = [
        (tags::REGISTRATION_SEQUENCE, matrix::placement),
        (tags::DEFORMABLE_REGISTRATION_SEQUENCE, deformable::placement),
    ];
    for (tag, placement) in kinds {
        for item in object.items(tag) {
            registered.extend(registered_of(item, placement, &series_of, &mut warnings)?);
        }
    }
    let series: BTreeSet<String> = series_of.into_values().map(|(_, series)| series).collect();
    let text = |tag| object.text(tag).unwrap_or_default();
    let registration = Registration {
        sop_instance_uid: text(tags::SOP_INSTANCE_UID),
        frame_of_reference_uid,
        label: text(tags::CONTENT_LABEL),
        description: text(tags::CONTENT_DESCRIPTION),
        registered,
        series_instance_uids: series.into_iter().filter(|uid| !uid.is_empty()).collect(),
    };
    Ok((registration, warnings))
}

/// What reads the placement of an item.
type Reader = fn(&InMemDicomObject, &mut Vec<Warning>) -> Result<Placement>;

/// An item of either sequence; `None` for one that names neither images nor a frame of reference.
fn registered_of(
    item: &InMemDicomObject,
    placement: Reader,
    series_of: &HashMap<String, (String, String)>,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Registered>> {
    let uid = [tags::FRAME_OF_REFERENCE_UID, tags::SOURCE_FRAME_OF_REFERENCE_UID]
        .into_iter()
        .find_map(|tag| item.text(tag));
    let images = item.items(tags::REFERENCED_IMAGE_SEQUENCE).iter();
    let images: Vec<_> = images
        .filter_map(|image| image_reference(image, series_of))
        .collect();
    if uid.is_none() && images.is_empty() {
        let text =
            "expected images or a frame of reference in a registration's item, found neither; left out";
        warnings.push(Warning::new("nothing-registered", text));
        return Ok(None);
    }
    // Code and comment stand beside the matrices of the one kind of object, in the item of the other.
    let matrices = item.items(tags::MATRIX_REGISTRATION_SEQUENCE).iter();
    let holders: Vec<&InMemDicomObject> = matrices.chain([item]).collect();
    let code = |holder: &&InMemDicomObject| Code::of(holder, tags::REGISTRATION_TYPE_CODE_SEQUENCE);
    let comment = |holder: &&InMemDicomObject| holder.text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_COMMENT);
    let method = holders
        .iter()
        .find_map(code)
        .and_then(|code| RegistrationMethod::of(&code));
    Ok(Some(Registered {
        frame_of_reference_uid: uid,
        images,
        method,
        comment: holders.iter().find_map(comment).unwrap_or_default(),
        placement: placement(item, warnings)?,
    }))
}

fn invalid(attribute: &'static str, expected: &'static str, found: String) -> Error {
    Error::Invalid {
        attribute,
        expected,
        found,
    }
}

#[cfg(test)]
mod tests;
