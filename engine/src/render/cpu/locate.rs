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
    /// Of cubic interpolation: the weights of four voxels on each axis.
    pub weights: [[[f32; SPAN]; 4]; 3],
    /// Of cubic interpolation: what four columns add up to.
    pub sums: [[f32; 4]; SPAN],
    /// What was read.
    pub values: [f32; SPAN],
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            base: [[0; SPAN]; 3],
            fraction: [[0.0; SPAN]; 3],
            index: [0; SPAN],
            weights: [[[0.0; SPAN]; 4]; 3],
            sums: [[0.0; 4]; SPAN],
            values: [0.0; SPAN],
        }
    }
}

/// Bits of a fixed-point coordinate behind the point.
const FRACTION_BITS: i32 = 24;
const ONE: f64 = (1 << FRACTION_BITS) as f64;

/// Fills `scratch` with where [`SPAN`] pixels from `x` lie; those outside are moved to the volume's edge.
/// Afterwards every `base` is a voxel that has a next one on its axis (or is the only one), and for nearest
/// any voxel.
#[inline(always)]
pub(super) fn locate(cut: &Cut<'_>, row: &Row, x: u32, scratch: &mut Scratch) {
    let grid = cut.volume.grid();
    let size = grid.size();
    let start = row.at(x);
    let is_nearest = cut.interpolation == Interpolation::Nearest;
    let shift = if is_nearest { 0.5 } else { 0.0 };
    for axis in 0..3 {
        let (base, fraction) = (&mut scratch.base[axis], &mut scratch.fraction[axis]);
        let last = size[axis] as i32 - if is_nearest { 1 } else { 2 };
        match grid.slice_positions() {
            Some(positions) if axis == 2 && positions.len() > 1 => {
                locate_uneven(positions, start[2], row.step[2], shift, last, base, fraction);
            }
            _ => {
                let line = Line::new(start[axis] + shift, row.step[axis]);
                match (line.stays_within(last), is_nearest) {
                    (true, true) => line.voxels(base),
                    (true, false) => line.voxels_and_fractions(base, fraction),
                    (false, _) => line.clamped(last, base, fraction),
                }
            }
        }
    }
    let (columns, rows) = (size[0] as u32, size[1] as u32);
    let [i, j, k] = &scratch.base;
    for lane in 0..SPAN {
        let row = (k[lane] as u32).wrapping_mul(rows).wrapping_add(j[lane] as u32);
        scratch.index[lane] = row.wrapping_mul(columns).wrapping_add(i[lane] as u32);
    }
}

/// Coordinates along one axis, in fixed point. Whole voxels and fractions run apart, so that the fractions
/// stay small: at most half a voxel a pixel.
struct Line {
    voxel: i32,
    voxel_step: i32,
    part: i32,
    part_step: i32,
}

impl Line {
    #[inline(always)]
    fn new(start: f64, step: f64) -> Self {
        let (voxel, voxel_step) = (start.floor(), step.round());
        Self {
            voxel: voxel as i32,
            voxel_step: voxel_step as i32,
            part: ((start - voxel) * ONE).round() as i32,
            part_step: ((step - voxel_step) * ONE).round() as i32,
        }
    }

    /// Whether all pixels are at voxels 0 to `last`: exact, as the coordinates rise or fall evenly.
    #[inline(always)]
    fn stays_within(&self, last: i32) -> bool {
        let joined = |voxel: i32, part: i32| (i64::from(voxel) << FRACTION_BITS) + i64::from(part);
        let first = joined(self.voxel, self.part);
        let end = first + (SPAN as i64 - 1) * joined(self.voxel_step, self.part_step);
        let within = |at: i64| (0..=i64::from(last)).contains(&(at >> FRACTION_BITS));
        within(first) && within(end)
    }

    #[inline(always)]
    fn voxels(mut self, base: &mut [i32; SPAN]) {
        for base in base {
            *base = self.voxel.wrapping_add(self.part >> FRACTION_BITS);
            self.step();
        }
    }

    #[inline(always)]
    fn voxels_and_fractions(mut self, base: &mut [i32; SPAN], fraction: &mut [f32; SPAN]) {
        for (base, fraction) in base.iter_mut().zip(fraction) {
            *base = self.voxel.wrapping_add(self.part >> FRACTION_BITS);
            *fraction = self.fraction();
            self.step();
        }
    }

    #[inline(always)]
    fn clamped(mut self, last: i32, base: &mut [i32; SPAN], fraction: &mut [f32; SPAN]) {
        for (base, fraction) in base.iter_mut().zip(fraction) {
            let at = self.voxel.wrapping_add(self.part >> FRACTION_BITS);
            *base = at.min(last).max(0);
            let beyond = if at > last { 1.0 } else { self.fraction() };
            *fraction = if at < 0 { 0.0 } else { beyond };
            self.step();
        }
    }

    #[inline(always)]
    fn fraction(&self) -> f32 {
        (self.part & ((1 << FRACTION_BITS) - 1)) as f32 * (1.0 / ONE as f32)
    }

    #[inline(always)]
    fn step(&mut self) {
        self.part = self.part.wrapping_add(self.part_step);
        self.voxel = self.voxel.wrapping_add(self.voxel_step);
    }
}

/// As [`Line::clamped`], by walking along the slices.
#[inline(always)]
fn locate_uneven(
    positions: &[f64],
    start: f64,
    step: f64,
    shift: f64,
    last: i32,
    base: &mut [i32; SPAN],
    fraction: &mut [f32; SPAN],
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
