//! How wrong a registration by landmarks may be away from them.

use nalgebra::{Matrix3, Vector3};

use super::Model;
use super::fit::Fitted;
use crate::geometry::{Affine, Patient, Point};

/// What the expected error at a place is made of, to first order in the errors of the landmarks.
///
/// With the variance `v` of one coordinate of one landmark, the middle is off by `v / N` a coordinate. The angle
/// about principal axis k is off by `v / Σ r²`, with r the landmarks' distances from that axis, which moves a
/// place by its own distance from it; the size, of a similarity, by `v / Σ r²` about the middle. Of an affine map each
/// coordinate is a linear regression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accuracy {
    moving_from_fixed: Option<Affine<Patient, Patient>>,
    moving_middle: Vector3<f64>,
    /// Variance of one coordinate of a landmark of full weight, mm²; `None` when no coordinate is left to tell.
    variance: Option<f64>,
    weight: f64,
    /// Expected square of the error of a place at `r` from the middle: `variance * rᵀ this r`, mm⁻².
    spread: Matrix3<f64>,
}

impl Accuracy {
    pub fn of(fitted: &Fitted, model: Model) -> Self {
        let moments = fitted.spread.moving_moving;
        let freedom = fitted.freedom(model);
        let spread = match model {
            Model::Rigid => of_rotation(&moments),
            Model::Similarity => of_rotation(&moments) + Matrix3::identity() / moments.trace(),
            Model::Affine => moments.try_inverse().unwrap_or_default() * 3.0,
        };
        Self {
            moving_from_fixed: fitted.fixed_from_moving.inverse().ok(),
            moving_middle: fitted.spread.moving_middle,
            variance: (freedom > 0).then(|| fitted.squares / freedom as f64),
            weight: fitted.spread.weight,
            spread,
        }
    }

    pub fn target_error_mm(&self, place: Point<Patient>) -> Option<f64> {
        let from_middle = (self.moving_from_fixed? * place).xyz - self.moving_middle;
        let of_place = from_middle.dot(&(self.spread * from_middle));
        let square = self.variance? * (3.0 / self.weight + of_place);
        square.is_finite().then(|| square.sqrt())
    }
}

/// Sum over the principal axes of the squared distance from the axis, over the sum of those of the landmarks.
fn of_rotation(moments: &Matrix3<f64>) -> Matrix3<f64> {
    let eigen = moments.symmetric_eigen();
    let about = |axis: usize| {
        let along = eigen.eigenvectors.column(axis).into_owned();
        let from_axis = Matrix3::identity() - along * along.transpose();
        from_axis / (moments.trace() - eigen.eigenvalues[axis])
    };
    about(0) + about(1) + about(2)
}
