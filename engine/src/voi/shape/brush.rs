//! What a brush paints or erases along a path.

use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point, Vector};
use crate::voi::shape::frame::{direction, finite, positive};
use crate::voi::shape::rows::{self, Lies, TIE_MM};
use crate::voi::{Form, Frame, Mask, ShapeError, Solid};

/// What of a brush touches the voxels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tip {
    /// A ball: paints in three dimensions.
    Ball,
    /// A disc on a plane: paints on an image. The path is projected on the plane through its first place.
    Disc {
        /// Perpendicular to the plane; only its direction counts.
        normal: Vector<Patient>,
        /// How deep it paints, half on either side of the plane, mm.
        thickness_mm: f64,
    },
}

/// A brush drawn along a path: all places that its tip passes over.
///
/// A voxel is touched when its centre lies within the radius of the path; a centre at the very radius, to
/// within 1e-3 mm, is touched. Of a disc's two faces the one against the normal is inside, the other is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Stroke {
    tip: Tip,
    radius_mm: f64,
    path: Vec<Point<Patient>>,
}

impl Stroke {
    /// Makes a stroke along straight lines from place to place; a single place is a dab.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotPositive`] for a radius or a thickness that is none, [`ShapeError::NoDirection`] for
    /// a disc without a plane, [`ShapeError::TooFewPoints`] for an empty path, [`ShapeError::NotFinite`] for
    /// a place that is none.
    pub fn new(tip: Tip, radius_mm: f64, path: Vec<Point<Patient>>) -> Result<Self, ShapeError> {
        positive("the radius", radius_mm)?;
        let Some(first) = path.first().copied() else {
            return Err(ShapeError::TooFewPoints {
                expected: 1,
                found: 0,
            });
        };
        for place in &path {
            finite("a place of the path", *place)?;
        }
        let Tip::Disc { normal, thickness_mm } = tip else {
            return Ok(Self { tip, radius_mm, path });
        };
        positive("the thickness", thickness_mm)?;
        let normal = direction("the normal of the plane", normal)?;
        let on_plane = |place: Point<Patient>| place - normal * normal.dot(place - first);
        Ok(Self {
            tip: Tip::Disc { normal, thickness_mm },
            radius_mm,
            path: path.into_iter().map(on_plane).collect(),
        })
    }

    /// What touches the voxels.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// Radius of the tip, mm.
    #[must_use]
    pub fn radius_mm(&self) -> f64 {
        self.radius_mm
    }

    /// The places that the tip is drawn through, LPS in mm.
    #[must_use]
    pub fn path(&self) -> &[Point<Patient>] {
        &self.path
    }

    /// The mask with the voxels touched.
    #[must_use]
    pub fn painted(&self, mask: &Mask) -> Mask {
        let touched = self.rasterise(mask.grid().clone());
        mask.union(&touched).expect("both are of one grid")
    }

    /// The mask without the voxels touched.
    #[must_use]
    pub fn erased(&self, mask: &Mask) -> Mask {
        let touched = self.rasterise(mask.grid().clone());
        mask.difference(&touched).expect("both are of one grid")
    }

    /// The stroke as a rigid map takes it.
    ///
    /// # Errors
    ///
    /// [`ShapeError::NotRigid`] for a map that scales or shears.
    pub fn carried(&self, target_from_source: &Affine<Patient, Patient>) -> Result<Self, ShapeError> {
        Frame::upright(self.path[0])?.carried(target_from_source)?;
        let tip = match self.tip {
            Tip::Ball => Tip::Ball,
            Tip::Disc { normal, thickness_mm } => Tip::Disc {
                normal: *target_from_source * normal,
                thickness_mm,
            },
        };
        let path = self.path.iter().map(|place| *target_from_source * *place);
        Self::new(tip, self.radius_mm, path.collect())
    }

    /// Gives the voxels of `grid` that the tip touches; places beyond the grid touch none.
    #[must_use]
    pub fn rasterise(&self, grid: impl Into<Arc<Grid>>) -> Mask {
        let grid = grid.into();
        let runs = self.parts().flat_map(|part| rows::runs(&part, &grid));
        rows::mask(&grid, runs.collect())
    }

    /// Whether the tip passes beyond the outer faces of `grid`.
    #[must_use]
    pub fn leaves(&self, grid: &Grid) -> bool {
        self.parts().any(|part| rows::lies(&part, grid) != Lies::Within)
    }

    /// The tip at each place, and what it sweeps over from each to the next.
    fn parts(&self) -> impl Iterator<Item = Solid> + '_ {
        let dabs = self.path.iter().map(|place| self.dab(*place));
        dabs.chain(
            self.path
                .windows(2)
                .filter_map(|ends| self.sweep(ends[0], ends[1])),
        )
    }

    fn dab(&self, at: Point<Patient>) -> Solid {
        let across = 2.0 * self.radius_mm;
        let solid = match self.tip {
            Tip::Ball => Solid::sphere(at, self.radius_mm),
            Tip::Disc { normal, thickness_mm } => frame_of_height(at, normal)
                .and_then(|frame| Solid::new(Form::Cylinder, frame, [across, across, thickness_mm])),
        };
        solid.expect("places and sizes were looked at when the stroke was made")
    }

    /// `None` for places that are one.
    fn sweep(&self, from: Point<Patient>, to: Point<Patient>) -> Option<Solid> {
        let along = to - from;
        let length = along.norm();
        along.normalized().filter(|_| length > TIE_MM)?;
        let middle = from + along * 0.5;
        let across = 2.0 * self.radius_mm;
        let solid = match self.tip {
            Tip::Ball => frame_of_height(middle, along)
                .and_then(|frame| Solid::new(Form::Cylinder, frame, [across, across, length])),
            // Wider by ties, so that both its sides are inside as the rim of a disc is.
            Tip::Disc { normal, thickness_mm } => {
                Frame::new(middle, along, normal.cross(along)).and_then(|frame| {
                    Solid::new(Form::Box, frame, [length, across + 4.0 * TIE_MM, thickness_mm])
                })
            }
        };
        solid.ok()
    }
}

/// A frame whose height is along `height`.
fn frame_of_height(center: Point<Patient>, height: Vector<Patient>) -> Result<Frame, ShapeError> {
    let height = direction("the axis of height", height)?;
    let least = (0..3)
        .min_by(|a, b| height[*a].abs().total_cmp(&height[*b].abs()))
        .unwrap_or(0);
    let other = Vector::from([0, 1, 2].map(|axis| if axis == least { 1.0 } else { 0.0 }));
    let length = height.cross(other);
    Frame::new(center, length, height.cross(length))
}
