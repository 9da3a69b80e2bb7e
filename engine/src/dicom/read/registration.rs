//! Spatial Registration objects (PS3.3 A.39.1, C.20.2): matrices between frames of reference.

use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use nalgebra::{Matrix3, Vector3};

use codec::dataset::{Limits, read};

use super::attributes::Attributes as _;
use crate::dicom::{Error, Result};
use crate::geometry::{Affine, Patient};

/// How far the bottom row of a matrix may be from 0, 0, 0, 1.
const BOTTOM_ROW: f64 = 1e-6;

/// Where frames of reference lie in one of them, the registered one.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Frame of Reference UID (0020,0052) of the object: the registered space.
    pub frame_of_reference_uid: String,
    /// The frames of reference registered to it, and the map from each.
    pub registered_from: Vec<(String, Affine<Patient, Patient>)>,
}

impl Registration {
    /// The map from patient space `source` to patient space `target`, by their Frame of Reference UIDs; `None`
    /// when the object does not name both.
    #[must_use]
    pub fn between(&self, target: &str, source: &str) -> Option<Affine<Patient, Patient>> {
        let (to_target, from_source) = (self.registered_from(target)?, self.registered_from(source)?);
        // Maps of an object that was read can be turned round.
        Some(to_target.inverse().ok()? * from_source)
    }

    fn registered_from(&self, uid: &str) -> Option<Affine<Patient, Patient>> {
        let found = self.registered_from.iter().find(|(known, _)| known == uid);
        let own = (uid == self.frame_of_reference_uid).then(Affine::identity);
        found.map(|(_, map)| *map).or(own)
    }
}

/// Reads a Spatial Registration object from its bytes.
///
/// Several matrices of one item follow each other in the order of the sequence. Items that name images instead of
/// a frame of reference are taken by the frame of reference they state, as the standard asks for both.
///
/// # Errors
///
/// [`Error::Invalid`] for another object, a matrix that is not 16 finite numbers with the bottom row 0, 0, 0, 1, or
/// one that cannot be turned round.
pub fn read_registration(bytes: &[u8]) -> Result<Registration> {
    let object = read(bytes, Limits::default())?.data_set;
    let class = object.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::SPATIAL_REGISTRATION_STORAGE {
        return Err(invalid("SOP Class UID", "Spatial Registration Storage", class));
    }
    let frame_of_reference_uid = object.text(tags::FRAME_OF_REFERENCE_UID);
    let frame_of_reference_uid = frame_of_reference_uid
        .ok_or_else(|| invalid("Frame of Reference UID", "a UID", "none".to_owned()))?;
    let items = object.items(tags::REGISTRATION_SEQUENCE);
    let registered_from = items.iter().filter_map(|item| of_item(item).transpose());
    Ok(Registration {
        frame_of_reference_uid,
        registered_from: registered_from.collect::<Result<_>>()?,
    })
}

fn of_item(item: &InMemDicomObject) -> Result<Option<(String, Affine<Patient, Patient>)>> {
    let Some(uid) = item.text(tags::FRAME_OF_REFERENCE_UID) else {
        return Ok(None);
    };
    let mut map = Affine::identity();
    for registration in item.items(tags::MATRIX_REGISTRATION_SEQUENCE) {
        for matrix in registration.items(tags::MATRIX_SEQUENCE) {
            map = of_matrix(&matrix.numbers(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX))? * map;
        }
    }
    Ok(Some((uid, map)))
}

/// A matrix row by row.
fn of_matrix(numbers: &[f64]) -> Result<Affine<Patient, Patient>> {
    const NAME: &str = "Frame of Reference Transformation Matrix";
    let found = || format!("{numbers:?}");
    let finite = numbers.len() == 16 && numbers.iter().all(|number| number.is_finite());
    if !finite {
        return Err(invalid(NAME, "16 finite numbers", found()));
    }
    let bottom = [0.0, 0.0, 0.0, 1.0];
    if (0..4).any(|n| (numbers[12 + n] - bottom[n]).abs() > BOTTOM_ROW) {
        return Err(invalid(NAME, "0, 0, 0, 1 as its bottom row", found()));
    }
    let linear = Matrix3::from_fn(|row, column| numbers[4 * row + column]);
    let map = Affine::new(linear, Vector3::new(numbers[3], numbers[7], numbers[11]));
    match map.inverse() {
        Ok(_) => Ok(map),
        Err(_) => Err(invalid(NAME, "a map that can be turned round", found())),
    }
}

fn invalid(attribute: &'static str, expected: &'static str, found: String) -> Error {
    Error::Invalid {
        attribute,
        expected,
        found,
    }
}
