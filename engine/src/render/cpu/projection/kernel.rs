//! The inner loops: samples of sixteen neighbouring rays, four along each.
//!
//! As the loops of planes they are plain code over lanes, compiled once more for AVX2, without fused
//! multiply-add: the bits are those of any processor. Places are in fixed point, so that the same sample has
//! the same place whatever is read before it.

#[cfg(target_arch = "x86_64")]
use super::avx2::{self, Wide};
use crate::render::cpu::kernel::Lanes;
use crate::volume::{Interpolation, Stored, Volume};

/// Rays of a unit: a square of pixels, four a side.
pub(super) const RAYS: usize = 16;
/// Samples along each ray of a unit.
pub(super) const ALONG: usize = 4;
/// Samples of a unit: sample `s` of ray `r` is number `s * RAYS + r`.
pub(super) const UNIT: usize = RAYS * ALONG;

/// All groups of a unit: bit `n` is for samples `8 n` to `8 n + 7`.
pub(super) const ALL: u8 = u8::MAX;

/// Parts of a voxel in fixed-point coordinates.
pub(super) const PARTS: f64 = 65_536.0;
const PART_BITS: i32 = 16;

/// Three coordinates of each sample of a unit.
pub(super) type Places = [[i32; UNIT]; 3];

/// Rounds a number to an integer; the low 32 bits of it where there are more. Never fails, and is vector code.
#[inline(always)]
pub(super) fn rounded(value: f64) -> i32 {
    // Beside 1.5 * 2^52 the last bit of an f64 stands for 1.
    (value + 6_755_399_441_055_744.0).to_bits() as i32
}

/// A volume as the loops need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strides {
    /// Last voxel on each axis that has a next one, or is the only one; any last voxel for nearest.
    pub last: [i32; 3],
    /// From a row to the next, and a slice: 0 where there is no next.
    pub next: [usize; 2],
    /// Voxels of a row, rows of a slice.
    pub size: [u32; 2],
    /// Whether the nearest voxel is taken.
    pub is_nearest: bool,
}

impl Strides {
    /// `None` for volumes that the loops cannot index.
    pub(super) fn new(volume: &Volume, interpolation: Interpolation) -> Option<Self> {
        let size = volume.grid().size();
        let is_nearest = interpolation == Interpolation::Nearest;
        let [columns, rows, slices] = size;
        let fits = volume.voxels().len() <= u32::MAX as usize
            && size.iter().all(|n| *n < 32_000)
            && (is_nearest || columns > 1);
        let next = [
            if rows > 1 { columns } else { 0 },
            if slices > 1 { columns * rows } else { 0 },
        ];
        fits.then(|| Self {
            last: size.map(|n| (n as i32 - if is_nearest { 1 } else { 2 }).max(0)),
            next,
            size: [columns as u32, rows as u32],
            is_nearest,
        })
    }

    #[inline(always)]
    fn index(&self, [i, j, k]: [i32; 3]) -> u32 {
        let row = (k as u32).wrapping_mul(self.size[1]).wrapping_add(j as u32);
        row.wrapping_mul(self.size[0]).wrapping_add(i as u32)
    }
}

/// Stored values of which two neighbours are mixed, by a fraction in [`PARTS`].
pub(super) trait Pair: Stored + Default {
    type Weight: Copy + Default;
    fn weight(fraction: i32) -> Self::Weight;
    fn mix(pair: [Self; 2], weight: Self::Weight) -> f32;
}

/// Pairs that every kind of lanes can read.
#[cfg(target_arch = "x86_64")]
pub(super) trait Sampled: Wide {}
#[cfg(target_arch = "x86_64")]
impl<T: Wide> Sampled for T {}
/// Pairs that every kind of lanes can read.
#[cfg(not(target_arch = "x86_64"))]
pub(super) trait Sampled: Pair {}
#[cfg(not(target_arch = "x86_64"))]
impl<T: Pair> Sampled for T {}

/// Parts of one in the weights of 16-bit integers: less than 4e-5 of the pair's difference is lost.
const ONE: i32 = 1 << 14;

impl Pair for i16 {
    type Weight = [i16; 2];

    #[inline(always)]
    fn weight(fraction: i32) -> [i16; 2] {
        let right = (fraction + 2) >> 2;
        [(ONE - right) as i16, right as i16]
    }

    /// One multiply-add of integers in vector code; a sum of at most 2^29.
    #[inline(always)]
    fn mix([a, b]: [i16; 2], [left, right]: [i16; 2]) -> f32 {
        let sum = i32::from(a) * i32::from(left) + i32::from(b) * i32::from(right);
        sum as f32 * (1.0 / ONE as f32)
    }
}

impl Pair for u16 {
    type Weight = [i16; 2];

    #[inline(always)]
    fn weight(fraction: i32) -> [i16; 2] {
        i16::weight(fraction)
    }

    /// As signed integers around the middle of the range.
    #[inline(always)]
    fn mix(pair: [u16; 2], weight: [i16; 2]) -> f32 {
        i16::mix([(pair[0] ^ 0x8000) as i16, (pair[1] ^ 0x8000) as i16], weight) + 32_768.0
    }
}

impl Pair for u8 {
    type Weight = f32;

    #[inline(always)]
    fn weight(fraction: i32) -> f32 {
        of_one(fraction)
    }

    #[inline(always)]
    fn mix([a, b]: [u8; 2], weight: f32) -> f32 {
        mix(f32::from(a), f32::from(b), weight)
    }
}

impl Pair for f32 {
    type Weight = f32;

    #[inline(always)]
    fn weight(fraction: i32) -> f32 {
        of_one(fraction)
    }

    #[inline(always)]
    fn mix([a, b]: [f32; 2], weight: f32) -> f32 {
        mix(a, b, weight)
    }
}

#[inline(always)]
fn of_one(fraction: i32) -> f32 {
    fraction as f32 * (1.0 / PARTS as f32)
}

/// From `a` to `b`, both ends exact: the outermost voxel is `b` of the last pair.
#[inline(always)]
fn mix(a: f32, b: f32, t: f32) -> f32 {
    let a = if t == 1.0 { b } else { a };
    a + t * (b - a)
}

/// Reads the stored values at places of some groups; others may be read or left alone. Unless `is_interior`,
/// places outside are moved to the edge.
///
/// # Safety
///
/// With `is_interior`, every place must be at least 0 and less than one voxel beyond `strides.last` on each
/// axis. `voxels` are those that `strides` was made of.
#[inline(always)]
pub(super) unsafe fn read<T: Sampled>(
    lanes: Lanes,
    voxels: &[T],
    strides: &Strides,
    places: &Places,
    is_interior: bool,
    groups: u8,
    values: &mut [f32; UNIT],
) {
    if strides.is_nearest {
        return nearest(voxels, strides, places, values);
    }
    // Loops of plain code read all groups.
    #[cfg(not(target_arch = "x86_64"))]
    let _ = groups;
    // SAFETY: the caller's promise; `Lanes::Avx2` is only made after the processor was asked for it.
    unsafe {
        match (lanes, is_interior) {
            (Lanes::Baseline, true) => linear(voxels, strides, places, values),
            (Lanes::Baseline, false) => linear_to_the_end(voxels, strides, places, values),
            #[cfg(target_arch = "x86_64")]
            (Lanes::Avx2, true) => avx2::linear::<T, true>(voxels, strides, places, groups, values),
            #[cfg(target_arch = "x86_64")]
            (Lanes::Avx2, false) => avx2::linear::<T, false>(voxels, strides, places, groups, values),
        }
    }
}

#[inline(always)]
fn nearest<T: Pair>(voxels: &[T], strides: &Strides, places: &Places, values: &mut [f32; UNIT]) {
    let [x, y, z] = places;
    let mut index = [0; UNIT];
    for lane in 0..UNIT {
        let voxel = |place: i32, last: i32| (place.wrapping_add(1 << 15) >> PART_BITS).clamp(0, last);
        let [i, j, k] = strides.last;
        index[lane] = strides.index([voxel(x[lane], i), voxel(y[lane], j), voxel(z[lane], k)]);
    }
    for (value, index) in values.iter_mut().zip(&index) {
        // SAFETY: each coordinate is one of the volume's, whose voxels these are.
        *value = unsafe { *voxels.get_unchecked(*index as usize) }.to_f32();
    }
}

/// # Safety
///
/// As [`read`] with `is_interior`.
#[inline(never)]
unsafe fn linear<T: Pair>(voxels: &[T], strides: &Strides, places: &Places, values: &mut [f32; UNIT]) {
    const FRACTION: i32 = (1 << PART_BITS) - 1;
    let [x, y, z] = places;
    let mut index = [0; UNIT];
    let mut across = [T::Weight::default(); UNIT];
    let mut down = [0.0; UNIT];
    let mut away = [0.0; UNIT];
    for lane in 0..UNIT {
        index[lane] = strides.index([x[lane], y[lane], z[lane]].map(|place| place >> PART_BITS));
        across[lane] = T::weight(x[lane] & FRACTION);
        down[lane] = of_one(y[lane] & FRACTION);
        away[lane] = of_one(z[lane] & FRACTION);
    }
    // SAFETY: the caller's promise: each index is of a voxel that has a next one on each axis.
    unsafe { between(voxels, strides, &index, &across, &down, &away, values) };
}

/// As [`linear`], for places anywhere.
///
/// # Safety
///
/// `voxels` must be those that `strides` was made of.
#[inline(never)]
unsafe fn linear_to_the_end<T: Pair>(
    voxels: &[T],
    strides: &Strides,
    places: &Places,
    values: &mut [f32; UNIT],
) {
    let [x, y, z] = places;
    let mut index = [0; UNIT];
    let mut across = [T::Weight::default(); UNIT];
    let mut down = [0.0; UNIT];
    let mut away = [0.0; UNIT];
    for lane in 0..UNIT {
        let split = |place: i32, last: i32| {
            let held = place.clamp(0, (last + 1) << PART_BITS);
            let voxel = (held >> PART_BITS).min(last);
            (voxel, held - (voxel << PART_BITS))
        };
        let [i, j, k] = strides.last;
        let (x, y, z) = (split(x[lane], i), split(y[lane], j), split(z[lane], k));
        index[lane] = strides.index([x.0, y.0, z.0]);
        across[lane] = T::weight(x.1);
        down[lane] = of_one(y.1);
        away[lane] = of_one(z.1);
    }
    // SAFETY: each index is of a voxel that has a next one on each axis, or is the only one.
    unsafe { between(voxels, strides, &index, &across, &down, &away, values) };
}

/// # Safety
///
/// Every index must be of a voxel that has a next one on each axis, unless `strides.next` is 0.
#[inline(always)]
unsafe fn between<T: Pair>(
    voxels: &[T],
    strides: &Strides,
    index: &[u32; UNIT],
    across: &[T::Weight; UNIT],
    down: &[f32; UNIT],
    away: &[f32; UNIT],
    values: &mut [f32; UNIT],
) {
    let [row, slice] = strides.next;
    // SAFETY: the caller's promise, of each of the four.
    let (mut near, row_after, mut far, far_row_after) = unsafe {
        (
            line(voxels, 0, index, across),
            line(voxels, row, index, across),
            line(voxels, slice, index, across),
            line(voxels, slice + row, index, across),
        )
    };
    mix_lines(&mut near, &row_after, down);
    mix_lines(&mut far, &far_row_after, down);
    mix_lines(&mut near, &far, away);
    *values = near;
}

/// # Safety
///
/// `index + offset` and the next must be indices of `voxels`, for each index.
#[inline(always)]
unsafe fn line<T: Pair>(
    voxels: &[T],
    offset: usize,
    index: &[u32; UNIT],
    across: &[T::Weight; UNIT],
) -> [f32; UNIT] {
    let mut pairs = [[T::default(); 2]; UNIT];
    for (pair, index) in pairs.iter_mut().zip(index) {
        let at = *index as usize + offset;
        debug_assert!(at + 1 < voxels.len());
        // SAFETY: the caller's promise; an array is aligned as its elements are.
        *pair = unsafe { *voxels.as_ptr().add(at).cast() };
    }
    let mut values = [0.0; UNIT];
    for ((value, pair), weight) in values.iter_mut().zip(&pairs).zip(across) {
        *value = T::mix(*pair, *weight);
    }
    values
}

#[inline(always)]
fn mix_lines(near: &mut [f32; UNIT], far: &[f32; UNIT], part: &[f32; UNIT]) {
    for ((near, far), part) in near.iter_mut().zip(far).zip(part) {
        *near = mix(*near, *far, *part);
    }
}
