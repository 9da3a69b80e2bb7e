//! Matrices of registrations (PS3.3 C.20.2.1).

use codec::Warning;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use nalgebra::{Matrix3, Vector3};

use super::{Placement, invalid};
use crate::dicom::Result;
use crate::dicom::read::attributes::Attributes as _;
use crate::dicom::registration::MatrixType;
use crate::geometry::{Affine, Patient};

const NAME: &str = "Frame of Reference Transformation Matrix";

/// How far the bottom row of a matrix may be from 0, 0, 0, 1.
const BOTTOM_ROW: f64 = 1e-6;

/// How far a matrix may be from what its type says: matrices of four decimals are met.
const AS_STATED: f64 = 1e-3;

/// The matrices of an item, one after the other.
pub(super) fn placement(item: &InMemDicomObject, warnings: &mut Vec<Warning>) -> Result<Placement> {
    let mut map = Affine::identity();
    for registration in item.items(tags::MATRIX_REGISTRATION_SEQUENCE) {
        for matrix in registration.items(tags::MATRIX_SEQUENCE) {
            map = of_item(matrix, warnings)? * map;
        }
    }
    turned(&map)?;
    Ok(Placement::Matrix {
        registered_from_source: map,
    })
}

/// The map back, which every matrix and every product of matrices must have.
pub(super) fn turned(map: &Affine<Patient, Patient>) -> Result<Affine<Patient, Patient>> {
    map.inverse().map_err(|_| {
        let found = format!("{:?} + {:?}", map.linear.as_slice(), map.origin.as_slice());
        invalid(NAME, "a map that can be turned round", found)
    })
}

/// One matrix; a warning where it is less than what its type says.
pub(super) fn of_item(
    item: &InMemDicomObject,
    warnings: &mut Vec<Warning>,
) -> Result<Affine<Patient, Patient>> {
    let map = of_numbers(&item.numbers(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX))?;
    let stated = item.text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE);
    let stated = stated.and_then(|term| MatrixType::of_term(&term));
    let found = MatrixType::within(&map, AS_STATED);
    if let Some(stated) = stated.filter(|stated| found > *stated) {
        let text = format!(
            "expected a matrix of type {}, found {}; used as it is",
            stated.term(),
            found.term()
        );
        warnings.push(Warning::new("matrix-type", text));
    }
    Ok(map)
}

/// A matrix row by row.
fn of_numbers(numbers: &[f64]) -> Result<Affine<Patient, Patient>> {
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
    turned(&map)?;
    Ok(map)
}
