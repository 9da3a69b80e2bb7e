//! How a conversion was made: what a reader must be able to see beside the number.

/// How SUV was had from the values of the images.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// By which way the units were turned into SUV.
    pub unit_path: UnitPath,
    /// Which rule fixed the moment that the values belong to.
    pub reference_time_rule: ReferenceTimeRule,
    /// Seconds from the injection to that moment; to the start of the first acquisition where the rule names
    /// no moment of the series (ADMIN, NONE, stored SUV). `None` where it is neither known nor needed.
    pub uptake_s: Option<f64>,
    /// What was injected, in Bq; `None` where the values were SUV already.
    pub injected_activity_bq: Option<f64>,
    /// What was left of it at the values' moment, in Bq; `None` also where that differs between slices.
    pub decayed_activity_bq: Option<f64>,
    /// Half-life used, in seconds.
    pub half_life_s: Option<f64>,
    /// What was read otherwise than written.
    pub repairs: Vec<Repair>,
    /// What makes the number doubtful.
    pub warnings: Vec<Warning>,
}

/// A value that was read otherwise than written, such as a weight in grams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Stable kebab-case name.
    pub code: &'static str,
    /// One sentence for people.
    pub text: String,
}

/// A reason to doubt the number; it is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable kebab-case name.
    pub code: &'static str,
    /// One sentence for people.
    pub text: String,
}

/// Which rule fixed the moment to which the values were corrected for decay.
///
/// For START the first of the first five that holds. PS3.3 C.8.9.1.1.5 names the event but leaves its time
/// to be derived; decision 0003 says when each holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceTimeRule {
    /// Decay Correction DateTime of an enhanced image.
    DecayCorrectionDateTime,
    /// GE's private scan date-time.
    GeScanDateTime,
    /// Series Date and Series Time, which are not after the first acquisition.
    SeriesDateTime,
    /// Counted back from Acquisition Time by Frame Reference Time.
    FrameReferenceTime,
    /// The first acquisition.
    EarliestAcquisition,
    /// ADMIN: the injection itself.
    Administration,
    /// NONE: each image's own acquisition.
    EachAcquisition,
    /// The values are SUV already.
    NotNeeded,
}

impl ReferenceTimeRule {
    /// Stable kebab-case name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DecayCorrectionDateTime => "decay-correction-date-time",
            Self::GeScanDateTime => "ge-scan-date-time",
            Self::SeriesDateTime => "series-date-time",
            Self::FrameReferenceTime => "frame-reference-time",
            Self::EarliestAcquisition => "earliest-acquisition",
            Self::Administration => "administration",
            Self::EachAcquisition => "each-acquisition",
            Self::NotNeeded => "not-needed",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::DecayCorrectionDateTime => {
                "The activity was decayed to the images' own Decay Correction DateTime."
            }
            Self::GeScanDateTime => "The activity was decayed to GE's private scan date-time.",
            Self::SeriesDateTime => {
                "The activity was decayed to Series Date and Time, which are not after the first acquisition."
            }
            Self::FrameReferenceTime => {
                "The activity was decayed to the acquisition time less the frame reference time."
            }
            Self::EarliestAcquisition => "The activity was decayed to the start of the first acquisition.",
            Self::Administration => {
                "The images are corrected for decay to the injection; the activity is as injected."
            }
            Self::EachAcquisition => {
                "The images are not corrected for decay; each was corrected to its own acquisition."
            }
            Self::NotNeeded => "The images hold SUV, or Philips' factor to SUV; no time was needed.",
        }
    }
}

/// By which way the units of the images were turned into SUV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitPath {
    /// BQML: activity concentration over injected activity per body weight.
    ActivityConcentration,
    /// GML or CM2ML: the values are SUV of a kind, turned back to body weight.
    StoredSuv(crate::suv::SuvKind),
    /// CNTS by Philips' SUV Scale Factor.
    PhilipsSuvFactor,
    /// CNTS by Philips' Activity Concentration Scale Factor, then as activity concentration.
    PhilipsActivityFactor,
}

impl UnitPath {
    /// Stable kebab-case name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ActivityConcentration => "activity-concentration",
            Self::StoredSuv(_) => "stored-suv",
            Self::PhilipsSuvFactor => "philips-suv-factor",
            Self::PhilipsActivityFactor => "philips-activity-factor",
        }
    }
}

/// Repairs and warnings while a conversion goes on.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub repairs: Vec<Repair>,
    pub warnings: Vec<Warning>,
}

impl Notes {
    pub fn repair(&mut self, code: &'static str, text: impl Into<String>) {
        self.repairs.push(Repair {
            code,
            text: text.into(),
        });
    }

    pub fn warn(&mut self, code: &'static str, text: impl Into<String>) {
        self.warnings.push(Warning {
            code,
            text: text.into(),
        });
    }
}
