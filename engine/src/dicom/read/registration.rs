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
/// Several matrices of one item follow each other in the order of the sequence. Items that name no frame of
/// reference, only images, are left out.
///
/// # Errors
///
/// [`Error::Invalid`] for another object, a matrix that is not 16 finite numbers with the bottom row 0, 0, 0, 1, or
/// one that cannot be turned round.
pub fn read_registration(bytes: &[u8]) -> Result<Registration> {
    of_object(&read(bytes, Limits::default())?.data_set)
}

fn of_object(object: &InMemDicomObject) -> Result<Registration> {
    let class = object.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if class != uids::SPATIAL_REGISTRATION_STORAGE {
        return Err(invalid("SOP Class UID", "Spatial Registration Storage", class));
    }
    let Some(frame_of_reference_uid) = object.text(tags::FRAME_OF_REFERENCE_UID) else {
        return Err(invalid("Frame of Reference UID", "a UID", "none".to_owned()));
    };
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

#[cfg(test)]
mod tests {
    use dicom_core::value::DataSetSequence;
    use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
    use dicom_dictionary_std::{tags, uids};
    use dicom_object::InMemDicomObject;
    use dicom_object::mem::InMemElement;

    use super::{of_object, read_registration};
    use crate::dicom::Error;
    use crate::geometry::{Patient, Point};

    fn text(tag: Tag, value: &str) -> InMemElement {
        DataElement::new(tag, VR::LO, PrimitiveValue::from(value))
    }

    fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
        DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
    }

    fn item<const N: usize>(elements: [InMemElement; N]) -> InMemDicomObject {
        InMemDicomObject::from_element_iter(elements)
    }

    fn registered(uid: &str, matrices: &[&str]) -> InMemDicomObject {
        let matrix = |matrix: &&str| item([text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX, matrix)]);
        let matrices = sequence(tags::MATRIX_SEQUENCE, matrices.iter().map(matrix).collect());
        let registration = sequence(tags::MATRIX_REGISTRATION_SEQUENCE, vec![item([matrices])]);
        item([text(tags::FRAME_OF_REFERENCE_UID, uid), registration])
    }

    fn object(class: &str, items: Vec<InMemDicomObject>) -> InMemDicomObject {
        item([
            text(tags::SOP_CLASS_UID, class),
            text(tags::FRAME_OF_REFERENCE_UID, "1.1"),
            sequence(tags::REGISTRATION_SEQUENCE, items),
        ])
    }

    /// A quarter turn about z, and a step along x.
    const TURN: &str = "0\\-1\\0\\0\\1\\0\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1";
    const STEP: &str = "1\\0\\0\\5\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1";

    #[test]
    fn maps_lead_from_any_named_space_to_any_other() {
        let items = vec![registered("1.2", &[TURN, STEP]), registered("1.3", &[STEP])];
        let registration = of_object(&object(uids::SPATIAL_REGISTRATION_STORAGE, items)).unwrap();
        let place = Point::<Patient>::new(1.0, 2.0, 3.0);
        let map = |target, source| registration.between(target, source).unwrap() * place;
        // The turn first: x, y becomes -y, x; then five to the left.
        assert_eq!(map("1.1", "1.2"), Point::new(3.0, 1.0, 3.0));
        assert_eq!(map("1.3", "1.2"), Point::new(-2.0, 1.0, 3.0));
        assert_eq!(map("1.2", "1.1"), Point::new(2.0, 4.0, 3.0));
        assert_eq!(registration.between("1.1", "1.9"), None);
    }

    #[test]
    fn what_is_no_registration_says_so() {
        let failed = |object: &InMemDicomObject| of_object(object).unwrap_err().to_string();
        assert!(
            failed(&object(uids::ENHANCED_PET_IMAGE_STORAGE, Vec::new()))
                .contains("expected Spatial Registration Storage")
        );
        let with = |matrix: &str| {
            failed(&object(
                uids::SPATIAL_REGISTRATION_STORAGE,
                vec![registered("1.2", &[matrix])],
            ))
        };
        assert!(with("1\\0\\0").contains("16 finite numbers"));
        assert!(with(&TURN.replace("-1", "x")).contains("16 finite numbers"));
        assert!(with(&format!("{}2", &STEP[..STEP.len() - 1])).contains("bottom row"));
        assert!(with(&STEP.replace("5", "0").replacen('1', "0", 1)).contains("turned round"));
        assert!(matches!(
            read_registration(b"no DICOM"),
            Err(Error::Invalid { .. } | Error::Codec(_))
        ));
    }
}
