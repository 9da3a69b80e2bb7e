//! From the samples of a tile to one value a ray.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use super::body::{Body, Fading, Kept};
use super::bound::{Beam, Reach};
use super::kernel::{ALL, ALONG, PARTS, Places, RAYS, Sampled, UNIT, read, rounded};
use super::level;
use super::lines::{Lines, TILE};
use super::sheet::Sheet;
use super::tile::{SQUARES, Tile};
use crate::geometry::{Point, Voxel};
use crate::render::Cancel;
use crate::render::cpu::kernel::Lanes;
use crate::render::cpu::watch::Tally;
use crate::volume::sample;
use crate::with_voxels;

/// Room for the march of a tile, reused.
pub(in crate::render::cpu) struct Scratch {
    tile: Option<Box<Tile>>,
    places: Places,
    pub(super) values: [f32; UNIT],
    /// Blocks by how large a value may be in them.
    pub(super) order: Vec<(f32, i32)>,
    pub(super) bounds: Vec<f32>,
    sums: [f64; TILE],
    counts: [u32; TILE],
    /// Of level views, one a layer.
    sheets: Vec<Sheet>,
    layer: usize,
    pub tally: Tally,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            tile: None,
            places: [[0; UNIT]; 3],
            values: [0.0; UNIT],
            order: Vec::new(),
            bounds: Vec::new(),
            sums: [0.0; TILE],
            counts: [0; TILE],
            sheets: Vec::new(),
            layer: 0,
            tally: Tally::default(),
        }
    }
}

impl Scratch {
    /// Goes on with another layer.
    pub(super) fn of_layer(&mut self, layer: usize) {
        self.layer = layer;
        if self.sheets.len() <= layer {
            self.sheets.resize_with(layer + 1, Sheet::default);
        }
    }

    /// The sheet of the layer.
    pub(super) fn sheet(&mut self) -> &mut Sheet {
        &mut self.sheets[self.layer]
    }

    /// Bytes of the sheets: the rest is little.
    pub(super) fn bytes(&self) -> usize {
        self.sheets.iter().map(Sheet::bytes).sum()
    }
}

/// Projects a layer on the pixels of a tile: real values, not a number where nothing counts.
#[inline(always)]
pub(super) fn project(
    lanes: Lanes,
    body: &Body,
    lines: &Lines,
    cancel: &Cancel,
    scratch: &mut Scratch,
    values: &mut [f32; TILE],
) -> bool {
    values.fill(f32::NAN);
    let mut tile = scratch.tile.take().unwrap_or_default();
    let meets = tile.aim(lines, body);
    if meets {
        march(lanes, body, lines, &tile, cancel, scratch, values);
    }
    scratch.tile = Some(tile);
    meets
}

#[inline(always)]
fn march(
    lanes: Lanes,
    body: &Body,
    lines: &Lines,
    tile: &Tile,
    cancel: &Cancel,
    scratch: &mut Scratch,
    values: &mut [f32; TILE],
) {
    scratch.tally.rays += u64::from(tile.rays);
    let march = March {
        lanes,
        body,
        tile,
        lines,
        cancel,
    };
    match (body.kept, &body.strides) {
        (Kept::Extreme { sign, .. }, _) if body.is_level && !tile.is_odd => {
            level::extreme(lanes, body, tile, sign, cancel, scratch, values);
        }
        (Kept::Extreme { sign, fading }, Some(_)) if !tile.is_odd => {
            with_voxels!(body.stored.voxels(), voxels => march.extreme(voxels, sign, fading, scratch, values));
        }
        (Kept::Mean | Kept::Sum, Some(_)) if !tile.is_odd => {
            with_voxels!(body.stored.voxels(), voxels => march.sums(voxels, scratch));
            march.finish_sums(scratch, values);
        }
        _ => march.plainly(scratch, values),
    }
    for value in values {
        *value = body.rescale.real(f64::from(*value)) as f32;
    }
}

pub(super) struct March<'a> {
    pub(super) lanes: Lanes,
    pub(super) body: &'a Body,
    pub(super) tile: &'a Tile,
    lines: &'a Lines,
    pub(super) cancel: &'a Cancel,
}

impl March<'_> {
    /// Lowers values by their depth.
    #[inline(always)]
    pub(super) fn fade(&self, fading: Fading, from: usize, k: i32, sign: f32, values: &mut [f32; UNIT]) {
        let [start, step] = &self.tile.depth;
        for along in 0..ALONG {
            let k = f64::from(k + along as i32);
            for ray in 0..RAYS {
                let depth = (start[from + ray] + k * step[from + ray]).clamp(0.0, 1.0);
                let part = (1.0 - fading.weight * depth) as f32;
                let value = &mut values[along * RAYS + ray];
                let above = sign * *value - fading.pivot;
                let faded = sign * (fading.pivot + above * part);
                *value = if above > 0.0 { faded } else { *value };
            }
        }
    }

    /// Reads some groups of a unit: not a number where no sample counts. Gives how many samples were read.
    #[inline(always)]
    pub(super) fn unit<T: Sampled>(
        &self,
        voxels: &[T],
        beam: &Beam,
        reach: &Reach,
        [from, k]: [i32; 2],
        groups: u8,
        scratch: &mut Scratch,
    ) -> u64 {
        let (body, tile, from) = (self.body, self.tile, from as usize);
        let Scratch { places, values, .. } = scratch;
        tile.places(from, k, places);
        let strides = body.strides.as_ref().expect("odd tiles are marched plainly");
        let is_interior = beam.is_whole(k, ALONG as i32) && reach.is_interior(body);
        if body.stored.grid().slice_positions().is_some() {
            self.to_slices(&mut places[2]);
        }
        // SAFETY: an interior unit lies between the first and the last voxel; the strides are the volume's.
        unsafe { read(self.lanes, voxels, strides, places, is_interior, groups, values) };
        if body.has_holes() && has_holes(groups, values) {
            self.mend(from, k, groups, values);
        }
        if !body.cuts.is_empty() {
            self.cut(from, k, values);
        }
        if groups != ALL {
            clear(groups, values);
        }
        if is_interior {
            8 * u64::from(groups.count_ones())
        } else {
            self.clear(from, k, groups, values)
        }
    }

    /// Makes what does not count not a number; gives how many samples of the groups do.
    #[inline(never)]
    fn clear(&self, from: usize, k: i32, groups: u8, values: &mut [f32; UNIT]) -> u64 {
        let mut samples = 0;
        for (n, value) in values.iter_mut().enumerate() {
            let (ray, k) = (from + n % RAYS, k + (n / RAYS) as i32);
            let counts = self.tile.first[ray] <= k && k <= self.tile.last[ray];
            samples += u64::from(counts && groups >> (n / 8) & 1 == 1);
            *value = if counts { *value } else { f32::NAN };
        }
        samples
    }

    /// From positions of slices to slices.
    #[cold]
    #[inline(never)]
    fn to_slices(&self, positions: &mut [i32; UNIT]) {
        let grid = self.body.stored.grid();
        for position in positions {
            let slice = grid.slice_from_position(f64::from(*position) / PARTS);
            *position = rounded(slice.clamp(-1.0, 32_000.0) * PARTS);
        }
    }

    /// The coordinate of a sample.
    fn voxel(&self, ray: usize, k: i32) -> Point<Voxel> {
        let at = |axis: usize| self.tile.start[axis][ray] + f64::from(k) * self.tile.step[axis][ray];
        let grid = self.body.stored.grid();
        // Samples at the very edge may be beyond it by rounding.
        let [low, high] = self.body.limits[2];
        let slice = grid.slice_from_position(at(2).clamp(low, high));
        let held = |axis: usize| at(axis).clamp(self.body.limits[axis][0], self.body.limits[axis][1]);
        Point::new(held(0), held(1), slice)
    }

    /// Computes what is not a number by the plain definition: a voxel of weight 0 may have spoilt it.
    #[cold]
    #[inline(never)]
    fn mend(&self, from: usize, k: i32, groups: u8, values: &mut [f32; UNIT]) {
        for (n, value) in values.iter_mut().enumerate() {
            let (ray, k) = (from + n % RAYS, k + (n / RAYS) as i32);
            if value.is_nan() && groups >> (n / 8) & 1 == 1 && self.counts(ray, k) {
                *value = self.value(ray, k);
            }
        }
    }

    /// Takes away what the free cuts do.
    #[cold]
    #[inline(never)]
    fn cut(&self, from: usize, k: i32, values: &mut [f32; UNIT]) {
        for (n, value) in values.iter_mut().enumerate() {
            let (ray, k) = (from + n % RAYS, k + (n / RAYS) as i32);
            if self.counts(ray, k) && !self.is_left(ray, k) {
                *value = f32::NAN;
            }
        }
    }

    fn counts(&self, ray: usize, k: i32) -> bool {
        self.tile.first[ray] <= k && k <= self.tile.last[ray]
    }

    fn is_left(&self, ray: usize, k: i32) -> bool {
        let number = self.tile.base + f64::from(k) + self.lines.jitter[ray];
        let place = self.lines.at(ray, number * self.body.step_mm);
        self.body.cuts.iter().all(|cut| cut.leaves(place) >= 0.5)
    }

    fn value(&self, ray: usize, k: i32) -> f32 {
        let real = sample(&self.body.stored, self.voxel(ray, k), self.body.interpolation);
        real.map_or(f32::NAN, |real| real as f32)
    }

    /// Adds up all samples of each ray.
    #[inline(always)]
    fn sums<T: Sampled>(&self, voxels: &[T], scratch: &mut Scratch) {
        scratch.sums.fill(0.0);
        scratch.counts.fill(0);
        for square in 0..SQUARES {
            let from = square * RAYS;
            let Some(beam) = Beam::new(self.tile, from, RAYS, false) else {
                continue;
            };
            let mut k = beam.first & !(ALONG as i32 - 1);
            while k <= beam.last && !self.cancel.is_cancelled() {
                scratch.tally.samples += self.unit(
                    voxels,
                    &beam,
                    &beam.reach([k, ALONG as i32]),
                    [from as i32, k],
                    ALL,
                    scratch,
                );
                let sums: &mut [f64; RAYS] = (&mut scratch.sums[from..from + RAYS])
                    .try_into()
                    .expect("a square");
                let counts: &mut [u32; RAYS] = (&mut scratch.counts[from..from + RAYS])
                    .try_into()
                    .expect("a square");
                add(&scratch.values, sums, counts);
                k += ALONG as i32;
            }
        }
    }

    /// Makes of sums what [`project`] takes for a stored value.
    fn finish_sums(&self, scratch: &Scratch, values: &mut [f32; TILE]) {
        let is_sum = matches!(self.body.kept, Kept::Sum);
        for ray in 0..TILE {
            let count = f64::from(scratch.counts[ray]);
            if count > 0.0 {
                let mean = scratch.sums[ray] / count;
                // The intercept counts as often as the samples do.
                let stored = if is_sum {
                    self.body.rescale.stored(count * self.body.rescale.real(mean))
                } else {
                    mean
                };
                values[ray] = stored as f32;
            }
        }
    }

    /// By the plain definition, sample by sample.
    #[cold]
    #[inline(never)]
    fn plainly(&self, scratch: &mut Scratch, values: &mut [f32; TILE]) {
        scratch.counts.fill(0);
        for ray in 0..TILE {
            if self.tile.first[ray] > self.tile.last[ray] {
                continue;
            }
            let (mut sum, mut count, mut extreme) = (0.0, 0u32, f32::NAN);
            for k in self.tile.first[ray]..=self.tile.last[ray] {
                if k % 1024 == 0 && self.cancel.is_cancelled() {
                    return;
                }
                let value = if self.is_left(ray, k) {
                    self.faded(ray, k)
                } else {
                    f32::NAN
                };
                scratch.tally.samples += 1;
                if !value.is_nan() {
                    sum += f64::from(value);
                    count += 1;
                    extreme = match self.body.kept {
                        Kept::Extreme { sign, .. } if sign < 0.0 => value.min(extreme),
                        _ => value.max(extreme),
                    };
                }
            }
            values[ray] = extreme;
            if !matches!(self.body.kept, Kept::Extreme { .. }) {
                scratch.sums[ray] = sum;
                scratch.counts[ray] = count;
            }
        }
        if !matches!(self.body.kept, Kept::Extreme { .. }) {
            self.finish_sums(scratch, values);
        }
    }

    /// One sample, lowered by its depth.
    fn faded(&self, ray: usize, k: i32) -> f32 {
        let mut values = [self.value(ray, k); UNIT];
        if let Kept::Extreme {
            sign,
            fading: Some(fading),
        } = self.body.kept
        {
            self.fade(fading, ray / RAYS * RAYS, k, sign, &mut values);
        }
        values[ray % RAYS]
    }

    /// Tells rays whose largest value is -infinity from those without any.
    #[cold]
    #[inline(never)]
    pub(super) fn find_lowest(&self, sign: f32, largest: &[f32; TILE], found: &mut [f32; TILE]) {
        for ray in 0..TILE {
            let is_lowest = largest[ray] == f32::NEG_INFINITY;
            let mut samples = self.tile.first[ray]..=self.tile.last[ray];
            let has_value = |k: i32| !self.value(ray, k).is_nan() && self.is_left(ray, k);
            if is_lowest && !self.cancel.is_cancelled() && samples.any(has_value) {
                found[ray] = sign * f32::NEG_INFINITY;
            }
        }
    }
}

/// Adds the values of a unit that are numbers to the sums of its rays.
#[inline(always)]
fn add(values: &[f32; UNIT], sums: &mut [f64; RAYS], counts: &mut [u32; RAYS]) {
    // Four values are added up in single precision first: a rounding no worse than that of the values.
    let mut four = [0.0f32; RAYS];
    for along in 0..ALONG {
        for ray in 0..RAYS {
            let value = values[along * RAYS + ray];
            let is_number = !value.is_nan();
            four[ray] += if is_number { value } else { 0.0 };
            counts[ray] += u32::from(is_number);
        }
    }
    for ray in 0..RAYS {
        sums[ray] += f64::from(four[ray]);
    }
}

/// Makes the values of other groups not a number.
#[inline(always)]
fn clear(groups: u8, values: &mut [f32; UNIT]) {
    for (group, values) in values.chunks_exact_mut(8).enumerate() {
        if groups >> group & 1 == 0 {
            values.fill(f32::NAN);
        }
    }
}

/// Whether some value of the groups is not a number.
#[inline(always)]
fn has_holes(groups: u8, values: &[f32; UNIT]) -> bool {
    let mut holes = 0;
    for (group, values) in values.chunks_exact(8).enumerate() {
        let mut of_group = 0;
        for value in values {
            of_group |= u32::from(value.is_nan());
        }
        holes |= of_group << group;
    }
    holes & u32::from(groups) != 0
}
