//! What no sample of a level exceeds: the largest values of windows of cells.

use std::ops::Range;

use super::level::Reach;
use super::sheet::larger;
use crate::render::cpu::kernel::Lanes;

/// Blocks of samples that are bounded together.
pub(super) const WIDE: usize = 8;

/// Cells that blocks of samples reach over, on one axis.
pub(super) struct Axis {
    /// First and last of block 0, with fractions.
    pub ends: [f32; 2],
    /// From a block to the next.
    pub on: f32,
    /// Number of the last cell.
    pub last: f32,
    /// Cells of a window after its first.
    pub more: i32,
}

impl Axis {
    /// First cells of two windows that hold all cells of block `n`.
    fn windows(&self, n: usize) -> [usize; 2] {
        let [low, high] = self
            .ends
            .map(|end| (n as f32 * self.on + end).max(0.0).min(self.last) as i32);
        [low as usize, low.max(high - self.more) as usize]
    }
}

/// The largest values of windows of cells: what may be passed over.
#[derive(Default)]
pub(super) struct Peaks {
    /// Side of a cell, voxels, and where the first begins.
    pub side: usize,
    pub origin: f32,
    /// Cells, columns and rows.
    pub size: [usize; 2],
    /// What no value of each cell exceeds; after [`Peaks::widen_for`], of the window that begins there.
    pub values: Vec<f32>,
    /// Cells of a window, columns and rows: as many as a reach touches, or one less.
    window: [usize; 2],
    spare: Vec<f32>,
}

impl Peaks {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        4 * (self.values.len() + self.spare.len())
    }

    /// Fills in what no sample of each block of samples exceeds: two windows on each axis hold all cells that
    /// it touches. Past the last block come blocks without anything.
    #[inline(always)]
    pub(super) fn bounds(&self, lanes: Lanes, reach: &Reach, blocks: &Range<i32>, bounds: &mut Vec<f32>) {
        let count = blocks.len();
        bounds.resize(count.next_multiple_of(WIDE), f32::NEG_INFINITY);
        let axes = [0, 1].map(|axis| self.axis(reach, axis, blocks.start));
        assert!(self.values.len() == self.size[0] * self.size[1], "one a cell");
        match lanes {
            Lanes::Baseline => self.bounds_baseline(&axes, bounds),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it; the axes are those of the size,
            // and there is a value for each cell.
            Lanes::Avx2 => unsafe { super::avx2_level::bounds(&self.values, self.size[0], &axes, bounds) },
        }
        bounds[count..].fill(f32::NEG_INFINITY);
    }

    #[inline(always)]
    fn axis(&self, reach: &Reach, axis: usize, first: i32) -> Axis {
        let per_side = 1.0 / self.side as f32;
        let on = reach.on[axis] * per_side;
        let ends = [reach.low[axis], reach.high[axis]];
        Axis {
            ends: ends.map(|end| (end - self.origin) * per_side + first as f32 * on),
            on,
            last: (self.size[axis] - 1) as f32,
            more: self.window[axis].min(self.size[axis]) as i32 - 1,
        }
    }

    #[inline(never)]
    fn bounds_baseline(&self, [across, down]: &[Axis; 2], bounds: &mut [f32]) {
        for (n, bound) in bounds.iter_mut().enumerate() {
            let (columns, rows) = (across.windows(n), down.windows(n));
            let of_row = |row: usize| {
                let row = row * self.size[0];
                larger(self.values[row + columns[0]], self.values[row + columns[1]])
            };
            *bound = larger(of_row(rows[0]), of_row(rows[1]));
        }
    }

    /// Makes windows for reaches over `extent` voxels, of cells that go on over the next `more`; beyond the end of
    /// a row come the first cells of the next: more than there is, never less.
    pub(super) fn widen_for(&mut self, extent: [f64; 2], more: usize) {
        self.window = extent.map(|extent| ((extent / self.side as f64) as usize).saturating_add(1));
        let [across, down] = self.window;
        self.widen(1, across.saturating_add(more));
        self.widen(self.size[0], down.saturating_add(more));
    }

    /// Makes of each value the largest of `window` from it on, `stride` apart.
    fn widen(&mut self, stride: usize, window: usize) {
        let mut have = 1;
        while have < window && have * stride < self.values.len() {
            let more = have.min(window - have);
            let far = (more * stride).min(self.values.len());
            self.spare.clear();
            let pairs = self.values.iter().zip(&self.values[far..]);
            self.spare.extend(pairs.map(|(a, b)| larger(*a, *b)));
            self.spare.extend_from_slice(&self.values[self.spare.len()..]);
            std::mem::swap(&mut self.values, &mut self.spare);
            have += more;
        }
    }
}
