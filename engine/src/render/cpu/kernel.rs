//! The inner loops: voxels to values, values to pixels.
//!
//! Everything is written as plain loops over a span of pixels that the compiler turns into vector code;
//! the same source is compiled once more for processors with AVX2 and chosen at run time. No fused
//! multiply-add and no approximate instruction is used, so both give the same bits.
//!
//! A span is read in stages: where its pixels lie (fixed point, all integer), the voxels around them
//! (scattered reads, many under way at once), and the interpolation. Coordinates are exact at the start of
//! each span, so their error stays below 1e-5 voxel however large the image.

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

impl Default for Lanes {
    fn default() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Baseline
    }
}

/// Gives the real values at the pixels from `x` of a row, all inside the volume, and whether some of them
/// are not numbers.
pub(super) fn read(
    lanes: Lanes,
    cut: &Cut<'_>,
    row: &Row,
    x: u32,
    values: &mut [f32],
    scratch: &mut Scratch,
) -> bool {
    debug_assert!(row.inside.start <= x && x as usize + values.len() <= row.inside.end as usize);
    match lanes {
        Lanes::Baseline => read_here(cut, row, x, values, scratch),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { read_avx2(cut, row, x, values, scratch) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_avx2(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32], scratch: &mut Scratch) -> bool {
    read_here(cut, row, x, values, scratch)
}

/// Mixes the colours of values into pixels; with `holes`, values that are not numbers leave theirs alone.
pub(super) fn shade(lanes: Lanes, paint: &Paint, values: &[f32], holes: bool, pixels: &mut [[u8; 4]]) {
    match lanes {
        Lanes::Baseline => shade_span(paint, values, holes, pixels),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { shade_avx2(paint, values, holes, pixels) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn shade_avx2(paint: &Paint, values: &[f32], holes: bool, pixels: &mut [[u8; 4]]) {
    shade_span(paint, values, holes, pixels);
}

#[inline(always)]
fn read_here(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32], scratch: &mut Scratch) -> bool {
    let volume = cut.volume;
    if !is_indexable(volume, cut.interpolation) {
        return read_by_definition(cut, row, x, values);
    }
    locate(cut, row, x, values.len(), scratch);
    with_voxels!(volume.voxels(), voxels => match cut.interpolation {
        Interpolation::Nearest => nearest(voxels, values, scratch),
        Interpolation::Linear => linear(voxels, volume.grid().size(), values, scratch),
        Interpolation::Cubic => cubic(voxels, cut, values, scratch),
    });
    rescale(volume.rescale(), values);
    // Integers give numbers always.
    matches!(volume.voxels(), Voxels::F32(_)) && has_holes(values) && mend(cut, row, x, values)
}

#[inline(always)]
fn rescale(rescale: Rescale, values: &mut [f32]) {
    let intercept = rescale.intercept as f32;
    if rescale.slope == 1.0 && f64::from(intercept) == rescale.intercept {
        // Rounded once, as below.
        values.iter_mut().for_each(|value| *value += intercept);
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

/// The plain definition, for volumes that the fast loops cannot take.
#[cold]
#[inline(never)]
fn read_by_definition(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32]) -> bool {
    values.fill(f32::NAN);
    mend(cut, row, x, values)
}

/// Computes again what is not a number: a voxel of weight 0 may have spoilt it. Gives whether some remain.
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

#[inline(always)]
fn nearest<T: Stored>(voxels: &[T], values: &mut [f32], scratch: &Scratch) {
    for (value, index) in values.iter_mut().zip(&scratch.index) {
        // SAFETY: `locate` clamps each coordinate to the grid, whose voxels these are.
        *value = unsafe { *voxels.get_unchecked(*index as usize) }.to_f32();
    }
}

#[inline(always)]
fn linear<T: Stored + Default>(voxels: &[T], size: [usize; 3], values: &mut [f32], scratch: &Scratch) {
    let count = values.len().min(SPAN);
    let index = &scratch.index[..count];
    let [across, down, away] = &scratch.fraction;
    // To the next row and slice; an axis of one voxel has no next.
    let row = if size[1] > 1 { size[0] } else { 0 };
    let slice = if size[2] > 1 { size[0] * size[1] } else { 0 };
    // What has weight 0 need not be read: half or three quarters of a straight plane's work.
    let (with_row, with_slice) = (!is_zero(&down[..count]), !is_zero(&away[..count]));
    // SAFETY: `locate` leaves a next column, and a next row and slice where `row` and `slice` step to them.
    let line = |offset: usize| unsafe { line(voxels, offset, index, across) };
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
    values[..count].copy_from_slice(&near[..count]);
}

/// Values between columns, of the rows `offset` behind those of `index`.
///
/// # Safety
///
/// `index + offset` and the next must be indices of `voxels`, for each index.
#[inline(always)]
unsafe fn line<T: Stored + Default>(
    voxels: &[T],
    offset: usize,
    index: &[u32],
    across: &[f32; SPAN],
) -> [f32; SPAN] {
    let mut pairs = [[T::default(); 2]; SPAN];
    for (pair_here, index) in pairs.iter_mut().zip(index) {
        // SAFETY: the caller's promise.
        *pair_here = unsafe { pair(voxels, *index as usize + offset) };
    }
    let mut values = [0.0; SPAN];
    for ((value, [left, right]), across) in values.iter_mut().zip(pairs).zip(across) {
        *value = mix(left.to_f32(), right.to_f32(), *across);
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
fn is_zero(fractions: &[f32]) -> bool {
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
unsafe fn pair<T: Copy>(voxels: &[T], at: usize) -> [T; 2] {
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
fn cubic<T: Stored>(voxels: &[T], cut: &Cut<'_>, values: &mut [f32], scratch: &Scratch) {
    let count = values.len().min(SPAN);
    let last = cut.volume.grid().size()[0] as i32 - 1;
    let mut columns = [0u32; SPAN];
    let mut weights = [[[0.0f32; 4]; SPAN]; 3];
    for lane in 0..count {
        let column = scratch.base[0][lane];
        columns[lane] = (column - 1).min(last - 3).max(0) as u32;
        weights[0][lane] = within_row(cubic_weights(scratch.fraction[0][lane]), column, last);
        weights[1][lane] = cubic_weights(scratch.fraction[1][lane]);
        weights[2][lane] = cubic_weights(scratch.fraction[2][lane]);
    }
    let mut sums = [[0.0f32; 4]; SPAN];
    for lane in 0..count {
        let rows = taps(&cut.row_taps, scratch.base[1][lane]);
        let slices = taps(&cut.slice_taps, scratch.base[2][lane]);
        let (down, away) = (&weights[1][lane], &weights[2][lane]);
        for (slice, weight) in slices.iter().zip(away) {
            let first = *slice as usize + columns[lane] as usize;
            // SAFETY: `row_taps` and `slice_taps` hold offsets of rows and slices of the grid, and four columns
            // of it begin at `columns`.
            let plane = unsafe { cubic_of_slice(voxels, first, rows, down) };
            add(&mut sums[lane], plane, *weight);
        }
    }
    for lane in 0..count {
        let (sum, across) = (&sums[lane], &weights[0][lane]);
        values[lane] = (sum[0] * across[0] + sum[1] * across[1]) + (sum[2] * across[2] + sum[3] * across[3]);
    }
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
