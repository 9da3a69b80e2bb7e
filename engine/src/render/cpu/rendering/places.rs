//! Values and gradients at a handful of places of a volume at once.
//!
//! Lanes are written as arrays that the compiler turns into vectors, as in `cpu::kernel`.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use crate::geometry::{Grid, Point};
use crate::render::classify::floor;
use crate::render::cpu::kernel::{Lanes, Pair, pair};
use crate::volume::{Interpolation, Volume, Voxels, sample};
use crate::with_voxels;

/// Places that are read together.
pub(super) const LANES: usize = 8;

/// Voxel coordinates: the voxel before, and how far it is to the next, 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub base: [[i32; LANES]; 3],
    pub part: [[f32; LANES]; 3],
}

impl Places {
    /// Places at `start + s * direction`; on the third axis in steps of it, not in slices.
    ///
    /// Held to the outermost centres.
    #[inline(always)]
    pub(super) fn along(grid: &Grid, start: [f64; 3], direction: [f64; 3], s: &[f32; LANES]) -> Self {
        let mut places = Self {
            base: [[0; LANES]; 3],
            part: [[0.0; LANES]; 3],
        };
        let size = grid.size();
        for axis in 0..3 {
            if axis == 2 && grid.slice_positions().is_some() {
                places.uneven(grid, start[2], direction[2], s);
                continue;
            }
            let whole = start[axis].floor();
            let (first, fraction, slope) =
                (whole as i32, (start[axis] - whole) as f32, direction[axis] as f32);
            let last = size[axis] as i32 - 2;
            for lane in 0..LANES {
                let at = fraction + s[lane] * slope;
                let ahead = floor(at);
                let voxel = first + ahead;
                let part = at - ahead as f32;
                let part = if voxel > last { 1.0 } else { part };
                places.part[axis][lane] = if voxel < 0 { 0.0 } else { part };
                places.base[axis][lane] = voxel.min(last).max(0);
            }
        }
        places
    }

    #[cold]
    #[inline(never)]
    fn uneven(&mut self, grid: &Grid, start: f64, direction: f64, s: &[f32; LANES]) {
        let last = grid.size()[2] as f64 - 1.0;
        for lane in 0..LANES {
            let slice = grid.slice_from_position(start + f64::from(s[lane]) * direction);
            let slice = slice.clamp(0.0, last);
            let base = slice.floor().min((last - 1.0).max(0.0));
            self.base[2][lane] = base as i32;
            self.part[2][lane] = (slice - base) as f32;
        }
    }

    /// Places at voxel coordinates within the outermost centres.
    #[inline(always)]
    pub(super) fn at(size: [usize; 3], voxel: &[[f32; LANES]; 3]) -> Self {
        let mut places = Self {
            base: [[0; LANES]; 3],
            part: [[0.0; LANES]; 3],
        };
        for axis in 0..3 {
            let last = (size[axis] as i32 - 2).max(0);
            for lane in 0..LANES {
                let base = floor(voxel[axis][lane]).min(last).max(0);
                places.base[axis][lane] = base;
                places.part[axis][lane] = voxel[axis][lane] - base as f32;
            }
        }
        places
    }

    /// The voxel coordinate of a lane.
    #[inline(always)]
    pub(super) fn voxel(&self, lane: usize) -> [f32; 3] {
        std::array::from_fn(|axis| self.base[axis][lane] as f32 + self.part[axis][lane])
    }

    fn point(&self, lane: usize) -> [f64; 3] {
        std::array::from_fn(|axis| f64::from(self.base[axis][lane]) + f64::from(self.part[axis][lane]))
    }
}

/// Whether the loops below may index the volume: 32-bit indices, and rows of two.
#[inline(always)]
fn is_indexable(volume: &Volume) -> bool {
    volume.voxels().len() <= i32::MAX as usize && volume.grid().size()[0] >= 2
}

/// Real values, not a number where the volume is not.
#[inline(always)]
pub(super) fn values(lanes: Lanes, volume: &Volume, places: &Places) -> [f32; LANES] {
    match lanes {
        Lanes::Baseline => values_baseline(volume, places),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { values_avx2(volume, places) },
    }
}

// Apart from what calls them, as the differences are: taken in at each call, compilers take minutes.
#[inline(never)]
fn values_baseline(volume: &Volume, places: &Places) -> [f32; LANES] {
    values_here(volume, places)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline(never)]
fn values_avx2(volume: &Volume, places: &Places) -> [f32; LANES] {
    values_here(volume, places)
}

#[inline(always)]
fn values_here(volume: &Volume, places: &Places) -> [f32; LANES] {
    if !is_indexable(volume) {
        return std::array::from_fn(|lane| defined(volume, places.point(lane)));
    }
    let size = volume.grid().size();
    let mut values = with_voxels!(volume.voxels(), voxels => linear(voxels, size, places));
    let rescale = volume.rescale();
    let (slope, intercept) = (rescale.slope as f32, rescale.intercept as f32);
    for value in &mut values {
        *value = *value * slope + intercept;
    }
    if matches!(volume.voxels(), Voxels::F32(_)) {
        mend(volume, places, &mut values);
    }
    values
}

/// The plain definition at a voxel coordinate.
#[cold]
#[inline(never)]
fn defined(volume: &Volume, voxel: [f64; 3]) -> f32 {
    // An axis of one voxel has no next to be on the way to.
    let size = volume.grid().size();
    let held: [f64; 3] = std::array::from_fn(|axis| voxel[axis].min(size[axis] as f64 - 1.0));
    sample(volume, Point::from(held), Interpolation::Linear).map_or(f32::NAN, |value| value as f32)
}

/// Computes anew what is not a number: a voxel of weight 0 may have spoilt it.
#[inline(always)]
fn mend(volume: &Volume, places: &Places, values: &mut [f32; LANES]) {
    if !values.iter().fold(false, |holes, value| holes | value.is_nan()) {
        return;
    }
    for lane in 0..LANES {
        if values[lane].is_nan() {
            values[lane] = defined(volume, places.point(lane));
        }
    }
}

/// Steps to the next row and slice; an axis of one voxel has no next.
#[inline(always)]
fn strides(size: [usize; 3]) -> [usize; 2] {
    [
        if size[1] > 1 { size[0] } else { 0 },
        if size[2] > 1 { size[0] * size[1] } else { 0 },
    ]
}

#[inline(always)]
fn indices(size: [usize; 3], base: &[[i32; LANES]; 3]) -> [i32; LANES] {
    let (columns, rows) = (size[0] as i32, size[1] as i32);
    let mut index = [0; LANES];
    for lane in 0..LANES {
        let row = base[2][lane].wrapping_mul(rows).wrapping_add(base[1][lane]);
        index[lane] = row.wrapping_mul(columns).wrapping_add(base[0][lane]);
    }
    index
}

#[inline(always)]
fn linear<T: Pair>(voxels: &[T], size: [usize; 3], places: &Places) -> [f32; LANES] {
    let [row, slice] = strides(size);
    let index = indices(size, &places.base);
    let weights = weights::<T>(&places.part[0]);
    let (row, slice) = (row as isize, slice as isize);
    let lines = Lines {
        voxels,
        index: &index,
        weights: &weights,
        row,
        slice,
    };
    // SAFETY: `Places` have a next voxel on every axis that is longer than one; the strides are 0 on the
    // others, and rows are at least two long.
    unsafe { lines.square(0, &places.part[1], &places.part[2]) }
}

#[inline(always)]
fn weights<T: Pair>(part: &[f32; LANES]) -> [T::Weight; LANES] {
    let mut weights = [T::weight(0.0); LANES];
    for lane in 0..LANES {
        weights[lane] = T::weight(part[lane]);
    }
    weights
}

/// Values between a voxel and the next in its row, `offset` behind each index.
///
/// # Safety
///
/// `index + offset` and the next must be indices of `voxels`.
#[inline(always)]
unsafe fn line<T: Pair>(
    voxels: &[T],
    index: &[i32; LANES],
    offset: isize,
    weights: &[T::Weight; LANES],
) -> [f32; LANES] {
    let mut pairs = [[T::default(); 2]; LANES];
    for lane in 0..LANES {
        let at = (index[lane] as isize + offset) as usize;
        // SAFETY: the caller's promise.
        pairs[lane] = unsafe { pair(voxels, at) };
    }
    let mut values = [0.0; LANES];
    for lane in 0..LANES {
        values[lane] = T::mix(pairs[lane], weights[lane]);
    }
    values
}

#[inline(always)]
fn mix(a: [f32; LANES], b: [f32; LANES], part: &[f32; LANES]) -> [f32; LANES] {
    let mut mixed = [0.0; LANES];
    for lane in 0..LANES {
        mixed[lane] = a[lane] + part[lane] * (b[lane] - a[lane]);
    }
    mixed
}

/// Differences of the real values one voxel after and one before each place, on each axis of the voxels;
/// 0 where there is no number. Places a voxel away are held to the outermost centres.
#[inline(always)]
pub(super) fn differences(lanes: Lanes, volume: &Volume, places: &Places) -> [[f32; LANES]; 3] {
    match lanes {
        Lanes::Baseline => differences_baseline(volume, places),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { differences_avx2(volume, places) },
    }
}

#[inline(never)]
fn differences_baseline(volume: &Volume, places: &Places) -> [[f32; LANES]; 3] {
    differences_here(volume, places)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline(never)]
fn differences_avx2(volume: &Volume, places: &Places) -> [[f32; LANES]; 3] {
    differences_here(volume, places)
}

#[inline(always)]
fn differences_here(volume: &Volume, places: &Places) -> [[f32; LANES]; 3] {
    let size = volume.grid().size();
    let mut inner = is_indexable(volume);
    for axis in 0..3 {
        for lane in 0..LANES {
            let base = places.base[axis][lane];
            inner &= base >= 1 && base <= size[axis] as i32 - 3;
        }
    }
    let mut found = if inner {
        with_voxels!(volume.voxels(), voxels => inner_differences(voxels, size, places))
    } else {
        with_voxels!(volume.voxels(), voxels => outer_differences(voxels, size, places))
    };
    let slope = volume.rescale().slope as f32;
    for axis in 0..3 {
        for lane in 0..LANES {
            found[axis][lane] *= slope;
        }
    }
    if matches!(volume.voxels(), Voxels::F32(_)) {
        mend_differences(volume, places, &mut found);
    }
    found
}

/// Where all neighbours are inside.
#[inline(always)]
fn inner_differences<T: Pair>(voxels: &[T], size: [usize; 3], places: &Places) -> [[f32; LANES]; 3] {
    let (row, slice) = (size[0] as isize, (size[0] * size[1]) as isize);
    let index = indices(size, &places.base);
    let weights = weights::<T>(&places.part[0]);
    let [_, down, away] = &places.part;
    let lines = Lines {
        voxels,
        index: &index,
        weights: &weights,
        row,
        slice,
    };
    // SAFETY: the caller has seen that all voxels from the one before to the second next lie inside.
    unsafe {
        let across = minus(lines.square(1, down, away), lines.square(-1, down, away));
        let near = lines.rows(0);
        let far = lines.rows(slice);
        let before = mix(lines.at(-slice), lines.at(row - slice), down);
        let after = mix(lines.at(2 * slice), lines.at(2 * slice + row), down);
        let here = mix(near[1], near[2], down);
        let next = mix(far[1], far[2], down);
        [
            across,
            mix(row_difference(&near, down), row_difference(&far, down), away),
            minus(mix(next, after, away), mix(before, here, away)),
        ]
    }
}

/// Values between columns of the rows around some places.
///
/// Functions, not closures: those would not be compiled for the processor's vectors.
struct Lines<'a, T: Pair> {
    voxels: &'a [T],
    index: &'a [i32; LANES],
    weights: &'a [T::Weight; LANES],
    row: isize,
    slice: isize,
}

impl<T: Pair> Lines<'_, T> {
    /// # Safety
    ///
    /// As [`line`]; likewise below, for all rows that are read.
    #[inline(always)]
    unsafe fn at(&self, offset: isize) -> [f32; LANES] {
        // SAFETY: the caller's promise.
        unsafe { line(self.voxels, self.index, offset, self.weights) }
    }

    /// Values between the rows and slices of the places, some columns off.
    #[inline(always)]
    unsafe fn square(&self, offset: isize, down: &[f32; LANES], away: &[f32; LANES]) -> [f32; LANES] {
        let (row, slice) = (self.row, self.slice);
        // SAFETY: the caller's promise.
        unsafe {
            let near = mix(self.at(offset), self.at(offset + row), down);
            let far = mix(self.at(offset + slice), self.at(offset + slice + row), down);
            mix(near, far, away)
        }
    }

    /// Four rows, from the one before the places.
    #[inline(always)]
    unsafe fn rows(&self, offset: isize) -> [[f32; LANES]; 4] {
        let row = self.row;
        // SAFETY: the caller's promise.
        unsafe {
            [
                self.at(offset - row),
                self.at(offset),
                self.at(offset + row),
                self.at(offset + 2 * row),
            ]
        }
    }
}

/// The value a row further less that a row before: between the next rows by the same parts.
#[inline(always)]
fn row_difference(rows: &[[f32; LANES]; 4], down: &[f32; LANES]) -> [f32; LANES] {
    minus(mix(rows[2], rows[3], down), mix(rows[0], rows[1], down))
}

#[inline(always)]
fn minus(a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
    let mut difference = [0.0; LANES];
    for lane in 0..LANES {
        difference[lane] = a[lane] - b[lane];
    }
    difference
}

/// Beside the volume's border, or in one that cannot be indexed: place by place.
#[cold]
#[inline(never)]
fn outer_differences<T: Pair>(voxels: &[T], size: [usize; 3], places: &Places) -> [[f32; LANES]; 3] {
    let mut found = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        let place: [f32; 3] =
            std::array::from_fn(|axis| places.voxel(lane)[axis].clamp(0.0, size[axis] as f32 - 1.0));
        for axis in 0..3 {
            let moved = |by: f32| {
                let mut place = place;
                place[axis] = (place[axis] + by).clamp(0.0, size[axis] as f32 - 1.0);
                one(voxels, size, place)
            };
            found[axis][lane] = moved(1.0) - moved(-1.0);
        }
    }
    found
}

/// The stored value at one place within the outermost centres.
fn one<T: Pair>(voxels: &[T], size: [usize; 3], place: [f32; 3]) -> f32 {
    let base = place.map(|at| at as usize);
    let part: [f32; 3] = std::array::from_fn(|axis| place[axis] - base[axis] as f32);
    let value = |ahead: [usize; 3]| {
        let [i, j, k]: [usize; 3] =
            std::array::from_fn(|axis| (base[axis] + ahead[axis]).min(size[axis] - 1));
        voxels[(k * size[1] + j) * size[0] + i].to_f32()
    };
    // What has no weight may be no number: it must not count.
    let between = |a: f32, b: f32, part: f32| if part == 0.0 { a } else { a + part * (b - a) };
    let row = |j, k| between(value([0, j, k]), value([1, j, k]), part[0]);
    let square = |k| between(row(0, k), row(1, k), part[1]);
    between(square(0), square(1), part[2])
}

#[inline(always)]
fn mend_differences(volume: &Volume, places: &Places, found: &mut [[f32; LANES]; 3]) {
    let spoilt = found
        .as_flattened()
        .iter()
        .fold(false, |spoilt, value| spoilt | !value.is_finite());
    if spoilt {
        define_differences(volume, places, found);
    }
}

#[cold]
#[inline(never)]
fn define_differences(volume: &Volume, places: &Places, found: &mut [[f32; LANES]; 3]) {
    let size = volume.grid().size();
    for lane in 0..LANES {
        for axis in 0..3 {
            if found[axis][lane].is_finite() {
                continue;
            }
            let moved = |by: f64| {
                let mut place = places.point(lane);
                for axis in 0..3 {
                    place[axis] = place[axis].clamp(0.0, size[axis] as f64 - 1.0);
                }
                place[axis] = (place[axis] + by).clamp(0.0, size[axis] as f64 - 1.0);
                sample(volume, Point::from(place), Interpolation::Linear).unwrap_or(f64::NAN)
            };
            let difference = (moved(1.0) - moved(-1.0)) as f32;
            found[axis][lane] = if difference.is_finite() { difference } else { 0.0 };
        }
    }
}
