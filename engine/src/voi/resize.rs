//! Free-form masks with a length, width and height that can be set.

use nalgebra::{Matrix3, Vector3};

use crate::geometry::{Affine, Patient, Voxel};
use crate::voi::{Mask, ShapeError};

impl Mask {
    /// Length along the rows, width along the columns and height along the slices of the box around the
    /// voxels, mm; `None` for an empty mask.
    ///
    /// A voxel reaches half-way to its neighbours. In a sheared stack the height is measured along the shear.
    #[must_use]
    pub fn size_mm(&self) -> Option<[f64; 3]> {
        let faces = self.faces()?;
        Some([0, 1, 2].map(|axis| {
            let step_mm = self.grid().patient_from_voxel().axis(axis).norm();
            (faces[axis][1] - faces[axis][0]) * step_mm
        }))
    }

    /// The mask stretched about the middle of the box around it to another length, width and height, mm.
    ///
    /// A voxel is inside when its centre, put back to the old size, lies in a voxel of this mask: a block that
    /// gets a whole number of voxels has just so many. Parts thinner than a voxel of the new size may vanish,
    /// parts beyond the grid do.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a size that is zero, negative or no number, [`ShapeError::NoVoxel`]
    /// when nothing is left or there was nothing.
    pub fn with_size_mm(&self, size_mm: [f64; 3]) -> Result<Self, ShapeError> {
        for (what, found) in ["the length", "the width", "the height"].into_iter().zip(size_mm) {
            if !(found > 0.0 && found.is_finite()) {
                return Err(ShapeError::NotPositive { what, found });
            }
        }
        let (Some(faces), Some(old_mm)) = (self.faces(), self.size_mm()) else {
            return Err(ShapeError::NoVoxel);
        };
        let middle = Vector3::from(faces.map(|[low, high]| (low + high) / 2.0));
        let factor =
            Matrix3::from_diagonal(&Vector3::from([0, 1, 2].map(|axis| size_mm[axis] / old_mm[axis])));
        let about_middle: Affine<Voxel, Voxel> = Affine::new(factor, middle - factor * middle);
        let grid = self.grid();
        let stretched: Affine<Patient, Patient> =
            *grid.patient_from_voxel() * about_middle * *grid.voxel_from_patient();
        let mask = self.carry_through(stretched, grid.clone());
        mask.ok()
            .filter(|mask| !mask.is_empty())
            .ok_or(ShapeError::NoVoxel)
    }

    /// The outer faces of the box around the voxels, in steps of the grid's axes.
    fn faces(&self) -> Option<[[f64; 2]; 3]> {
        let inside = self.bounding_box()?;
        Some([0, 1, 2].map(|axis| {
            let faces = [inside[axis].start as f64 - 0.5, inside[axis].end as f64 - 0.5];
            match axis {
                2 => faces.map(|slice| self.grid().position_from_slice(slice)),
                _ => faces,
            }
        }))
    }
}

#[cfg(test)]
mod tests;
