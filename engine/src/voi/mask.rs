//! A set of voxels, kept as runs along rows.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::Grid;
use crate::volume::{Stored, Volume};
use crate::with_voxels;

/// Neighbouring voxels of one row, as positions in reading order (columns, then rows, then slices).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The first voxel of the run.
    pub start: usize,
    /// One past its last voxel.
    pub end: usize,
}

/// Why a mask cannot be made, or two masks cannot be put together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// The masks lie on different grids; carry one to the other's grid first.
    #[error("masks must lie on one grid, found {0:?} and {1:?} voxels or other places")]
    OtherGrid([usize; 3], [usize; 3]),
    /// A run reaches outside the grid or ends before it starts.
    #[error("a run must rise within {voxels} voxels, found {start} to {end}")]
    Run {
        /// First voxel of the run.
        start: usize,
        /// One past the last.
        end: usize,
        /// Voxels of the grid.
        voxels: usize,
    },
    /// There is not one value for each voxel.
    #[error("a grid of {expected} voxels needs as many values, found {found}")]
    Count {
        /// Voxels of the grid.
        expected: usize,
        /// Values given.
        found: usize,
    },
}

/// A set of voxels of one grid.
///
/// Memory grows with the surface of the set, not with the grid: 16 bytes for each row it crosses.
/// Clones and masks made from one another share the grid.
///
/// ```
/// use engine::geometry::{Affine, Grid, Point, Vector};
/// use engine::voi::Mask;
/// let axes = [Vector::new(2.0, 0.0, 0.0), Vector::new(0.0, 2.0, 0.0), Vector::new(0.0, 0.0, 5.0)];
/// let grid = Grid::new([4, 3, 2], Affine::from_axes(axes, Point::new(0.0, 0.0, 0.0))).unwrap();
/// let mask = Mask::from_predicate(grid, |[i, _, k]| i > 1 && k == 0);
/// assert_eq!(mask.count(), 6);
/// assert!((mask.volume_ml() - 6.0 * 0.02).abs() < 1e-12);
/// ```
#[derive(Clone, PartialEq)]
pub struct Mask {
    grid: Arc<Grid>,
    /// Rising, apart from each other, none crossing the end of a row.
    runs: Vec<Run>,
}

impl Mask {
    /// The set without voxels.
    #[must_use]
    pub fn empty(grid: impl Into<Arc<Grid>>) -> Self {
        Self {
            grid: grid.into(),
            runs: Vec::new(),
        }
    }

    /// Makes a mask of runs in any order; they may touch, overlap and cross the ends of rows.
    ///
    /// # Errors
    ///
    /// [`MaskError::Run`] for a run that falls or leaves the grid.
    pub fn from_runs(grid: impl Into<Arc<Grid>>, mut runs: Vec<Run>) -> Result<Self, MaskError> {
        let grid = grid.into();
        let voxels = grid.voxels();
        if let Some(&Run { start, end }) = runs.iter().find(|run| run.start > run.end || run.end > voxels) {
            return Err(MaskError::Run { start, end, voxels });
        }
        let mut builder = MaskBuilder::new(grid);
        runs.sort_unstable();
        for run in runs {
            builder.push(run);
        }
        Ok(builder.finish())
    }

    /// Makes a mask of the voxels (column, row, slice) that `inside` names.
    #[must_use]
    pub fn from_predicate(grid: impl Into<Arc<Grid>>, inside: impl Fn([usize; 3]) -> bool) -> Self {
        let grid = grid.into();
        let [columns, rows, slices] = grid.size();
        let mut builder = MaskBuilder::new(grid);
        for row in 0..rows * slices {
            builder.push_row(row, (0..columns).map(|i| inside([i, row % rows, row / rows])));
        }
        builder.finish()
    }

    /// Makes a mask of one value a voxel in reading order, `true` inside.
    ///
    /// # Errors
    ///
    /// [`MaskError::Count`] unless there is one value for each voxel.
    pub fn from_dense(grid: impl Into<Arc<Grid>>, inside: &[bool]) -> Result<Self, MaskError> {
        let grid = grid.into();
        if inside.len() != grid.voxels() {
            return Err(MaskError::Count {
                expected: grid.voxels(),
                found: inside.len(),
            });
        }
        let columns = grid.size()[0];
        let mut builder = MaskBuilder::new(grid);
        for (row, inside) in inside.chunks_exact(columns).enumerate() {
            builder.push_row(row, inside.iter().copied());
        }
        Ok(builder.finish())
    }

    /// Makes a mask of the voxels of a volume whose real value satisfies `inside`.
    #[must_use]
    pub fn of_values(volume: &Volume, inside: impl Fn(f64) -> bool) -> Self {
        let mut builder = MaskBuilder::new(Arc::new(volume.grid().clone()));
        let columns = volume.grid().size()[0];
        let rescale = volume.rescale();
        with_voxels!(volume.voxels(), values => {
            for (row, values) in values.chunks_exact(columns).enumerate() {
                let real = values.iter().map(|stored| rescale.real(f64::from(stored.to_f32())));
                builder.push_row(row, real.map(&inside));
            }
        });
        builder.finish()
    }

    /// One value a voxel in reading order, `true` inside; as long as the grid.
    #[must_use]
    pub fn to_dense(&self) -> Vec<bool> {
        let mut dense = vec![false; self.grid.voxels()];
        for run in &self.runs {
            dense[run.start..run.end].fill(true);
        }
        dense
    }

    /// The grid that the voxels belong to.
    #[must_use]
    pub fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// The runs in reading order; none crosses the end of a row, none touches the next.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Whether the set has no voxel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Number of voxels inside.
    #[must_use]
    pub fn count(&self) -> usize {
        self.runs.iter().map(|run| run.end - run.start).sum()
    }

    /// Volume of the voxels inside, mL; in uneven stacks every slice counts with its own thickness.
    #[must_use]
    pub fn volume_ml(&self) -> f64 {
        let slice_voxels = self.slice_voxels();
        let by_slice = self
            .runs
            .chunk_by(|a, b| a.start / slice_voxels == b.start / slice_voxels);
        by_slice
            .map(|runs| {
                let count: usize = runs.iter().map(|run| run.end - run.start).sum();
                count as f64 * self.grid.voxel_ml(runs[0].start / slice_voxels)
            })
            .sum()
    }

    /// Whether voxel (column, row, slice) is inside; voxels beyond the grid are not.
    #[must_use]
    pub fn contains(&self, [i, j, k]: [usize; 3]) -> bool {
        self.run_at([i, j, k]).is_some()
    }

    /// Number of the run that holds voxel (column, row, slice); `None` outside.
    pub(super) fn run_at(&self, [i, j, k]: [usize; 3]) -> Option<usize> {
        let [columns, rows, slices] = self.grid.size();
        if i >= columns || j >= rows || k >= slices {
            return None;
        }
        let index = (k * rows + j) * columns + i;
        let next = self.runs.partition_point(|run| run.end <= index);
        (self.runs.get(next)?.start <= index).then_some(next)
    }

    /// Columns, rows and slices that the set reaches into; `None` for an empty set.
    #[must_use]
    pub fn bounding_box(&self) -> Option<[Range<usize>; 3]> {
        let [columns, rows, _] = self.grid.size();
        let mut low = [usize::MAX; 3];
        let mut high = [0; 3];
        for run in &self.runs {
            let row = run.start / columns;
            let first = [run.start % columns, row % rows, row / rows];
            let last = [(run.end - 1) % columns, row % rows, row / rows];
            for axis in 0..3 {
                low[axis] = low[axis].min(first[axis]);
                high[axis] = high[axis].max(last[axis]);
            }
        }
        (!self.is_empty()).then(|| [0, 1, 2].map(|axis| low[axis]..high[axis] + 1))
    }

    /// The voxels of either set.
    ///
    /// # Errors
    ///
    /// [`MaskError::OtherGrid`] when the sets lie on different grids.
    pub fn union(&self, other: &Self) -> Result<Self, MaskError> {
        self.combine(other, |a, b| a || b)
    }

    /// The voxels of both sets.
    ///
    /// # Errors
    ///
    /// [`MaskError::OtherGrid`] when the sets lie on different grids.
    pub fn intersection(&self, other: &Self) -> Result<Self, MaskError> {
        self.combine(other, |a, b| a && b)
    }

    /// The voxels of this set that are not in the other.
    ///
    /// # Errors
    ///
    /// [`MaskError::OtherGrid`] when the sets lie on different grids.
    pub fn difference(&self, other: &Self) -> Result<Self, MaskError> {
        self.combine(other, |a, b| a && !b)
    }

    /// Whether the mask lies on `grid`: the same voxels at the same places.
    #[must_use]
    pub fn lies_on(&self, grid: &Grid) -> bool {
        std::ptr::eq(self.grid.as_ref(), grid) || self.grid.matches(grid)
    }

    /// Makes a mask of runs that are in reading order, apart, and each within a row.
    pub(super) fn of_rows(grid: Arc<Grid>, runs: Vec<Run>) -> Self {
        let columns = grid.size()[0];
        debug_assert!(
            runs.iter()
                .all(|run| run.start < run.end && run.start / columns == (run.end - 1) / columns)
        );
        debug_assert!(
            runs.windows(2)
                .all(|pair| pair[0].end < pair[1].start || pair[1].start.is_multiple_of(columns))
        );
        Self { grid, runs }
    }

    fn slice_voxels(&self) -> usize {
        let [columns, rows, _] = self.grid.size();
        columns * rows
    }

    /// Sweeps both lists of runs at once; `keep(false, false)` must be false.
    fn combine(&self, other: &Self, keep: impl Fn(bool, bool) -> bool) -> Result<Self, MaskError> {
        if !self.lies_on(&other.grid) {
            return Err(MaskError::OtherGrid(self.grid.size(), other.grid.size()));
        }
        let mut builder = MaskBuilder::new(self.grid.clone());
        let (mut a, mut b) = (self.runs.as_slice(), other.runs.as_slice());
        let mut at = 0;
        loop {
            a = after(a, at);
            b = after(b, at);
            let (in_a, until_a) = next_change(a, at);
            let (in_b, until_b) = next_change(b, at);
            let until = until_a.min(until_b);
            if until == usize::MAX {
                return Ok(builder.finish());
            }
            if keep(in_a, in_b) {
                builder.push(Run {
                    start: at,
                    end: until,
                });
            }
            at = until;
        }
    }
}

/// Thousands of runs tell nobody anything.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [columns, rows, slices] = self.grid.size();
        write!(
            f,
            "Mask of {} voxels of {columns} x {rows} x {slices}, within {:?}",
            self.count(),
            self.bounding_box()
        )
    }
}

/// The runs that reach beyond position `at`.
fn after(runs: &[Run], at: usize) -> &[Run] {
    match runs.first() {
        Some(run) if run.end <= at => &runs[1..],
        _ => runs,
    }
}

/// Whether `at` is inside the first run, and where that changes next.
fn next_change(runs: &[Run], at: usize) -> (bool, usize) {
    match runs.first() {
        None => (false, usize::MAX),
        Some(run) if run.start <= at => (true, run.end),
        Some(run) => (false, run.start),
    }
}

/// Collects runs in reading order into a mask.
pub(super) struct MaskBuilder {
    mask: Mask,
    columns: usize,
}

impl MaskBuilder {
    pub(super) fn new(grid: Arc<Grid>) -> Self {
        let columns = grid.size()[0];
        Self {
            mask: Mask::empty(grid),
            columns,
        }
    }

    /// Adds a run that starts no earlier than those before; it may overlap them and cross rows.
    pub(super) fn push(&mut self, run: Run) {
        let mut start = run.start;
        while start < run.end {
            let row_end = (start / self.columns + 1) * self.columns;
            let end = run.end.min(row_end);
            match self.mask.runs.last_mut() {
                Some(last) if last.end >= start && last.end != row_end - self.columns => {
                    last.end = last.end.max(end);
                }
                _ => self.mask.runs.push(Run { start, end }),
            }
            start = end;
        }
    }

    /// Adds the voxels of row number `row` (rows of all slices counted through).
    pub(super) fn push_row(&mut self, row: usize, inside: impl Iterator<Item = bool>) {
        let base = row * self.columns;
        let mut start = None;
        let mut end = base;
        for inside in inside.take(self.columns) {
            match (inside, start) {
                (true, None) => start = Some(end),
                (false, Some(first)) => {
                    self.mask.runs.push(Run { start: first, end });
                    start = None;
                }
                _ => {}
            }
            end += 1;
        }
        if let Some(first) = start {
            self.mask.runs.push(Run { start: first, end });
        }
    }

    pub(super) fn finish(self) -> Mask {
        self.mask
    }
}

#[cfg(test)]
mod tests;
