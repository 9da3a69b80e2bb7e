//! Rules for the value that a lesion's voxels reach.

use std::fmt;

/// Mean and standard deviation of a reference region, in the unit of the volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// What rules are made of, measured beforehand, in the unit of the volume; what is not known is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Largest value of the lesion.
    pub max: Option<f64>,
    /// Peak value of the lesion, by whichever definition is named beside the result.
    pub peak: Option<f64>,
    /// Mean of the lesion's surroundings.
    pub background: Option<f64>,
    /// The liver.
    pub liver: Option<Reference>,
    /// The blood pool.
    pub blood_pool: Option<Reference>,
}

/// The value that a lesion's voxels reach, as a rule. All rules compare with `>=`.
///
/// Its text (`to_string`) names the rule in tables. A rule with constants from a phantom or a paper takes
/// them from the caller; none has a default.
///
/// ```
/// use engine::voi::{Measured, Reference, Threshold};
/// let measured = Measured { max: Some(10.0), ..Measured::default() };
/// let rule = Threshold::OfMax { fraction: 0.41 };
/// assert_eq!((rule.level(&measured).unwrap(), rule.to_string().as_str()), (4.1, "41 % of max"));
/// let refused = Threshold::LiverPercist.level(&measured).unwrap_err();
/// assert_eq!(refused.to_string(), "the rule needs the liver reference, found none");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// One value for all lesions.
    Fixed {
        /// In the unit of the volume.
        value: f64,
    },
    /// A part of the lesion's largest value (EANM: 41 or 50 %).
    OfMax {
        /// The part, of 1.
        fraction: f64,
    },
    /// A part of the lesion's peak.
    OfPeak {
        /// The part, of 1.
        fraction: f64,
    },
    /// Background plus a part of what the largest value lies above it.
    AboveBackground {
        /// The part, of 1.
        fraction: f64,
    },
    /// `mean_factor * mean + background_factor * background`, the mean over the voxels connected with the
    /// hottest one that reach `hot_fraction` of the largest value.
    ///
    /// Form of the rules known as Nestle (factors 0.15 and 1, mean from 70 % on) and Schaefer (both factors
    /// from a phantom of the scanner). These constants are reported at second hand and not yet compared
    /// with the papers.
    OfHotMean {
        /// Where the mean begins, as a part of the largest value.
        hot_fraction: f64,
        /// What the mean counts.
        mean_factor: f64,
        /// What the background counts.
        background_factor: f64,
    },
    /// `factor * mean + offset`, the mean over the lesion that this threshold bounds, found by repetition.
    ///
    /// Form of the rule known as Black (0.307 and 0.588 on SUV). These constants are reported at second hand
    /// and not yet compared with the paper.
    OfOwnMean {
        /// What the mean counts.
        factor: f64,
        /// Added, in the unit of the volume.
        offset: f64,
    },
    /// The level at which a sphere of even uptake, on its background and blurred by the scanner, has its own
    /// volume, for the volume that this very level gives.
    ///
    /// The principle of van Dalen et al., Nucl Med Commun 2007, and Jentzen, J Nucl Med Technol 2015;43:28, with the
    /// level from the closed form of the blurred sphere instead of a table. It needs no other constant.
    BlurredSphere {
        /// Resolution of the images, full width at half maximum in mm.
        fwhm_mm: f64,
    },
    /// 1.5 times the liver's mean plus two of its standard deviations (PERCIST; on SUL there).
    LiverPercist,
    /// Twice the blood pool's mean plus two of its standard deviations (PERCIST, when the liver is diseased).
    BloodPool,
    /// The liver's mean plus three of its standard deviations (PMC9900370).
    LiverThreeSd,
}

/// Why a rule gives no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// What the rule is made of was not measured.
    #[error("the rule needs the {0}, found none")]
    Missing(&'static str),
    /// A measure or a constant is NaN or infinite, so that the threshold is, too.
    #[error("the threshold must be finite, found {0}")]
    NotFinite(f64),
    /// The rule looks at the lesion itself, which [`boundary()`](crate::voi::boundary()) does.
    #[error("the rule needs the lesion's voxels, found measures alone")]
    NeedsVoxels,
}

impl Threshold {
    /// The threshold of a rule that needs no voxels, in the unit of the volume.
    ///
    /// # Errors
    ///
    /// [`ThresholdError`] when a measure that the rule needs is missing or no finite number comes of it, and
    /// for rules that depend on the voxels.
    pub fn level(&self, measured: &Measured) -> Result<f64, ThresholdError> {
        let max = || known(measured.max, "maximum");
        let background = || known(measured.background, "background");
        let level = match *self {
            Self::Fixed { value } => value,
            Self::OfMax { fraction } => fraction * max()?,
            Self::OfPeak { fraction } => fraction * known(measured.peak, "peak")?,
            Self::AboveBackground { fraction } => background()? + fraction * (max()? - background()?),
            Self::LiverPercist => of_reference(measured.liver, "liver reference", 1.5, 2.0)?,
            Self::BloodPool => of_reference(measured.blood_pool, "blood pool reference", 2.0, 2.0)?,
            Self::LiverThreeSd => of_reference(measured.liver, "liver reference", 1.0, 3.0)?,
            Self::OfHotMean { .. } | Self::OfOwnMean { .. } | Self::BlurredSphere { .. } => {
                return Err(ThresholdError::NeedsVoxels);
            }
        };
        finite(level)
    }
}

pub(super) fn known<T>(measure: Option<T>, name: &'static str) -> Result<T, ThresholdError> {
    measure.ok_or(ThresholdError::Missing(name))
}

pub(super) fn finite(level: f64) -> Result<f64, ThresholdError> {
    if level.is_finite() {
        Ok(level)
    } else {
        Err(ThresholdError::NotFinite(level))
    }
}

fn of_reference(
    reference: Option<Reference>,
    name: &'static str,
    means: f64,
    sds: f64,
) -> Result<f64, ThresholdError> {
    let Reference { mean, sd } = known(reference, name)?;
    Ok(means * mean + sds * sd)
}

/// Hundredths for people: 0.41 is 41, without the rounding of the product.
fn percent(fraction: f64) -> f64 {
    (fraction * 1e8).round() / 1e6
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed { value } => write!(f, "at least {value}"),
            Self::OfMax { fraction } => write!(f, "{} % of max", percent(fraction)),
            Self::OfPeak { fraction } => write!(f, "{} % of peak", percent(fraction)),
            Self::AboveBackground { fraction } => {
                write!(f, "background + {} % of (max - background)", percent(fraction))
            }
            Self::OfHotMean {
                hot_fraction,
                mean_factor,
                background_factor,
            } => {
                let hot = percent(hot_fraction);
                write!(
                    f,
                    "{mean_factor} x mean from {hot} % of max + {background_factor} x background"
                )
            }
            Self::OfOwnMean { factor, offset } => write!(f, "{factor} x own mean + {offset}"),
            Self::BlurredSphere { fwhm_mm } => write!(f, "edge of a sphere seen at {fwhm_mm} mm FWHM"),
            Self::LiverPercist => f.write_str("1.5 x liver mean + 2 SD"),
            Self::BloodPool => f.write_str("2 x blood pool mean + 2 SD"),
            Self::LiverThreeSd => f.write_str("liver mean + 3 SD"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Reference, Threshold, ThresholdError};

    const MEASURED: Measured = Measured {
        max: Some(12.0),
        peak: Some(10.0),
        background: Some(2.0),
        liver: Some(Reference { mean: 2.4, sd: 0.3 }),
        blood_pool: Some(Reference { mean: 1.6, sd: 0.2 }),
    };

    fn check(rule: Threshold, level: f64, name: &str) {
        let found = rule.level(&MEASURED).unwrap();
        assert!((found - level).abs() < 1e-12, "{rule}: {found}");
        assert_eq!(rule.to_string(), name);
    }

    #[test]
    fn each_rule_has_its_value_and_name() {
        check(Threshold::Fixed { value: 4.0 }, 4.0, "at least 4");
        check(Threshold::OfMax { fraction: 0.41 }, 4.92, "41 % of max");
        check(Threshold::OfMax { fraction: 0.29 }, 3.48, "29 % of max");
        check(Threshold::OfPeak { fraction: 0.5 }, 5.0, "50 % of peak");
        let rule = Threshold::AboveBackground { fraction: 0.4 };
        check(rule, 6.0, "background + 40 % of (max - background)");
        check(Threshold::LiverPercist, 4.2, "1.5 x liver mean + 2 SD");
        check(Threshold::BloodPool, 3.6, "2 x blood pool mean + 2 SD");
        check(Threshold::LiverThreeSd, 3.3, "liver mean + 3 SD");
    }

    #[test]
    fn nothing_is_made_up() {
        let none = Measured::default();
        let missing =
            |rule: Threshold, name| assert_eq!(rule.level(&none), Err(ThresholdError::Missing(name)));
        missing(Threshold::OfMax { fraction: 0.41 }, "maximum");
        missing(Threshold::OfPeak { fraction: 0.5 }, "peak");
        missing(Threshold::AboveBackground { fraction: 0.4 }, "background");
        missing(Threshold::LiverPercist, "liver reference");
        missing(Threshold::BloodPool, "blood pool reference");
        let infinite = Threshold::Fixed { value: f64::INFINITY };
        assert_eq!(
            infinite.level(&none),
            Err(ThresholdError::NotFinite(f64::INFINITY))
        );
        let own = Threshold::OfOwnMean {
            factor: 0.307,
            offset: 0.588,
        };
        assert_eq!(own.level(&MEASURED), Err(ThresholdError::NeedsVoxels));
        assert_eq!(own.to_string(), "0.307 x own mean + 0.588");
    }
}
