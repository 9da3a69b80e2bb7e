//! The picture between two slices that a row of pixels looks through.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use super::avx2_level;
use super::body::Body;
use super::level::{RAYS, Rays, Reach};
use super::peaks::Peaks;
use super::tile::BLOCK;
use crate::render::cells::FINE;
use crate::render::cpu::kernel::Lanes;
use crate::volume::Stored;
use crate::with_voxels;

/// Voxels around a sheet that repeat its edge: where samples are up to half a voxel off the outermost centres,
/// values there are those of the edge.
pub(super) const PAD: i32 = 1;
/// Columns and rows of the blocks that are made at a time.
const SIDE: [usize; 2] = [32, 8];
/// Voxels that samples reach over, up to which each value of a sheet says what is passed over, of sheets of no more
/// than so many; its cells do otherwise.
const SMALL: f64 = 8.0;
const MAX_OWN: usize = 1 << 18;
/// Rows whose memory is asked for ahead.
const AHEAD: usize = 6;
/// Levels of a step of the third axis that are told apart.
const PER_STEP: f64 = 131_072.0;

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
    /// Layer of fine cells that those are of; otherwise they are of the sheet's own values.
    layer: Option<usize>,
    /// The largest values of the columns of a row of cells.
    columns: Vec<f32>,
}

/// The larger of two.
#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

impl Sheet {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        4 * (self.values.len() + self.made.len() + self.columns.len()) + self.peaks.bytes()
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
        let above = (below + 1).min(slices - 1);
        self.part = (slice - below as f64) as f32;
        // The end of the way to a slice is that slice, exactly.
        let below = if self.part == 1.0 { above } else { below };
        self.slices = [below, above].map(|slice| slice * columns * rows);
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
        if body.is_dense {
            self.make_all(lanes, body);
        } else if self.layer != Some(below / FINE) {
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
        (peaks.side, peaks.origin) = (FINE, 0.0);
        peaks.size = [columns, rows];
        peaks.widen_for(body.extent, 0);
        self.layer = Some(layer);
    }

    /// Makes everything, and of its own values what may be passed over: less than what the cells around allow.
    fn make_all(&mut self, lanes: Lanes, body: &Body) {
        // A cell ends with the first value of the next.
        let cells = self.size.map(|n| (n - 1).div_ceil(FINE));
        self.peaks.values.resize(cells[0] * cells[1], 0.0);
        self.columns.resize(self.size[0], 0.0);
        match lanes {
            Lanes::Baseline => self.mix_all(body),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
            Lanes::Avx2 => unsafe { self.mix_all_avx2(body) },
        }
        (self.is_made, self.layer) = (true, None);
        let peaks = &mut self.peaks;
        peaks.origin = -(PAD as f32);
        if body.extent[0].max(body.extent[1]) < SMALL && self.values.len() <= MAX_OWN {
            (peaks.side, peaks.size) = (1, self.size);
            peaks.values.clear();
            let bounds = self.values.iter().map(|value| body.bound_of(*value));
            peaks.values.extend(bounds);
            peaks.widen_for(body.extent, 1);
        } else {
            (peaks.side, peaks.size) = (FINE, cells);
            for bound in &mut peaks.values {
                *bound = body.bound_of(*bound);
            }
            peaks.widen_for(body.extent, 0);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    #[inline(never)]
    fn mix_all_avx2(&mut self, body: &Body) {
        self.mix_all(body);
    }

    /// Mixes two slices, row by row, and finds the largest values of cells.
    #[inline(always)]
    fn mix_all(&mut self, body: &Body) {
        let [width, height] = self.size;
        let [columns, rows] = self.size.map(|n| n - 2 * PAD as usize);
        let per_row = (width - 1).div_ceil(FINE);
        for (n, cells) in self.peaks.values.chunks_exact_mut(per_row).enumerate() {
            let (first, last) = (FINE * n, (FINE * n + FINE).min(height - 1));
            // The first row was the last of the cells before.
            for j in first + usize::from(n > 0)..last + 1 {
                let row = j.saturating_sub(PAD as usize).min(rows - 1) * columns;
                let [near, far] = self.slices.map(|slice| slice + row);
                let to = &mut self.values[j * width..][..width];
                with_voxels!(body.stored.voxels(), voxels => {
                    mix_row(&voxels[near..], &voxels[far..], columns, self.part, self.sign, to);
                });
            }
            let row = |j: usize| &self.values[(first + j).min(last) * width..][..width];
            let rows = row(0).iter().zip(row(1)).zip(row(2).iter().zip(row(3)));
            for (most, (((a, b), (c, d)), e)) in self.columns.iter_mut().zip(rows.zip(row(4))) {
                *most = larger(larger(larger(*a, *b), larger(*c, *d)), *e);
            }
            narrow(&self.columns, cells);
        }
    }

    /// Fills in what no sample of each block of samples exceeds.
    #[inline(always)]
    pub(super) fn bounds(&self, lanes: Lanes, reach: &Reach, blocks: &Range<i32>, bounds: &mut Vec<f32>) {
        self.peaks.bounds(lanes, reach, blocks, bounds);
    }

    /// Whether the places from the first to the last, in fixed point, lie inside with the next of each.
    #[inline(always)]
    pub(super) fn holds(&self, [low, high]: [[i64; 2]; 2]) -> bool {
        let [width, height] = self.size.map(|n| (n as i64 - 1) << 16);
        low[0] >= 0 && high[0] < width && low[1] >= 0 && high[1] < height
    }

    /// Makes what is read from the first to the last place, in fixed point, and is not there yet.
    #[inline(always)]
    pub(super) fn make(&mut self, lanes: Lanes, body: &Body, span: [[i64; 2]; 2]) {
        if !self.is_made {
            self.make_some(lanes, body, span);
        }
    }

    #[inline(never)]
    fn make_some(&mut self, lanes: Lanes, body: &Body, [low, high]: [[i64; 2]; 2]) {
        // An interpolation reads the next value, too.
        let blocks = |axis: usize| {
            let block = |at: i64| ((at.max(0) >> 16) as usize / SIDE[axis]).min(self.blocks[axis] - 1);
            [block(low[axis]), block(high[axis] + (1 << 16))]
        };
        let (across, down) = (blocks(0), blocks(1));
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

    /// Raises the largest of each ray by the samples of block `block`; gives the least of them. `is_whole` says that
    /// all of them count, and that the sheet [holds](Self::holds) their places.
    #[inline(always)]
    pub(super) fn raise(
        &self,
        lanes: Lanes,
        rays: &Rays,
        block: i32,
        is_whole: bool,
        largest: &mut [f32; RAYS],
    ) -> f32 {
        debug_assert!(self.values.len() == self.size[0] * self.size[1]);
        match lanes {
            Lanes::Baseline => self.raise_baseline(rays, block, is_whole, largest),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it; the values are as many as
            // the size says, which is that of a volume that [`super::kernel::Strides`] takes.
            Lanes::Avx2 => unsafe {
                if is_whole {
                    avx2_level::raise::<true>(&self.values, self.size, rays, block, largest)
                } else {
                    avx2_level::raise::<false>(&self.values, self.size, rays, block, largest)
                }
            },
        }
    }

    #[inline(never)]
    fn raise_baseline(&self, rays: &Rays, block: i32, is_whole: bool, largest: &mut [f32; RAYS]) -> f32 {
        let width = self.size[0];
        let [end_x, end_y] = self.size.map(|n| ((n as i32 - 1) << 16) - 1);
        let part = |at: i32| (at & 0xffff) as f32 * (1.0 / 65_536.0);
        let on = rays.on(block);
        let mut least = f32::INFINITY;
        for (ray, largest) in largest.iter_mut().enumerate() {
            let mut at = [0, 1].map(|axis| rays.place[axis][ray].wrapping_add(on[axis]));
            for k in block * BLOCK..(block + 1) * BLOCK {
                let (held_x, held_y) = (at[0].clamp(0, end_x), at[1].clamp(0, end_y));
                let first = (held_y >> 16) as usize * width + (held_x >> 16) as usize;
                let across = |at: usize| {
                    let (a, b) = (self.values[at], self.values[at + 1]);
                    a + part(held_x) * (b - a)
                };
                let (near, far) = (across(first), across(first + width));
                let value = near + part(held_y) * (far - near);
                let counts = is_whole || (rays.first[ray] <= k && k <= rays.last[ray]);
                *largest = if counts { larger(*largest, value) } else { *largest };
                at = [0, 1].map(|axis| at[axis].wrapping_add(rays.stride[axis]));
            }
            least = if *largest < least { *largest } else { least };
        }
        least
    }
}

/// Mixes a row of two slices, which are lent from there on, and repeats its ends.
#[inline(always)]
fn mix_row<T: Stored>(near: &[T], far: &[T], columns: usize, part: f32, sign: f32, to: &mut [f32]) {
    // Pages end where the processor looks ahead to by itself.
    fetch_all(near, AHEAD * columns, columns);
    fetch_all(far, AHEAD * columns, columns);
    let pad = PAD as usize;
    let pairs = near[..columns].iter().zip(&far[..columns]);
    for (value, (near, far)) in to[pad..].iter_mut().zip(pairs) {
        *value = sign * between(near.to_f32(), far.to_f32(), part);
    }
    let (first, last) = (to[pad], to[columns + pad - 1]);
    to[..pad].fill(first);
    to[columns + pad..].fill(last);
}

/// The largest values of cells, of the largest of their columns: a cell ends with the first of the next.
#[inline(always)]
fn narrow(columns: &[f32], cells: &mut [f32]) {
    let (whole, _) = columns.as_chunks::<FINE>();
    let (next, _) = columns.get(FINE..).unwrap_or_default().as_chunks::<FINE>();
    for (cell, (of_cell, next)) in cells.iter_mut().zip(whole.iter().zip(next)) {
        let [a, b, c, d] = *of_cell;
        *cell = larger(larger(larger(a, b), larger(c, d)), next[0]);
    }
    let done = next.len();
    for (cell, n) in cells[done..].iter_mut().zip(done..) {
        *cell = columns[n * FINE..]
            .iter()
            .take(FINE + 1)
            .copied()
            .fold(f32::NEG_INFINITY, larger);
    }
}

/// Asks for the memory of some voxels, where the processor can be asked.
#[inline(always)]
fn fetch_all<T>(voxels: &[T], first: usize, count: usize) {
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (voxels, first, count);
    #[cfg(target_arch = "x86_64")]
    if let Some(voxels) = voxels.get(first..first + count) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        for at in voxels.iter().step_by(64 / size_of::<T>()) {
            // SAFETY: a hint, on the address of a voxel.
            unsafe { _mm_prefetch::<_MM_HINT_T0>((&raw const *at).cast()) };
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

/// From one value towards another.
#[inline(always)]
fn between(near: f32, far: f32, part: f32) -> f32 {
    near + part * (far - near)
}
