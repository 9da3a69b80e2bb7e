//! Maps that bend: what breathing, a turned head or a full bladder did between two scans, after the affine map.
//!
//! Displacements are cubic B-splines on control points (Rueckert et al., IEEE TMI 18 (1999) 712), searched at three
//! spacings, each half the one before. What is searched for makes the images alike within small windows,
//! less what the displacements cost in bending; the way down is L-BFGS on the same places
//! of the body throughout, with the slope of both terms in closed form. The result is then checked on the field that is
//! handed out: nowhere may it fold or squeeze tissue to less than a given part, and at places that were not searched
//! the images must be more alike than before. Where that fails the affine map is kept, with the reason.
//!
//! Correlation in windows, not mutual information: over the whole body, an emission image's blurred boundaries are
//! worth more information where they lie on tissue of many values than where they belong, so that mutual information
//! moves the boundary of the lungs of two images that lie on each other by millimetres, and the stiffer displacements
//! that prevent it miss what breathing did. The windows' correlation has no such preference, needs no bins, does not
//! mind which image is brighter or a shaded MR, and is next to nothing where an image has but noise.
//!
//! What it cannot do: organs that slide along each other, as lungs along ribs, are bent as if they hung together; and
//! where both images show one even tissue, displacements are a guess that bends least.

mod bending;
mod descent;
mod lattice;
mod likeness;
mod stage;
mod taps;
mod windows;

use super::register::is_one_kind;
use super::side::{Side, cells_mm};
use super::{Error, Region, Watch};
use crate::geometry::{Affine, Patient, Point, Transform};
use crate::volume::Volume;

/// How far a map may bend. What makes no sense here keeps the affine map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flexibility {
    /// Distance of the finest control points, mm. Half of it takes eight times as long.
    pub spacing_mm: f64,
    /// What a mean squared second derivative of 1/mm² costs, in units of the similarity, which is from 0 to 1; `None`
    /// takes 300 for two images of one unit, and 1000 for others, whose boundaries are never quite the same.
    pub stiffness: Option<f64>,
    /// No piece of tissue may become smaller than this part of itself.
    pub least_jacobian: f64,
}

impl Default for Flexibility {
    fn default() -> Self {
        Self {
            spacing_mm: 20.0,
            stiffness: None,
            least_jacobian: 0.2,
        }
    }
}

/// What came of bending.
#[derive(Debug, Clone, PartialEq)]
pub struct Deformed {
    /// Takes each place of the fixed volume's patient space to the moving one's. Far from the body its displacements
    /// are 0.
    pub moving_from_fixed: Transform,
    /// Why it is the affine map that was there before; `None` when it bends.
    pub kept: Option<Kept>,
    /// Mean squared correlation of windows before, 0 to 1.
    pub before: f64,
    /// And after, at the same places, which were not used in the search.
    pub after: f64,
    /// The longest displacement, mm.
    pub largest_mm: f64,
    /// A lower bound of what part of itself a piece of tissue becomes, the affine map's growth left out.
    pub smallest_jacobian: f64,
}

impl Deformed {
    fn kept(affine: Affine<Patient, Patient>, reason: Kept) -> Self {
        let (before, after) = match reason {
            Kept::NoBetter { before, after } => (before, after),
            _ => (0.0, 0.0),
        };
        Self {
            moving_from_fixed: affine.into(),
            kept: Some(reason),
            before,
            after,
            largest_mm: 0.0,
            smallest_jacobian: 1.0,
        }
    }
}

/// Why the affine map is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Kept {
    /// A volume has one value only, or they overlap too little to be compared.
    TooLittle,
    /// What counts takes more room than any body.
    TooLarge,
    /// At places that were not searched the images are no more alike than before.
    NoBetter {
        /// Mean squared correlation of windows before.
        before: f64,
        /// And after.
        after: f64,
    },
    /// However stiff, the displacements squeeze some tissue to less than was allowed.
    Folds {
        /// To which part of itself at least.
        smallest_jacobian: f64,
    },
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLittle => {
                f.write_str("the volumes have too little in common to be bent onto each other")
            }
            Self::TooLarge => f.write_str("the volumes are larger than any body"),
            Self::NoBetter { before, after } => {
                write!(
                    f,
                    "bending makes the volumes no more alike: {before:.3} before, {after:.3} after"
                )
            }
            Self::Folds { smallest_jacobian } => {
                write!(
                    f,
                    "bending would squeeze tissue to {smallest_jacobian:.2} of itself"
                )
            }
        }
    }
}

/// Bends the affine `moving_from_fixed` so that `moving` follows `fixed` where breathing and posture differ.
///
/// The affine map must be right to within some centimetres, and stays what follows the displacements. `region` says
/// which places of the fixed volume's patient space count; `None` takes the body and some air around it.
///
/// # Errors
///
/// [`Error::Cancelled`] when the watcher says so; [`Error::Start`] for an affine map that has no inverse. Volumes that
/// cannot be compared are no error: the affine map is kept.
pub fn deform(
    fixed: &Volume,
    moving: &Volume,
    moving_from_fixed: &Affine<Patient, Patient>,
    flexibility: &Flexibility,
    region: Option<Region>,
    watch: &dyn Watch,
) -> Result<Deformed, Error> {
    moving_from_fixed.inverse().map_err(|_| Error::Start)?;
    let cells_mm = cells_mm(fixed, moving);
    let usual = if is_one_kind(fixed, moving) { 300.0 } else { 1000.0 };
    // Linear in the real values, as correlation wants them.
    let side = |volume: &Volume| Side::new(volume, &cells_mm, false);
    let deformed = match (side(fixed), side(moving)) {
        (Some(fixed), Some(moving)) => {
            let counts =
                |place: Point<Patient>| region.map_or_else(|| fixed.counts(place), |region| region(place));
            let pair = stage::Pair {
                fixed: &fixed,
                moving: &moving,
                cells_mm: &cells_mm,
                counts: &counts,
                moving_from_fixed: *moving_from_fixed,
                spacing_mm: flexibility.spacing_mm,
                least_jacobian: flexibility.least_jacobian,
                watch,
            };
            pair.deformed(flexibility.stiffness.unwrap_or(usual))?
        }
        _ => Deformed::kept(*moving_from_fixed, Kept::TooLittle),
    };
    watch.progress(1.0);
    Ok(deformed)
}

#[cfg(test)]
mod tests;
