//! Quantities that change, and the thresholds of the criteria for their change.

use super::compare::{above, at_least, percent};

/// What changed between two exams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quantity {
    /// SULpeak of the hottest lesion of either exam, in SUL.
    HottestPeak,
    /// SULpeak of one track, in SUL.
    TrackPeak(u32),
    /// Longest diameter of one track, mm.
    TrackDiameter(u32),
    /// Total lesion glycolysis of the hottest lesions, up to five, in SUL times mL.
    Glycolysis,
    /// Sum of the SUV of the tumours followed.
    Suv,
    /// Longest dimension of the uptake, mm.
    Extent,
    /// Total volume of PSMA-positive tumour, mL.
    PsmaVolume,
    /// Sum of the diameters of the target lesions, mm.
    SumOfDiameters,
}

impl Quantity {
    const fn unit(self) -> &'static str {
        match self {
            Self::HottestPeak | Self::TrackPeak(_) => "SUL",
            Self::Glycolysis => "SUL mL",
            Self::Suv => "SUV",
            Self::PsmaVolume => "mL",
            Self::TrackDiameter(_) | Self::Extent | Self::SumOfDiameters => "mm",
        }
    }

    const fn decimals(self) -> usize {
        match self {
            Self::HottestPeak | Self::TrackPeak(_) | Self::Suv => 2,
            _ => 1,
        }
    }

    /// A value with its unit, as people write it.
    pub(super) fn written(self, value: f64) -> String {
        format!("{value:.*} {}", self.decimals(), self.unit())
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HottestPeak => f.write_str("SULpeak of the hottest lesion"),
            Self::TrackPeak(track) => write!(f, "SULpeak of lesion {track}"),
            Self::TrackDiameter(track) => write!(f, "the longest diameter of lesion {track}"),
            Self::Glycolysis => f.write_str("total lesion glycolysis of the hottest lesions (up to five)"),
            Self::Suv => f.write_str("the sum of the lesions' SUV"),
            Self::Extent => f.write_str("the longest dimension of the uptake"),
            Self::PsmaVolume => f.write_str("PSMA-positive tumour volume"),
            Self::SumOfDiameters => f.write_str("the sum of target diameters"),
        }
    }
}

/// A threshold of a criterion for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// PERCIST 1.0: fall ≥ 30 % and ≥ 0.8 SUL.
    PercistResponse,
    /// PERCIST 1.0: rise > 30 % and > 0.8 SUL.
    PercistProgression,
    /// PERCIST 1.0: rise of total lesion glycolysis > 75 %.
    PercistGlycolysis,
    /// PERCIST 1.0: no partial response when another lesion rises > 30 % in SUL or size.
    PercistOtherLesion,
    /// EORTC 1999: rise > 25 %.
    EortcProgression,
    /// EORTC 1999: longest dimension of the uptake rises > 20 %.
    EortcExtent,
    /// EORTC 1999, after one cycle: fall ≥ 15 %.
    EortcResponseAfterOne,
    /// EORTC 1999, after more than one cycle: fall > 25 %.
    EortcResponseAfterMore,
    /// RECIP 1.0: fall ≥ 30 %.
    RecipResponse,
    /// RECIP 1.0: rise ≥ 20 %.
    RecipProgression,
    /// RECIST 1.1: fall ≥ 30 % from baseline.
    RecistResponse,
    /// RECIST 1.1: rise ≥ 20 % and ≥ 5 mm above the smallest sum on study.
    RecistProgression,
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PercistResponse => "a fall of at least 30 % and 0.8 SUL",
            Self::PercistProgression => "a rise of more than 30 % and more than 0.8 SUL",
            Self::PercistGlycolysis => "a rise of more than 75 %",
            Self::PercistOtherLesion => "a rise of more than 30 % in any lesion",
            Self::EortcProgression => "a rise of more than 25 %",
            Self::EortcExtent => "a rise of more than 20 %",
            Self::EortcResponseAfterOne => "a fall of at least 15 % after one cycle",
            Self::EortcResponseAfterMore => "a fall of more than 25 % after more than one cycle",
            Self::RecipResponse => "a fall of at least 30 %",
            Self::RecipProgression => "a rise of at least 20 %",
            Self::RecistResponse => "a fall of at least 30 % from baseline",
            Self::RecistProgression => "a rise of at least 20 % and 5 mm above the smallest sum on study",
        })
    }
}

impl Rule {
    /// Whether a change from `from`, which is above 0, to `to` reaches the threshold.
    pub(super) fn is_met(self, from: f64, to: f64) -> bool {
        let (percent, rise) = (percent(from, to), to - from);
        match self {
            Self::PercistResponse => at_least(-percent, 30.0) && at_least(-rise, 0.8),
            Self::PercistProgression => above(percent, 30.0) && above(rise, 0.8),
            Self::PercistGlycolysis => above(percent, 75.0),
            Self::PercistOtherLesion => above(percent, 30.0),
            Self::EortcProgression => above(percent, 25.0),
            Self::EortcExtent => above(percent, 20.0),
            Self::EortcResponseAfterOne => at_least(-percent, 15.0),
            Self::EortcResponseAfterMore => above(-percent, 25.0),
            Self::RecipResponse | Self::RecistResponse => at_least(-percent, 30.0),
            Self::RecipProgression => at_least(percent, 20.0),
            Self::RecistProgression => at_least(percent, 20.0) && at_least(rise, 5.0),
        }
    }
}
