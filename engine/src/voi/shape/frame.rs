//! Where a shape stands.

use crate::geometry::{Affine, Patient, Point, Vector};
use crate::voi::ShapeError;

/// A map whose axes differ from orthonormal ones by more than this is not rigid: far above what is lost in
/// writing a matrix with six digits, far below any scaling that changes a volume by a thousandth.
const RIGID: f64 = 1e-4;

/// A center and three orthonormal axes in patient space: of length, width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    center: Point<Patient>,
    axes: [Vector<Patient>; 3],
}

impl Frame {
    /// The frame with length from right to left, width from front to back, height from feet to head.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotFinite`] for a center that is no place.
    pub fn upright(center: Point<Patient>) -> Result<Self, ShapeError> {
        Self::new(center, Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0))
    }

    /// The frame with length along `length` and width along the part of `width` across it; height is
    /// perpendicular to both. Only their directions count.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotFinite`] for a center that is no place, [`ShapeError::NoDirection`] for directions
    /// that are none or one.
    pub fn new(
        center: Point<Patient>,
        length: Vector<Patient>,
        width: Vector<Patient>,
    ) -> Result<Self, ShapeError> {
        finite("the center", center)?;
        let length = direction("the axis of length", length)?;
        let width = direction("the axis of width", width)?;
        let across = width - length * length.dot(width);
        if across.norm() < 1e-6 {
            return Err(ShapeError::NoDirection(
                "the axis of width, across that of length,",
            ));
        }
        let width = direction("the axis of width", across)?;
        let height = direction("the axis of height", length.cross(width))?;
        let axes = [length, width, height];
        Ok(Self { center, axes })
    }

    /// The middle, LPS in mm.
    #[must_use]
    pub fn center(&self) -> Point<Patient> {
        self.center
    }

    /// Unit vectors along length, width and height.
    #[must_use]
    pub fn axes(&self) -> [Vector<Patient>; 3] {
        self.axes
    }

    /// The frame as a rigid map takes it.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotRigid`] for a map that scales or shears by more than a part in ten thousand.
    pub fn carried(&self, target_from_source: &Affine<Patient, Patient>) -> Result<Self, ShapeError> {
        let linear = target_from_source.linear;
        let off = (linear.transpose() * linear - nalgebra::Matrix3::identity())
            .abs()
            .max();
        if off.is_nan() || off > RIGID {
            return Err(ShapeError::NotRigid(off));
        }
        let [length, width, _] = self.axes.map(|axis| *target_from_source * axis);
        Self::new(*target_from_source * self.center, length, width)
    }

    /// Place in the frame: along length, width and height from the center, mm.
    pub(super) fn local(&self, place: Point<Patient>) -> [f64; 3] {
        self.local_step(place - self.center)
    }

    /// A difference of places along the three axes, mm.
    pub(super) fn local_step(&self, step: Vector<Patient>) -> [f64; 3] {
        self.axes.map(|axis| axis.dot(step))
    }
}

pub(super) fn direction(what: &'static str, vector: Vector<Patient>) -> Result<Vector<Patient>, ShapeError> {
    vector.normalized().ok_or(ShapeError::NoDirection(what))
}

pub(super) fn finite(what: &'static str, place: Point<Patient>) -> Result<(), ShapeError> {
    let finite = place.xyz.iter().all(|c| c.is_finite());
    finite.then_some(()).ok_or(ShapeError::NotFinite(what))
}

pub(super) fn positive(what: &'static str, found: f64) -> Result<f64, ShapeError> {
    let positive = found > 0.0 && found.is_finite();
    positive
        .then_some(found)
        .ok_or(ShapeError::NotPositive { what, found })
}
