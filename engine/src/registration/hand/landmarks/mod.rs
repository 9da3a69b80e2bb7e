//! The registration that pairs of landmarks ask for.

mod accuracy;
mod fit;
mod spread;
mod suspect;

use crate::geometry::{Affine, Patient, Point};
use crate::registration::Model;

pub use suspect::Suspect;

/// Farthest that a landmark may lie from the origin, mm.
const FARTHEST_MM: f64 = 1e6;
/// Least weight that counts, as a part of the largest.
const LEAST_WEIGHT: f64 = 1e-9;

/// One place of the body, found in both images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LandmarkPair {
    /// Where it is in the fixed volume's patient space, LPS in mm.
    pub fixed: Point<Patient>,
    /// Where it is in the moving volume's patient space, LPS in mm.
    pub moving: Point<Patient>,
    /// How much it counts, relative to the others: one over the square of how far off it may be. 0 sets it aside.
    pub weight: f64,
}

impl LandmarkPair {
    /// A pair that counts as much as others.
    #[must_use]
    pub const fn new(fixed: Point<Patient>, moving: Point<Patient>) -> Self {
        Self {
            fixed,
            moving,
            weight: 1.0,
        }
    }
}

/// The fewest pairs that say where everything goes.
const fn least_pairs(model: Model) -> usize {
    match model {
        Model::Rigid | Model::Similarity => 3,
        Model::Affine => 4,
    }
}

/// Why landmarks give no registration. Pairs are counted from 1, as people count.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LandmarkError {
    /// Not enough pairs.
    #[error("expected at least {expected} pairs of landmarks, found {found}")]
    TooFew {
        /// How many it takes.
        expected: usize,
        /// How many count.
        found: usize,
    },
    /// A coordinate or weight is none.
    #[error("landmark pair {pair} must have finite places within 1 km and a weight of 0 or more")]
    NotFinite {
        /// Which pair, from 1.
        pair: usize,
    },
    /// Turning about the line they lie on would change nothing.
    #[error("the landmarks lie on one line: add one beside it, at least a hundredth of its length away")]
    OnOneLine,
    /// Stretching across the plane they lie in would change nothing.
    #[error("an affine registration needs landmarks outside one plane: add one before or behind it")]
    InOnePlane,
    /// Left would become right, or all would become flat.
    #[error("the landmarks ask for a mirrored or a flat image: two of them may be exchanged")]
    Exchanged,
}

/// The registration that landmarks ask for, and how well they agree with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmarks {
    /// From the moving volume's patient space to the fixed one's.
    pub fixed_from_moving: Affine<Patient, Patient>,
    /// How far each pair is off in the fixed image, mm, in the order given; those set aside too.
    pub residuals_mm: Vec<f64>,
    /// Root of the mean square of the residuals by weight (fiducial registration error), mm.
    ///
    /// It says how well the pairs agree, not how well other places are met: that is [`Landmarks::target_error_mm`].
    pub rms_mm: f64,
    /// The pair that most likely was placed wrong, where one stands out.
    pub suspect: Option<Suspect>,
    accuracy: accuracy::Accuracy,
}

impl Landmarks {
    /// How far off a place of the fixed image is expected to be (target registration error, root mean square), mm,
    /// if landmarks are missed by chance, alike in all directions; `None` when there are no more pairs than the
    /// model needs to fit them all.
    ///
    /// Of rigid maps it is Fitzpatrick's formula (Fitzpatrick JM, West JB, Maurer CR, IEEE Trans Med Imaging
    /// 1998;17:694, eq. 46), with the landmarks' own error taken from the residuals: squared, these are on average
    /// (N - 2) / N of it for N pairs (Sibson R, J R Stat Soc B 1979;41:217, as cited there).
    ///
    /// It is the size of error to expect of landmarks like these, not the error of this one map, of which residuals
    /// tell nothing (Danilchenko A, Fitzpatrick JM, IEEE Trans Med Imaging 2011;30:679). Of three pairs, one estimate
    /// in seven is less than half of the truth. What all landmarks are missed by alike is not seen in it.
    #[must_use]
    pub fn target_error_mm(&self, place: Point<Patient>) -> Option<f64> {
        self.accuracy.target_error_mm(place)
    }
}

/// Finds the map that brings the moving landmarks nearest to the fixed ones, by weighted least squares.
///
/// Rotation by Horn's quaternions (J Opt Soc Am A 1987;4:629), which never mirror; size as Umeyama (IEEE Trans Pattern
/// Anal Mach Intell 1991;13:376); affine maps by linear regression.
///
/// ```
/// use engine::geometry::{Point, Vector};
/// use engine::registration::{Model, LandmarkPair, fit_landmarks};
/// let places = [[0.0, 0.0, 0.0], [80.0, 0.0, 10.0], [0.0, 60.0, 20.0], [10.0, 20.0, 90.0]];
/// let pairs = places.map(|place| {
///     let moving = Point::from(place);
///     LandmarkPair::new(moving + Vector::new(5.0, 0.0, -2.0), moving)
/// });
/// let found = fit_landmarks(&pairs, Model::Rigid).unwrap();
/// let at = found.fixed_from_moving * Point::new(1.0, 2.0, 3.0);
/// assert!(at.distance(Point::new(6.0, 2.0, 1.0)) < 1e-9 && found.rms_mm < 1e-9);
/// ```
///
/// # Errors
///
/// [`LandmarkError`] for too few pairs that count, places or weights that are none, landmarks on one line, for affine
/// maps in one plane, or exchanged.
pub fn fit_landmarks(pairs: &[LandmarkPair], model: Model) -> Result<Landmarks, LandmarkError> {
    let pairs = weighed(pairs)?;
    let fitted = fit::fit(&pairs, model)?;
    let suspect = suspect::suspect(&pairs, model, &fitted);
    Ok(Landmarks {
        fixed_from_moving: fitted.fixed_from_moving,
        residuals_mm: pairs.iter().map(|pair| fitted.residual_mm(pair)).collect(),
        rms_mm: (fitted.squares / fitted.spread.weight).sqrt(),
        suspect,
        accuracy: accuracy::Accuracy::of(&fitted, model),
    })
}

/// The pairs with weights relative to the largest; what weighs next to nothing is set aside.
fn weighed(pairs: &[LandmarkPair]) -> Result<Vec<LandmarkPair>, LandmarkError> {
    let near = |place: Point<Patient>| place.xyz.iter().all(|number| number.abs() <= FARTHEST_MM);
    let is_usable = |pair: &LandmarkPair| {
        near(pair.fixed) && near(pair.moving) && pair.weight >= 0.0 && pair.weight.is_finite()
    };
    if let Some(at) = pairs.iter().position(|pair| !is_usable(pair)) {
        return Err(LandmarkError::NotFinite { pair: at + 1 });
    }
    let largest = pairs
        .iter()
        .map(|pair| pair.weight)
        .fold(f64::MIN_POSITIVE, f64::max);
    let relative = |pair: &LandmarkPair| {
        let weight = pair.weight / largest;
        let weight = if weight >= LEAST_WEIGHT { weight } else { 0.0 };
        LandmarkPair { weight, ..*pair }
    };
    Ok(pairs.iter().map(relative).collect())
}

#[cfg(test)]
mod tests;
