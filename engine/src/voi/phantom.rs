//! Blurred spheres with noise, for the tests of what finds and bounds them.

use std::sync::Arc;

use crate::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use crate::voi::window::Window;
use crate::volume::{Rescale, Unit, Volume, Voxels};

/// Resolution of the phantom: full width at half maximum, mm.
pub(super) const FWHM_MM: f64 = 6.0;

/// Noise whose standard deviation is `of_root` times the root of the value, before it is smoothed as
/// a reconstruction does.
#[derive(Clone, Copy)]
pub(super) struct Noise {
    pub(super) seed: u64,
    pub(super) of_root: f64,
}

/// A cube of 96 mm about the origin in voxels of `step_mm`: spheres (center, diameter in mm, uptake) on a
/// background, seen at 6 mm. Spheres are summed from 5 x 5 x 5 points a voxel, then blurred.
pub(super) fn blurred(
    step_mm: f64,
    spheres: &[([f64; 3], f64, f64)],
    background: f64,
    noise: Noise,
) -> Volume {
    blurred_on(|_| background, step_mm, spheres, noise)
}

/// As [`blurred`], on a background that changes from place to place (LPS in mm).
pub(super) fn blurred_on(
    background: impl Fn(Point<Patient>) -> f64,
    step_mm: f64,
    spheres: &[([f64; 3], f64, f64)],
    noise: Noise,
) -> Volume {
    let count = (96.0 / step_mm) as usize;
    let axes = [0, 1, 2].map(|axis| {
        let mut step = [0.0; 3];
        step[axis] = step_mm;
        Vector::from(step)
    });
    let low = -step_mm * (count as f64 - 1.0) / 2.0;
    let grid = Grid::new([count; 3], Affine::from_axes(axes, Point::new(low, low, low))).unwrap();
    let window = Window::new([0..count, 0..count, 0..count]);
    let seen = |at: Point<Patient>| {
        let hot = spheres
            .iter()
            .find(|sphere| at.distance(sphere.0.into()) <= sphere.1 / 2.0);
        hot.map_or_else(|| background(at), |sphere| sphere.2)
    };
    // Away from all surfaces the middle stands for the voxel.
    let is_cut = |at: Point<Patient>| {
        let mut surfaces = spheres
            .iter()
            .map(|sphere| (at.distance(sphere.0.into()) - sphere.1 / 2.0).abs());
        surfaces.any(|distance_mm| distance_mm < step_mm)
    };
    let sharp: Vec<f64> = (0..window.voxels())
        .map(|position| {
            let center = window.place(position).map(|n| n as f64);
            let at = |offset: [f64; 3]| {
                grid.patient(Point::<Voxel>::from(
                    [0, 1, 2].map(|axis| center[axis] + offset[axis]),
                ))
            };
            if !is_cut(at([0.0; 3])) {
                return seen(at([0.0; 3]));
            }
            let offsets = (0..125).map(|n| [n % 5, n / 5 % 5, n / 25].map(|n: i32| f64::from(n - 2) / 5.0));
            offsets.map(|offset| seen(at(offset))).sum::<f64>() / 125.0
        })
        .collect();
    let mut values = window.smoothed(&sharp, &grid, FWHM_MM);
    let mut random = Random(noise.seed);
    let white: Vec<f64> = (0..window.voxels()).map(|_| random.normal()).collect();
    // As in the bench data: a Gaussian of 0.7 voxels, brought back to a standard deviation near one.
    let colored = window.smoothed(&white, &grid, 0.7 * 2.3548 * step_mm);
    for (value, noise_value) in values.iter_mut().zip(colored) {
        *value += 2.6 * noise_value * noise.of_root * value.max(0.0).sqrt();
    }
    let voxels: Arc<[f32]> = values.iter().map(|value| *value as f32).collect();
    Volume::new(grid, Voxels::F32(voxels), Rescale::IDENTITY, Unit::SuvBw).unwrap()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The sum of twelve uniform numbers: near enough to normal, and the same everywhere.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
