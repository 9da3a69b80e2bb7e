//! A displacement field as a deformable registration's grid (PS3.3 C.20.3.1.2, C.20.3.1.3).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use crate::dicom::write::{Dataset, Error};
use crate::geometry::{DisplacementField, Grid, Point, Vector};

/// How far a place of the grid may be from where the object says it is, mm.
const SAME_PLACE_MM: f64 = 0.01;

/// The item of Deformable Registration Grid Sequence.
///
/// Planes follow each other in the direction of rows times columns, the only one that the object can say: those of a
/// grid that counts the other way are stored in reverse.
pub(super) fn item(field: &DisplacementField) -> Result<Dataset, Error> {
    let grid = field.grid();
    let reversed = is_reversed(grid);
    let (row, column) = (grid.row_direction(), grid.column_direction());
    let orientation = [row[0], row[1], row[2], column[0], column[1], column[2]];
    let first_plane = if reversed { grid.size()[2] - 1 } else { 0 };
    let position = grid.patient(Point::new(0.0, 0.0, first_plane as f64));
    check_upright(grid, reversed)?;
    let sides = grid.size().map(u32::try_from);
    let values = grid.size().iter().try_fold(3u32, |product, side| {
        product.checked_mul(u32::try_from(*side).ok()?)
    });
    let ([Ok(columns), Ok(rows), Ok(planes)], Some(_)) =
        (sides, values.and_then(|values| values.checked_mul(4)))
    else {
        let found = format!("{:?}", grid.size());
        return Err(Error::invalid("grid of a registration", "below 4 GiB", found));
    };
    let mut item = Dataset::new();
    item.decimals(
        tags::IMAGE_POSITION_PATIENT,
        &[position[0], position[1], position[2]],
    )
    .decimals(tags::IMAGE_ORIENTATION_PATIENT, &orientation)
    .longs(tags::GRID_DIMENSIONS, &[columns, rows, planes])
    .doubles(tags::GRID_RESOLUTION, &grid.spacing_mm())
    .value(tags::VECTOR_GRID_DATA, VR::OF, vectors(field, reversed));
    Ok(item)
}

/// Whether planes count against rows times columns.
fn is_reversed(grid: &Grid) -> bool {
    grid.row_direction()
        .cross(grid.column_direction())
        .dot(grid.slice_direction())
        < 0.0
}

/// Fails where places of the grid are not those that the object describes: axes at right angles.
fn check_upright(grid: &Grid, reversed: bool) -> Result<(), Error> {
    let size = grid.size().map(|side| side as f64 - 1.0);
    let steps = grid.spacing_mm();
    let (row, column) = (grid.row_direction(), grid.column_direction());
    let normal = row.cross(column).normalized().unwrap_or(grid.slice_direction());
    let normal = if reversed { -normal } else { normal };
    let described = |at: [f64; 3]| -> Vector<crate::geometry::Patient> {
        row * (at[0] * steps[0]) + column * (at[1] * steps[1]) + normal * (at[2] * steps[2])
    };
    let origin = grid.patient(Point::new(0.0, 0.0, 0.0));
    let far = grid.patient(size.into());
    let off_mm = ((far - origin) - described(size)).norm();
    // The rows and columns of an oblique pair would be told, but no reader expects them.
    let across_mm = row.dot(column).abs() * size[0].max(size[1]) * steps[0].max(steps[1]);
    if off_mm.max(across_mm) > SAME_PLACE_MM {
        let found = format!("places up to {:.3} mm away", off_mm.max(across_mm));
        return Err(Error::invalid(
            "grid of a registration",
            "axes at right angles",
            found,
        ));
    }
    Ok(())
}

fn vectors(field: &DisplacementField, reversed: bool) -> PrimitiveValue {
    let [columns, rows, planes] = field.grid().size();
    let vectors = field.displacements_mm();
    let plane = |k: usize| {
        let k = if reversed { planes - 1 - k } else { k };
        vectors[k * columns * rows..][..columns * rows]
            .iter()
            .flatten()
            .copied()
    };
    PrimitiveValue::F32((0..planes).flat_map(plane).collect())
}
