//! How large a value may be in a stretch of a beam of rays: the largest of the cells that it passes.

use super::body::Body;
use super::tile::Tile;
use crate::volume::Stored;

/// What places may differ by from exact ones, voxels.
const MARGIN: f64 = 1e-3;

/// The box around some rays of a tile, as it moves along with the sample number.
///
/// For each ray a coordinate runs straight along the samples; the least over rays of straight lines lies above
/// the straight line between its own first and last value, so that line is a lower limit (and likewise the
/// upper one). For parallel rays it is exact.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beam {
    low: [f64; 3],
    high: [f64; 3],
    low_step: [f64; 3],
    high_step: [f64; 3],
    /// Least depth and its step.
    depth: [f64; 2],
    /// First and last sample of any ray.
    pub first: i32,
    pub last: i32,
    /// First and last sample that all rays have; none where a ray has no samples.
    pub common: [i32; 2],
}

impl Beam {
    /// The beam of `count` rays from lane `from`; `None` without rays.
    #[inline(always)]
    pub(super) fn new(tile: &Tile, from: usize, count: usize, with_depth: bool) -> Option<Self> {
        let mut beam = Self {
            first: i32::MAX,
            last: i32::MIN,
            common: [i32::MIN, i32::MAX],
            ..Self::default()
        };
        let lanes = from..from + count;
        for lane in lanes.clone() {
            let (first, last) = (tile.first[lane], tile.last[lane]);
            beam.first = beam.first.min(first);
            beam.last = beam.last.max(last);
            beam.common = [beam.common[0].max(first), beam.common[1].min(last)];
        }
        if beam.first > beam.last {
            return None;
        }
        let far = f64::from(tile.blocks * super::tile::BLOCK);
        for axis in 0..3 {
            let (start, step) = (&tile.start[axis], &tile.step[axis]);
            let [low, high] = extremes(tile, lanes.clone(), |lane| start[lane]);
            let [low_end, high_end] = extremes(tile, lanes.clone(), |lane| start[lane] + far * step[lane]);
            beam.low[axis] = low - MARGIN;
            beam.high[axis] = high + MARGIN;
            beam.low_step[axis] = (low_end - low) / far;
            beam.high_step[axis] = (high_end - high) / far;
        }
        if with_depth {
            let [start, step] = &tile.depth;
            let [low, _] = extremes(tile, lanes.clone(), |lane| start[lane]);
            let [low_end, _] = extremes(tile, lanes, |lane| start[lane] + far * step[lane]);
            beam.depth = [low, (low_end - low) / far];
        }
        Some(beam)
    }

    /// The coordinates that `count` samples from number `k` reach.
    #[inline(always)]
    pub(super) fn reach(&self, [k, count]: [i32; 2]) -> Reach {
        let (k, on) = (f64::from(k), f64::from(count - 1));
        let mut reach = Reach([[0.0; 2]; 3]);
        for axis in 0..3 {
            let (low_step, high_step) = (self.low_step[axis], self.high_step[axis]);
            let back = if low_step < 0.0 { on * low_step } else { 0.0 };
            let forth = if high_step > 0.0 { on * high_step } else { 0.0 };
            reach.0[axis] = [
                self.low[axis] + k * low_step + back,
                self.high[axis] + k * high_step + forth,
            ];
        }
        reach
    }

    /// Whether `count` samples from number `k` of every ray are there.
    #[inline(always)]
    pub(super) fn is_whole(&self, k: i32, count: i32) -> bool {
        self.common[0] <= k && k + count - 1 <= self.common[1]
    }

    /// Least depth over `count` samples from number `k`, 0 to 1.
    #[inline(always)]
    pub(super) fn depth(&self, k: i32, count: i32) -> f64 {
        let [low, step] = self.depth;
        let least = low + f64::from(k) * step + (step * f64::from(count - 1)).min(0.0);
        (least - 1e-6).clamp(0.0, 1.0)
    }
}

/// Lowest and highest coordinates, as those of a [`Tile`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach([[f64; 2]; 3]);

impl Reach {
    /// Whether it lies between the outermost voxels of even slices.
    #[inline(always)]
    pub(super) fn is_interior(&self, body: &Body) -> bool {
        let size = body.stored.grid().size();
        let within = |axis: usize| self.0[axis][0] >= 0.0 && self.0[axis][1] < size[axis] as f64 - 1.0;
        body.stored.grid().slice_positions().is_none() && within(0) && within(1) && within(2)
    }

    /// First and last voxel on each axis that samples touch; `None` among uneven slices.
    #[inline(always)]
    pub(super) fn voxels(&self, body: &Body) -> Option<[[usize; 2]; 3]> {
        if body.stored.grid().slice_positions().is_some() {
            return None;
        }
        let size = body.stored.grid().size();
        let within = |[low, high]: [f64; 2], last: usize| [floor(low, last), floor(high + 1.0, last)];
        let [x, y, z] = self.0;
        Some([
            within(x, size[0] - 1),
            within(y, size[1] - 1),
            within(z, size[2] - 1),
        ])
    }

    /// First and last block of side `side` on each axis.
    #[inline(always)]
    fn blocks(&self, body: &Body, side: f64, blocks: [usize; 3]) -> [[usize; 2]; 3] {
        let per_side = 1.0 / side;
        let [x, y, mut z] = self.0;
        if body.stored.grid().slice_positions().is_some() {
            z = z.map(|position| body.stored.grid().slice_from_position(position));
        }
        let within =
            |[low, high]: [f64; 2], last: usize| [floor(low * per_side, last), floor(high * per_side, last)];
        [
            within(x, blocks[0] - 1),
            within(y, blocks[1] - 1),
            within(z, blocks[2] - 1),
        ]
    }

    /// The largest of `sign` times the values of all blocks that it touches.
    #[inline(always)]
    pub(super) fn largest<T: Stored>(
        &self,
        body: &Body,
        side: f64,
        size: [usize; 3],
        values: &[T],
        sign: f32,
    ) -> f32 {
        let [x, y, z] = self.blocks(body, side, size);
        let mut largest = f32::NEG_INFINITY;
        // Ranges that include their ends are slow to count.
        for k in z[0]..z[1] + 1 {
            for j in y[0]..y[1] + 1 {
                let row = (k * size[1] + j) * size[0];
                for value in &values[row + x[0]..row + x[1] + 1] {
                    let value = sign * value.to_f32();
                    largest = if value > largest { value } else { largest };
                }
            }
        }
        largest
    }
}

/// The whole part of a number, held to 0 to `last`.
#[inline(always)]
fn floor(at: f64, last: usize) -> usize {
    let last = last as u32 as f64;
    let at = if at > 0.0 { at } else { 0.0 };
    let at = if at < last { at } else { last };
    // SAFETY: it lies between 0 and a number of 32 bit, and not-a-number became 0.
    (unsafe { at.to_int_unchecked::<i64>() }) as usize
}

/// Least and largest over the rays of a tile that have samples.
#[inline(always)]
fn extremes(tile: &Tile, lanes: std::ops::Range<usize>, value: impl Fn(usize) -> f64) -> [f64; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for lane in lanes {
        let counts = tile.first[lane] <= tile.last[lane];
        let value = value(lane);
        low = low.min(if counts { value } else { f64::INFINITY });
        high = high.max(if counts { value } else { f64::NEG_INFINITY });
    }
    [low, high]
}
