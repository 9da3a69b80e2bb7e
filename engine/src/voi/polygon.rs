//! Closed planar contours in patient space.

use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point};
use crate::voi::Mask;
use crate::voi::planes::Planes;
use crate::voi::rasterise::rasterise;

/// What was not as contours should be, and what was done about it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ContourWarning {
    /// A contour without an inside was left out.
    #[error("contour {contour}: expected at least 3 points, found {points}; left out")]
    TooFewPoints {
        /// Position of the contour in the stack, from 0.
        contour: usize,
        /// Its points.
        points: usize,
    },
    /// A contour with a coordinate that is no number was left out.
    #[error("contour {contour}: expected finite coordinates, found others; left out")]
    NotFinite {
        /// Position of the contour in the stack, from 0.
        contour: usize,
    },
    /// A contour does not lie in a plane parallel to the others; it was left out.
    #[error(
        "contour {contour}: expected points within {allowed_mm} mm of a plane, found {found_mm} mm; left out"
    )]
    NotPlanar {
        /// Position of the contour in the stack, from 0.
        contour: usize,
        /// Half a slice of the images.
        allowed_mm: f64,
        /// Largest distance from the plane.
        found_mm: f64,
    },
    /// The images do not reach all contours: the mask lacks a part.
    #[error("{outside} of {planes} contour planes lie beyond the images")]
    OutsideGrid {
        /// Planes beyond the grid.
        outside: usize,
        /// Planes in all.
        planes: usize,
    },
    /// The contours are further apart than the slices: each was taken for a slab of this thickness.
    #[error("contours stand {thickness_mm} mm apart on slices of {slice_mm} mm; each fills its slab")]
    SlabsFilled {
        /// Thickness that a contour stands for.
        thickness_mm: f64,
        /// Distance of the slices.
        slice_mm: f64,
    },
}

/// Closed planar polygons that together bound one volume of interest.
///
/// Within a plane the even-odd rule holds over all its polygons: a polygon inside another is a hole, and
/// an outline that runs in and out along one line (a keyhole) encloses what it seems to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolygonStack {
    polygons: Vec<Vec<Point<Patient>>>,
    slab_mm: Option<f64>,
}

impl PolygonStack {
    /// Makes a stack of polygons, each a list of corners (LPS in mm) without repeating the first.
    #[must_use]
    pub fn new(polygons: Vec<Vec<Point<Patient>>>) -> Self {
        Self {
            polygons,
            slab_mm: None,
        }
    }

    /// The same polygons, each plane known to stand for a slab of this thickness (DICOM's Contour Slab
    /// Thickness, 3006,0044); a thickness that is not above 0 says nothing.
    #[must_use]
    pub fn with_slab_mm(self, slab_mm: f64) -> Self {
        let known = slab_mm > 0.0 && slab_mm.is_finite();
        Self {
            slab_mm: known.then_some(slab_mm),
            ..self
        }
    }

    /// The polygons as a map takes them, to another exam for instance; planes stay planes.
    ///
    /// A thickness stays what it is: it is known of rigid maps only, and else forgotten. Through a map that bends,
    /// where planes do not stay planes, a mask is carried ([`Mask::carry_through`]) and [`Mask::contours`] taken.
    #[must_use]
    pub fn carried(&self, target_from_source: &Affine<Patient, Patient>) -> Self {
        let linear = target_from_source.linear;
        let off = linear.transpose() * linear - nalgebra::Matrix3::identity();
        let rigid = off.abs().max() < 1e-4;
        let carried = |polygon: &Vec<Point<Patient>>| {
            polygon
                .iter()
                .map(|corner| *target_from_source * *corner)
                .collect()
        };
        Self {
            polygons: self.polygons.iter().map(carried).collect(),
            slab_mm: self.slab_mm.filter(|_| rigid),
        }
    }

    /// The polygons with their corners cut off, twice, for a smoother look: no further than `mm` from each
    /// corner, and never beyond the middle of a side.
    ///
    /// For the screen only: what is measured is measured in a mask. With half a voxel the stairs of
    /// [`Mask::contours`] become slopes.
    #[must_use]
    pub fn rounded(&self, mm: f64) -> Self {
        let round = |polygon: &Vec<Point<Patient>>| cut_corners(&cut_corners(polygon, mm), mm / 2.0);
        Self {
            polygons: self.polygons.iter().map(round).collect(),
            slab_mm: self.slab_mm,
        }
    }

    /// Thickness that each plane is known to stand for, mm.
    #[must_use]
    pub fn slab_mm(&self) -> Option<f64> {
        self.slab_mm
    }

    /// The polygons, LPS in mm.
    #[must_use]
    pub fn polygons(&self) -> &[Vec<Point<Patient>>] {
        &self.polygons
    }

    /// Gives the voxels of `grid` whose centres lie inside, and what was left out.
    ///
    /// A voxel centre belongs to the nearest contour plane that reaches it, and is projected on it along
    /// the normal. A plane reaches half-way to its neighbours, and half a slab outwards at the ends and
    /// where the next plane is more than 1.5 slabs away: slices without a contour between two parts stay
    /// empty. The slab is what [`PolygonStack::with_slab_mm`] says, else the usual distance between neighbouring planes (up to 10 mm; planes further apart
    /// belong to different parts), else a slice of the grid. So contours drawn
    /// on the grid's own slices fill those slices, and contours of another series, coarser, finer or
    /// oblique, fill the same volume.
    ///
    /// A centre on an edge, to within 1e-6 mm, is inside when the polygon lies towards higher columns (of
    /// an edge along a row: towards higher rows), and a centre between two planes belongs to the further one
    /// along the normal; polygons side by side share no voxel and leave none out.
    #[must_use]
    pub fn rasterise(&self, grid: impl Into<Arc<Grid>>) -> (Mask, Vec<ContourWarning>) {
        let grid = grid.into();
        let mut warnings = Vec::new();
        let planes = Planes::of(&self.polygons, self.slab_mm, &grid, &mut warnings);
        let mask = planes.map_or_else(
            || Mask::empty(grid.clone()),
            |planes| rasterise(&planes, grid.clone()),
        );
        (mask, warnings)
    }
}

/// A polygon with two places near each corner instead of it.
fn cut_corners(polygon: &[Point<Patient>], mm: f64) -> Vec<Point<Patient>> {
    let towards = |from: Point<Patient>, to: Point<Patient>| {
        let part = (mm.max(0.0) / from.distance(to)).min(0.5);
        // A side without length has no middle to go to.
        from + (to - from) * if part.is_finite() { part } else { 0.0 }
    };
    let sides = polygon.iter().zip(polygon.iter().cycle().skip(1));
    sides
        .flat_map(|(a, b)| [towards(*a, *b), towards(*b, *a)])
        .collect()
}

#[cfg(test)]
mod tests;
