//! Maxima along rays that stay between two slices: what turns about the body's long axis shows.
//!
//! Where a row of pixels and its rays lie in one plane of the volume's slices, all its samples mix the same
//! two slices by the same part. That mix, the row's [`Sheet`], is made once, and rays are marched through it in two
//! dimensions: half the reads and half the arithmetic of three.
//!
//! Four neighbouring rays look at eight samples at a time, first where the values around allow most, then
//! wherever they allow more than all four rays have.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use super::body::{Body, Kept};
use super::kernel::{PARTS, rounded};
use super::lines::{Sight, TILE};
use super::march::Scratch;
use super::sheet::{PAD, Sheet, larger};
use super::tile::{BLOCK, Tile};
use crate::geometry::{Patient, Vector};
use crate::presentation::Size;
use crate::render::Cancel;
use crate::render::cpu::kernel::Lanes;
use crate::volume::Interpolation;

/// Rays that are marched together.
pub(super) const RAYS: usize = 4;
/// Voxels by which the samples of a row may leave their level.
const DRIFT: f64 = 1e-5;
/// Most voxels that the samples of a group and a block may reach over: places in fixed point go no farther.
const MAX_EXTENT: f64 = 700.0;
/// Most voxels of a slice of which each thread keeps a picture.
const MAX_SLICE: usize = 1 << 21;
/// Bounds that are chosen among together.
const PART: usize = 64;
/// Voxels of a slice to a sample below which a sheet is made as a whole, and the part of its narrower side that the
/// picture must show.
const DENSE: f64 = 2.0;
const MOST: f64 = 0.5;
/// What places in single precision may differ by from exact ones, voxels.
const MARGIN: f64 = 0.02;
/// Farther than any sample of a volume lies from its middle, mm.
const FAR_MM: f64 = 1e4;

/// Some rays on their way through a sheet: its columns and rows, in fixed point.
pub(super) struct Rays {
    /// Of sample 0.
    pub place: [[i32; RAYS]; 2],
    /// From a sample to the next, and exactly.
    pub stride: [i32; 2],
    step: [f64; 2],
    /// First and last sample that counts of each.
    pub first: [i32; RAYS],
    pub last: [i32; RAYS],
}

/// Whether the rows of pixels of a view look through one level of each volume, and only maxima are kept.
pub(super) fn is_level(sight: &Sight<'_>, bodies: &[Body], size: Size) -> bool {
    let Sight::Camera(camera) = sight else {
        return false;
    };
    let (Some(along), None) = (camera.sight(), camera.eye) else {
        return false;
    };
    let across = camera.plane.patient(f64::from(size.width), 0.0) - camera.plane.patient(0.0, 0.0);
    let stays = |body: &Body, way: Vector<Patient>| rise(body, way).abs() < DRIFT;
    !bodies.is_empty()
        && bodies.iter().all(|body| {
            is_plain(body)
                && stays(body, along * FAR_MM)
                && stays(body, across)
                && extent(sight, body).iter().all(|extent| *extent < MAX_EXTENT)
        })
}

/// Slices that a way in the scene crosses.
fn rise(body: &Body, way: Vector<Patient>) -> f64 {
    (body.linear.row(2) * way.xyz)[0]
}

fn is_plain(body: &Body) -> bool {
    let [columns, rows, _] = body.stored.grid().size();
    matches!(body.kept, Kept::Extreme { fading: None, .. })
        && columns * rows <= MAX_SLICE
        && body.interpolation == Interpolation::Linear
        && body.strides.is_some()
        && body.cells.is_some()
        && body.cuts.is_empty()
        && !body.has_holes()
}

/// The largest values of a strip of pixels of one row, times the sign.
#[inline(always)]
pub(super) fn extreme(
    lanes: Lanes,
    body: &Body,
    tile: &Tile,
    sign: f32,
    cancel: &Cancel,
    scratch: &mut Scratch,
    found: &mut [f32; TILE],
) {
    let Some(middle) = (0..TILE).find(|lane| tile.first[*lane] <= tile.last[*lane]) else {
        return;
    };
    let mut sheet = std::mem::take(scratch.sheet());
    sheet.turn_to(lanes, body, sign, tile.start[2][middle]);
    let mut samples = 0;
    for from in (0..TILE).step_by(RAYS) {
        let Some(mut group) = Group::new(body, tile, from).filter(|_| !cancel.is_cancelled()) else {
            continue;
        };
        group.search(lanes, &mut sheet, &mut scratch.bounds);
        samples += group.samples;
        for ray in 0..RAYS {
            // Rounding may lead beyond the largest voxel, which is where it then stays.
            let largest = if group.largest[ray] > body.ceiling {
                body.ceiling
            } else {
                group.largest[ray]
            };
            let counts = group.rays.first[ray] <= group.rays.last[ray] && largest > f32::NEG_INFINITY;
            found[from + ray] = if counts { sign * largest } else { f32::NAN };
        }
    }
    *scratch.sheet() = sheet;
    scratch.tally.samples += samples;
    scratch.tally.skipped += tile.samples().saturating_sub(samples);
}

/// A search along a few rays.
struct Group<'a> {
    body: &'a Body,
    rays: Rays,
    /// First and last sample that any ray has, and that all have.
    any: [i32; 2],
    all: [i32; 2],
    /// Least and largest places that they have in a block, without what leads to it.
    span: [[i64; 2]; 2],
    reach: Reach,
    /// The largest so far of each ray; +infinity for those without samples.
    largest: [f32; RAYS],
    samples: u64,
}

/// The box, columns and rows of voxels, that the samples of a block reach over.
pub(super) struct Reach {
    /// Of block 0.
    pub low: [f32; 2],
    pub high: [f32; 2],
    /// From a block to the next.
    pub on: [f32; 2],
}

impl<'a> Group<'a> {
    /// The rays from lane `from`; `None` without samples.
    #[inline(always)]
    fn new(body: &'a Body, tile: &Tile, from: usize) -> Option<Self> {
        let of = |part: &[i32; TILE]| -> [i32; RAYS] { part[from..from + RAYS].try_into().expect("a group") };
        let (first, last) = (of(&tile.first), of(&tile.last));
        let (mut any, mut all) = ([i32::MAX, i32::MIN], [i32::MIN, i32::MAX]);
        let mut with_samples = from;
        let mut largest = [f32::INFINITY; RAYS];
        for ray in 0..RAYS {
            any = [any[0].min(first[ray]), any[1].max(last[ray])];
            all = [all[0].max(first[ray]), all[1].min(last[ray])];
            if first[ray] <= last[ray] {
                with_samples = from + ray;
                largest[ray] = f32::NEG_INFINITY;
            }
        }
        if any[0] > any[1] {
            return None;
        }
        // Rays without samples stand where one with some does.
        let lane = |ray: usize| {
            if first[ray] <= last[ray] {
                from + ray
            } else {
                with_samples
            }
        };
        let step = [0, 1].map(|axis| tile.step[axis][from]);
        let mut reach = Reach {
            low: [0.0; 2],
            high: [0.0; 2],
            on: step.map(|step| (step * f64::from(BLOCK)) as f32),
        };
        let stride = [0, 1].map(|axis| tile.stride[axis][from]);
        let mut place = [[0; RAYS]; 2];
        for axis in 0..2 {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for ray in 0..RAYS {
                let start = tile.start[axis][lane(ray)];
                (low, high) = (low.min(start), high.max(start));
                place[axis][ray] = tile.place[axis][lane(ray)].wrapping_add(PAD << 16);
            }
            let far = step[axis] * f64::from(BLOCK - 1);
            reach.low[axis] = (low + far.min(0.0) - MARGIN) as f32;
            reach.high[axis] = (high + far.max(0.0) + MARGIN) as f32;
        }
        Some(Self {
            body,
            span: spans(&place, stride),
            rays: Rays {
                place,
                stride,
                step,
                first,
                last,
            },
            any,
            all,
            reach,
            largest,
            samples: 0,
        })
    }

    /// Looks at all blocks of samples that may hold more than what is known.
    #[inline(always)]
    fn search(&mut self, lanes: Lanes, sheet: &mut Sheet, bounds: &mut Vec<f32>) {
        let blocks = self.any[0].div_euclid(BLOCK)..self.any[1].div_euclid(BLOCK) + 1;
        if !self.body.skips {
            for block in blocks {
                self.look(lanes, sheet, block);
            }
            return;
        }
        sheet.bounds(lanes, &self.reach, &blocks, bounds);
        let most = most(bounds);
        let best = bounds.iter().position(|bound| *bound == most).unwrap_or(0);
        let mut least = self.look(lanes, sheet, blocks.start + best as i32);
        bounds[best] = f32::NEG_INFINITY;
        // From above in a few steps: nearly as good as in order, and nothing needs to be sorted.
        let from = larger(least, self.body.floor);
        let upper = [0.6, 0.3].map(|part| from + part * (most - from));
        let mut below = f32::INFINITY;
        for above in [upper[0], upper[1], f32::NEG_INFINITY] {
            let above = larger(least, above);
            for (part, bounds) in bounds.chunks(PART).enumerate() {
                let mut chosen = between(lanes, bounds, above, below);
                while chosen != 0 {
                    let n = chosen.trailing_zeros() as usize;
                    chosen &= chosen - 1;
                    if bounds[n] > least {
                        least = self.look(lanes, sheet, blocks.start + (part * PART + n) as i32);
                    }
                }
            }
            below = above;
        }
    }

    /// Takes the samples of a block; gives the least that a ray has.
    #[inline(always)]
    fn look(&mut self, lanes: Lanes, sheet: &mut Sheet, block: i32) -> f32 {
        let k = block * BLOCK;
        let on = self.rays.on(block);
        let span = self
            .span
            .map(|end| [0, 1].map(|axis| end[axis] + i64::from(on[axis])));
        let all_count = self.all[0] <= k && k + BLOCK - 1 <= self.all[1];
        let is_whole = all_count && sheet.holds(span);
        sheet.make(lanes, self.body, span);
        self.samples += if is_whole {
            RAYS as u64 * BLOCK as u64
        } else {
            self.rays.counted(k)
        };
        sheet.raise(lanes, &self.rays, block, is_whole, &mut self.largest)
    }
}

/// The largest of some bounds.
#[inline(always)]
fn most(bounds: &[f32]) -> f32 {
    const WIDE: usize = 8;
    let mut most = [f32::NEG_INFINITY; WIDE];
    for bounds in bounds.chunks_exact(WIDE) {
        for lane in 0..WIDE {
            most[lane] = larger(most[lane], bounds[lane]);
        }
    }
    most.into_iter().fold(f32::NEG_INFINITY, larger)
}

/// Which of at most [`PART`] bounds are above one limit and not above another, as bits.
#[inline(always)]
fn between(lanes: Lanes, bounds: &[f32], above: f32, up_to: f32) -> u64 {
    match lanes {
        Lanes::Baseline => bounds.iter().rev().fold(0, |bits, bound| {
            bits << 1 | u64::from(*bound > above && *bound <= up_to)
        }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { super::avx2_level::between(bounds, above, up_to) },
    }
}

impl Rays {
    /// From sample 0 to the first of a block.
    #[inline(always)]
    pub(super) fn on(&self, block: i32) -> [i32; 2] {
        let k = f64::from(block * BLOCK);
        self.step.map(|step| rounded(k * step * PARTS))
    }

    /// Samples that count of the block that begins with sample `k`.
    fn counted(&self, k: i32) -> u64 {
        let rays = self.first.iter().zip(&self.last);
        rays.map(|(first, last)| {
            let (first, last) = ((*first).max(k), (*last).min(k + BLOCK - 1));
            (i64::from(last) - i64::from(first) + 1).max(0) as u64
        })
        .sum()
    }
}

/// Least and largest places of a block of samples that begins at `place`.
#[inline(always)]
fn spans(place: &[[i32; RAYS]; 2], stride: [i32; 2]) -> [[i64; 2]; 2] {
    let far = stride.map(|stride| i64::from(stride) * i64::from(BLOCK - 1));
    let low = |axis: usize| place[axis].iter().copied().fold(i32::MAX, i32::min);
    let high = |axis: usize| place[axis].iter().copied().fold(i32::MIN, i32::max);
    [
        [0, 1].map(|axis| i64::from(low(axis)) + far[axis].min(0)),
        [0, 1].map(|axis| i64::from(high(axis)) + far[axis].max(0)),
    ]
}

/// Columns and rows from a pixel to the next, and from a sample.
fn ways(sight: &Sight<'_>, body: &Body) -> [[f64; 2]; 2] {
    let Sight::Camera(camera) = sight else {
        return [[0.0; 2]; 2];
    };
    let pixel = camera.plane.patient(1.0, 0.0) - camera.plane.patient(0.0, 0.0);
    let step = camera.sight().unwrap_or(pixel) * body.step_mm;
    [pixel, step].map(|way| [0, 1].map(|axis| (body.linear.row(axis) * way.xyz)[0]))
}

/// Voxels that the samples of a group and a block of it reach over, columns and rows.
pub(super) fn extent(sight: &Sight<'_>, body: &Body) -> [f64; 2] {
    let [pixel, step] = ways(sight, body);
    [0, 1].map(|axis| {
        // The samples of a ray may be moved by a step.
        (RAYS - 1) as f64 * pixel[axis].abs() + f64::from(BLOCK) * step[axis].abs() + 4.0 * MARGIN
    })
}

/// Whether samples lie so close, and so far about, that nearly all of a sheet is read.
pub(super) fn is_dense(sight: &Sight<'_>, body: &Body, width: u32) -> bool {
    let [pixel, step] = ways(sight, body);
    let [columns, rows, _] = body.stored.grid().size();
    let per_sample = (pixel[0] * step[1] - pixel[1] * step[0]).abs();
    let shown = f64::from(width) * pixel[0].hypot(pixel[1]);
    per_sample < DENSE && shown > MOST * columns.min(rows) as f64
}
