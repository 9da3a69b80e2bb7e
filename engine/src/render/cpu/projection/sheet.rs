//! The picture between two slices that a row of pixels looks through.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use std::ops::Range;

use super::body::Body;
use super::level::{RAYS, Reach, Stretch};
use super::tile::BLOCK;
use crate::render::cells::FINE;
use crate::render::cpu::kernel::Lanes;
use crate::volume::Stored;
use crate::with_voxels;

/// Voxels around a sheet that repeat its edge: where samples are up to half a voxel off the outermost centres,
/// values there are those of the edge.
pub(super) const PAD: i32 = 1;
/// Blocks of samples that are bounded together.
const WIDE: usize = 8;
/// Columns and rows of the blocks that are made at a time.
const SIDE: [usize; 2] = [32, 8];
/// Most values of such a sheet: of more it takes longer to find them than to read what they would pass over.
const MAX_OWN: usize = 1 << 18;
/// Levels of a step of the third axis that are told apart.
const PER_STEP: f64 = 131_072.0;
/// Voxels that samples reach over, up to which a sheet's own voxels say what is passed over.
const SMALL: f64 = 8.0;

/// Values between two slices, times the sign.
#[derive(Default)]
pub(super) struct Sheet {
    /// Where it lies: the position of its level, as bits.
    level: Option<u64>,
    /// First voxels of the two slices, and the part of the second.
    slices: [usize; 2],
    part: f32,
    sign: f32,
    /// With the edge that is repeated.
    size: [usize; 2],
    values: Vec<f32>,
    /// Blocks that were made, by the number of the sheet.
    made: Vec<u32>,
    number: u32,
    /// Whether all were.
    is_made: bool,
    blocks: [usize; 2],
    peaks: Peaks,
}

/// The largest values of windows of cells: what may be passed over.
#[derive(Default)]
struct Peaks {
    /// Layer of fine cells that they are of; that of the sheet's own voxels otherwise.
    layer: Option<usize>,
    /// Side of a cell, voxels, and where the first begins.
    side: usize,
    origin: f32,
    size: [usize; 2],
    /// Cells of a window, columns and rows: as many as a reach touches, or one less.
    window: [usize; 2],
    /// What no value of the window that begins at each cell exceeds.
    values: Vec<f32>,
    spare: Vec<f32>,
}

impl Peaks {
    /// Fills in what no sample of each block of samples exceeds: two windows on each axis hold all cells that
    /// it touches. Gives the place of the largest.
    #[inline(always)]
    fn bounds(&self, reach: &Reach, blocks: Range<i32>, order: &mut Vec<(f32, i32)>) -> usize {
        order.clear();
        let (mut most, mut most_at) = (f32::NEG_INFINITY, 0);
        let mut first = blocks.start;
        while first < blocks.end {
            let (across, down) = (self.windows(reach, 0, first), self.windows(reach, 1, first));
            let width = self.size[0];
            for n in 0..((blocks.end - first) as usize).min(WIDE) {
                let of_row = |row: u32| {
                    let row = row as usize * width;
                    larger(
                        self.values[row + across[0][n] as usize],
                        self.values[row + across[1][n] as usize],
                    )
                };
                let bound = larger(of_row(down[0][n]), of_row(down[1][n]));
                (most, most_at) = if bound > most {
                    (bound, order.len())
                } else {
                    (most, most_at)
                };
                order.push((bound, first + n as i32));
            }
            first += WIDE as i32;
        }
        most_at
    }

    /// The two windows on an axis for each of some blocks of samples.
    #[inline(always)]
    fn windows(&self, reach: &Reach, axis: usize, first: i32) -> [[u32; WIDE]; 2] {
        let per_side = 1.0 / self.side as f32;
        let last = (self.size[axis] - 1) as f32;
        let more = self.window[axis].min(self.size[axis]) as f32 - 1.0;
        let mut windows = [[0; WIDE]; 2];
        for n in 0..WIDE {
            let on = (first + n as i32) as f32 * reach.on[axis] - self.origin;
            let cell = |at: f32| {
                let cell = (at + on) * per_side;
                let cell = if cell > 0.0 { cell } else { 0.0 };
                if cell < last { cell } else { last }
            };
            let (low, high) = (cell(reach.low[axis]), cell(reach.high[axis]));
            // SAFETY: both are held to 0 up to a number of 32 bit.
            let (low, high) = unsafe { (low.to_int_unchecked::<i32>(), high.to_int_unchecked::<i32>()) };
            let second = high - more as i32;
            windows[0][n] = low as u32;
            windows[1][n] = if second > low { second } else { low } as u32;
        }
        windows
    }

    /// Makes windows for reaches over `extent` voxels; beyond the end of a row come the first cells of the
    /// next: more than there is, never less.
    fn widen_for(&mut self, extent: [f64; 2], more: usize) {
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

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

impl Sheet {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        4 * (self.values.len() + self.made.len() + 2 * self.peaks.values.len())
    }

    /// Goes to a level of a volume: a coordinate in steps of the third axis.
    pub(super) fn turn_to(&mut self, lanes: Lanes, body: &Body, sign: f32, position: f64) {
        // What the rays of a row differ by is far less: all take the same.
        let position = (position * PER_STEP).round() / PER_STEP;
        if self.level == Some(position.to_bits()) {
            return;
        }
        self.level = Some(position.to_bits());
        let grid = body.stored.grid();
        let [columns, rows, slices] = grid.size();
        let slice = grid.slice_from_position(position).clamp(0.0, slices as f64 - 1.0);
        let below = (slice as usize).min(slices.saturating_sub(2));
        self.slices = [below, (below + 1).min(slices - 1)].map(|slice| slice * columns * rows);
        self.part = (slice - below as f64) as f32;
        self.sign = sign;
        self.is_made = false;
        self.size = [columns, rows].map(|n| n + 2 * PAD as usize);
        self.blocks = [0, 1].map(|axis| self.size[axis].div_ceil(SIDE[axis]));
        self.values.resize(self.size[0] * self.size[1], 0.0);
        self.number = self.number.wrapping_add(1).max(1);
        let blocks = self.blocks[0] * self.blocks[1];
        if self.made.len() != blocks || self.number == 1 {
            self.made = vec![0; blocks];
        }
        if body.extent[0].max(body.extent[1]) < SMALL && self.values.len() <= MAX_OWN {
            self.find_own_peaks(lanes, body);
        } else if self.peaks.layer != Some(below / FINE) {
            self.find_peaks(body, below / FINE);
        }
    }

    /// From the fine cells around the sheet.
    fn find_peaks(&mut self, body: &Body, layer: usize) {
        let Some(cells) = &body.cells else { return };
        let fine = cells.fine();
        let [columns, rows, _] = fine.size;
        let values = if self.sign > 0.0 { &fine.high } else { &fine.low };
        let of_layer = layer * columns * rows..(layer + 1) * columns * rows;
        let (sign, peaks) = (self.sign, &mut self.peaks);
        peaks.values.clear();
        with_voxels!(values, values => {
            let signed = values[of_layer].iter().map(|value| sign * value.to_f32());
            peaks.values.extend(signed.map(|value| body.bound_of(value)));
        });
        (peaks.layer, peaks.side, peaks.origin) = (Some(layer), FINE, 0.0);
        peaks.size = [columns, rows];
        peaks.widen_for(body.extent, 0);
    }

    /// From its own voxels, where samples lie close to one another: each is used many times.
    fn find_own_peaks(&mut self, lanes: Lanes, body: &Body) {
        for j in 0..self.blocks[1] {
            for i in 0..self.blocks[0] {
                self.make_block(lanes, body, [i, j]);
            }
        }
        self.is_made = true;
        let peaks = &mut self.peaks;
        peaks.values.clear();
        let bounds = self.values.iter().map(|value| body.bound_of(*value));
        peaks.values.extend(bounds);
        (peaks.side, peaks.origin, peaks.size) = (1, -(PAD as f32), self.size);
        // A cell ends with the next voxel.
        peaks.widen_for(body.extent, 1);
    }

    /// Fills in what no sample of each block of samples exceeds; gives the place of the largest.
    #[inline(always)]
    pub(super) fn bounds(&self, reach: &Reach, blocks: Range<i32>, order: &mut Vec<(f32, i32)>) -> usize {
        self.peaks.bounds(reach, blocks, order)
    }

    /// Makes what a stretch reads and is not there yet. A stretch that leaves the sheet is no whole one.
    #[inline(always)]
    pub(super) fn make(&mut self, lanes: Lanes, body: &Body, stretch: &mut Stretch) {
        let across = Stretch::span(&stretch.x, stretch.dx);
        let down = Stretch::span(&stretch.y, stretch.dy);
        let [width, height] = self.size.map(|n| (n as i32 - 1) << 16);
        stretch.is_whole &= across[0] >= 0 && across[1] < width && down[0] >= 0 && down[1] < height;
        if self.is_made {
            return;
        }
        // An interpolation reads the next value, too.
        let blocks = |[low, high]: [i32; 2], axis: usize| {
            let block = |at: i32| ((at.max(0) >> 16) as usize / SIDE[axis]).min(self.blocks[axis] - 1);
            [block(low), block(high.saturating_add(1 << 16))]
        };
        let (across, down) = (blocks(across, 0), blocks(down, 1));
        for j in down[0]..down[1] + 1 {
            for i in across[0]..across[1] + 1 {
                let block = j * self.blocks[0] + i;
                if self.made[block] != self.number {
                    self.made[block] = self.number;
                    self.make_block(lanes, body, [i, j]);
                }
            }
        }
    }

    fn make_block(&mut self, lanes: Lanes, body: &Body, block: [usize; 2]) {
        match lanes {
            Lanes::Baseline => self.make_block_baseline(body, block),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
            Lanes::Avx2 => unsafe { self.make_block_avx2(body, block) },
        }
    }

    #[inline(never)]
    fn make_block_baseline(&mut self, body: &Body, [i, j]: [usize; 2]) {
        with_voxels!(body.stored.voxels(), voxels => self.mix(voxels, [i * SIDE[0], j * SIDE[1]]));
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    #[inline(never)]
    fn make_block_avx2(&mut self, body: &Body, [i, j]: [usize; 2]) {
        with_voxels!(body.stored.voxels(), voxels => self.mix(voxels, [i * SIDE[0], j * SIDE[1]]));
    }

    /// Mixes two slices in the block that begins at `corner`.
    #[inline(always)]
    fn mix<T: Stored>(&mut self, voxels: &[T], corner: [usize; 2]) {
        let pad = PAD as usize;
        let (part, sign, slices) = (self.part, self.sign, self.slices);
        let [width, height] = self.size;
        let [columns, rows] = self.size.map(|n| n - 2 * pad);
        let right = (corner[0] + SIDE[0]).min(width);
        let (first, end) = (corner[0].max(pad), right.min(columns + pad));
        let lines = |j: usize| {
            let row = j.clamp(pad, rows - 1 + pad) - pad;
            slices.map(|slice| &voxels[slice + row * columns..][..columns])
        };
        let below = corner[1]..(corner[1] + SIDE[1]).min(height);
        for j in below.clone() {
            // Rows lie far apart: the memory of all is asked for before the first is waited for.
            for line in lines(j) {
                fetch(line, first - pad, end - pad);
            }
        }
        for j in below {
            let [near, far] = lines(j);
            let to = &mut self.values[j * width..(j + 1) * width];
            let pairs = near[first - pad..end - pad]
                .iter()
                .zip(&far[first - pad..end - pad]);
            for (value, (near, far)) in to[first..end].iter_mut().zip(pairs) {
                *value = sign * between(near.to_f32(), far.to_f32(), part);
            }
            if corner[0] < pad {
                to[..pad].fill(sign * between(near[0].to_f32(), far[0].to_f32(), part));
            }
            if right > columns + pad {
                let (near, far) = (near[columns - 1].to_f32(), far[columns - 1].to_f32());
                to[columns + pad..right].fill(sign * between(near, far, part));
            }
        }
    }

    /// Raises the largest of each ray by the samples of a stretch.
    #[inline(always)]
    pub(super) fn raise(&self, lanes: Lanes, stretch: &Stretch, largest: &mut [f32; RAYS]) {
        debug_assert!(self.values.len() == self.size[0] * self.size[1]);
        match lanes {
            Lanes::Baseline => self.raise_baseline(stretch, largest),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it; the values are as many as
            // the size says, which is that of a volume that [`super::kernel::Strides`] takes.
            Lanes::Avx2 => unsafe {
                if stretch.is_whole {
                    super::avx2::raise::<true>(&self.values, self.size, stretch, largest);
                } else {
                    super::avx2::raise::<false>(&self.values, self.size, stretch, largest);
                }
            },
        }
    }

    #[inline(never)]
    fn raise_baseline(&self, stretch: &Stretch, largest: &mut [f32; RAYS]) {
        let width = self.size[0];
        let [end_x, end_y] = self.size.map(|n| ((n as i32 - 1) << 16) - 1);
        let part = |at: i32| (at & 0xffff) as f32 * (1.0 / 65_536.0);
        for (ray, largest) in largest.iter_mut().enumerate() {
            let (mut x, mut y) = (stretch.x[ray], stretch.y[ray]);
            for k in stretch.k..stretch.k + BLOCK {
                let (held_x, held_y) = (x.clamp(0, end_x), y.clamp(0, end_y));
                let at = (held_y >> 16) as usize * width + (held_x >> 16) as usize;
                let across = |at: usize| {
                    let (a, b) = (self.values[at], self.values[at + 1]);
                    a + part(held_x) * (b - a)
                };
                let (near, far) = (across(at), across(at + width));
                let value = near + part(held_y) * (far - near);
                let counts = stretch.first[ray] <= k && k <= stretch.last[ray];
                *largest = if counts { larger(*largest, value) } else { *largest };
                x = x.wrapping_add(stretch.dx);
                y = y.wrapping_add(stretch.dy);
            }
        }
    }
}

/// Asks for the memory of a part of a row, where the processor can be asked.
#[inline(always)]
fn fetch<T>(row: &[T], first: usize, end: usize) {
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (row, first, end);
    #[cfg(target_arch = "x86_64")]
    if first < end {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for at in [first, end - 1] {
            let at = &raw const row[at];
            // SAFETY: a hint, on the address of a voxel.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }
    }
}

/// From one value to another, both ends exact.
#[inline(always)]
fn between(near: f32, far: f32, part: f32) -> f32 {
    if part == 1.0 {
        far
    } else {
        near + part * (far - near)
    }
}
