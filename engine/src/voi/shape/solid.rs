//! Boxes, ellipsoids and cylinders.

use std::f64::consts::PI;
use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::shape::frame::positive;
use crate::voi::shape::rows::{self, Body, Columns, between_faces, within_curve};
use crate::voi::shape::warn;
use crate::voi::{Frame, Mask, ShapeError, ShapeWarning};

/// What a [`Solid`] of a given length, width and height is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Six faces.
    Box,
    /// Round in every direction; a sphere when all three lengths are one.
    Ellipsoid,
    /// Round across, with two faces at the ends of its height.
    Cylinder,
}

/// A box, ellipsoid or cylinder of a stated length, width and height in patient space.
///
/// A voxel belongs to it when its centre lies inside. A centre on a curved surface, to within 1e-4 mm, is
/// inside. Of two opposite faces the lower one, along the frame's axis, is inside and the upper is not: a box
/// whose length is a whole number of steps holds just so many voxels, wherever it stands, and boxes side by
/// side share none.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::{Form, Frame, Solid};
/// let frame = Frame::upright(Point::new(10.0, 10.0, 10.0)).unwrap();
/// let cube = Solid::new(Form::Box, frame, [8.0, 8.0, 6.0]).unwrap();
/// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 3.0)];
/// let grid = Grid::new([20, 20, 20], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let (mask, warning) = cube.with_size_mm([10.0, 8.0, 6.0]).unwrap().rasterise(grid);
/// assert_eq!((mask.count(), warning), (5 * 4 * 2, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solid {
    form: Form,
    frame: Frame,
    half_mm: [f64; 3],
}

impl Solid {
    /// Makes a solid of its length, width and height along the axes of `frame`, mm.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a size that is zero, negative or no number.
    pub fn new(form: Form, frame: Frame, size_mm: [f64; 3]) -> Result<Self, ShapeError> {
        for (what, found) in ["the length", "the width", "the height"].into_iter().zip(size_mm) {
            positive(what, found)?;
        }
        let half_mm = size_mm.map(|size| size / 2.0);
        Ok(Self { form, frame, half_mm })
    }

    /// Makes a sphere.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a radius that is zero, negative or no number,
    /// [`ShapeError::NotFinite`] for a center that is no place.
    pub fn sphere(center: Point<Patient>, radius_mm: f64) -> Result<Self, ShapeError> {
        positive("the radius", radius_mm)?;
        Self::new(Form::Ellipsoid, Frame::upright(center)?, [2.0 * radius_mm; 3])
    }

    /// What it is.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Where it stands.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Length, width and height, mm.
    #[must_use]
    pub fn size_mm(&self) -> [f64; 3] {
        self.half_mm.map(|half| 2.0 * half)
    }

    /// The same solid about the same center with another length, width and height, mm.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a size that is zero, negative or no number.
    pub fn with_size_mm(&self, size_mm: [f64; 3]) -> Result<Self, ShapeError> {
        Self::new(self.form, self.frame, size_mm)
    }

    /// Its exact volume, mL; what a mask of it measures is [`Mask::volume_ml`].
    #[must_use]
    pub fn volume_ml(&self) -> f64 {
        let [a, b, c] = self.half_mm;
        let of_halves = match self.form {
            Form::Box => 8.0,
            Form::Ellipsoid => 4.0 / 3.0 * PI,
            Form::Cylinder => 2.0 * PI,
        };
        of_halves * a * b * c / 1000.0
    }

    /// The corners, lowest and highest along each axis of patient space, of the box around it; LPS in mm.
    #[must_use]
    pub fn bounds(&self) -> [Point<Patient>; 2] {
        let ranges = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| self.range(axis.into()));
        [0, 1].map(|end| ranges.map(|range| range[end]).into())
    }

    /// The solid as a rigid map takes it: moved ([`Affine::translation`]), turned ([`Affine::rotation`]) or
    /// in another exam.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotRigid`] for a map that scales or shears.
    pub fn carried(&self, target_from_source: &Affine<Patient, Patient>) -> Result<Self, ShapeError> {
        let frame = self.frame.carried(target_from_source)?;
        Ok(Self { frame, ..*self })
    }

    /// Whether a place lies inside, by the rule of the voxel centres.
    #[must_use]
    pub fn contains(&self, place: Point<Patient>) -> bool {
        let mut inside = Vec::with_capacity(1);
        self.meet(place, Vector::new(0.0, 0.0, 0.0), &mut inside);
        inside.iter().any(|columns| columns.first < columns.end)
    }

    /// Gives the voxels of `grid` whose centres lie inside, and what is missing.
    #[must_use]
    pub fn rasterise(&self, grid: impl Into<Arc<Grid>>) -> (Mask, Option<ShapeWarning>) {
        let grid = grid.into();
        let mask = rows::mask(&grid, rows::runs(self, &grid));
        let warning = warn(self, &mask, self.volume_ml());
        (mask, warning)
    }
}

impl Body for Solid {
    fn range(&self, covector: Vector<Patient>) -> [f64; 2] {
        let middle = covector.xyz.dot(&self.frame.center().xyz);
        let local = self.frame.local_step(covector);
        let part = |axis: usize| (local[axis] * self.half_mm[axis]).abs();
        let half = match self.form {
            Form::Box => part(0) + part(1) + part(2),
            Form::Ellipsoid => part(0).hypot(part(1)).hypot(part(2)),
            Form::Cylinder => part(0).hypot(part(1)) + part(2),
        };
        [middle - half, middle + half]
    }

    fn meet(&self, first: Point<Patient>, step: Vector<Patient>, inside: &mut Vec<Columns>) {
        let (at, step) = (self.frame.local(first), self.frame.local_step(step));
        let faces = |axis: usize| between_faces(self.half_mm[axis], at[axis], step[axis]);
        let [a, b, _] = self.half_mm;
        inside.push(match self.form {
            Form::Box => faces(0).and(faces(1)).and(faces(2)),
            Form::Ellipsoid => within_curve(self.half_mm, at, step),
            Form::Cylinder => within_curve([a, b], [at[0], at[1]], [step[0], step[1]]).and(faces(2)),
        });
    }
}
