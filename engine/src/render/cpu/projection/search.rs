//! The largest value along each ray, without looking everywhere.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use std::sync::Arc;

use super::body::Fading;
use super::bound::{Beam, Reach};
use super::kernel::{ALL, ALONG, RAYS, Sampled, UNIT};
use super::lines::TILE;
use super::march::{March, Scratch};
use super::tile::{BLOCK, SQUARES};
use crate::render::cells::{CELL, Cells, FINE, Fine};
use crate::volume::Voxels;

/// Most voxels that a look at the voxels themselves may take: more and reading the samples is cheaper.
const MAX_VOXELS: usize = 120;
/// Lanes of every other group: the first or the second half of a square's rays.
const HALVES: [u8; 2] = [0b0101_0101, 0b1010_1010];
/// Blocks of samples up to which nothing is passed over.
const SHORT: i32 = 4;
const UNITS: i32 = BLOCK / ALONG as i32;

/// Voxels whose values bound what lies between them.
pub(super) trait Bounds: Sampled {
    /// Largest values of fine blocks for sign 1, smallest for -1.
    fn of(fine: &Fine, sign: f32) -> &[Self];

    /// The largest of `sign` times the voxels in a box, or in a larger one; not a number for boxes too large.
    fn in_box(voxels: &[Self], size: [usize; 3], box_of: [[usize; 2]; 3], sign: f32) -> f32;
}

macro_rules! bounds {
    ($type:ty, $voxels:path, $wide:literal, $lowest:expr, $highest:expr) => {
        impl Bounds for $type {
            #[inline(always)]
            fn of(fine: &Fine, sign: f32) -> &[Self] {
                match if sign > 0.0 { &fine.high } else { &fine.low } {
                    $voxels(values) => values,
                    _ => &[],
                }
            }

            #[inline(always)]
            fn in_box(voxels: &[Self], size: [usize; 3], [x, y, z]: [[usize; 2]; 3], sign: f32) -> f32 {
                const WIDE: usize = $wide;
                let count = (x[1] + 1 - x[0]) * (y[1] + 1 - y[0]) * (z[1] + 1 - z[0]);
                let first = x[0].min(size[0].saturating_sub(WIDE));
                if count > MAX_VOXELS || first + WIDE > size[0] || x[1] >= first + WIDE {
                    return f32::NAN;
                }
                if sign > 0.0 {
                    f32::from(widest::<Self, WIDE>(
                        voxels,
                        size,
                        first,
                        [y, z],
                        $lowest,
                        |a, b| {
                            if b > a { b } else { a }
                        },
                    ))
                } else {
                    -f32::from(widest::<Self, WIDE>(
                        voxels,
                        size,
                        first,
                        [y, z],
                        $highest,
                        |a, b| {
                            if b < a { b } else { a }
                        },
                    ))
                }
            }
        }
    };
}

/// One of the values of rows as wide as `WIDE`, by a choice between two.
#[inline(always)]
fn widest<T: Copy, const WIDE: usize>(
    voxels: &[T],
    size: [usize; 3],
    first: usize,
    [y, z]: [[usize; 2]; 2],
    start: T,
    choose: impl Fn(T, T) -> T,
) -> T {
    let mut chosen = [start; WIDE];
    let mut k = z[0];
    // Ranges that include their ends are slow to count.
    while k <= z[1] {
        let mut j = y[0];
        let mut row = (k * size[1] + j) * size[0] + first;
        while j <= y[1] {
            let values: &[T; WIDE] = voxels[row..row + WIDE].try_into().expect("as wide");
            for lane in 0..WIDE {
                chosen[lane] = choose(chosen[lane], values[lane]);
            }
            row += size[0];
            j += 1;
        }
        k += 1;
    }
    let mut one = start;
    for lane in 0..WIDE {
        one = choose(one, chosen[lane]);
    }
    one
}

bounds!(i16, Voxels::I16, 8, i16::MIN, i16::MAX);
bounds!(u16, Voxels::U16, 8, u16::MIN, u16::MAX);
bounds!(u8, Voxels::U8, 8, u8::MIN, u8::MAX);
bounds!(f32, Voxels::F32, 8, f32::NEG_INFINITY, f32::INFINITY);

/// A unit that is worth a look.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    square: usize,
    k: i32,
    /// What no sample of it exceeds.
    bound: f32,
    /// The coordinates that it reaches.
    reach: Reach,
}

/// The state of a search through a tile.
struct Search<'a, 'm, T> {
    march: &'a March<'m>,
    voxels: &'a [T],
    sign: f32,
    fading: Option<Fading>,
    beams: [Option<Beam>; SQUARES],
    /// Cells, where something may be passed over.
    cells: Option<&'a Arc<Cells>>,
    /// The largest so far of each ray.
    largest: [f32; TILE],
    /// The least of those, of each half of a square.
    least: [[f32; 2]; SQUARES],
}

impl March<'_> {
    /// The largest of the values times `sign`.
    #[inline(always)]
    pub(super) fn extreme<T: Bounds>(
        &self,
        voxels: &[T],
        sign: f32,
        fading: Option<Fading>,
        scratch: &mut Scratch,
        found: &mut [f32; TILE],
    ) {
        let (body, tile) = (self.body, self.tile);
        // Of short rays, slabs, reading all costs less than looking where to.
        let is_short = tile.blocks <= SHORT;
        let all = (is_short && fading.is_none()).then(|| self.largest_of_all(voxels, sign));
        let (largest, samples) = match all.flatten() {
            Some(largest) => (largest, tile.samples()),
            None => {
                let cells = body.cells.as_ref().filter(|_| body.skips && !is_short);
                let mut search = Search::new(self, voxels, sign, fading, cells);
                let mut order = std::mem::take(&mut scratch.order);
                search.order(&mut order);
                let samples = search.run(&order, scratch);
                scratch.order = order;
                (search.largest, samples)
            }
        };
        scratch.tally.samples += samples;
        scratch.tally.skipped += tile.samples().saturating_sub(samples);
        for ray in 0..TILE {
            let counts = tile.first[ray] <= tile.last[ray] && largest[ray] > f32::NEG_INFINITY;
            found[ray] = if counts { sign * largest[ray] } else { f32::NAN };
        }
        if body.may_be_lowest() {
            self.find_lowest(sign, &largest, found);
        }
    }
}

impl<'a, 'm, T: Bounds> Search<'a, 'm, T> {
    #[inline(always)]
    fn new(
        march: &'a March<'m>,
        voxels: &'a [T],
        sign: f32,
        fading: Option<Fading>,
        cells: Option<&'a Arc<Cells>>,
    ) -> Self {
        let mut search = Self {
            march,
            voxels,
            sign,
            fading,
            beams: [None; SQUARES],
            cells,
            // Rays without samples must not hold the others up.
            largest: [f32::INFINITY; TILE],
            least: [[f32::INFINITY; 2]; SQUARES],
        };
        for ray in 0..TILE {
            if march.tile.first[ray] <= march.tile.last[ray] {
                search.largest[ray] = f32::NEG_INFINITY;
                search.least[ray / RAYS][ray % RAYS / 8] = f32::NEG_INFINITY;
            }
        }
        for square in 0..SQUARES {
            search.beams[square] = Beam::new(march.tile, square * RAYS, RAYS, fading.is_some());
        }
        search
    }
}

impl<T: Bounds> Search<'_, '_, T> {
    /// Fills in the blocks to look at, those with the largest bound first.
    #[inline(always)]
    fn order(&self, order: &mut Vec<(f32, i32)>) {
        let (body, tile) = (self.march.body, self.march.tile);
        order.clear();
        let Some(cells) = self.cells else {
            order.extend((0..tile.blocks).map(|block| (f32::INFINITY, block)));
            return;
        };
        let Some(beam) = Beam::new(tile, 0, TILE, self.fading.is_some()) else {
            return;
        };
        let values = if self.sign > 0.0 {
            cells.high()
        } else {
            cells.low()
        };
        for block in 0..tile.blocks {
            let stretch = [block * BLOCK, BLOCK];
            let reach = beam.reach(stretch);
            let largest = reach.largest(body, CELL as f64, cells.size(), values, self.sign);
            if largest > f32::NEG_INFINITY {
                order.push((self.bound(largest, &beam, stretch), block));
            }
        }
        order.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
    }

    /// What no sample exceeds, from the largest voxel.
    #[inline(always)]
    fn bound(&self, largest: f32, beam: &Beam, [k, count]: [i32; 2]) -> f32 {
        let bound = self.march.body.bound_of(largest);
        let Some(Fading { pivot, weight }) = self.fading else {
            return bound;
        };
        let above = bound - pivot;
        if above > 0.0 {
            let part = 1.0 - weight * beam.depth(k, count);
            let rounding = 1e-6 * (above.abs() + pivot.abs());
            pivot + above * part as f32 + rounding
        } else {
            bound
        }
    }

    /// Looks at units in the order of their blocks, each while the memory of the next is on its way. Gives how
    /// many samples were read.
    #[inline(always)]
    fn run(&mut self, order: &[(f32, i32)], scratch: &mut Scratch) -> u64 {
        let mut samples = 0;
        let mut ahead: Option<Candidate> = None;
        for (bound, block) in order {
            let least = self
                .least
                .as_flattened()
                .iter()
                .copied()
                .fold(f32::INFINITY, f32::min);
            if self.cells.is_some() && *bound <= least || self.march.cancel.is_cancelled() {
                break;
            }
            for square in 0..SQUARES {
                for unit in 0..UNITS {
                    let k = block * BLOCK + unit * ALONG as i32;
                    let Some(next) = self.candidate(square, k, *bound) else {
                        continue;
                    };
                    self.fetch(&next);
                    if let Some(candidate) = ahead.replace(next) {
                        samples += self.look(&candidate, scratch);
                    }
                }
            }
        }
        if let Some(candidate) = ahead {
            samples += self.look(&candidate, scratch);
        }
        samples
    }

    /// A unit, unless it has no samples or none that could be larger.
    #[inline(always)]
    fn candidate(&self, square: usize, k: i32, bound: f32) -> Option<Candidate> {
        let beam = self.beams[square].as_ref()?;
        if beam.last < k || beam.first >= k + ALONG as i32 {
            return None;
        }
        let unit = [k, ALONG as i32];
        let Some(cells) = self.cells else {
            let reach = beam.reach(unit);
            return Some(Candidate {
                square,
                k,
                bound,
                reach,
            });
        };
        let [a, b] = self.least[square];
        let least = if a < b { a } else { b };
        if bound <= least {
            return None;
        }
        let (reach, fine) = (beam.reach(unit), cells.fine());
        let values = T::of(fine, self.sign);
        let largest = reach.largest(self.march.body, FINE as f64, fine.size, values, self.sign);
        let bound = self.bound(largest, beam, unit);
        (bound > least).then_some(Candidate {
            square,
            k,
            bound,
            reach,
        })
    }

    /// Asks for the memory of a unit, where the processor can be asked.
    #[inline(always)]
    fn fetch(&self, candidate: &Candidate) {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = candidate;
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let body = self.march.body;
            let [columns, rows, _] = body.stored.grid().size();
            let Some([x, y, z]) = candidate.reach.voxels(body) else {
                return;
            };
            let count = (y[1] + 1 - y[0]) * (z[1] + 1 - z[0]);
            // Of more only some would be read.
            if count > 64 {
                return;
            }
            for k in z[0]..z[1] + 1 {
                for j in y[0]..y[1] + 1 {
                    let at = &raw const self.voxels[(k * rows + j) * columns + x[0]];
                    // SAFETY: a hint, on the address of a voxel.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
                }
            }
        }
    }

    /// Takes the samples of a unit that may be larger than what their rays have. Gives how many were read.
    #[inline(always)]
    fn look(&mut self, candidate: &Candidate, scratch: &mut Scratch) -> u64 {
        let Candidate { square, k, reach, .. } = candidate;
        let (square, k) = (*square, *k);
        let Some(beam) = &self.beams[square] else { return 0 };
        let groups = if self.cells.is_some() {
            self.groups(beam, candidate)
        } else {
            ALL
        };
        if groups == 0 {
            return 0;
        }
        let samples = self.march.unit(
            self.voxels,
            beam,
            reach,
            [(square * RAYS) as i32, k],
            groups,
            scratch,
        );
        if let Some(fading) = self.fading {
            self.march
                .fade(fading, square * RAYS, k, self.sign, &mut scratch.values);
        }
        let of_square = &mut self.largest[square * RAYS..(square + 1) * RAYS];
        let of_square: &mut [f32; RAYS] = of_square.try_into().expect("a square");
        self.least[square] = keep(self.sign, self.march.body.ceiling, &scratch.values, of_square);
        samples
    }

    /// Groups of eight samples of a unit that may hold larger ones: by the voxels themselves where they are few.
    #[inline(always)]
    fn groups(&self, beam: &Beam, candidate: &Candidate) -> u8 {
        let body = self.march.body;
        let [a, b] = self.least[candidate.square];
        let above = |bound: f32| (u8::from(bound > a) * HALVES[0]) | (u8::from(bound > b) * HALVES[1]);
        let groups = above(candidate.bound);
        if groups == 0 {
            return 0;
        }
        let Some(touched) = candidate.reach.voxels(body) else {
            return groups;
        };
        let largest = T::in_box(self.voxels, body.stored.grid().size(), touched, self.sign);
        if largest.is_nan() {
            return groups;
        }
        above(self.bound(largest, beam, [candidate.k, ALONG as i32]))
    }
}

/// Takes the values of a unit into the largest of each ray; gives the least of those of either half.
///
/// Rounding may lead beyond the largest voxel, which is where it then stays: so nothing is looked for where
/// every ray has met that.
#[inline(always)]
fn keep(sign: f32, ceiling: f32, values: &[f32; UNIT], largest: &mut [f32; RAYS]) -> [f32; 2] {
    let mut kept = *largest;
    for along in 0..ALONG {
        for ray in 0..RAYS {
            let value = sign * values[along * RAYS + ray];
            kept[ray] = if value > kept[ray] { value } else { kept[ray] };
        }
    }
    for ray in 0..RAYS {
        // Rays without samples are at +infinity, and stay.
        let held = if kept[ray] > ceiling { ceiling } else { kept[ray] };
        kept[ray] = if largest[ray] > held { largest[ray] } else { held };
    }
    *largest = kept;
    let lesser = |a: f32, b: f32| if b < a { b } else { a };
    std::array::from_fn(|half| {
        let of: &[f32] = &kept[8 * half..8 * half + 8];
        let four: [f32; 4] = std::array::from_fn(|n| lesser(of[n], of[n + 4]));
        lesser(lesser(four[0], four[2]), lesser(four[1], four[3]))
    })
}
