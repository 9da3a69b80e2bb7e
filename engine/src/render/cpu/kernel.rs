//! The inner loops: voxels to values, values to pixels.
//!
//! Everything is written as plain loops over a span of pixels that the compiler turns into vector code;
//! the same source is compiled once more for processors with AVX2 and chosen at run time. No fused
//! multiply-add and no approximate instruction is used, so both give the same bits.
//!
//! A span is read in stages: where its pixels lie (fixed point, all integer), the voxels around them
//! (scattered reads, many under way at once), and the interpolation. Coordinates are exact at the start of
//! each span, so their error stays below 1e-5 voxel however large the image.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use crate::render::cpu::cut::{Cut, Row};
use crate::render::cpu::locate::{SPAN, Scratch, locate};
use crate::render::cpu::shade::{Paint, shade_span};
use crate::volume::{Interpolation, Rescale, Stored, Volume, Voxels, sample};
use crate::with_voxels;

/// The vector instructions that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lanes {
    /// Those that every processor of the target has.
    Baseline,
    /// AVX2: only made where the processor has it.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

// Not derived: what is best is asked of the processor, where the target has a choice.
#[allow(
    clippy::derivable_impls,
    reason = "only a derive where the target has no choice of lanes"
)]
impl Default for Lanes {
    fn default() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Baseline
    }
}

/// Leaves in `scratch` the real values at `count` pixels from `x` of a row, all inside the volume, and gives
/// whether some of them are not numbers.
pub(super) fn read(
    lanes: Lanes,
    cut: &Cut<'_>,
    row: &Row,
    x: u32,
    count: usize,
    scratch: &mut Scratch,
) -> bool {
    debug_assert!(row.inside.start <= x && x as usize + count <= row.inside.end as usize);
    match lanes {
        Lanes::Baseline => read_baseline(cut, row, x, count, scratch),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { read_avx2(cut, row, x, count, scratch) },
    }
}

// Apart, so that its room on the stack is not set up for the other.
#[inline(never)]
fn read_baseline(cut: &Cut<'_>, row: &Row, x: u32, count: usize, scratch: &mut Scratch) -> bool {
    read_here(cut, row, x, count, scratch)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_avx2(cut: &Cut<'_>, row: &Row, x: u32, count: usize, scratch: &mut Scratch) -> bool {
    read_here(cut, row, x, count, scratch)
}

/// Mixes the colours of values into pixels; with `holes`, values that are not numbers leave theirs alone.
pub(super) fn shade(lanes: Lanes, paint: &Paint, values: &[f32; SPAN], holes: bool, pixels: &mut [[u8; 4]]) {
    match lanes {
        Lanes::Baseline => shade_span(paint, values, holes, pixels),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { shade_avx2(paint, values, holes, pixels) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn shade_avx2(paint: &Paint, values: &[f32; SPAN], holes: bool, pixels: &mut [[u8; 4]]) {
    shade_span(paint, values, holes, pixels);
}

/// Works on whole spans, whatever `count` is: loops of one length make the shortest code, and what lies
/// outside was moved to the edge.
#[inline(always)]
fn read_here(cut: &Cut<'_>, row: &Row, x: u32, count: usize, scratch: &mut Scratch) -> bool {
    let volume = cut.volume;
    if !is_indexable(volume, cut.interpolation) {
        scratch.values.fill(f32::NAN);
        return mend(cut, row, x, &mut scratch.values[..count]);
    }
    locate(cut, row, x, scratch);
    with_voxels!(volume.voxels(), voxels => match cut.interpolation {
        Interpolation::Nearest => nearest(voxels, scratch),
        Interpolation::Linear => linear(voxels, volume.grid().size(), scratch),
        Interpolation::Cubic => cubic(voxels, cut, count, scratch),
    });
    rescale(volume.rescale(), &mut scratch.values);
    // Integers give numbers always.
    matches!(volume.voxels(), Voxels::F32(_))
        && has_holes(&scratch.values)
        && mend(cut, row, x, &mut scratch.values[..count])
}

#[inline(always)]
fn rescale(rescale: Rescale, values: &mut [f32; SPAN]) {
    let intercept = rescale.intercept as f32;
    if rescale.slope == 1.0 && f64::from(intercept) == rescale.intercept {
        // Rounded once, as below.
        for value in values {
            *value += intercept;
        }
        return;
    }
    for value in values {
        // In f64, as the definition does: rounded once.
        *value = rescale.real(f64::from(*value)) as f32;
    }
}

#[inline(always)]
fn has_holes(values: &[f32]) -> bool {
    values.iter().fold(false, |holes, value| holes | value.is_nan())
}

/// Whether the loops below may index the volume: 32-bit indices, and rows as long as one read of them.
#[inline(always)]
fn is_indexable(volume: &Volume, interpolation: Interpolation) -> bool {
    let size = volume.grid().size();
    let shortest_row = match interpolation {
        Interpolation::Nearest => 1,
        Interpolation::Linear => 2,
        Interpolation::Cubic => 4,
    };
    volume.voxels().len() <= u32::MAX as usize
        && size.iter().all(|n| *n < i32::MAX as usize)
        && size[0] >= shortest_row
}

/// Computes what is not a number by the plain definition: a voxel of weight 0 may have spoilt it, or the
/// volume be one that the fast loops cannot take. Gives whether some remain.
#[cold]
#[inline(never)]
fn mend(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32]) -> bool {
    for (value, x) in values.iter_mut().zip(x..) {
        if value.is_nan() {
            let real = sample(cut.volume, cut.voxel(row, x), cut.interpolation);
            *value = real.map_or(f32::NAN, |real| real as f32);
        }
    }
    has_holes(values)
}

/// Stored values of which two neighbours are mixed.
pub(super) trait Pair: Stored + Default {
    type Weight: Copy;
    /// The weight of a fraction from 0 to 1.
    fn weight(fraction: f32) -> Self::Weight;
    fn mix(pair: [Self; 2], weight: Self::Weight) -> f32;
}

/// Parts of one in the weights of [`Pair`] for 16-bit integers: 3e-5 of the pair's difference is lost at most.
const PARTS: i16 = 1 << 14;

impl Pair for i16 {
    type Weight = [i16; 2];

    #[inline(always)]
    fn weight(fraction: f32) -> [i16; 2] {
        // As in `Ramp::entry`: the low bits of the sum are the fraction in parts, rounded.
        let sum = fraction * f32::from(PARTS) + (1 << 23) as f32;
        let right = (sum.to_bits() & 0x7fff) as i16;
        [PARTS - right, right]
    }

    /// One multiply-add of integers in vector code; a sum of at most 2^29.
    #[inline(always)]
    fn mix([a, b]: [i16; 2], [left, right]: [i16; 2]) -> f32 {
        let sum = i32::from(a) * i32::from(left) + i32::from(b) * i32::from(right);
        sum as f32 * (1.0 / f32::from(PARTS))
    }
}

impl Pair for u16 {
    type Weight = [i16; 2];

    #[inline(always)]
    fn weight(fraction: f32) -> [i16; 2] {
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
    fn weight(fraction: f32) -> f32 {
        fraction
    }

    #[inline(always)]
    fn mix([a, b]: [u8; 2], fraction: f32) -> f32 {
        mix(f32::from(a), f32::from(b), fraction)
    }
}

impl Pair for f32 {
    type Weight = f32;

    #[inline(always)]
    fn weight(fraction: f32) -> f32 {
        fraction
    }

    #[inline(always)]
    fn mix([a, b]: [f32; 2], fraction: f32) -> f32 {
        mix(a, b, fraction)
    }
}

#[inline(always)]
fn nearest<T: Stored>(voxels: &[T], scratch: &mut Scratch) {
    for (value, index) in scratch.values.iter_mut().zip(&scratch.index) {
        // SAFETY: `locate` clamps each coordinate to the grid, whose voxels these are.
        *value = unsafe { *voxels.get_unchecked(*index as usize) }.to_f32();
    }
}

#[inline(always)]
fn linear<T: Pair>(voxels: &[T], size: [usize; 3], scratch: &mut Scratch) {
    let [across, down, away] = &scratch.fraction;
    let mut weights = [T::weight(0.0); SPAN];
    for (weight, across) in weights.iter_mut().zip(across) {
        *weight = T::weight(*across);
    }
    // To the next row and slice; an axis of one voxel has no next.
    let row = if size[1] > 1 { size[0] } else { 0 };
    let slice = if size[2] > 1 { size[0] * size[1] } else { 0 };
    // What has weight 0 need not be read: half or three quarters of a straight plane's work.
    let (with_row, with_slice) = (!is_zero(down), !is_zero(away));
    // SAFETY: `locate` leaves a next column, and a next row and slice where `row` and `slice` step to them.
    let line = |offset: usize| unsafe { line(voxels, offset, &scratch.index, &weights) };
    let mut near = line(0);
    if with_row {
        mix_lines(&mut near, &line(row), down);
    }
    if with_slice {
        let mut far = line(slice);
        if with_row {
            mix_lines(&mut far, &line(slice + row), down);
        }
        mix_lines(&mut near, &far, away);
    }
    scratch.values = near;
}

/// Values between columns, of the rows `offset` behind those of `index`.
///
/// # Safety
///
/// `index + offset` and the next must be indices of `voxels`, for each index.
#[inline(always)]
unsafe fn line<T: Pair>(
    voxels: &[T],
    offset: usize,
    index: &[u32; SPAN],
    weights: &[T::Weight; SPAN],
) -> [f32; SPAN] {
    let mut pairs = [[T::default(); 2]; SPAN];
    for (pair_here, index) in pairs.iter_mut().zip(index) {
        // SAFETY: the caller's promise.
        *pair_here = unsafe { pair(voxels, *index as usize + offset) };
    }
    let mut values = [0.0; SPAN];
    for ((value, pair), weight) in values.iter_mut().zip(&pairs).zip(weights) {
        *value = T::mix(*pair, *weight);
    }
    values
}

#[inline(always)]
fn mix_lines(near: &mut [f32; SPAN], far: &[f32; SPAN], part: &[f32; SPAN]) {
    for ((near, far), part) in near.iter_mut().zip(far).zip(part) {
        *near = mix(*near, *far, *part);
    }
}

#[inline(always)]
fn is_zero(fractions: &[f32; SPAN]) -> bool {
    // One pass without leaving early, which vector code can do. There is no -0 among them.
    fractions
        .iter()
        .fold(0, |bits, fraction| bits | fraction.to_bits())
        == 0
}
#[inline(always)]
fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + t * (b - a)
}

/// # Safety
///
/// `at` and `at + 1` must be indices of `voxels`.
#[inline(always)]
pub(super) unsafe fn pair<T: Copy>(voxels: &[T], at: usize) -> [T; 2] {
    debug_assert!(at + 1 < voxels.len());
    // SAFETY: the caller's promise; an array is aligned as its elements are.
    unsafe { *voxels.as_ptr().add(at).cast() }
}

/// # Safety
///
/// `at` to `at + 3` must be indices of `voxels`.
#[inline(always)]
unsafe fn four<T: Copy>(voxels: &[T], at: usize) -> [T; 4] {
    debug_assert!(at + 3 < voxels.len());
    // SAFETY: the caller's promise; an array is aligned as its elements are.
    unsafe { *voxels.as_ptr().add(at).cast() }
}

#[inline(always)]
fn cubic<T: Stored>(voxels: &[T], cut: &Cut<'_>, count: usize, scratch: &mut Scratch) {
    let last = cut.volume.grid().size()[0] as i32 - 1;
    let mut columns = [0u32; SPAN];
    let [across, down, away] = &mut scratch.weights;
    for lane in 0..SPAN {
        let column = scratch.base[0][lane];
        columns[lane] = (column - 1).min(last - 3).max(0) as u32;
        let weights = within_row(cubic_weights(scratch.fraction[0][lane]), column, last);
        store(across, lane, weights);
        store(down, lane, cubic_weights(scratch.fraction[1][lane]));
        store(away, lane, cubic_weights(scratch.fraction[2][lane]));
    }
    for lane in 0..count.min(SPAN) {
        let rows = taps(&cut.row_taps, scratch.base[1][lane]);
        let slices = taps(&cut.slice_taps, scratch.base[2][lane]);
        let weights = [down[0][lane], down[1][lane], down[2][lane], down[3][lane]];
        let mut sum = [0.0f32; 4];
        for (slice, away) in slices.iter().zip(&*away) {
            let first = *slice as usize + columns[lane] as usize;
            // SAFETY: `row_taps` and `slice_taps` hold offsets of rows and slices of the grid, and four columns
            // of it begin at `columns`.
            let plane = unsafe { cubic_of_slice(voxels, first, rows, &weights) };
            add(&mut sum, plane, away[lane]);
        }
        scratch.sums[lane] = sum;
    }
    for lane in 0..SPAN {
        let [a, b, c, d] = scratch.sums[lane];
        let near = a * across[0][lane] + b * across[1][lane];
        let far = c * across[2][lane] + d * across[3][lane];
        scratch.values[lane] = near + far;
    }
}

#[inline(always)]
fn store(weights: &mut [[f32; SPAN]; 4], lane: usize, [a, b, c, d]: [f32; 4]) {
    weights[0][lane] = a;
    weights[1][lane] = b;
    weights[2][lane] = c;
    weights[3][lane] = d;
}

/// The sums of four rows, column by column.
///
/// # Safety
///
/// `first + row + 3` must be an index of `voxels` for each of the rows.
#[inline(always)]
unsafe fn cubic_of_slice<T: Stored>(
    voxels: &[T],
    first: usize,
    rows: &[u32; 4],
    weights: &[f32; 4],
) -> [f32; 4] {
    let mut sum = [0.0; 4];
    for (row, weight) in rows.iter().zip(weights) {
        // SAFETY: the caller's promise.
        let [a, b, c, d] = unsafe { four(voxels, first + *row as usize) };
        add(
            &mut sum,
            [a.to_f32(), b.to_f32(), c.to_f32(), d.to_f32()],
            *weight,
        );
    }
    sum
}

#[inline(always)]
fn add(sum: &mut [f32; 4], part: [f32; 4], weight: f32) {
    sum[0] += part[0] * weight;
    sum[1] += part[1] * weight;
    sum[2] += part[2] * weight;
    sum[3] += part[3] * weight;
}

/// The four entries that belong to the voxel at or before a place.
#[inline(always)]
fn taps(offsets: &[u32], base: i32) -> &[u32; 4] {
    let four = &offsets[base as usize..base as usize + 4];
    four.try_into().expect("a slice of four")
}

/// Weights of the voxels at -1, 0, 1, 2 (Keys 1981, a = -1/2); as in `volume`, in f32.
#[inline(always)]
fn cubic_weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

/// The weights of the four columns that are read, where those of the kernel would pass the row's ends.
#[inline(always)]
fn within_row([a, b, c, d]: [f32; 4], base: i32, last: i32) -> [f32; 4] {
    let (at_start, at_end) = (base == 0, base + 2 > last);
    let pick = |start: f32, middle: f32, end: f32| {
        let inner = if at_end { end } else { middle };
        if at_start { start } else { inner }
    };
    [
        pick(a + b, a, 0.0),
        pick(c, b, a),
        pick(d, c, b),
        pick(0.0, d, c + d),
    ]
}
