//! Where the voxels of a volume lie in patient space.

use super::affine::{Affine, SingularError};
use super::space::{Patient, Point, Vector, Voxel};

/// Why a grid cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The axes do not span space.
    #[error(transparent)]
    Singular(#[from] SingularError),
    /// A side has no voxels.
    #[error("a grid needs at least one voxel a side, found {0} x {1} x {2}")]
    Empty(usize, usize, usize),
    /// Slice positions are not one a slice, rising from 0.
    #[error("slice positions must rise from 0, one for each of {slices} slices, found {found}")]
    SlicePositions {
        /// Slices in the grid.
        slices: usize,
        /// What was given.
        found: String,
    },
}

/// The places of a volume's voxel centres: sheared and oblique stacks included.
///
/// Slices may lie unevenly; the third voxel coordinate then runs linearly between neighbouring slices,
/// so that coordinate `k` is always the centre of slice `k`.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    size: [usize; 3],
    patient_from_voxel: Affine<Patient, Voxel>,
    voxel_from_patient: Affine<Voxel, Patient>,
    slice_positions: Option<Vec<f64>>,
}

impl Grid {
    /// Makes a grid of `size` voxels (columns, rows, slices) at even distances.
    ///
    /// # Errors
    ///
    /// [`GridError`] for an empty side or axes that do not span space.
    pub fn new(size: [usize; 3], patient_from_voxel: Affine<Patient, Voxel>) -> Result<Self, GridError> {
        if size.contains(&0) {
            return Err(GridError::Empty(size[0], size[1], size[2]));
        }
        let voxel_from_patient = patient_from_voxel.inverse()?;
        Ok(Self {
            size,
            patient_from_voxel,
            voxel_from_patient,
            slice_positions: None,
        })
    }

    /// Makes a grid whose slice `k` lies at `slice_positions[k]` steps of the third axis.
    ///
    /// # Errors
    ///
    /// [`GridError::SlicePositions`] unless there is one position a slice, rising from 0; else as [`Grid::new`].
    pub fn with_slice_positions(
        size: [usize; 3],
        patient_from_voxel: Affine<Patient, Voxel>,
        slice_positions: Vec<f64>,
    ) -> Result<Self, GridError> {
        let mut grid = Self::new(size, patient_from_voxel)?;
        let rising = slice_positions.windows(2).all(|pair| pair[0] < pair[1])
            && slice_positions.iter().all(|p| p.is_finite());
        if slice_positions.len() != size[2] || slice_positions[0] != 0.0 || !rising {
            let found = format!(
                "{} positions from {:?}",
                slice_positions.len(),
                slice_positions.first()
            );
            return Err(GridError::SlicePositions {
                slices: size[2],
                found,
            });
        }
        let even = slice_positions
            .iter()
            .enumerate()
            .all(|(k, p)| (p - k as f64).abs() < 1e-9);
        grid.slice_positions = (!even).then_some(slice_positions);
        Ok(grid)
    }

    /// Columns, rows, slices.
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// Number of voxels.
    #[must_use]
    pub fn voxels(&self) -> usize {
        self.size.iter().product()
    }

    /// The transform of voxel positions at even distances; uneven slices differ from it, see [`Grid::patient`].
    #[must_use]
    pub fn patient_from_voxel(&self) -> &Affine<Patient, Voxel> {
        &self.patient_from_voxel
    }

    /// Inverse of [`Grid::patient_from_voxel`].
    #[must_use]
    pub fn voxel_from_patient(&self) -> &Affine<Voxel, Patient> {
        &self.voxel_from_patient
    }

    /// Positions of uneven slices in steps of the third axis; `None` when they lie evenly.
    #[must_use]
    pub fn slice_positions(&self) -> Option<&[f64]> {
        self.slice_positions.as_deref()
    }

    /// Place of a voxel coordinate (fractions allowed), LPS in mm.
    #[must_use]
    pub fn patient(&self, voxel: Point<Voxel>) -> Point<Patient> {
        let position = self.position_from_slice(voxel[2]);
        self.patient_from_voxel * Point::<Voxel>::new(voxel[0], voxel[1], position)
    }

    /// Voxel coordinate (fractions allowed, outside the grid too) of a place.
    #[must_use]
    pub fn voxel(&self, patient: Point<Patient>) -> Point<Voxel> {
        let even = self.voxel_from_patient * patient;
        Point::new(even[0], even[1], self.slice_from_position(even[2]))
    }

    /// Position, in steps of the third axis, of slice coordinate `slice`.
    #[must_use]
    pub fn position_from_slice(&self, slice: f64) -> f64 {
        let Some(positions) = &self.slice_positions else {
            return slice;
        };
        if positions.len() == 1 {
            return slice;
        }
        let below = (slice.floor().max(0.0) as usize).min(positions.len() - 2);
        positions[below] + (slice - below as f64) * (positions[below + 1] - positions[below])
    }

    /// Slice coordinate of a position in steps of the third axis; inverse of [`Grid::position_from_slice`].
    #[must_use]
    pub fn slice_from_position(&self, position: f64) -> f64 {
        let Some(positions) = &self.slice_positions else {
            return position;
        };
        if positions.len() == 1 {
            return position;
        }
        let above = positions
            .partition_point(|p| *p <= position)
            .clamp(1, positions.len() - 1);
        let (low, high) = (positions[above - 1], positions[above]);
        (above - 1) as f64 + (position - low) / (high - low)
    }

    /// Distances between neighbouring voxel centres along columns, rows and slices, mm.
    ///
    /// Of uneven slices it is the median distance; of a sheared stack it is measured along the shear.
    #[must_use]
    pub fn spacing_mm(&self) -> [f64; 3] {
        let mut spacing = [0, 1, 2].map(|axis| self.patient_from_voxel.axis(axis).norm());
        if let Some(positions) = &self.slice_positions {
            let mut steps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
            steps.sort_by(f64::total_cmp);
            spacing[2] *= steps[steps.len() / 2];
        }
        spacing
    }

    /// Direction of the rows (where columns count up), of length 1.
    #[must_use]
    pub fn row_direction(&self) -> Vector<Patient> {
        self.unit_axis(0)
    }

    /// Direction of the columns (where rows count up), of length 1.
    #[must_use]
    pub fn column_direction(&self) -> Vector<Patient> {
        self.unit_axis(1)
    }

    /// Direction in which slices count up, of length 1; of a sheared stack it is not the normal.
    #[must_use]
    pub fn slice_direction(&self) -> Vector<Patient> {
        self.unit_axis(2)
    }

    fn unit_axis(&self, axis: usize) -> Vector<Patient> {
        self.patient_from_voxel
            .axis(axis)
            .normalized()
            .expect("a regular affine has no zero axis")
    }

    /// Angle between the stacking direction and the slices' normal, radians; 0 for an upright stack.
    #[must_use]
    pub fn shear_rad(&self) -> f64 {
        let normal = self.row_direction().cross(self.column_direction());
        let cosine = normal
            .normalized()
            .map_or(0.0, |n| n.dot(self.slice_direction()).abs());
        cosine.min(1.0).acos()
    }

    /// Volume that one voxel of slice `slice` stands for, mL.
    ///
    /// In an uneven stack a slice reaches half-way to its neighbours.
    #[must_use]
    pub fn voxel_ml(&self, slice: usize) -> f64 {
        let even_ml = self.patient_from_voxel.linear.determinant().abs() / 1000.0;
        let Some(positions) = &self.slice_positions else {
            return even_ml;
        };
        let last = positions.len() - 1;
        if last == 0 {
            return even_ml;
        }
        let below = if slice == 0 {
            positions[1] - positions[0]
        } else {
            positions[slice] - positions[slice - 1]
        };
        let above = if slice >= last {
            positions[last] - positions[last - 1]
        } else {
            positions[slice + 1] - positions[slice]
        };
        even_ml * (below + above) / 2.0
    }

    /// Place in the middle of the grid, LPS in mm.
    #[must_use]
    pub fn center(&self) -> Point<Patient> {
        let middle = self.size.map(|n| (n as f64 - 1.0) / 2.0);
        self.patient(middle.into())
    }

    /// The eight outer corners (half a voxel beyond the outer centres), LPS in mm.
    #[must_use]
    pub fn corners(&self) -> [Point<Patient>; 8] {
        std::array::from_fn(|corner| {
            let at = |axis: usize| {
                if corner >> axis & 1 == 0 {
                    -0.5
                } else {
                    self.size[axis] as f64 - 0.5
                }
            };
            self.patient(Point::new(at(0), at(1), at(2)))
        })
    }

    /// Whether both grids have the same voxels, to within a thousandth of a voxel everywhere.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        if self.size != other.size {
            return false;
        }
        let same_place = self.corners().iter().zip(other.corners()).all(|(a, b)| {
            let step = self.voxel(b) - self.voxel(*a);
            step.norm() < 1e-3
        });
        let slices = |grid: &Self| {
            (0..grid.size[2])
                .map(|k| grid.position_from_slice(k as f64))
                .collect::<Vec<_>>()
        };
        same_place
            && (self.slice_positions == other.slice_positions
                || slices(self)
                    .iter()
                    .zip(slices(other))
                    .all(|(a, b)| (a - b).abs() < 1e-3))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};

    fn tilted() -> Affine<Patient, Voxel> {
        let tilt = 18.5f64.to_radians();
        Affine::from_axes(
            [
                Vector::new(0.5, 0.0, 0.0),
                Vector::new(0.0, 0.5 * tilt.cos(), -0.5 * tilt.sin()),
                Vector::new(0.0, 0.0, 2.5),
            ],
            Point::new(-100.0, -90.0, 40.0),
        )
    }

    #[test]
    fn a_tilted_stack_keeps_its_shear() {
        let grid = Grid::new([4, 5, 6], tilted()).unwrap();
        assert!((grid.shear_rad().to_degrees() - 18.5).abs() < 1e-9);
        assert!((grid.voxel_ml(0) - 0.5 * 0.5 * 2.5 * 18.5f64.to_radians().cos() / 1000.0).abs() < 1e-12);
    }

    #[test]
    fn uneven_slices_share_their_gaps() {
        let upright = Affine::from_axes(
            [
                Vector::new(1.0, 0.0, 0.0),
                Vector::new(0.0, 1.0, 0.0),
                Vector::new(0.0, 0.0, 1.0),
            ],
            Point::new(0.0, 0.0, 0.0),
        );
        let grid = Grid::with_slice_positions([1, 1, 4], upright, vec![0.0, 1.0, 4.0, 5.0]).unwrap();
        assert_eq!(
            (0..4).map(|k| grid.voxel_ml(k) * 1000.0).collect::<Vec<_>>(),
            [1.0, 2.0, 2.0, 1.0]
        );
        assert_eq!(grid.patient(Point::new(0.0, 0.0, 1.5)), Point::new(0.0, 0.0, 2.5));
    }

    #[test]
    fn positions_must_rise() {
        assert!(Grid::with_slice_positions([1, 1, 3], tilted(), vec![0.0, 2.0, 1.0]).is_err());
        assert!(Grid::with_slice_positions([1, 1, 3], tilted(), vec![0.0, 2.0]).is_err());
    }

    proptest! {
        #[test]
        fn voxel_undoes_patient(i in -2.0..8.0f64, j in -2.0..8.0f64, k in -2.0..8.0f64) {
            let grid = Grid::with_slice_positions([4, 5, 5], tilted(), vec![0.0, 1.0, 4.0, 4.5, 9.0]).unwrap();
            let voxel = Point::<Voxel>::new(i, j, k);
            prop_assert!(grid.voxel(grid.patient(voxel)).distance(voxel) < 1e-9);
        }
    }
}
