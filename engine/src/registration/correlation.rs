//! The coefficient of correlation, with its slope.

use super::image::Image;
use super::metric::{Evaluation, Metric};
use super::readings::{Readings, Samples};
use crate::geometry::{Affine, Patient};

/// Fewer samples are not to be correlated.
const LEAST_SAMPLES: usize = 64;

/// Correlation of samples with a moving image.
pub(super) struct Correlation<'a> {
    pub samples: &'a Samples,
    pub moving: &'a Image,
}

/// Sums over samples: of either value, their squares and products.
#[derive(Default, Clone, Copy)]
struct Sums {
    fixed: f64,
    moving: f64,
    fixed_squared: f64,
    moving_squared: f64,
    product: f64,
}

impl Metric for Correlation<'_> {
    fn evaluate(&self, moving_from_fixed: &Affine<Patient, Patient>) -> Evaluation {
        let readings = Readings::new(self.samples, self.moving, moving_from_fixed);
        let nothing = Evaluation {
            overlap: readings.overlap(),
            ..Evaluation::NOTHING
        };
        if readings.met() < LEAST_SAMPLES {
            return nothing;
        }
        let pieces = readings.each(|readings| {
            let mut sums = Sums::default();
            for reading in readings {
                let (fixed, moving) = (f64::from(reading.fixed), f64::from(reading.met.value));
                sums.fixed += fixed;
                sums.moving += moving;
                sums.fixed_squared += fixed * fixed;
                sums.moving_squared += moving * moving;
                sums.product += fixed * moving;
            }
            sums
        });
        let count = readings.met() as f64;
        let mean = |of: fn(&Sums) -> f64| pieces.iter().map(of).sum::<f64>() / count;
        let (fixed, moving) = (mean(|s| s.fixed), mean(|s| s.moving));
        let fixed_variance = mean(|s| s.fixed_squared) - fixed * fixed;
        let moving_variance = mean(|s| s.moving_squared) - moving * moving;
        if !(fixed_variance > 1e-12 && moving_variance > 1e-12) {
            return nothing;
        }
        let deviation = (fixed_variance * moving_variance).sqrt();
        let correlation = (mean(|s| s.product) - fixed * moving) / deviation;
        let by_fixed = (1.0 / (deviation * count)) as f32;
        let by_moving = (correlation / (moving_variance * count)) as f32;
        let (fixed, moving) = (fixed as f32, moving as f32);
        readings.evaluation(correlation, |f, m| {
            by_fixed * (f - fixed) - by_moving * (m - moving)
        })
    }
}
