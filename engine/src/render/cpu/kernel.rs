//! The inner loops: voxels to values, values to pixels.
//!
//! Everything is written as plain loops over a span of pixels that the compiler turns into vector code;
//! the same source is compiled once more for processors with AVX2 and chosen at run time. No fused
//! multiply-add and no approximate instruction is used, so both give the same bits.
//!
//! A span is read in stages: where its pixels lie (fixed point, all integer), the voxels around them
//! (scattered reads, many under way at once), and the interpolation. Coordinates are exact at the start of
//! each span, so their error stays below 1e-5 voxel however large the image.

use crate::colormap::MAX_COLORS;
use crate::fusion::Weight;
use crate::render::cpu::cut::{Cut, Row};
use crate::render::cpu::ramp::Ramp;
use crate::volume::{Interpolation, Stored, Volume, sample};
use crate::with_voxels;

/// Pixels that are worked on together.
pub(super) const SPAN: usize = 64;

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

/// Room for the stages of a span, reused.
pub(super) struct Scratch {
    /// Index of the voxel at or before each pixel, on each axis.
    base: [[i32; SPAN]; 3],
    /// How far each pixel is from that voxel to the next, 0 to 1.
    fraction: [[f32; SPAN]; 3],
    /// Index of that voxel in reading order.
    index: [u32; SPAN],
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            base: [[0; SPAN]; 3],
            fraction: [[0.0; SPAN]; 3],
            index: [0; SPAN],
        }
    }
}

/// Gives the real values at the pixels from `x` of a row; all must be inside the volume.
pub(super) fn read(
    lanes: Lanes,
    cut: &Cut<'_>,
    row: &Row,
    x: u32,
    values: &mut [f32],
    scratch: &mut Scratch,
) {
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
fn read_avx2(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32], scratch: &mut Scratch) {
    read_here(cut, row, x, values, scratch);
}

#[inline(always)]
fn read_here(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32], scratch: &mut Scratch) {
    let volume = cut.volume;
    if !is_indexable(volume, cut.interpolation) {
        return read_by_definition(cut, row, x, values);
    }
    locate(cut, row, x, values.len(), scratch);
    with_voxels!(volume.voxels(), voxels => match cut.interpolation {
        Interpolation::Nearest => nearest(voxels, values, scratch),
        Interpolation::Linear => linear(voxels, volume.grid().size(), values, scratch),
        Interpolation::Cubic => cubic(voxels, volume.grid().size(), values, scratch),
    });
    let rescale = volume.rescale();
    for value in values.iter_mut() {
        // In f64, as the definition does: rounded once.
        *value = rescale.real(f64::from(*value)) as f32;
    }
    mend(cut, row, x, values);
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
fn read_by_definition(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32]) {
    for (value, x) in values.iter_mut().zip(x..) {
        *value = by_definition(cut, row, x);
    }
}

fn by_definition(cut: &Cut<'_>, row: &Row, x: u32) -> f32 {
    sample(cut.volume, cut.voxel(row, x), cut.interpolation).map_or(f32::NAN, |real| real as f32)
}

/// Computes again what is not a number: a voxel of weight 0 may have spoilt it.
#[inline(always)]
fn mend(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32]) {
    let mut spoilt = false;
    for value in values.iter() {
        spoilt |= value.is_nan();
    }
    if spoilt {
        mend_each(cut, row, x, values);
    }
}

#[cold]
#[inline(never)]
fn mend_each(cut: &Cut<'_>, row: &Row, x: u32, values: &mut [f32]) {
    for (value, x) in values.iter_mut().zip(x..) {
        if value.is_nan() {
            *value = by_definition(cut, row, x);
        }
    }
}

/// Bits of a fixed-point coordinate behind the point.
const FRACTION_BITS: i32 = 24;
const ONE: f64 = (1 << FRACTION_BITS) as f64;

/// Fills `scratch` with where the pixels lie. Afterwards every `base` is a voxel that has a next one on its
/// axis (or is the only one), and for nearest any voxel.
#[inline(always)]
fn locate(cut: &Cut<'_>, row: &Row, x: u32, count: usize, scratch: &mut Scratch) {
    let grid = cut.volume.grid();
    let size = grid.size();
    let start = row.at(x);
    let is_nearest = cut.interpolation == Interpolation::Nearest;
    for axis in 0..3 {
        let (base, fraction) = (
            &mut scratch.base[axis][..count],
            &mut scratch.fraction[axis][..count],
        );
        let voxels = size[axis] as i32;
        let last = if is_nearest { voxels - 1 } else { voxels - 2 };
        let shift = if is_nearest { 0.5 } else { 0.0 };
        match grid.slice_positions() {
            Some(positions) if axis == 2 && positions.len() > 1 => {
                locate_uneven(positions, start[2], row.step[2], shift, last, base, fraction);
            }
            _ => locate_even(start[axis] + shift, row.step[axis], last, base, fraction),
        }
    }
    let [columns, rows, _] = size.map(|n| n as u32);
    for lane in 0..count {
        let [i, j, k] = [0, 1, 2].map(|axis| scratch.base[axis][lane] as u32);
        scratch.index[lane] = k
            .wrapping_mul(rows)
            .wrapping_add(j)
            .wrapping_mul(columns)
            .wrapping_add(i);
    }
}

#[inline(always)]
fn locate_even(start: f64, step: f64, last: i32, base: &mut [i32], fraction: &mut [f32]) {
    // Whole voxels and fractions run apart, so that the fractions stay small: at most half a voxel a pixel.
    let (whole, whole_step) = (start.floor(), step.round());
    let (whole_i, whole_step_i) = (whole as i32, whole_step as i32);
    let part = ((start - whole) * ONE).round() as i32;
    let part_step = ((step - whole_step) * ONE).round() as i32;
    for (lane, (base, fraction)) in (0i32..).zip(base.iter_mut().zip(fraction)) {
        let parts = part.wrapping_add(part_step.wrapping_mul(lane));
        let at = whole_i
            .wrapping_add(whole_step_i.wrapping_mul(lane))
            .wrapping_add(parts >> FRACTION_BITS);
        let between = (parts & ((1 << FRACTION_BITS) - 1)) as f32 * (1.0 / ONE as f32);
        *base = at.min(last).max(0);
        *fraction = if at < 0 {
            0.0
        } else if at > last {
            1.0
        } else {
            between
        };
    }
}

/// As [`locate_even`], by walking along the slices.
#[inline(always)]
fn locate_uneven(
    positions: &[f64],
    start: f64,
    step: f64,
    shift: f64,
    last: i32,
    base: &mut [i32],
    fraction: &mut [f32],
) {
    let mut above = positions
        .partition_point(|p| *p <= start)
        .clamp(1, positions.len() - 1);
    for (lane, (base, fraction)) in base.iter_mut().zip(fraction).enumerate() {
        let position = start + lane as f64 * step;
        while above + 1 < positions.len() && positions[above] <= position {
            above += 1;
        }
        while above > 1 && positions[above - 1] > position {
            above -= 1;
        }
        let (low, high) = (positions[above - 1], positions[above]);
        let slice = (above - 1) as f64 + (position - low) / (high - low) + shift;
        let at = slice.floor() as i32;
        *base = at.min(last).max(0);
        *fraction = if at < 0 {
            0.0
        } else if at > last {
            1.0
        } else {
            (slice - slice.floor()) as f32
        };
    }
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
    // To the next row and slice; an axis of one voxel has no next.
    let row = if size[1] > 1 { size[0] } else { 0 };
    let slice = if size[2] > 1 { size[0] * size[1] } else { 0 };
    let mut pairs = [[[T::default(); 2]; SPAN]; 4];
    let offsets = [0, row, slice, row + slice];
    for (lane, index) in scratch.index[..count].iter().enumerate() {
        for (pairs, offset) in pairs.iter_mut().zip(offsets) {
            // SAFETY: `locate` leaves a next column, and a next row and slice where `offset` steps to them.
            pairs[lane] = unsafe { pair(voxels, *index as usize + offset) };
        }
    }
    let mix = |a: f32, b: f32, t: f32| a + t * (b - a);
    for lane in 0..count {
        let [x, y, z] = [0, 1, 2].map(|axis| scratch.fraction[axis][lane]);
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| {
            let [low, high] = pairs[n][lane];
            mix(low.to_f32(), high.to_f32(), x)
        });
        values[lane] = mix(mix(a, b, y), mix(c, d, y), z);
    }
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
fn cubic<T: Stored>(voxels: &[T], size: [usize; 3], values: &mut [f32], scratch: &Scratch) {
    let last = size.map(|n| n as i32 - 1);
    let (row, slice) = (size[0], size[0] * size[1]);
    for (lane, value) in values.iter_mut().enumerate() {
        let [i, j, k] = [0, 1, 2].map(|axis| scratch.base[axis][lane]);
        let [weights_i, weights_j, weights_k] =
            [0, 1, 2].map(|axis| cubic_weights(scratch.fraction[axis][lane]));
        let first = (i - 1).max(0).min(last[0] - 3) as usize;
        let weights_i = at_row_ends(weights_i, i, last[0]);
        let rows = [-1, 0, 1, 2].map(|offset| (j + offset).max(0).min(last[1]) as usize * row + first);
        let slices = [-1, 0, 1, 2].map(|offset| (k + offset).max(0).min(last[2]) as usize * slice);
        let mut columns = [0.0f32; 4];
        for (slice, weight_k) in slices.into_iter().zip(weights_k) {
            let mut plane = [0.0f32; 4];
            for (row, weight_j) in rows.into_iter().zip(weights_j) {
                // SAFETY: rows and slices are clamped to the grid, and `first` to four columns of it.
                let taps = unsafe { four(voxels, slice + row) };
                for (sum, tap) in plane.iter_mut().zip(taps) {
                    *sum += weight_j * tap.to_f32();
                }
            }
            for (sum, part) in columns.iter_mut().zip(plane) {
                *sum += weight_k * part;
            }
        }
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| columns[n] * weights_i[n]);
        *value = (a + b) + (c + d);
    }
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

/// The weights of the four columns that are read where those of the kernel pass the row's ends.
#[inline(always)]
fn at_row_ends([a, b, c, d]: [f32; 4], base: i32, last: i32) -> [f32; 4] {
    if base == 0 {
        [a + b, c, d, 0.0]
    } else if base + 2 > last {
        [0.0, a, b, c + d]
    } else {
        [a, b, c, d]
    }
}

/// Mixes the colours of values into pixels; values that are not numbers leave the pixel as it is.
pub(super) fn shade(lanes: Lanes, ramp: &Ramp, weight: Weight, values: &[f32], pixels: &mut [[u8; 4]]) {
    match lanes {
        Lanes::Baseline => shade_here(ramp, weight, values, pixels),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
        Lanes::Avx2 => unsafe { shade_avx2(ramp, weight, values, pixels) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn shade_avx2(ramp: &Ramp, weight: Weight, values: &[f32], pixels: &mut [[u8; 4]]) {
    shade_here(ramp, weight, values, pixels);
}

#[inline(always)]
fn shade_here(ramp: &Ramp, weight: Weight, values: &[f32], pixels: &mut [[u8; 4]]) {
    let count = values.len().min(pixels.len()).min(SPAN);
    let (values, pixels) = (&values[..count], &mut pixels[..count]);
    let mut entries = [0u32; SPAN];
    for (entry, value) in entries.iter_mut().zip(values) {
        let place = (value - ramp.low) * ramp.scale;
        let place = if place > 0.0 { place } else { 0.0 };
        let place = if place < ramp.last { place } else { ramp.last };
        *entry = (place + 0.5) as i32 as u32;
    }
    let mut colors = [[0u8; 4]; SPAN];
    for lane in 0..count {
        let color = ramp.colors[entries[lane] as usize % MAX_COLORS];
        colors[lane] = if values[lane].is_nan() {
            pixels[lane]
        } else {
            color
        };
    }
    if weight == Weight::FULL {
        pixels.copy_from_slice(&colors[..count]);
        return;
    }
    for (pixel, color) in pixels.as_flattened_mut().iter_mut().zip(colors.as_flattened()) {
        *pixel = weight.mix(*pixel, *color);
    }
}
