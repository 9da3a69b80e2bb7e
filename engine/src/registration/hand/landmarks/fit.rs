//! The map of least squares.

use nalgebra::{Matrix3, Matrix4, Quaternion, UnitQuaternion};

use super::spread::Spread;
use super::{LandmarkError, LandmarkPair, Model, least_pairs};
use crate::geometry::{Affine, Patient};

/// Below this part of what landmarks of one shape give, a map counts as flat.
const LEAST_ALIKE: f64 = 1e-6;

/// A map, and what it was made of.
pub(super) struct Fitted {
    pub fixed_from_moving: Affine<Patient, Patient>,
    pub spread: Spread,
    /// Weighted sum of the squared residuals, mm².
    pub squares: f64,
    /// Pairs that count.
    pub pairs: usize,
}

impl Fitted {
    pub fn residual_mm(&self, pair: &LandmarkPair) -> f64 {
        (self.fixed_from_moving * pair.moving).distance(pair.fixed)
    }

    /// Coordinates given, less parameters found.
    pub fn freedom(&self, model: Model) -> usize {
        (3 * self.pairs).saturating_sub(model.numbers())
    }
}

/// Fits pairs whose places and weights were looked at.
pub(super) fn fit(pairs: &[LandmarkPair], model: Model) -> Result<Fitted, LandmarkError> {
    let counting: Vec<LandmarkPair> = pairs.iter().filter(|pair| pair.weight > 0.0).copied().collect();
    let expected = least_pairs(model);
    if counting.len() < expected {
        let found = counting.len();
        return Err(LandmarkError::TooFew { expected, found });
    }
    let spread = Spread::of(&counting);
    spread.check(model)?;
    let linear = match model {
        Model::Rigid => rotation(&spread),
        Model::Similarity => similarity(&spread)?,
        Model::Affine => regression(&spread)?,
    };
    let mut fitted = Fitted {
        fixed_from_moving: Affine::new(linear, spread.fixed_middle - linear * spread.moving_middle),
        spread,
        squares: 0.0,
        pairs: counting.len(),
    };
    let square = |pair: &LandmarkPair| pair.weight * fitted.residual_mm(pair).powi(2);
    fitted.squares = counting.iter().map(square).sum();
    Ok(fitted)
}

/// The rotation whose quaternion is the eigenvector of the largest eigenvalue of Horn's matrix.
fn rotation(spread: &Spread) -> Matrix3<f64> {
    // Moments of moving by fixed, as in the paper.
    let s = spread.fixed_moving.transpose();
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] =
        [0, 1, 2].map(|row| [0, 1, 2].map(|column| s[(row, column)]));
    #[rustfmt::skip]
    let matrix = Matrix4::new(
        xx + yy + zz, yz - zy,       zx - xz,       xy - yx,
        yz - zy,      xx - yy - zz,  xy + yx,       zx + xz,
        zx - xz,      xy + yx,       -xx + yy - zz, yz + zy,
        xy - yx,      zx + xz,       yz + zy,       -xx - yy + zz,
    );
    let eigen = (matrix / s.norm().max(f64::MIN_POSITIVE)).symmetric_eigen();
    let largest = eigen.eigenvalues.imax();
    let [w, x, y, z] = eigen.eigenvectors.column(largest).into_owned().into();
    UnitQuaternion::from_quaternion(Quaternion::new(w, x, y, z))
        .to_rotation_matrix()
        .into_inner()
}

/// The rotation with the size that fits best: Umeyama's eq. 42.
fn similarity(spread: &Spread) -> Result<Matrix3<f64>, LandmarkError> {
    let rotation = rotation(spread);
    let along = (rotation.transpose() * spread.fixed_moving).trace();
    let lengths = spread.fixed_fixed.trace().sqrt() * spread.moving_moving.trace().sqrt();
    let related = along > LEAST_ALIKE * lengths;
    let linear = rotation * (along / spread.moving_moving.trace());
    related.then_some(linear).ok_or(LandmarkError::Exchanged)
}

fn regression(spread: &Spread) -> Result<Matrix3<f64>, LandmarkError> {
    let back = spread
        .moving_moving
        .try_inverse()
        .ok_or(LandmarkError::InOnePlane)?;
    let linear = spread.fixed_moving * back;
    let keeps_sides = linear.determinant() > LEAST_ALIKE * linear.norm().powi(3);
    keeps_sides.then_some(linear).ok_or(LandmarkError::Exchanged)
}
