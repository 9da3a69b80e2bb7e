//! An outline drawn on a plane, with a thickness.

use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::caliper::polygon_area;
use crate::voi::shape::frame::{finite, positive};
use crate::voi::shape::rows::{self, Body, Columns, between_faces, within_polygon};
use crate::voi::shape::warn;
use crate::voi::{Frame, Mask, ShapeError, ShapeWarning};

/// A closed outline on a plane of any orientation, half the thickness deep on either side of it.
///
/// Where the outline crosses itself the even-odd rule holds. A voxel belongs to it when its centre lies
/// inside; a centre on an edge or on a face, to within 1e-4 mm, belongs to one of two neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Freehand {
    frame: Frame,
    /// Corners along length and width from the frame's center, mm.
    outline_mm: Vec<[f64; 2]>,
    thickness_mm: f64,
}

impl Freehand {
    /// Takes an outline drawn on the plane of the first two axes of `frame`; its corners are projected on
    /// that plane, and the last joins the first.
    ///
    /// For an outline drawn on an image, the frame's axes are those of the image's rows and columns.
    ///
    /// # Errors
    ///
    /// [`ShapeError::TooFewPoints`] for less than three corners, [`ShapeError::NotFinite`] for a corner that
    /// is no place, [`ShapeError::NotPositive`] for a thickness or an extent that is none.
    pub fn new(frame: Frame, outline: &[Point<Patient>], thickness_mm: f64) -> Result<Self, ShapeError> {
        positive("the thickness", thickness_mm)?;
        if outline.len() < 3 {
            return Err(ShapeError::TooFewPoints {
                expected: 3,
                found: outline.len(),
            });
        }
        for corner in outline {
            finite("a corner", *corner)?;
        }
        let outline_mm = outline.iter().map(|corner| {
            let [x, y, _] = frame.local(*corner);
            [x, y]
        });
        let freehand = Self {
            frame,
            outline_mm: outline_mm.collect(),
            thickness_mm,
        };
        let [length, width, _] = freehand.size_mm();
        positive("the length", length)?;
        positive("the width", width)?;
        Ok(freehand)
    }

    /// The corners on the plane, LPS in mm.
    #[must_use]
    pub fn outline(&self) -> Vec<Point<Patient>> {
        let [length, width, _] = self.frame.axes();
        let place = |[x, y]: &[f64; 2]| self.frame.center() + length * *x + width * *y;
        self.outline_mm.iter().map(place).collect()
    }

    /// The frame that the plane is that of.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Extent of the outline along length and width, and the thickness, mm.
    #[must_use]
    pub fn size_mm(&self) -> [f64; 3] {
        let [length, width] = [0, 1].map(|axis| {
            let [low, high] = self.extent(axis);
            high - low
        });
        [length, width, self.thickness_mm]
    }

    /// The outline stretched about the middle of its extent to another length and width, with another
    /// thickness; mm.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a size that is zero, negative or no number.
    pub fn with_size_mm(&self, size_mm: [f64; 3]) -> Result<Self, ShapeError> {
        for (what, found) in ["the length", "the width", "the thickness"]
            .into_iter()
            .zip(size_mm)
        {
            positive(what, found)?;
        }
        let old_mm = self.size_mm();
        let stretched = |axis: usize, at: f64| {
            let [low, high] = self.extent(axis);
            let middle = (low + high) / 2.0;
            middle + (at - middle) * (size_mm[axis] / old_mm[axis])
        };
        let outline = self
            .outline_mm
            .iter()
            .map(|[x, y]| [stretched(0, *x), stretched(1, *y)]);
        Ok(Self {
            frame: self.frame,
            outline_mm: outline.collect(),
            thickness_mm: size_mm[2],
        })
    }

    /// Area that the outline encloses by the even-odd rule, mm².
    #[must_use]
    pub fn area_mm2(&self) -> f64 {
        polygon_area(&self.outline_mm)
    }

    /// Its exact volume, mL: area times thickness; what a mask of it measures is [`Mask::volume_ml`].
    #[must_use]
    pub fn volume_ml(&self) -> f64 {
        self.area_mm2() * self.thickness_mm / 1000.0
    }

    /// The outline as a rigid map takes it.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotRigid`] for a map that scales or shears.
    pub fn carried(&self, target_from_source: &Affine<Patient, Patient>) -> Result<Self, ShapeError> {
        let frame = self.frame.carried(target_from_source)?;
        Ok(Self {
            frame,
            ..self.clone()
        })
    }

    /// Gives the voxels of `grid` whose centres lie inside, and what is missing.
    #[must_use]
    pub fn rasterise(&self, grid: impl Into<Arc<Grid>>) -> (Mask, Option<ShapeWarning>) {
        let grid = grid.into();
        let mask = rows::mask(&grid, rows::runs(self, &grid));
        let warning = warn(self, &mask, self.volume_ml());
        (mask, warning)
    }

    fn extent(&self, axis: usize) -> [f64; 2] {
        let along = self.outline_mm.iter().map(|corner| corner[axis]);
        along.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], at| {
            [low.min(at), high.max(at)]
        })
    }
}

impl Body for Freehand {
    fn range(&self, covector: Vector<Patient>) -> [f64; 2] {
        let middle = covector.xyz.dot(&self.frame.center().xyz);
        let local = self.frame.local_step(covector);
        let along = self
            .outline_mm
            .iter()
            .map(|[x, y]| middle + local[0] * x + local[1] * y);
        let [low, high] = along.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], at| {
            [low.min(at), high.max(at)]
        });
        let deep = (local[2] * self.thickness_mm / 2.0).abs();
        [low - deep, high + deep]
    }

    fn meet(&self, first: Point<Patient>, step: Vector<Patient>, inside: &mut Vec<Columns>) {
        let (at, step) = (self.frame.local(first), self.frame.local_step(step));
        let deep = between_faces(self.thickness_mm / 2.0, at[2], step[2]);
        if deep.first < deep.end {
            let begin = inside.len();
            within_polygon(&self.outline_mm, [at[0], at[1]], [step[0], step[1]], inside);
            for columns in &mut inside[begin..] {
                *columns = columns.and(deep);
            }
        }
    }
}
