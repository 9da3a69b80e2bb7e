//! Why an SUV cannot be had.

/// Why there is no SUV, or none of one kind: what was expected and what was found.
///
/// No refusal is worked around by a default; what a reader may add by hand (weight, height, sex) goes into
/// [`Attributes`](crate::suv::Attributes) and is converted anew.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An attribute that the formula needs is absent or empty.
    #[error("no {0} in the images; expected a value")]
    Missing(&'static str),
    /// A number is zero, negative, or not a number.
    #[error("{what}: expected a positive number, found {found}")]
    NotPositive {
        /// The attribute, or the body measure.
        what: &'static str,
        /// Its value.
        found: f64,
    },
    /// The images are neither PET nor nuclear medicine.
    #[error("modality: expected PT or NM, found {found}")]
    Modality {
        /// Modality.
        found: String,
    },
    /// No lawful step leads from these units to SUV (PS3.3 C.8.9.1).
    #[error("units: expected BQML, GML, CM2ML or CNTS, found {found}")]
    Units {
        /// Units.
        found: String,
    },
    /// SUV Type is unknown or does not go with the units.
    #[error("SUV type of {units}: expected {expected}, found {found}")]
    SuvType {
        /// Units.
        units: &'static str,
        /// The terms that go with the units.
        expected: &'static str,
        /// SUV Type.
        found: String,
    },
    /// Units are CNTS, and neither of Philips' factors is usable.
    #[error(
        "units CNTS: expected a Philips SUV or activity concentration scale factor, found none above zero"
    )]
    NoScaleFactor,
    /// PET images have a Rescale Intercept of zero (PS3.3 C.8.9.4).
    #[error("rescale intercept: expected 0, found {found}")]
    RescaleIntercept {
        /// Rescale Intercept.
        found: f64,
    },
    /// Without attenuation correction the values are not quantitative.
    #[error("corrected image: expected ATTN among the corrections, found {found}")]
    NotAttenuationCorrected {
        /// Corrected Image, its values joined by backslashes.
        found: String,
    },
    /// Decay Correction says that the values are corrected, Corrected Image that they are not.
    #[error("corrected image: expected DECY as decay correction is {decay_correction}, found {found}")]
    NotDecayCorrected {
        /// Decay Correction.
        decay_correction: &'static str,
        /// Corrected Image, its values joined by backslashes.
        found: String,
    },
    /// Decay Correction is NONE, but Corrected Image holds DECY.
    #[error("corrected image: expected no DECY as decay correction is NONE, found {found}")]
    ContradictoryDecay {
        /// Corrected Image, its values joined by backslashes.
        found: String,
    },
    /// Decay Correction is none of its defined terms.
    #[error("decay correction: expected START, ADMIN or NONE, found {found}")]
    DecayCorrection {
        /// Decay Correction.
        found: String,
    },
    /// The injection lies after the moment that the values belong to.
    #[error("uptake time: expected an injection before the scan, found {uptake_s:.1} s")]
    UptakeNegative {
        /// Seconds from injection to the values' moment.
        uptake_s: f64,
    },
    /// So long after the injection hardly anything is left to be counted.
    #[error("uptake time: expected at most 13 half-lives, found {uptake_s:.1} s, which is {half_lives:.1}")]
    UptakeTooLong {
        /// Seconds from injection to the values' moment.
        uptake_s: f64,
        /// The same in half-lives.
        half_lives: f64,
    },
    /// The injection's time of day is after the scan's, and the day before is not plausible either.
    #[error(
        "injection time without a date: expected one shortly before the scan, found {uptake_s:.1} s before it"
    )]
    InjectionDayUnknown {
        /// Seconds from an injection on the day before.
        uptake_s: f64,
    },
    /// The formula differs for men and women and the patient's sex is neither M nor F.
    #[error("Patient's Sex: expected M or F, found O")]
    Sex,
}
