//! Where landmarks lie about their middle.

use nalgebra::{Matrix3, Vector3};

use super::{LandmarkError, LandmarkPair, Model};
use crate::geometry::{Patient, Point};

/// Landmarks are on a line, or in a plane, when they reach out of it by less than this part of their length.
const LEAST_PART: f64 = 0.01;

/// Weighted middles and second moments of the pairs that count.
pub(super) struct Spread {
    /// Sum of the weights.
    pub weight: f64,
    pub fixed_middle: Vector3<f64>,
    pub moving_middle: Vector3<f64>,
    /// Sums over `weight * fixed * movingᵀ`, and so on, about the middles.
    pub fixed_moving: Matrix3<f64>,
    pub fixed_fixed: Matrix3<f64>,
    pub moving_moving: Matrix3<f64>,
}

impl Spread {
    pub fn of(pairs: &[LandmarkPair]) -> Self {
        let total: f64 = pairs.iter().map(|pair| pair.weight).sum();
        let middle = |place: fn(&LandmarkPair) -> Point<Patient>| {
            let sum: Vector3<f64> = pairs.iter().map(|pair| place(pair).xyz * pair.weight).sum();
            sum / total
        };
        let (fixed_middle, moving_middle) = (middle(|pair| pair.fixed), middle(|pair| pair.moving));
        let moments = |one: &dyn Fn(&LandmarkPair) -> Vector3<f64>,
                       other: &dyn Fn(&LandmarkPair) -> Vector3<f64>| {
            let moment = |pair| one(pair) * other(pair).transpose() * pair.weight;
            pairs.iter().map(moment).sum::<Matrix3<f64>>()
        };
        let fixed = |pair: &LandmarkPair| pair.fixed.xyz - fixed_middle;
        let moving = |pair: &LandmarkPair| pair.moving.xyz - moving_middle;
        Self {
            weight: total,
            fixed_middle,
            moving_middle,
            fixed_moving: moments(&fixed, &moving),
            fixed_fixed: moments(&fixed, &fixed),
            moving_moving: moments(&moving, &moving),
        }
    }

    /// Whether the landmarks of both images reach far enough for the model.
    pub fn check(&self, model: Model) -> Result<(), LandmarkError> {
        for moments in [&self.fixed_fixed, &self.moving_moving] {
            let [long, middle, short] = lengths(moments);
            // Equal places have no length at all.
            if !(long > 0.0 && middle >= LEAST_PART * long) {
                return Err(LandmarkError::OnOneLine);
            }
            if model == Model::Affine && short < LEAST_PART * long {
                return Err(LandmarkError::InOnePlane);
            }
        }
        Ok(())
    }
}

/// How far places reach along their principal axes, longest first.
fn lengths(moments: &Matrix3<f64>) -> [f64; 3] {
    let mut squares: [f64; 3] = moments.symmetric_eigenvalues().into();
    squares.sort_by(|a, b| b.total_cmp(a));
    squares.map(|square| square.max(0.0).sqrt())
}
