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
    let count = around.model.numbers();
    let mut numbers = DVector::zeros(count);
    let mut map = around.map(&numbers);
    let mut best = metric.evaluate(&map);
    let mut gradient = around.gradient(&numbers, &best);
    // Of the curvature upside down: steps are `inverse * gradient`.
    let mut inverse: Option<DMatrix<f64>> = None;
    let mut longest = limits.longest_mm;
    let mut left = limits.evaluations;
    while left > 0 && gradient.norm() > 0.0 && go_on() {
        let mut step = match &inverse {
            Some(inverse) => inverse * &gradient,
            None => gradient.normalize() * longest,
        };
        if step.dot(&gradient) <= 0.0 {
            inverse = None;
            step = gradient.normalize() * longest;
        }
        if step.norm() > longest {
            step *= longest / step.norm();
        }
        let mut taken = false;
        while left > 0 && step.norm() >= limits.shortest_mm && go_on() {
            left -= 1;
            let there = &numbers + &step;
            let map_there = around.map(&there);
            let evaluation = metric.evaluate(&map_there);
            let promised = gradient.dot(&step);
            if evaluation.value >= best.value + LEAST_RISE * promised {
                let gradient_there = around.gradient(&there, &evaluation);
                update(&mut inverse, &step, &(&gradient - &gradient_there));
                longest = (2.0 * step.norm()).clamp(limits.shortest_mm * 4.0, limits.longest_mm);
                (numbers, map, best, gradient) = (there, map_there, evaluation, gradient_there);
                taken = true;
                break;
            }
            // Top of the parabola through both values and the slope here, neither too near nor too far.
            let lost = best.value + promised - evaluation.value;
            let part = if lost > 0.0 { promised / (2.0 * lost) } else { 0.5 };
            step *= part.clamp(0.1, 0.5);
        }
        if !taken {
            if inverse.is_none() {
                break;
            }
            // The curvature may be a bad guess: once more straight up.
            inverse = None;
            longest = (longest / 4.0).max(limits.shortest_mm);
            if longest <= limits.shortest_mm {
                break;
            }
        } else if step.norm() < limits.shortest_mm * 2.0 {
            break;
        }
    }
    Top {
        moving_from_fixed: map,
        evaluation: best,
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
