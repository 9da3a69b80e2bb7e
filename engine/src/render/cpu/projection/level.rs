//! Maxima along rays that stay between two slices: what turns about the body's long axis shows.
//!
//! Where a row of pixels and its rays lie in one plane of the volume's slices, all its samples mix the same
//! two slices by the same part. That mix, the row's [`Sheet`], is made once, block by block as rays come by,
//! and rays are marched through it in two dimensions: half the reads and half the arithmetic of three.
//!
//! Four neighbouring rays look at eight samples at a time, first where the voxels around allow most, then
//! wherever they allow more than all four rays have.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use super::body::{Body, Kept};
use super::kernel::{PARTS, rounded};
use super::lines::{Sight, TILE};
use super::march::Scratch;
use super::sheet::{PAD, Sheet};
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
/// What places in single precision may differ by from exact ones, voxels.
const MARGIN: f64 = 0.02;
/// Farther than any sample of a volume lies from its middle, mm.
const FAR_MM: f64 = 1e4;

/// Samples of a stretch, as the loops need them: coordinates in the sheet, in fixed point.
pub(super) struct Stretch {
    pub x: [i32; RAYS],
    pub y: [i32; RAYS],
    pub dx: i32,
    pub dy: i32,
    /// Number of the first sample, and the first and last that count of each ray.
    pub k: i32,
    pub first: [i32; RAYS],
    pub last: [i32; RAYS],
    /// Whether all samples count and lie inside the sheet.
    pub is_whole: bool,
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
        group.search(lanes, &mut sheet, &mut scratch.order);
        samples += group.samples;
        for ray in 0..RAYS {
            let largest = group.largest[ray];
            let counts = group.first[ray] <= group.last[ray] && largest > f32::NEG_INFINITY;
            found[from + ray] = if counts { sign * largest } else { f32::NAN };
        }
    }
    *scratch.sheet() = sheet;
    scratch.tally.samples += samples;
    scratch.tally.skipped += tile.samples().saturating_sub(samples);
}

/// A few rays on their way through a sheet.
struct Group<'a> {
    body: &'a Body,
    /// Samples that count.
    first: [i32; RAYS],
    last: [i32; RAYS],
    /// First and last that any ray has, and that all have.
    any: [i32; 2],
    all: [i32; 2],
    /// Columns and rows of sample 0 in the sheet and of a step, in fixed point and exactly.
    place: [[i32; RAYS]; 2],
    stride: [i32; 2],
    step: [f64; 2],
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
            first,
            last,
            any,
            all,
            place,
            stride: [0, 1].map(|axis| tile.stride[axis][from]),
            step,
            reach,
            largest,
            samples: 0,
        })
    }

    /// Looks at all blocks of samples that may hold more than what is known.
    #[inline(always)]
    fn search(&mut self, lanes: Lanes, sheet: &mut Sheet, order: &mut Vec<(f32, i32)>) {
        let blocks = self.any[0].div_euclid(BLOCK)..self.any[1].div_euclid(BLOCK) + 1;
        if !self.body.skips {
            for block in blocks {
                self.look(lanes, sheet, block);
            }
            return;
        }
        let at = sheet.bounds(&self.reach, blocks, order);
        let (most, block) = std::mem::replace(&mut order[at], (f32::NEG_INFINITY, 0));
        let mut least = self.look(lanes, sheet, block);
        // The upper half first: nearly as good as in order, and nothing needs to be sorted.
        let from = if least > f32::NEG_INFINITY {
            least
        } else {
            self.body.floor
        };
        let upper = from + 0.5 * (most - from);
        for above in [upper, f32::NEG_INFINITY] {
            for (bound, block) in order.iter_mut() {
                if *bound > least && *bound > above {
                    least = self.look(lanes, sheet, *block);
                    *bound = f32::NEG_INFINITY;
                }
            }
        }
    }

    /// Takes the samples of a block; gives the least that a ray has.
    #[inline(always)]
    fn look(&mut self, lanes: Lanes, sheet: &mut Sheet, block: i32) -> f32 {
        let k = block * BLOCK;
        let mut stretch = Stretch {
            x: self.place[0],
            y: self.place[1],
            dx: self.stride[0],
            dy: self.stride[1],
            k,
            first: self.first,
            last: self.last,
            is_whole: self.all[0] <= k && k + BLOCK - 1 <= self.all[1],
        };
        let [on_x, on_y] = self.step.map(|step| rounded(f64::from(k) * step * PARTS));
        for ray in 0..RAYS {
            stretch.x[ray] = stretch.x[ray].wrapping_add(on_x);
            stretch.y[ray] = stretch.y[ray].wrapping_add(on_y);
        }
        sheet.make(lanes, self.body, &mut stretch);
        let mut largest = self.largest;
        sheet.raise(lanes, &stretch, &mut largest);
        let mut least = f32::INFINITY;
        for ray in 0..RAYS {
            // Rounding may lead beyond the largest voxel, which is where it then stays.
            let ceiling = self.body.ceiling;
            let held = if largest[ray] > ceiling {
                ceiling
            } else {
                largest[ray]
            };
            let kept = if held > self.largest[ray] {
                held
            } else {
                self.largest[ray]
            };
            self.largest[ray] = kept;
            least = if kept < least { kept } else { least };
        }
        self.samples += if stretch.is_whole {
            RAYS as u64 * BLOCK as u64
        } else {
            stretch.counted()
        };
        least
    }
}

impl Stretch {
    /// Samples that count.
    fn counted(&self) -> u64 {
        let rays = self.first.iter().zip(&self.last);
        rays.map(|(first, last)| {
            let (first, last) = ((*first).max(self.k), (*last).min(self.k + BLOCK - 1));
            (i64::from(last) - i64::from(first) + 1).max(0) as u64
        })
        .sum()
    }

    /// First and last column or row, in fixed point, of all its places.
    #[inline(always)]
    pub(super) fn span(places: &[i32; RAYS], on: i32) -> [i32; 2] {
        let (mut low, mut high) = (places[0], places[0]);
        for place in &places[1..] {
            low = if *place < low { *place } else { low };
            high = if *place > high { *place } else { high };
        }
        let far = on.saturating_mul(BLOCK - 1);
        [low.saturating_add(far.min(0)), high.saturating_add(far.max(0))]
    }
}

/// Voxels that the samples of a group and a block of it reach over, columns and rows.
pub(super) fn extent(sight: &Sight<'_>, body: &Body) -> [f64; 2] {
    let Sight::Camera(camera) = sight else {
        return [0.0; 2];
    };
    let pixel = camera.plane.patient(1.0, 0.0) - camera.plane.patient(0.0, 0.0);
    let step = camera.sight().unwrap_or(pixel) * body.step_mm;
    [0, 1].map(|axis| {
        let along = |way: Vector<Patient>| (body.linear.row(axis) * way.xyz)[0].abs();
        // The samples of a ray may be moved by a step.
        (RAYS - 1) as f64 * along(pixel) + f64::from(BLOCK) * along(step) + 4.0 * MARGIN
    })
}
