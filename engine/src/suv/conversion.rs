//! What a conversion gives: factors to SUVbw, multipliers to the other kinds, and the record.

use crate::suv::written::Body;
use crate::suv::{Audit, Refusal, SuvKind};

/// How the values of a series become SUV, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// SUVbw in g/mL for each unit of a rescaled value (stored value times the slope of its slice).
    pub factors_bw: Factors,
    /// How the factors were had; to be shown with the numbers.
    pub audit: Audit,
    pub(super) body: Body,
}

/// SUVbw in g/mL for each unit of a rescaled value.
#[derive(Debug, Clone, PartialEq)]
pub enum Factors {
    /// One factor for all images.
    Uniform(f64),
    /// One for each image, in the order of [`Attributes::acquisitions`]; they differ.
    PerSlice(Vec<f64>),
}

impl Factors {
    /// The factor of one image, by its place in [`Attributes::acquisitions`]; `None` beyond the last.
    #[must_use]
    pub fn of(&self, image: usize) -> Option<f64> {
        match self {
            Self::Uniform(factor) => Some(*factor),
            Self::PerSlice(factors) => factors.get(image).copied(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = f64> {
        let factors = match self {
            Self::Uniform(factor) => std::slice::from_ref(factor),
            Self::PerSlice(factors) => factors,
        };
        factors.iter().copied()
    }

    /// The one factor; `None` where images differ.
    #[must_use]
    pub const fn uniform(&self) -> Option<f64> {
        match self {
            Self::Uniform(factor) => Some(*factor),
            Self::PerSlice(_) => None,
        }
    }
}

impl Conversion {
    /// Gives by what an SUVbw is multiplied to be an SUV of another kind: 1 for [`SuvKind::Bw`].
    ///
    /// # Errors
    ///
    /// [`Refusal::Missing`] or [`Refusal::NotPositive`] for weight, height or sex, and [`Refusal::Sex`]
    /// where the formula needs M or F; other kinds may still be had.
    pub fn multiplier(&self, kind: SuvKind) -> Result<f64, Refusal> {
        self.body.multiplier(kind)
    }
}
