//! Displacements on a grid.

use std::sync::Arc;

use nalgebra::{Matrix3, Vector3};

use super::affine::Affine;
use super::grid::Grid;
use super::space::{Patient, Point, Vector, Voxel};

/// Why displacements do not make a field.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The number of displacements is not that of the grid.
    #[error("a grid of {expected} voxels needs as many displacements, found {found}")]
    Count {
        /// Voxels of the grid.
        expected: usize,
        /// Displacements given.
        found: usize,
    },
    /// A displacement is not finite.
    #[error("displacements must be finite, found {found:?} at index {index}")]
    NotFinite {
        /// Index in reading order.
        index: usize,
        /// What stands there, mm.
        found: [f32; 3],
    },
    /// There is nothing between the voxel centres of one layer.
    #[error("a displacement field needs two voxels a side, found {0} x {1} x {2}")]
    TooThin(usize, usize, usize),
    /// Slices lie unevenly.
    #[error("the slices of a displacement field must lie evenly")]
    Uneven,
}

/// Displacements in mm (LPS) at the voxel centres of a grid in patient space. Cloning shares them.
///
/// Between the centres they are linear along each axis of the grid. Outside the grid they are 0: they fade from the
/// outermost centres over one step, so that the field has no jump anywhere. The grid may be oblique and sheared;
/// its slices lie evenly.
#[derive(Clone, PartialEq)]
pub struct DisplacementField {
    grid: Arc<Grid>,
    displacements_mm: Arc<[[f32; 3]]>,
}

/// Without its displacements, which are millions.
impl std::fmt::Debug for DisplacementField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DisplacementField")
            .field("grid", &self.grid)
            .field("largest_mm", &self.largest_mm())
            .finish_non_exhaustive()
    }
}

/// The displacements at the corners of one cell, and where in it a point lies.
struct Cell {
    corners: [Vector3<f64>; 8],
    fraction: [f64; 3],
}

impl DisplacementField {
    /// Puts displacements, in reading order (columns fastest, then rows, then slices), on a grid.
    ///
    /// # Errors
    ///
    /// [`FieldError`] when the counts differ, a displacement is not finite, the grid has a side of one voxel, or
    /// its slices lie unevenly.
    pub fn new(grid: Grid, displacements_mm: Arc<[[f32; 3]]>) -> Result<Self, FieldError> {
        let [columns, rows, slices] = grid.size();
        if grid.size().iter().any(|&side| side < 2) {
            return Err(FieldError::TooThin(columns, rows, slices));
        }
        if grid.slice_positions().is_some() {
            return Err(FieldError::Uneven);
        }
        if displacements_mm.len() != grid.voxels() {
            return Err(FieldError::Count {
                expected: grid.voxels(),
                found: displacements_mm.len(),
            });
        }
        let finite = |displacement: &[f32; 3]| displacement.iter().all(|value| value.is_finite());
        if let Some(index) = displacements_mm.iter().position(|found| !finite(found)) {
            let found = displacements_mm[index];
            return Err(FieldError::NotFinite { index, found });
        }
        Ok(Self {
            grid: grid.into(),
            displacements_mm,
        })
    }

    /// Where the displacements stand.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The displacements in reading order, mm along the axes of patient space.
    #[must_use]
    pub fn displacements_mm(&self) -> &Arc<[[f32; 3]]> {
        &self.displacements_mm
    }

    /// The longest displacement, mm.
    #[must_use]
    pub fn largest_mm(&self) -> f64 {
        let lengths = self.displacements_mm.iter().map(|&found| vector(found).norm());
        lengths.fold(0.0, f64::max)
    }

    /// The displacement at a place, mm.
    #[must_use]
    pub fn at(&self, point: Point<Patient>) -> Vector<Patient> {
        let Some(cell) = self.cell(self.grid.voxel(point)) else {
            return Vector::new(0.0, 0.0, 0.0);
        };
        cell.displacement().into()
    }

    /// Derivatives of `x + field(x)` at a place; the identity outside the grid.
    #[must_use]
    pub fn jacobian(&self, point: Point<Patient>) -> Matrix3<f64> {
        let Some(cell) = self.cell(self.grid.voxel(point)) else {
            return Matrix3::identity();
        };
        Matrix3::identity() + cell.derivatives() * self.grid.voxel_from_patient().linear
    }

    /// A lower bound of the determinant of [`DisplacementField::jacobian`] between the outermost voxel centres;
    /// above 0 the field folds nowhere there.
    ///
    /// In each cell the determinant is a polynomial of degree 2 along each axis, and nowhere below the smallest of
    /// its 27 Bernstein coefficients. Eight of them are the values at the corners, so that the bound is close where
    /// the field is smooth. The step over which the field fades to 0 outside the grid is left out: an object that
    /// ends with the image says nothing of what lies beyond.
    #[must_use]
    pub fn smallest_jacobian(&self) -> f64 {
        let axes = self.grid.patient_from_voxel().linear;
        let [columns, rows, slices] = self.grid.size();
        let mut smallest = f64::INFINITY;
        for k in 0..slices - 1 {
            for j in 0..rows - 1 {
                for i in 0..columns - 1 {
                    let corners = self.corners([i as isize, j as isize, k as isize]);
                    smallest = smallest.min(smallest_determinant(&corners, &axes));
                }
            }
        }
        smallest / axes.determinant().abs()
    }

    /// The field whose displacement, followed by `affine`, does what `affine` followed by this field does; `None`
    /// when `affine` cannot be turned round.
    pub(super) fn seen_through(&self, affine: Affine<Patient, Patient>) -> Option<Self> {
        let back = affine.inverse().ok()?;
        let grid = Grid::new(self.grid.size(), back * *self.grid.patient_from_voxel()).ok()?;
        let carried =
            |&displacement: &[f32; 3]| (back.linear * vector(displacement)).map(|v| v as f32).into();
        Self::new(grid, self.displacements_mm.iter().map(carried).collect()).ok()
    }

    /// The cell around a voxel coordinate; `None` a step or more outside the outermost centres.
    #[inline]
    fn cell(&self, voxel: Point<Voxel>) -> Option<Cell> {
        let size = self.grid.size();
        let mut low = [0isize; 3];
        let mut fraction = [0.0; 3];
        for axis in 0..3 {
            let floor = voxel[axis].floor();
            // Not-a-number is outside too.
            if !(floor >= -1.0 && floor < size[axis] as f64) {
                return None;
            }
            low[axis] = floor as isize;
            fraction[axis] = voxel[axis] - floor;
        }
        let corners = self.corners(low);
        Some(Cell { corners, fraction })
    }

    /// Displacements at the corners of the cell that begins at a voxel; 0 where a corner lies outside the grid.
    #[inline]
    fn corners(&self, low: [isize; 3]) -> [Vector3<f64>; 8] {
        let [columns, rows, slices] = self.grid.size();
        std::array::from_fn(|corner| {
            let [i, j, k] = [0, 1, 2].map(|axis| (low[axis] + (corner >> axis & 1) as isize) as usize);
            // A corner below 0 has become a very large number.
            if i >= columns || j >= rows || k >= slices {
                return Vector3::zeros();
            }
            vector(self.displacements_mm[(k * rows + j) * columns + i])
        })
    }
}

impl Cell {
    /// The displacement, linear along each axis.
    #[inline]
    fn displacement(&self) -> Vector3<f64> {
        let [u, v, w] = self.fraction;
        let edge = |at: usize| self.corners[at].lerp(&self.corners[at + 1], u);
        let face = |at: usize| edge(at).lerp(&edge(at + 2), v);
        face(0).lerp(&face(4), w)
    }

    /// Derivatives of the displacement by the voxel coordinates, one a column.
    fn derivatives(&self) -> Matrix3<f64> {
        let along = |axis: usize| {
            let (first, second) = ((axis + 1) % 3, (axis + 2) % 3);
            let edge = |a: usize, b: usize| {
                let low = a << first | b << second;
                self.corners[low | 1 << axis] - self.corners[low]
            };
            let (a, b) = (self.fraction[first], self.fraction[second]);
            let near = edge(0, 0).lerp(&edge(1, 0), a);
            near.lerp(&edge(0, 1).lerp(&edge(1, 1), a), b)
        };
        Matrix3::from_columns(&[along(0), along(1), along(2)])
    }
}

/// The smallest Bernstein coefficient of the determinant in a cell, in mm³ a voxel, counted positive where the map
/// keeps the sense of the axes.
///
/// The derivative along an axis does not depend on that axis, and is linear along the two others. A product of two
/// linear Bernstein polynomials of index a and b is one of degree 2 of index a + b, by a half when a and b differ.
fn smallest_determinant(corners: &[Vector3<f64>; 8], axes: &Matrix3<f64>) -> f64 {
    let edge = |axis: usize, low: usize| axes.column(axis) + corners[low | 1 << axis] - corners[low];
    let half = |a: usize, b: usize| if a == b { 1.0 } else { 0.5 };
    let mut coefficients = [0.0; 27];
    for (bu, bw, cu, cv) in (0..16).map(|n| (n & 1, n >> 1 & 1, n >> 2 & 1, n >> 3 & 1)) {
        let face = edge(1, bu | bw << 2).cross(&edge(2, cu | cv << 1));
        for (av, aw) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let weight = half(bu, cu) * half(av, cv) * half(aw, bw);
            let index = (bu + cu) + 3 * (av + cv) + 9 * (aw + bw);
            coefficients[index] += weight * edge(0, av << 1 | aw << 2).dot(&face);
        }
    }
    let sense = axes.determinant().signum();
    coefficients
        .iter()
        .fold(f64::INFINITY, |low, value| low.min(sense * value))
}

fn vector(displacement: [f32; 3]) -> Vector3<f64> {
    Vector3::from(displacement.map(f64::from))
}

#[cfg(test)]
mod tests {
    use nalgebra::Matrix3;

    use crate::geometry::{Affine, DisplacementField, FieldError, Grid, Patient, Point, Vector, Voxel};

    fn grid(size: [usize; 3]) -> Grid {
        let axes = [
            Vector::new(0.0, 4.0, 0.0),
            Vector::new(-3.0, 0.0, 1.0),
            Vector::new(0.0, 0.5, 5.0),
        ];
        Grid::new(size, Affine::from_axes(axes, Point::new(-10.0, 5.0, 100.0))).unwrap()
    }

    /// A field that is linear in patient space.
    fn linear() -> DisplacementField {
        let grid = grid([4, 5, 3]);
        let displacements = (0..grid.voxels()).map(|n| {
            let at = grid.patient([(n % 4) as f64, (n / 4 % 5) as f64, (n / 20) as f64].into());
            let [x, y, z] = [at[0], at[1], at[2]];
            [0.1 * x + 0.2 * y, 0.3 * z - 0.05 * x, -0.1 * z].map(|v| v as f32)
        });
        DisplacementField::new(grid.clone(), displacements.collect()).unwrap()
    }

    #[test]
    fn a_linear_field_is_met_between_centres() {
        let field = linear();
        let at = field.grid().patient(Point::<Voxel>::new(1.3, 2.8, 0.6));
        let wanted = Vector::new(
            0.1 * at[0] + 0.2 * at[1],
            0.3 * at[2] - 0.05 * at[0],
            -0.1 * at[2],
        );
        assert!((field.at(at) - wanted).norm() < 1e-5, "{:?}", field.at(at));
        let wanted = Matrix3::new(1.1, 0.2, 0.0, -0.05, 1.0, 0.3, 0.0, 0.0, 0.9);
        assert!((field.jacobian(at) - wanted).norm() < 1e-5);
        assert!((field.smallest_jacobian() - wanted.determinant()).abs() < 1e-5);
    }

    #[test]
    fn it_fades_to_zero_outside() {
        let field = linear();
        let at = |i: f64| field.at(field.grid().patient(Point::<Voxel>::new(i, 2.0, 1.0)));
        assert!((at(-0.25) - at(0.0) * 0.75).norm() < 1e-9);
        for outside in [-1.0, 4.0, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(at(outside).norm(), 0.0, "{outside}");
        }
        assert!(field.largest_mm() >= at(0.0).norm());
    }

    #[test]
    fn the_bound_is_below_every_determinant() {
        let grid = grid([3, 3, 3]);
        for seed in 1..60u32 {
            let noise = |n: usize| {
                let mixed = (n as u32 + 1).wrapping_mul(seed.wrapping_mul(2_654_435_761) | 1) >> 8;
                mixed as f32 / 8_388_608.0 - 1.0
            };
            let displacements = (0..27).map(|n| [noise(3 * n), noise(3 * n + 1), noise(3 * n + 2)]);
            let field = DisplacementField::new(grid.clone(), displacements.collect()).unwrap();
            let bound = field.smallest_jacobian();
            let fifth = |n: usize| (n as f64 + 0.5) / 5.0;
            let determinants = (0..1000).map(|n| {
                let voxel = Point::<Voxel>::new(fifth(n % 10), fifth(n / 10 % 10), fifth(n / 100));
                field.jacobian(grid.patient(voxel)).determinant()
            });
            let smallest = determinants.fold(f64::INFINITY, f64::min);
            assert!(
                bound <= smallest + 1e-9,
                "seed {seed}: bound {bound} above {smallest}"
            );
            assert!(
                bound > smallest - 0.5,
                "seed {seed}: bound {bound} far below {smallest}"
            );
        }
    }

    #[test]
    fn a_fold_is_seen() {
        let grid = grid([3, 3, 3]);
        let mut displacements = vec![[0.0; 3]; 27];
        displacements[13] = [0.0, 4.1, 0.0];
        let folded = DisplacementField::new(grid, displacements.into()).unwrap();
        assert!(folded.smallest_jacobian() < 0.0, "{}", folded.smallest_jacobian());
    }

    #[test]
    fn a_mirrored_grid_is_no_fold() {
        let axes = [
            Vector::new(2.0, 0.0, 0.0),
            Vector::new(0.0, 2.0, 0.0),
            Vector::new(0.0, 0.0, -2.0),
        ];
        let grid = Grid::new([2, 2, 2], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
        let field = DisplacementField::new(grid, vec![[1.0; 3]; 8].into()).unwrap();
        assert!((field.smallest_jacobian() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        let made = |grid: Grid, count: usize, value: f32| {
            DisplacementField::new(grid, vec![[0.0, value, 0.0]; count].into()).map(|_| ())
        };
        let refused = made(grid([2, 2, 2]), 7, 0.0);
        assert_eq!(
            refused,
            Err(FieldError::Count {
                expected: 8,
                found: 7
            })
        );
        assert_eq!(made(grid([2, 1, 2]), 4, 0.0), Err(FieldError::TooThin(2, 1, 2)));
        for value in [f32::NAN, f32::INFINITY] {
            let refused = made(grid([2, 2, 2]), 8, value);
            assert!(
                matches!(refused, Err(FieldError::NotFinite { index: 0, .. })),
                "{refused:?}"
            );
        }
        let even: Affine<Patient, Voxel> = *grid([2, 2, 3]).patient_from_voxel();
        let uneven = Grid::with_slice_positions([2, 2, 3], even, vec![0.0, 1.0, 3.0]).unwrap();
        assert_eq!(made(uneven, 12, 0.0), Err(FieldError::Uneven));
    }
}
