//! Mutual information by Parzen windows, with its slope.
//!
//! A sample of the fixed image falls into one bin; a value of the moving image is spread over four by a cubic
//! B-spline, so that the information changes smoothly with the place (Mattes et al., IEEE TMI 22 (2003) 120; Thévenaz
//! and Unser, IEEE TIP 9 (2000) 2083).

use super::image::Image;
use super::metric::{Evaluation, Metric, Similarity};
use super::readings::{Readings, Samples};
use crate::geometry::{Affine, Patient};

/// Bins of either image's values.
pub(super) const BINS: usize = 32;

/// Bins that the windows of moving values reach: one more below, two above.
pub(super) const COLUMNS: usize = BINS + 3;

/// Fewer samples say nothing about 32 x 32 bins.
const LEAST_SAMPLES: usize = 256;

/// Mutual information of samples with a moving image, both with values from 0 to 1.
pub(super) struct Information<'a> {
    pub samples: &'a Samples,
    pub moving: &'a Image,
    pub similarity: Similarity,
}

impl Metric for Information<'_> {
    fn evaluate(&self, moving_from_fixed: &Affine<Patient, Patient>) -> Evaluation {
        let readings = Readings::new(self.samples, self.moving, moving_from_fixed);
        let met = readings.met();
        if met < LEAST_SAMPLES {
            return Evaluation {
                overlap: readings.overlap(),
                ..Evaluation::NOTHING
            };
        }
        let pieces = readings.each(|readings| {
            let mut histogram = Histogram::new();
            for reading in readings {
                histogram.add(reading.fixed, reading.met.value);
            }
            histogram
        });
        let joint = Joint::new(pieces);
        let (value, slopes) = joint.value_and_slopes(self.similarity);
        let each = 1.0 / met as f32;
        readings.evaluation(value, |fixed, moving| each * slopes.by_moving(fixed, moving))
    }
}

/// Row of a fixed value.
#[inline]
fn row(fixed: f32) -> usize {
    ((fixed * BINS as f32) as usize).min(BINS - 1)
}

/// First of the four columns of a moving value, and how far beyond the second it lies.
#[inline]
fn columns(moving: f32) -> (usize, f32) {
    let at = moving.clamp(0.0, 1.0) * (BINS - 1) as f32;
    let below = at as usize;
    (below, at - below as f32)
}

/// Weights of a cubic B-spline at the four whole places around.
#[inline]
fn weights(t: f32) -> [f32; 4] {
    let (s, t2, t3) = (1.0 - t, t * t, t * t * t);
    [
        s * s * s / 6.0,
        (3.0 * t3 - 6.0 * t2 + 4.0) / 6.0,
        (-3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0) / 6.0,
        t3 / 6.0,
    ]
}

/// How those weights change with the place.
#[inline]
fn weight_slopes(t: f32) -> [f32; 4] {
    let s = 1.0 - t;
    [
        -s * s / 2.0,
        (3.0 * t * t - 4.0 * t) / 2.0,
        (-3.0 * t * t + 2.0 * t + 1.0) / 2.0,
        t * t / 2.0,
    ]
}

/// How often pairs of values were met.
pub(super) struct Histogram {
    counts: Box<[[f32; COLUMNS]; BINS]>,
}

impl Histogram {
    pub fn new() -> Self {
        Self {
            counts: Box::new([[0.0; COLUMNS]; BINS]),
        }
    }

    #[inline]
    pub fn add(&mut self, fixed: f32, moving: f32) {
        let (first, t) = columns(moving);
        let cells = &mut self.counts[row(fixed)][first..first + 4];
        for (cell, weight) in cells.iter_mut().zip(weights(t)) {
            *cell += weight;
        }
    }
}

/// The joint distribution of both images' values.
pub(super) struct Joint {
    joint: Vec<[f64; COLUMNS]>,
    fixed: [f64; BINS],
    moving: [f64; COLUMNS],
}

impl Joint {
    pub fn new(pieces: Vec<Histogram>) -> Self {
        let mut joint = vec![[0f64; COLUMNS]; BINS];
        for piece in pieces {
            for (sums, counts) in joint.iter_mut().zip(piece.counts.iter()) {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += f64::from(*count);
                }
            }
        }
        let all: f64 = joint.iter().flatten().sum();
        let (mut fixed, mut moving) = ([0.0; BINS], [0.0; COLUMNS]);
        for (row, sums) in joint.iter_mut().enumerate() {
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum /= all;
                fixed[row] += *sum;
                moving[column] += *sum;
            }
        }
        Self { joint, fixed, moving }
    }

    /// The similarity, and how it changes with the count of each pair of bins.
    pub fn value_and_slopes(&self, similarity: Similarity) -> (f64, Slopes) {
        let entropy = |parts: &mut dyn Iterator<Item = f64>| -parts.map(|p| p * log(p)).sum::<f64>();
        let fixed = entropy(&mut self.fixed.iter().copied());
        let moving = entropy(&mut self.moving.iter().copied());
        let joint = entropy(&mut self.joint.iter().flatten().copied());
        let normalised = similarity == Similarity::NormalisedMutualInformation;
        let (value, of_joint, of_moving) = if !normalised {
            (fixed + moving - joint, 1.0, 1.0)
        } else if joint > 0.0 {
            let ratio = (fixed + moving) / joint;
            (ratio, ratio / joint, 1.0 / joint)
        } else {
            // One value in both images: nothing to tell.
            (1.0, 0.0, 0.0)
        };
        let mut table = Box::new([[0f32; COLUMNS]; BINS]);
        for (row, slopes) in table.iter_mut().enumerate() {
            for (column, slope) in slopes.iter_mut().enumerate() {
                let pair = self.joint[row][column];
                if pair > 0.0 {
                    *slope = (of_joint * log(pair) - of_moving * log(self.moving[column])) as f32;
                }
            }
        }
        (value, Slopes { table })
    }
}

fn log(part: f64) -> f64 {
    if part > 0.0 { part.ln() } else { 0.0 }
}

/// Change of a similarity with the count of each pair of bins, up to what is the same for a whole row.
pub(super) struct Slopes {
    table: Box<[[f32; COLUMNS]; BINS]>,
}

impl Slopes {
    /// Change of the similarity, times the number of samples, with the moving value of one sample.
    #[inline]
    pub fn by_moving(&self, fixed: f32, moving: f32) -> f32 {
        let (first, t) = columns(moving);
        let cells = &self.table[row(fixed)][first..first + 4];
        let sum: f32 = cells.iter().zip(weight_slopes(t)).map(|(a, b)| a * b).sum();
        sum * (BINS - 1) as f32
    }
}
