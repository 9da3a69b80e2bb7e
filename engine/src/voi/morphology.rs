//! Masks grown, shrunk, filled and smoothed, with distances in millimetres.
//!
//! Distances are exact and Euclidean in patient space, between voxel centres, on every grid: anisotropic,
//! uneven, oblique or sheared. A centre at the very distance, to within 1e-4 mm, is within it. Only rows near
//! the mask are touched, and only where they change; time grows with the mask's rows and with the square of
//! the distance.

mod ball;
mod holes;
mod spans;

use crate::voi::Mask;
use ball::Ball;
use holes::{Enclosed, filled};
use spans::{Spans, cut};

impl Mask {
    /// The voxels whose centre lies within `mm` of the centre of a voxel of this mask.
    ///
    /// A distance that is not above 0 changes nothing.
    ///
    /// ```
    /// use engine::geometry::{Affine, Grid, Point, Vector};
    /// use engine::voi::Mask;
    /// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 5.0)];
    /// let grid = Grid::new([9, 9, 9], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
    /// let voxel = Mask::from_predicate(grid, |at| at == [4, 4, 4]);
    /// // Itself, four at 2 mm, four at 2.83 mm, four at 4 mm; the next slices are 5 mm away.
    /// assert_eq!(voxel.grown(4.0).count(), 13);
    /// ```
    #[must_use]
    pub fn grown(&self, mm: f64) -> Self {
        let (Some(ball), Some(set)) = (Ball::new(self.grid(), mm), Spans::of(self)) else {
            return self.clone();
        };
        let bounds = cut(&ball.reach(set.bounds()), self.grid().size());
        set.grown(&ball, &bounds).into_mask(self.grid())
    }

    /// The voxels of this mask that have no voxel outside it within `mm`.
    ///
    /// What lies beyond the grid is not known and takes nothing away: a body cut by the first slice keeps
    /// that slice. A distance that is not above 0 changes nothing.
    #[must_use]
    pub fn shrunk(&self, mm: f64) -> Self {
        let (Some(ball), Some(set)) = (Ball::new(self.grid(), mm), Spans::of(self)) else {
            return self.clone();
        };
        let around = cut(&ball.reach(set.bounds()), self.grid().size());
        set.shrunk(&ball, &around).into_mask(self.grid())
    }

    /// Shrunk and grown again: bridges and spikes thinner than about `2 mm` go, the rest keeps its size.
    #[must_use]
    pub fn opened(&self, mm: f64) -> Self {
        self.shrunk(mm).grown(mm)
    }

    /// Grown and shrunk again: gaps and clefts narrower than about `2 mm` are filled, the rest keeps its size.
    ///
    /// It is grown beyond the grid before it is shrunk, so that its edge has no part in the result.
    #[must_use]
    pub fn closed(&self, mm: f64) -> Self {
        let (Some(ball), Some(set)) = (Ball::new(self.grid(), mm), Spans::of(self)) else {
            return self.clone();
        };
        let grown = set.grown(&ball, &ball.reach(set.bounds()));
        let around = ball.reach(grown.bounds());
        grown.shrunk(&ball, &around).into_mask(self.grid())
    }

    /// The voxels further than `from_mm` and not further than `to_mm` from this mask: a shell of background.
    ///
    /// With `from_mm` 0 it begins at the mask itself. Empty when `to_mm` is not above `from_mm`.
    #[must_use]
    pub fn shell(&self, from_mm: f64, to_mm: f64) -> Self {
        self.grown(to_mm)
            .difference(&self.grown(from_mm))
            .expect("both are of one grid")
    }

    /// With the cavities filled: background from which no way through faces of voxels leads to the border
    /// of the grid.
    #[must_use]
    pub fn filled(&self) -> Self {
        self.with_holes_filled(Enclosed::InSpace)
    }

    /// With the holes of each slice filled: background from which no way within the slice, through edges of
    /// its voxels, leads to the slice's border.
    #[must_use]
    pub fn filled_slices(&self) -> Self {
        self.with_holes_filled(Enclosed::InSlice)
    }

    fn with_holes_filled(&self, enclosed: Enclosed) -> Self {
        match Spans::of(self) {
            Some(set) => filled(&set, enclosed).into_mask(self.grid()),
            None => self.clone(),
        }
    }

    /// The voxels around which most of the grid's voxels within `mm` belong to this mask.
    ///
    /// Where as many do as do not, a voxel stays what it is. Voxels count alike, those of uneven slices too.
    /// Corners are rounded and single voxels vanish; a distance that is not above 0 changes nothing.
    #[must_use]
    pub fn smoothed(&self, mm: f64) -> Self {
        let (Some(ball), Some(set)) = (Ball::new(self.grid(), mm), Spans::of(self)) else {
            return self.clone();
        };
        let whole = self.grid().size().map(|n| 0..n as i64);
        let bounds = cut(&ball.reach(set.bounds()), self.grid().size());
        set.smoothed(&ball, &bounds, &whole).into_mask(self.grid())
    }
}

#[cfg(test)]
mod tests;
