//! Where in a volume something of a look can be seen, and how far a ray may go without seeing anything.

#![expect(
    clippy::needless_range_loop,
    reason = "an axis is an index into many arrays at once"
)]

use crate::geometry::Grid;
use crate::render::cells::{Cells, DistanceMap, FINE, Seen};
use crate::render::{Cancel, Error};
use crate::volume::{Rescale, Stored};
use crate::with_voxels;

/// Bins of values that are told apart when cells are asked.
const BINS: usize = 4096;

/// Where something can be seen: for each block of [`FINE`] voxels a side how many blocks away the nearest is
/// that shows anything.
#[derive(Debug)]
pub(super) struct Space {
    size: [i32; 3],
    /// Blocks from one row, and one slice, to the next.
    strides: [i32; 2],
    distances: Vec<u8>,
}

impl Space {
    /// Asks of every block of voxels whether `sees` any real value in its range; with `reach`, blocks beside
    /// such blocks count too.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub(super) fn new(
        cells: &Cells,
        rescale: Rescale,
        reach: bool,
        sees: impl Fn(f64, f64) -> bool,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let range = cells.range().unwrap_or([0.0, 0.0]);
        let seen = Seen::new(range.map(|end| end.clamp(-1e30, 1e30)), BINS, |[low, high]| {
            let (a, b) = (rescale.real(f64::from(low)), rescale.real(f64::from(high)));
            sees(a.min(b), a.max(b))
        });
        let fine = cells.fine();
        let mut blocks = with_voxels!(&fine.low, low => {
            let high = fine.high.clone();
            with_voxels!(&high, high => visible(low, high, &seen, cancel))
        });
        if reach {
            spread(&mut blocks, fine.size);
        }
        let map = DistanceMap::of_until(fine.size, blocks.into_iter(), cancel)?;
        let [columns, rows, _] = fine.size.map(|n| n as i32);
        Ok(Self {
            size: fine.size.map(|n| n as i32),
            strides: [columns, columns * rows],
            distances: map.distances().to_vec(),
        })
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.distances.len()
    }

    /// How far a line may go from a place on it without anything to be seen: up to which `n`, where place `n`
    /// is `start + n * step`. Something may be seen at once where that is not beyond where it stands.
    #[inline(always)]
    pub(super) fn clear_to(&self, line: &Line, n: f32) -> f32 {
        // Four lanes, the last of them idle, make one vector.
        let mut block = [0; 4];
        for axis in 0..4 {
            // A line stays above -1: what is rounded towards 0 there is in the first block.
            let voxel = (line.start[axis] + n * line.step[axis]) as i32;
            block[axis] = voxel >> FINE.trailing_zeros();
        }
        let distance = self.distance([block[0], block[1], block[2]]);
        if distance == 0 {
            return f32::NEG_INFINITY;
        }
        let mut to = [0.0; 4];
        for axis in 0..4 {
            let (before, after) = (block[axis] + 1 - distance, block[axis] + distance);
            // The outermost values are held beyond the first voxel.
            let before = if before <= 0 { -1 } else { before };
            let border = if line.per_step[axis] > 0.0 { after } else { before };
            to[axis] = ((border * FINE as i32) as f32 - line.start[axis]) * line.per_step[axis];
        }
        to[0].min(to[1]).min(to[2])
    }

    /// [`Space::clear_to`] where slices lie unevenly: the line runs evenly through their positions.
    #[cold]
    #[inline(never)]
    pub(super) fn clear_to_uneven(&self, grid: &Grid, line: &Line, n: f32) -> f32 {
        let place: [f32; 3] = std::array::from_fn(|axis| line.start[axis] + n * line.step[axis]);
        let slice = grid.slice_from_position(f64::from(place[2])) as f32;
        let block = [place[0], place[1], slice].map(|at| at as i32 >> FINE.trailing_zeros());
        let distance = self.distance(block);
        let mut to = f32::NEG_INFINITY;
        if distance > 0 {
            to = f32::INFINITY;
            for axis in 0..3 {
                let (before, after) = (block[axis] + 1 - distance, block[axis] + distance);
                let before = if before <= 0 { -1 } else { before };
                let border = if line.per_step[axis] > 0.0 { after } else { before };
                let mut border = (border * FINE as i32) as f32;
                if axis == 2 {
                    border = grid.position_from_slice(f64::from(border)) as f32;
                }
                to = to.min((border - line.start[axis]) * line.per_step[axis]);
            }
        }
        to
    }

    #[inline(always)]
    fn distance(&self, block: [i32; 3]) -> i32 {
        let [i, j, k]: [i32; 3] = std::array::from_fn(|axis| block[axis].min(self.size[axis] - 1).max(0));
        let index = k * self.strides[1] + j * self.strides[0] + i;
        i32::from(self.distances[index as usize])
    }

    /// As [`Space::clear_to`] for all lines within `half_width` voxels of this one on each axis.
    pub(super) fn beam_clear_to(&self, line: &Line, n: f32, half_width: [f32; 3]) -> f32 {
        let mut block = [0; 3];
        let mut place = [0.0; 3];
        for axis in 0..3 {
            place[axis] = line.start[axis] + n * line.step[axis];
            let voxel = (place[axis] as i32).max(0);
            block[axis] = (voxel >> FINE.trailing_zeros()).min(self.size[axis] - 1);
        }
        let distance = self.distance(block);
        let mut to = f32::INFINITY;
        for axis in 0..3 {
            let (first, end) = (block[axis] + 1 - distance, block[axis] + distance);
            let low = if first <= 0 {
                f32::NEG_INFINITY
            } else {
                (first * FINE as i32) as f32 + half_width[axis]
            };
            let high = if end >= self.size[axis] {
                f32::INFINITY
            } else {
                (end * FINE as i32) as f32 - half_width[axis]
            };
            if distance == 0 || place[axis] < low || place[axis] > high {
                return f32::NEG_INFINITY;
            }
            let border = if line.step[axis] > 0.0 { high } else { low };
            if line.step[axis] != 0.0 {
                to = to.min((border - line.start[axis]) / line.step[axis]);
            }
        }
        to
    }
}

/// A line through a volume in steps, voxel coordinates; the fourth numbers are idle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub start: [f32; 4],
    pub step: [f32; 4],
    /// Inverse of `step`, endless and positive where that is 0.
    pub per_step: [f32; 4],
}

impl Line {
    #[inline(always)]
    pub(super) fn new([i, j, k]: [f64; 3], [di, dj, dk]: [f64; 3]) -> Self {
        let step = [di, dj, dk, 0.0];
        Self {
            start: [i, j, k, 0.0].map(|at| at as f32),
            step: step.map(|part| part as f32),
            // Steps too short to be told from none leave no block.
            per_step: step.map(|part| {
                let inverse = 1.0 / part;
                if inverse.abs() < 1e9 {
                    inverse as f32
                } else {
                    f32::MAX
                }
            }),
        }
    }
}

/// Which blocks show anything; none any more once the host asks to stop.
fn visible<A: Stored, B: Stored>(low: &[A], high: &[B], seen: &Seen, cancel: &Cancel) -> Vec<bool> {
    const TOGETHER: usize = 1 << 16;
    let chunks = low.chunks(TOGETHER).zip(high.chunks(TOGETHER));
    let of_chunk = |(low, high): (&[A], &[B])| -> Vec<bool> {
        let goes_on = !cancel.is_cancelled();
        let bounds = low.iter().zip(high);
        bounds
            .map(|(low, high)| goes_on && seen.any(low.to_f32(), high.to_f32()))
            .collect()
    };
    chunks.flat_map(of_chunk).collect()
}

/// Lets every block that is set set those beside it, axis by axis.
fn spread(blocks: &mut [bool], size: [usize; 3]) {
    let strides = [1, size[0], size[0] * size[1]];
    for axis in 0..3 {
        let before = blocks.to_vec();
        for (n, block) in blocks.iter_mut().enumerate() {
            let at = n / strides[axis] % size[axis];
            *block |= at > 0 && before[n - strides[axis]];
            *block |= at + 1 < size[axis] && before[n + strides[axis]];
        }
    }
}
