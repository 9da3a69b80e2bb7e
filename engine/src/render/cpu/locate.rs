//! Where the pixels of a span lie among the voxels.

use crate::render::cpu::cut::{Cut, Row};
use crate::volume::Interpolation;

/// Pixels that are worked on together.
pub(super) const SPAN: usize = 64;

/// Room for the stages of a span, reused.
pub(super) struct Scratch {
    /// Index of the voxel at or before each pixel, on each axis.
    pub base: [[i32; SPAN]; 3],
    /// How far each pixel is from that voxel to the next, 0 to 1.
    pub fraction: [[f32; SPAN]; 3],
    /// Index of that voxel in reading order.
    pub index: [u32; SPAN],
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

/// Bits of a fixed-point coordinate behind the point.
const FRACTION_BITS: i32 = 24;
const ONE: f64 = (1 << FRACTION_BITS) as f64;

/// Fills `scratch` with where the pixels lie. Afterwards every `base` is a voxel that has a next one on its
/// axis (or is the only one), and for nearest any voxel.
#[inline(always)]
pub(super) fn locate(cut: &Cut<'_>, row: &Row, x: u32, count: usize, scratch: &mut Scratch) {
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
    let (columns, rows) = (size[0] as u32, size[1] as u32);
    let [i, j, k] = &scratch.base;
    for lane in 0..count {
        let row = (k[lane] as u32).wrapping_mul(rows).wrapping_add(j[lane] as u32);
        scratch.index[lane] = row.wrapping_mul(columns).wrapping_add(i[lane] as u32);
    }
}

#[inline(always)]
fn locate_even(start: f64, step: f64, last: i32, base: &mut [i32], fraction: &mut [f32]) {
    // Whole voxels and fractions run apart, so that the fractions stay small: at most half a voxel a pixel.
    let (whole, whole_step) = (start.floor(), step.round());
    let (whole_i, whole_step_i) = (whole as i32, whole_step as i32);
    let part = ((start - whole) * ONE).round() as i32;
    let part_step = ((step - whole_step) * ONE).round() as i32;
    let (mut parts, mut voxels) = (part, whole_i);
    for (base, fraction) in base.iter_mut().zip(fraction) {
        let at = voxels.wrapping_add(parts >> FRACTION_BITS);
        let between = (parts & ((1 << FRACTION_BITS) - 1)) as f32 * (1.0 / ONE as f32);
        *base = at.min(last).max(0);
        *fraction = if at < 0 {
            0.0
        } else if at > last {
            1.0
        } else {
            between
        };
        parts = parts.wrapping_add(part_step);
        voxels = voxels.wrapping_add(whole_step_i);
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
