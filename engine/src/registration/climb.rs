//! The way up a similarity: BFGS within a trust radius.
//!
//! The numbers of a [`Model`](super::Model) are all in mm at the body's surface, so a step has one meaning and one
//! bound: near the start a cell of the image's resolution, later what the steps before have earned. The samples
//! stay the same for a whole climb, so that the similarity is a plain function and needs no tuned gains; what the
//! interpolation leaves of roughness, the line search takes.

use nalgebra::{DMatrix, DVector};

use super::metric::{Evaluation, Metric};
use super::model::Around;
use crate::geometry::{Affine, Patient};

/// When a climb ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// No step is longer, mm.
    pub longest_mm: f64,
    /// Shorter steps are not worth another evaluation, mm.
    pub shortest_mm: f64,
    /// Evaluations at most.
    pub evaluations: usize,
}

/// Where a climb ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    pub moving_from_fixed: Affine<Patient, Patient>,
    pub evaluation: Evaluation,
}

/// Part of the promised rise that a step must bring (Armijo).
const LEAST_RISE: f64 = 1e-4;

/// Climbs from `around`'s base; `go_on` is asked before every evaluation.
pub(super) fn climb(metric: &dyn Metric, around: &Around, limits: &Limits, go_on: &dyn Fn() -> bool) -> Top {
    let mut climb = Climb::new(metric, around, limits);
    while climb.left > 0 && climb.here.gradient.norm() > 0.0 && go_on() {
        match climb.step(go_on) {
            Some(step_mm) if step_mm >= 2.0 * limits.shortest_mm => {}
            Some(_) => break,
            None if !climb.straight_up() => break,
            None => {}
        }
    }
    Top {
        moving_from_fixed: climb.here.map,
        evaluation: climb.here.evaluation,
    }
}

/// A place on the way and what the metric says there.
struct Place {
    numbers: DVector<f64>,
    map: Affine<Patient, Patient>,
    evaluation: Evaluation,
    gradient: DVector<f64>,
}

/// A climb under way.
struct Climb<'a> {
    metric: &'a dyn Metric,
    around: &'a Around,
    limits: &'a Limits,
    here: Place,
    /// Of the curvature upside down: steps are `inverse * gradient`. `None` while nothing is known of it.
    inverse: Option<DMatrix<f64>>,
    longest_mm: f64,
    left: usize,
}

impl<'a> Climb<'a> {
    fn new(metric: &'a dyn Metric, around: &'a Around, limits: &'a Limits) -> Self {
        let numbers = DVector::zeros(around.model.numbers());
        Self {
            metric,
            around,
            limits,
            here: place(metric, around, numbers),
            inverse: None,
            longest_mm: limits.longest_mm,
            left: limits.evaluations,
        }
    }

    /// The step that the curvature promises most of, no longer than allowed.
    fn promising(&mut self) -> DVector<f64> {
        let gradient = &self.here.gradient;
        let bent = self.inverse.as_ref().map(|inverse| inverse * gradient);
        let step = match bent {
            Some(step) if step.dot(gradient) > 0.0 => step,
            _ => {
                self.inverse = None;
                gradient.normalize() * self.longest_mm
            }
        };
        let length_mm = step.norm();
        step * (self.longest_mm / length_mm).min(1.0)
    }

    /// Takes a step up and gives its length; `None` when no step along the line is long enough and rises.
    fn step(&mut self, go_on: &dyn Fn() -> bool) -> Option<f64> {
        let mut step = self.promising();
        while self.left > 0 && step.norm() >= self.limits.shortest_mm && go_on() {
            self.left -= 1;
            let there = place(self.metric, self.around, &self.here.numbers + &step);
            let promised = self.here.gradient.dot(&step);
            let rise = there.evaluation.value - self.here.evaluation.value;
            if rise >= LEAST_RISE * promised {
                update(&mut self.inverse, &step, &(&self.here.gradient - &there.gradient));
                self.longest_mm =
                    (2.0 * step.norm()).clamp(4.0 * self.limits.shortest_mm, self.limits.longest_mm);
                self.here = there;
                return Some(step.norm());
            }
            // Top of the parabola through both values and the slope here, neither too near nor too far.
            let lost = promised - rise;
            let part = if lost > 0.0 { promised / (2.0 * lost) } else { 0.5 };
            step *= part.clamp(0.1, 0.5);
        }
        None
    }

    /// Forgets the curvature, which may have been a bad guess; `false` when there is nothing more to try.
    fn straight_up(&mut self) -> bool {
        self.longest_mm /= 4.0;
        self.inverse.take().is_some() && self.longest_mm > self.limits.shortest_mm
    }
}

fn place(metric: &dyn Metric, around: &Around, numbers: DVector<f64>) -> Place {
    let map = around.map(&numbers);
    let evaluation = metric.evaluate(&map);
    let gradient = around.gradient(&numbers, &evaluation);
    Place {
        numbers,
        map,
        evaluation,
        gradient,
    }
}

/// The BFGS update for a step and the fall of the gradient along it.
fn update(inverse: &mut Option<DMatrix<f64>>, step: &DVector<f64>, fall: &DVector<f64>) {
    let along = step.dot(fall);
    if along <= 1e-12 * step.norm() * fall.norm() || along <= 0.0 {
        return;
    }
    let count = step.len();
    let identity = DMatrix::identity(count, count);
    let before = inverse
        .take()
        .unwrap_or_else(|| &identity * (along / fall.norm_squared()));
    let side = &identity - step * fall.transpose() / along;
    *inverse = Some(&side * before * side.transpose() + step * step.transpose() / along);
}

#[cfg(test)]
mod tests {
    use nalgebra::{Matrix3, Vector3};

    use super::{Limits, climb};
    use crate::geometry::{Affine, Patient, Point, Vector};
    use crate::registration::metric::{Evaluation, Metric};
    use crate::registration::model::{Around, Model};

    /// Best where the map is `top`; as curved along shifts as along turns.
    struct Hill {
        top: Affine<Patient, Patient>,
    }

    impl Metric for Hill {
        fn evaluate(&self, map: &Affine<Patient, Patient>) -> Evaluation {
            let linear = map.linear - self.top.linear;
            let origin = map.origin - self.top.origin;
            Evaluation {
                value: -(1e4 * linear.norm_squared() + origin.norm_squared()),
                by_linear: linear * -2e4,
                by_origin: origin * -2.0,
                overlap: 1.0,
            }
        }
    }

    fn around(model: Model) -> Around {
        Around {
            model,
            base: Affine::identity(),
            center: Point::new(0.0, 0.0, 0.0),
            radius_mm: 100.0,
        }
    }

    const LIMITS: Limits = Limits {
        longest_mm: 8.0,
        shortest_mm: 1e-3,
        evaluations: 200,
    };

    #[test]
    fn the_top_is_reached() {
        let turn = Affine::rotation(Point::new(5.0, 0.0, 9.0), Vector::new(1.0, -2.0, 0.5), 0.3).unwrap();
        let stretch = Affine::new(
            Matrix3::new(1.1, 0.05, 0.0, 0.0, 0.95, 0.02, 0.03, 0.0, 1.0),
            Vector3::new(20.0, -30.0, 5.0),
        );
        for (model, top) in [(Model::Rigid, turn), (Model::Affine, stretch)] {
            let end = climb(&Hill { top }, &around(model), &LIMITS, &|| true);
            assert!(end.evaluation.value > -1e-3, "{model:?} {:?}", end.evaluation);
        }
    }

    #[test]
    fn a_climb_ends_when_told_or_where_all_is_level() {
        let top = Affine::translation(Vector::new(50.0, 0.0, 0.0));
        let end = climb(&Hill { top }, &around(Model::Rigid), &LIMITS, &|| false);
        assert_eq!(end.moving_from_fixed, Affine::identity());
        struct Level;
        impl Metric for Level {
            fn evaluate(&self, _: &Affine<Patient, Patient>) -> Evaluation {
                Evaluation::NOTHING
            }
        }
        let end = climb(&Level, &around(Model::Rigid), &LIMITS, &|| true);
        assert_eq!(end.moving_from_fixed, Affine::identity());
    }
}
