//! Small grids and masks of all kinds, for properties.

use std::sync::Arc;

use proptest::prelude::*;

use crate::geometry::{
    Affine, Deformation, DisplacementField, Grid, Patient, Point, Transform, Vector, Voxel,
};
use crate::voi::Mask;

pub(super) const SIZE: [usize; 3] = [7, 6, 5];

/// Even or uneven, upright or sheared in all planes.
pub(super) fn any_grid() -> impl Strategy<Value = Arc<Grid>> {
    let step = prop::array::uniform3(0.5..3.0f64);
    let shear = prop::option::of(prop::array::uniform3(-2.0..2.0f64));
    let gaps = prop::option::of(prop::collection::vec(0.4..2.5f64, SIZE[2] - 1));
    (step, shear, gaps).prop_map(|(step, shear, gaps)| Arc::new(grid(step, shear.unwrap_or([0.0; 3]), gaps)))
}

fn grid(step: [f64; 3], shear: [f64; 3], gaps: Option<Vec<f64>>) -> Grid {
    let axes = [
        Vector::new(step[0], 0.0, 0.0),
        Vector::new(shear[0], step[1], 0.0),
        Vector::new(shear[1], shear[2], step[2]),
    ];
    let affine = Affine::from_axes(axes, Point::new(-12.0, 7.5, 300.0));
    let Some(gaps) = gaps else {
        return Grid::new(SIZE, affine).unwrap();
    };
    let positions = (0..SIZE[2]).map(|k| gaps[..k].iter().sum()).collect();
    Grid::with_slice_positions(SIZE, affine, positions).unwrap()
}

/// From empty to full.
pub(super) fn any_mask() -> impl Strategy<Value = Mask> {
    let voxels: usize = SIZE.iter().product();
    let bits = move |part| prop::collection::vec(prop::bool::weighted(part), voxels);
    let bits = (0.0..1.0f64).prop_flat_map(bits);
    (any_grid(), bits).prop_map(|(grid, bits)| Mask::from_dense(grid, &bits).unwrap())
}

/// Bends by up to 1.2 mm along each axis around a place, on nodes 8 mm apart: it folds nowhere.
pub(super) fn any_bent(around: Point<Patient>) -> impl Strategy<Value = Transform> {
    let step = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { 8.0 } else { 0.5 }));
    let corner = around + Vector::new(-16.0, -16.0, -16.0);
    let grid = Grid::new([5; 3], Affine::from_axes([0, 1, 2].map(step), corner)).unwrap();
    let displacements = prop::collection::vec(prop::array::uniform3(-1.2..1.2f32), grid.voxels());
    let turn = (prop::array::uniform3(-1.0..1.0f64), -3.0..3.0f64);
    (displacements, turn).prop_map(move |(displacements, (axis, angle_rad))| {
        let field = DisplacementField::new(grid.clone(), displacements.into()).unwrap();
        let affine = Affine::rotation(around, Vector::from(axis), angle_rad).unwrap_or(Affine::identity());
        Deformation { field, affine }.into()
    })
}

/// An upright grid of `step` mm whose first centre is the origin.
pub(super) fn upright(size: [usize; 3], step: [f64; 3]) -> Arc<Grid> {
    let axis = |n: usize| Vector::from([0, 1, 2].map(|axis| if axis == n { step[n] } else { 0.0 }));
    let affine = Affine::from_axes([0, 1, 2].map(axis), Point::new(0.0, 0.0, 0.0));
    Arc::new(Grid::new(size, affine).unwrap())
}

/// The voxels of a grid in reading order.
pub(super) fn cells(size: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [columns, rows, slices] = size;
    (0..columns * rows * slices).map(move |n| [n % columns, n / columns % rows, n / (columns * rows)])
}

/// Where a voxel's centre lies.
pub(super) fn centre(grid: &Grid, at: [usize; 3]) -> Point<Patient> {
    grid.patient(Point::<Voxel>::from(at.map(|n| n as f64)))
}
