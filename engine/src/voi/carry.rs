//! A mask on the grid of another volume.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::{Grid, Point, Voxel};
use crate::voi::Mask;
use crate::voi::mask::MaskBuilder;

/// Coordinates this close below the middle between two voxels count as the middle: rounding must not
/// decide, where the centres of one grid lie on the faces of the other.
const TIE: f64 = 1e-6;

impl Mask {
    /// The same place as voxels of another grid: those whose centre lies in a voxel of this mask.
    ///
    /// A voxel reaches half-way to its neighbours; a centre on the face between two belongs to the
    /// higher one, so that masks which share no voxel share none afterwards. Both grids lie in one
    /// patient space: the caller compares frames of reference first. Thin parts vanish on a coarser grid.
    #[must_use]
    pub fn carry_to(&self, grid: impl Into<Arc<Grid>>) -> Self {
        let grid = grid.into();
        if self.lies_on(&grid) {
            return self.clone();
        }
        let reach = self.reach_on(&grid);
        let rows = grid.size()[1];
        let mut builder = MaskBuilder::new(grid.clone());
        for k in reach[2].clone() {
            for j in reach[1].clone() {
                let inside = (0..reach[0].end).map(|i| {
                    let at = Point::<Voxel>::new(i as f64, j as f64, k as f64);
                    i >= reach[0].start && self.holds(self.grid().voxel(grid.patient(at)))
                });
                builder.push_row(k * rows + j, inside);
            }
        }
        builder.finish()
    }

    fn holds(&self, at: Point<Voxel>) -> bool {
        let nearest = [0, 1, 2].map(|axis| (at[axis] + 0.5 + TIE).floor());
        nearest.iter().all(|n| *n >= 0.0) && self.contains(nearest.map(|n| n as usize))
    }

    /// Columns, rows and slices of `grid` that this mask can reach into.
    fn reach_on(&self, grid: &Grid) -> [Range<usize>; 3] {
        let Some(inner) = self.bounding_box() else {
            return [0..0, 0..0, 0..0];
        };
        let corners = (0..8).map(|corner| {
            let side = |axis: usize| match corner >> axis & 1 {
                0 => inner[axis].start as f64 - 0.5 - TIE,
                _ => inner[axis].end as f64 - 0.5 + TIE,
            };
            grid.voxel(self.grid().patient(Point::new(side(0), side(1), side(2))))
        });
        let corners: Vec<Point<Voxel>> = corners.collect();
        [0, 1, 2].map(|axis| {
            let low = corners.iter().map(|c| c[axis]).fold(f64::INFINITY, f64::min);
            let high = corners.iter().map(|c| c[axis]).fold(f64::NEG_INFINITY, f64::max);
            let clamp = |n: f64| n.clamp(0.0, grid.size()[axis] as f64) as usize;
            clamp(low.floor())..clamp(high.floor() + 1.0)
        })
    }
}
