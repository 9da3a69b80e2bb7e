//! How alike two images are at one place of the moving one, and how that changes with the place.

use nalgebra::{Matrix3, Vector3};

use super::correlation::Correlation;
use super::image::Image;
use super::information::Information;
use super::readings::Samples;
use crate::geometry::{Affine, Patient};

/// What makes two images alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Similarity {
    /// Mutual information of the values, in nats (Mattes et al., IEEE TMI 22 (2003) 120): for images of
    /// different modalities.
    MutualInformation,
    /// Normalised mutual information, (H(a) + H(b)) / H(a, b), 1 to 2 (Studholme et al., Pattern Recognition 32
    /// (1999) 71): depends less on how much of the images overlaps.
    NormalisedMutualInformation,
    /// Coefficient of correlation, -1 to 1: for images of one modality.
    Correlation,
}

/// What a [`Metric`] says of one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The similarity; larger is better. 0 where too little overlaps to tell.
    pub value: f64,
    /// Change of the value with each entry of the linear part of `moving_from_fixed`, per mm.
    pub by_linear: Matrix3<f64>,
    /// Change of the value with each entry of its origin, per mm.
    pub by_origin: Vector3<f64>,
    /// Part of the samples that met a value of the moving image, 0 to 1.
    pub overlap: f64,
}

impl Evaluation {
    /// Nothing overlaps.
    pub const NOTHING: Self = Self {
        value: 0.0,
        by_linear: Matrix3::new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        by_origin: Vector3::new(0.0, 0.0, 0.0),
        overlap: 0.0,
    };
}

/// A similarity of two images, made for one resolution of both.
///
/// The search asks it some hundred times.
pub trait Metric: Sync {
    /// The similarity where `moving_from_fixed` takes each sample of the fixed image into the moving one.
    fn evaluate(&self, moving_from_fixed: &Affine<Patient, Patient>) -> Evaluation;
}

/// Makes metrics: on the processor, or elsewhere when a host hands one in.
pub trait Metrics: Sync {
    /// The metric of samples of the fixed image and one resolution of the moving one.
    fn metric<'a>(
        &self,
        similarity: Similarity,
        samples: &'a Samples,
        moving: &'a Image,
    ) -> Box<dyn Metric + 'a>;
}

/// Metrics on the processor, on all cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CpuMetrics;

impl Metrics for CpuMetrics {
    fn metric<'a>(
        &self,
        similarity: Similarity,
        samples: &'a Samples,
        moving: &'a Image,
    ) -> Box<dyn Metric + 'a> {
        match similarity {
            Similarity::Correlation => Box::new(Correlation { samples, moving }),
            Similarity::MutualInformation | Similarity::NormalisedMutualInformation => {
                Box::new(Information {
                    samples,
                    moving,
                    similarity,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CpuMetrics, Metrics, Similarity};
    use crate::geometry::{Affine, Patient, Point, Vector};
    use crate::registration::phantom::{ct, grid, pet};
    use crate::registration::side::{Side, cells_mm};

    /// Slopes against differences of values a little apart.
    fn check(similarity: Similarity) {
        let fixed = ct(grid([44, 32, 60], [8.0, 8.0, 8.0]));
        let moving = pet(grid([60, 50, 80], [8.0, 8.0, 8.0]), &Affine::identity());
        let cells_mm = cells_mm(&fixed, &moving);
        let [fixed, moving] = [&fixed, &moving].map(|volume| Side::new(volume, &cells_mm, true).unwrap());
        let samples = fixed.samples(1, None);
        let metric = CpuMetrics.metric(similarity, &samples, &moving.levels[1]);
        let turn = Affine::rotation(Point::new(0.0, 0.0, 0.0), Vector::new(0.2, 0.1, 1.0), 0.05).unwrap();
        let map: Affine<Patient, Patient> = Affine::translation(Vector::new(4.0, -3.0, 6.0)) * turn;
        let here = metric.evaluate(&map);
        for entry in 0..12 {
            let at = |step: f64| {
                let mut map = map;
                if entry < 9 {
                    map.linear[entry] += step / 200.0;
                } else {
                    map.origin[entry - 9] += step;
                }
                metric.evaluate(&map).value
            };
            let slope = if entry < 9 {
                here.by_linear[entry] / 200.0
            } else {
                here.by_origin[entry - 9]
            };
            let expected = (at(0.05) - at(-0.05)) / 0.1;
            let scale = here.by_origin.norm() + here.by_linear.norm() / 200.0;
            assert!(
                (slope - expected).abs() < 0.03 * scale,
                "{similarity:?} {entry}: {slope} {expected}"
            );
        }
    }

    #[test]
    fn slopes_are_those_of_the_values() {
        check(Similarity::MutualInformation);
        check(Similarity::NormalisedMutualInformation);
        check(Similarity::Correlation);
    }
}
