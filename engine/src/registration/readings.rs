//! The moving image read at every sample of the fixed one.

use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use super::image::{Image, Sample};
use super::metric::Evaluation;
use crate::geometry::{Affine, Patient, Point};

/// Samples in one piece of work: few enough to stay in a core's cache.
const PIECE: usize = 4096;

/// Places in the fixed image, with its values there.
#[derive(Debug, Clone)]
pub struct Samples {
    pub(super) center: Point<Patient>,
    pub(super) places: Vec<[f32; 3]>,
    pub(super) values: Vec<f32>,
}

impl Samples {
    /// Where the places are counted from, LPS in mm: small numbers keep f32 exact.
    #[must_use]
    pub fn center(&self) -> Point<Patient> {
        self.center
    }

    /// Steps from the centre, mm.
    #[must_use]
    pub fn places(&self) -> &[[f32; 3]] {
        &self.places
    }

    /// Values of the fixed image there, 0 to 1.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    fn len(&self) -> usize {
        self.places.len()
    }
}

/// What a piece of samples met.
pub(super) struct Reading {
    /// Which sample.
    sample: u32,
    /// Value of the fixed image there.
    pub fixed: f32,
    /// What it met in the moving image, slopes per cell.
    pub met: Sample,
}

/// Calls `work` with ranges that make up `0..count`, on all cores; results in order, whatever the cores.
pub(super) fn in_pieces<T: Send>(count: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let piece = |n: usize| work(n * PIECE..((n + 1) * PIECE).min(count));
    let pieces = count.div_ceil(PIECE);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        (0..pieces).into_par_iter().map(piece).collect()
    }
    #[cfg(not(feature = "parallel"))]
    (0..pieces).map(piece).collect()
}

/// The readings of one place of the moving image, and the way there.
pub(super) struct Readings<'a> {
    samples: &'a Samples,
    /// Cells of the moving image per mm of its patient space.
    cells_from_mm: Matrix3<f64>,
    pieces: Vec<Vec<Reading>>,
}

impl<'a> Readings<'a> {
    pub fn new(samples: &'a Samples, moving: &Image, moving_from_fixed: &Affine<Patient, Patient>) -> Self {
        let voxel_from_patient = moving.grid.voxel_from_patient();
        let from_fixed = *voxel_from_patient * *moving_from_fixed;
        let origin = (from_fixed * samples.center).xyz.map(|v| v as f32);
        let linear = from_fixed.linear.map(|v| v as f32);
        let read = |range: Range<usize>| {
            let mut readings = Vec::with_capacity(range.len());
            for sample in range {
                let [x, y, z] = samples.places[sample];
                let along = |axis: usize| {
                    origin[axis] + linear[(axis, 0)] * x + linear[(axis, 1)] * y + linear[(axis, 2)] * z
                };
                if let Some(met) = moving.at([along(0), along(1), along(2)]) {
                    readings.push(Reading {
                        sample: sample as u32,
                        fixed: samples.values[sample],
                        met,
                    });
                }
            }
            readings
        };
        Self {
            samples,
            cells_from_mm: voxel_from_patient.linear,
            pieces: in_pieces(samples.len(), read),
        }
    }

    /// How many samples met a value.
    pub fn met(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    /// Part of the samples that met a value.
    pub fn overlap(&self) -> f64 {
        self.met() as f64 / self.samples.len().max(1) as f64
    }

    /// What `work` makes of each piece, in order.
    pub fn each<T: Send>(&self, work: impl Fn(&[Reading]) -> T + Sync) -> Vec<T> {
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            self.pieces.par_iter().map(|piece| work(piece)).collect()
        }
        #[cfg(not(feature = "parallel"))]
        self.pieces.iter().map(|piece| work(piece)).collect()
    }

    /// The evaluation of a similarity that changes by `weight(fixed value, moving value)` with each moving value.
    pub fn evaluation(&self, value: f64, weight: impl Fn(f32, f32) -> f32 + Sync) -> Evaluation {
        let pieces = self.each(|piece| {
            let mut by_linear = [[0f32; 3]; 3];
            let mut by_origin = [0f32; 3];
            for reading in piece {
                let weight = weight(reading.fixed, reading.met.value);
                let place = self.samples.places[reading.sample as usize];
                for row in 0..3 {
                    let push = weight * reading.met.slope[row];
                    by_origin[row] += push;
                    for column in 0..3 {
                        by_linear[row][column] += push * place[column];
                    }
                }
            }
            (
                Matrix3::from_fn(|row, column| f64::from(by_linear[row][column])),
                Vector3::from(by_origin.map(f64::from)),
            )
        });
        let linear: Matrix3<f64> = pieces.iter().map(|(linear, _)| linear).sum();
        let origin: Vector3<f64> = pieces.iter().map(|(_, origin)| origin).sum();
        // From cells to mm, and from steps around the centre to places.
        let to_mm = self.cells_from_mm.transpose();
        Evaluation {
            value,
            by_linear: to_mm * (linear + origin * self.samples.center.xyz.transpose()),
            by_origin: to_mm * origin,
            overlap: self.overlap(),
        }
    }
}
