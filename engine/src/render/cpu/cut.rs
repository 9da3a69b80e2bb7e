//! Where the pixels of a plane lie among the voxels of a volume.

use std::ops::Range;

use crate::geometry::{Affine, Plane, Point, Voxel};
use crate::volume::{Interpolation, Volume};

/// A volume cut by a plane: voxel coordinates are linear in the pixels'.
pub(super) struct Cut<'a> {
    pub volume: &'a Volume,
    pub interpolation: Interpolation,
    /// The third coordinate is the position in steps of the third axis, as in an even stack.
    voxel_from_plane: Affine<Voxel, Plane>,
    /// Coordinates of the first and last place inside, on each axis.
    limits: [[f64; 2]; 3],
    /// Offsets of rows in a slice: those that cubic interpolation takes around row `j` are `j..j + 4`.
    pub row_taps: Vec<u32>,
    /// Offsets of slices, likewise.
    pub slice_taps: Vec<u32>,
}

/// One row of pixels among the voxels: pixel `x` is at `start + x * step`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub start: [f64; 3],
    pub step: [f64; 3],
    /// The pixels inside the volume.
    pub inside: Range<u32>,
}

impl<'a> Cut<'a> {
    pub(super) fn new(
        volume: &'a Volume,
        interpolation: Interpolation,
        voxel_from_plane: Affine<Voxel, Plane>,
    ) -> Self {
        let grid = volume.grid();
        let mut limits = grid.size().map(|n| [-0.5, n as f64 - 0.5]);
        limits[2] = limits[2].map(|slice| grid.position_from_slice(slice));
        let [columns, rows, slices] = grid.size();
        let is_cubic = interpolation == Interpolation::Cubic;
        let taps_of = |count, step| if is_cubic { taps(count, step) } else { Vec::new() };
        Self {
            volume,
            interpolation,
            voxel_from_plane,
            limits,
            row_taps: taps_of(rows, columns),
            slice_taps: taps_of(slices, columns * rows),
        }
    }

    /// The pixels of row `y` of an image of `width` columns.
    pub(super) fn row(&self, y: u32, width: u32) -> Row {
        let start = self.voxel_from_plane * Point::<Plane>::new(0.0, f64::from(y), 0.0);
        let mut row = Row {
            start: start.xyz.into(),
            step: self.voxel_from_plane.axis(0).xyz.into(),
            inside: 0..width,
        };
        let (mut first, mut end) = (0.0f64, f64::from(width));
        for axis in 0..3 {
            let Some((enter, leave)) = crossing(row.start[axis], row.step[axis], self.limits[axis]) else {
                (first, end) = (0.0, 0.0);
                break;
            };
            first = first.max(enter.ceil());
            end = end.min(leave.floor() + 1.0);
        }
        row.inside = self.tightened(&row, first.max(0.0) as u32, end.max(0.0) as u32, width);
        row
    }

    /// Corrects a range of pixels by the rounding of [`crossing`]'s divisions.
    fn tightened(&self, row: &Row, mut first: u32, mut end: u32, width: u32) -> Range<u32> {
        while first < end && !self.holds(row, first) {
            first += 1;
        }
        while first < end && !self.holds(row, end - 1) {
            end -= 1;
        }
        if first < end {
            while first > 0 && self.holds(row, first - 1) {
                first -= 1;
            }
            while end < width && self.holds(row, end) {
                end += 1;
            }
        }
        first..end.max(first)
    }

    fn holds(&self, row: &Row, x: u32) -> bool {
        let at = row.at(x);
        (0..3).all(|axis| at[axis] >= self.limits[axis][0] && at[axis] <= self.limits[axis][1])
    }

    /// The voxel coordinate of a pixel.
    pub(super) fn voxel(&self, row: &Row, x: u32) -> Point<Voxel> {
        let [i, j, position] = row.at(x);
        Point::new(i, j, self.volume.grid().slice_from_position(position))
    }
}

impl Row {
    pub(super) fn at(&self, x: u32) -> [f64; 3] {
        std::array::from_fn(|axis| self.start[axis] + f64::from(x) * self.step[axis])
    }
}

/// The pixels (fractions) at which `start + x * step` enters and leaves the limits; `None` when it never does.
fn crossing(start: f64, step: f64, [low, high]: [f64; 2]) -> Option<(f64, f64)> {
    if step == 0.0 {
        let inside = start >= low && start <= high;
        return inside.then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let (a, b) = ((low - start) / step, (high - start) / step);
    Some((a.min(b), a.max(b)))
}

/// Offsets of the rows (or slices) from the one before the first to two beyond the last; what is beyond the
/// ends is the outermost one. Volumes of more than 32-bit offsets are read without them.
fn taps(count: usize, step: usize) -> Vec<u32> {
    (0..count + 3)
        .map(|tap| (tap.saturating_sub(1).min(count - 1) * step) as u32)
        .collect()
}
