//! Displacement grids of registrations (PS3.3 C.20.3.1).
//!
//! A place of the registered space goes through the matrix before the deformation, is moved by the displacement that
//! the grid has at the place itself, and goes through the matrix behind it: `post * (pre * x + d(x))`. Between the
//! grid's points displacements are linear; beyond the grid, of which the standard says nothing, they are 0.

use std::sync::Arc;

use codec::Warning;
use dicom_core::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use nalgebra::{Matrix3, Vector3};

use super::{Placement, invalid, matrix};
use crate::dicom::Result;
use crate::dicom::read::attributes::{Attributes as _, Tag};
use crate::geometry::{Affine, Deformation, DisplacementField, Grid, Patient, Point, Vector};

/// How far directions may be from length 1 and from a right angle.
const DIRECTION: f64 = 1e-3;

/// The matrices and the grid of an item; without a grid it is a matrix.
pub(super) fn placement(item: &InMemDicomObject, warnings: &mut Vec<Warning>) -> Result<Placement> {
    let pre = single(item, tags::PRE_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE)?;
    let post = single(item, tags::POST_DEFORMATION_MATRIX_REGISTRATION_SEQUENCE)?;
    let mut map = |item: Option<&InMemDicomObject>| match item {
        Some(item) => matrix::of_item(item, warnings),
        None => Ok(Affine::identity()),
    };
    let (pre, post) = (map(pre)?, map(post)?);
    let affine = post * pre;
    let back = matrix::turned(&affine)?;
    let Some(grid) = single(item, tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE)? else {
        matrix::turned(&back)?;
        return Ok(Placement::Matrix {
            registered_from_source: back,
        });
    };
    // post * (pre * x + d) is post * pre * (x + d seen before pre).
    let field = field_of(grid, &matrix::turned(&pre)?.linear, warnings)?;
    let source_from_registered = Deformation { field, affine };
    Ok(Placement::Deformable {
        source_from_registered,
    })
}

/// The only item of a sequence that may be absent.
fn single(object: &InMemDicomObject, tag: Tag) -> Result<Option<&InMemDicomObject>> {
    match object.items(tag) {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => {
            let found = format!("{} items of {tag}", several.len());
            Err(invalid(
                "sequence of a deformable registration",
                "one item",
                found,
            ))
        }
    }
}

/// The displacements, each multiplied by `seen`.
fn field_of(
    item: &InMemDicomObject,
    seen: &Matrix3<f64>,
    warnings: &mut Vec<Warning>,
) -> Result<DisplacementField> {
    let grid = grid_of(item)?;
    let (vectors, undefined) = vectors_of(item, &grid, seen)?;
    if undefined > 0 {
        let text = format!(
            "expected a displacement at each of {} places, found {undefined} that are undefined; taken as 0",
            grid.voxels()
        );
        warnings.push(Warning::new("undefined-displacements", text));
    }
    let field = DisplacementField::new(grid, vectors);
    field.map_err(|error| invalid("Vector Grid Data", "a displacement field", error.to_string()))
}

fn grid_of(item: &InMemDicomObject) -> Result<Grid> {
    let found = |tag| format!("{:?}", item.numbers(tag));
    let bad = |attribute, expected, tag| invalid(attribute, expected, found(tag));
    let size = item.numbers_of::<3>(tags::GRID_DIMENSIONS);
    let whole = |side: &f64| side.fract() == 0.0 && (2.0..=f64::from(u32::MAX)).contains(side);
    let size = size.filter(|size| size.iter().all(whole)).ok_or_else(|| {
        bad(
            "Grid Dimensions",
            "three sides of at least 2",
            tags::GRID_DIMENSIONS,
        )
    })?;
    let resolution = item
        .numbers_of::<3>(tags::GRID_RESOLUTION)
        .filter(|steps| steps.iter().all(|step| *step > 0.0))
        .ok_or_else(|| bad("Grid Resolution", "three positive lengths", tags::GRID_RESOLUTION))?;
    let position = item
        .numbers_of::<3>(tags::IMAGE_POSITION_PATIENT)
        .ok_or_else(|| {
            bad(
                "Image Position (Patient)",
                "three numbers",
                tags::IMAGE_POSITION_PATIENT,
            )
        })?;
    let axes = axes_of(item).ok_or_else(|| {
        let expected = "two directions at a right angle";
        bad(
            "Image Orientation (Patient)",
            expected,
            tags::IMAGE_ORIENTATION_PATIENT,
        )
    })?;
    let steps = [0, 1, 2].map(|axis| axes[axis] * resolution[axis]);
    let patient_from_voxel = Affine::from_axes(steps, Point::from(position));
    Ok(Grid::new(size.map(|side| side as usize), patient_from_voxel)?)
}

/// Directions of rows, columns and planes, the last from the others.
fn axes_of(item: &InMemDicomObject) -> Option<[Vector<Patient>; 3]> {
    let [a, b, c, d, e, f] = item.numbers_of::<6>(tags::IMAGE_ORIENTATION_PATIENT)?;
    let (row, column) = (Vector::new(a, b, c), Vector::new(d, e, f));
    let unit = |axis: Vector<Patient>| (axis.norm() - 1.0).abs() <= DIRECTION;
    let upright = unit(row) && unit(column) && row.dot(column).abs() <= DIRECTION;
    let (row, column) = (row.normalized()?, column.normalized()?);
    upright.then_some([row, column, row.cross(column).normalized()?])
}

/// The displacements of Vector Grid Data, and how many are undefined: three times not-a-number.
fn vectors_of(item: &InMemDicomObject, grid: &Grid, seen: &Matrix3<f64>) -> Result<(Arc<[[f32; 3]]>, usize)> {
    const NAME: &str = "Vector Grid Data";
    let bytes: Vec<f32>;
    let value = item
        .get(tags::VECTOR_GRID_DATA)
        .and_then(|element| element.value().primitive());
    let numbers: &[f32] = match value {
        Some(PrimitiveValue::F32(numbers)) => numbers,
        // Of a sender that stored the numbers as bytes.
        Some(PrimitiveValue::U8(raw)) => {
            let chunks = raw.chunks_exact(4);
            bytes = chunks
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            &bytes
        }
        _ => &[],
    };
    // In floating point, as the product of three sides may be beyond any integer.
    let wanted = grid.size().iter().map(|side| *side as f64).product::<f64>() * 3.0;
    if numbers.len() as f64 != wanted {
        let found = format!("{} for a grid of {:?}", numbers.len(), grid.size());
        return Err(invalid(NAME, "three numbers for each place", found));
    }
    let mut undefined = 0;
    let unseen = *seen == Matrix3::identity();
    let vectors = numbers.chunks_exact(3).map(|vector| {
        let vector = [vector[0], vector[1], vector[2]];
        if vector.iter().all(|number| number.is_nan()) {
            undefined += 1;
            return [0.0; 3];
        }
        if unseen {
            return vector;
        }
        (seen * Vector3::from(vector.map(f64::from)))
            .map(|length| length as f32)
            .into()
    });
    let vectors: Arc<[[f32; 3]]> = vectors.collect();
    Ok((vectors, undefined))
}
