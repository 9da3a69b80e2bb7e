//! What has to be looked at beside a category.

use super::compare::{above, at_least};
use super::measures::{Conditions, ReferenceRegion};

/// Difference of uptake times that PERCIST allows, s.
const UPTAKE_DIFFERENCE_S: f64 = 15.0 * 60.0;
/// Uptake times that PERCIST allows, s (O 2016: 50 to 70 minutes).
const UPTAKE_S: std::ops::RangeInclusive<f64> = 3000.0..=4200.0;

/// A doubt beside a category. `Display` is an English sentence without its full stop.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The liver differs by more than 20 % of the larger value, or by 0.3 SUL or more.
    LiverDifference {
        /// Mean SUL at baseline.
        baseline: f64,
        /// Mean SUL at follow-up.
        follow_up: f64,
    },
    /// The liver of an exam was not measured: whether the exams can be compared is not known.
    LiverUnknown,
    /// The times from injection to scan differ by more than 15 minutes.
    UptakeTimeDifference {
        /// At baseline, s.
        baseline_s: f64,
        /// At follow-up, s.
        follow_up_s: f64,
    },
    /// An exam was scanned earlier than 50 or later than 70 minutes after the injection.
    UptakeTime {
        /// Time from injection to scan, s.
        uptake_s: f64,
    },
    /// A time from injection to scan is not known.
    UptakeTimeUnknown,
    /// The injected activities differ by more than 20 % of the baseline's.
    InjectedActivity {
        /// At baseline, Bq.
        baseline_bq: f64,
        /// At follow-up, Bq.
        follow_up_bq: f64,
    },
    /// The exams are of different scanners.
    OtherScanner,
    /// The exams were reconstructed differently.
    OtherReconstruction,
    /// Scanner or reconstruction of an exam is not known.
    ScannerUnknown,
    /// The blood pool stands in for the liver. Wahl 2009 is reported to add two standard deviations in its text and
    /// not in its table; they are added here.
    BloodPoolForLiver,
    /// Complete response by the liver alone: the blood pool was not measured.
    BloodPoolUnknown,
    /// Total lesion glycolysis rose while SULpeak fell; Wahl 2009 is remembered to ask that SUL does not decline,
    /// which could not be checked.
    GlycolysisAgainstPeak,
    /// Total lesion glycolysis was not measured in all of the hottest lesions, so it was not looked at.
    GlycolysisUnknown,
    /// A lesion rose though the hottest fell: a reader decides whether that is unequivocal progression.
    OtherLesionRose(u32),
    /// The cut-offs belong to a mean of four voxels; with a sphere of 1 mL they lie elsewhere.
    SpherePeak,
    /// Mean SUV of the liver lies outside 1.3 to 3.0.
    LiverRange {
        /// Mean SUV.
        mean: f64,
    },
    /// Blood pool is not below liver; the lesion was compared with the liver alone.
    BloodPoolNotBelowLiver,
    /// Score 3 is complete response by Lugano; a trial that de-escalates may hold it for inadequate.
    ScoreThree,
    /// EORTC 1999 names no category for a fall of 15 to 25 % after more than one cycle; stable is the host's reading.
    BetweenCategories,
    /// Uptake in lymphoma was compared by number, with a threshold that the criteria do not name.
    HostThreshold {
        /// Least change in percent that counts.
        percent: f64,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::LiverDifference { baseline, follow_up } => write!(
                f,
                "mean SUL of the liver must differ by at most 20 % and less than 0.3, found {baseline:.2} and {follow_up:.2}"
            ),
            Self::LiverUnknown => {
                f.write_str("the liver was not measured in both exams, so they may not compare")
            }
            Self::UptakeTimeDifference {
                baseline_s,
                follow_up_s,
            } => write!(
                f,
                "times from injection to scan must differ by at most 15 min, found {:.1} and {:.1} min",
                baseline_s / 60.0,
                follow_up_s / 60.0
            ),
            Self::UptakeTime { uptake_s } => write!(
                f,
                "the time from injection to scan must be 50 to 70 min, found {:.1} min",
                uptake_s / 60.0
            ),
            Self::UptakeTimeUnknown => {
                f.write_str("the time from injection to scan is not known in both exams")
            }
            Self::InjectedActivity {
                baseline_bq,
                follow_up_bq,
            } => write!(
                f,
                "injected activities must differ by at most 20 %, found {:.0} and {:.0} MBq",
                baseline_bq / 1e6,
                follow_up_bq / 1e6
            ),
            Self::OtherScanner => f.write_str("the exams are of different scanners"),
            Self::OtherReconstruction => f.write_str("the exams were reconstructed differently"),
            Self::ScannerUnknown => f.write_str("scanner or reconstruction is not known in both exams"),
            Self::BloodPoolForLiver => f.write_str("the blood pool stands in for the liver"),
            Self::BloodPoolUnknown => {
                f.write_str("complete by the liver alone: the blood pool was not measured")
            }
            Self::GlycolysisAgainstPeak => f.write_str("total lesion glycolysis rose while SULpeak fell"),
            Self::GlycolysisUnknown => {
                f.write_str("total lesion glycolysis was not measured in all of the hottest lesions")
            }
            Self::OtherLesionRose(track) => {
                write!(
                    f,
                    "lesion {track} rose: a reader decides whether that is unequivocal progression"
                )
            }
            Self::SpherePeak => {
                f.write_str("the cut-offs of qPET belong to a mean of four voxels, found a sphere of 1 mL")
            }
            Self::LiverRange { mean } => {
                write!(f, "mean SUV of the liver must be 1.3 to 3.0, found {mean:.2}")
            }
            Self::BloodPoolNotBelowLiver => {
                f.write_str("the blood pool is not below the liver; uptake was compared with the liver alone")
            }
            Self::ScoreThree => f.write_str(
                "score 3 is complete response by Lugano, but a trial that de-escalates may read it otherwise",
            ),
            Self::BetweenCategories => {
                f.write_str("EORTC 1999 names no category for a fall of 15 to 25 % after more than one cycle")
            }
            Self::HostThreshold { percent } => write!(
                f,
                "Lugano names no number for a change of uptake; {percent} % was set for this report"
            ),
        }
    }
}

/// Whether two exams can be compared: liver, uptake time, activity, scanner and reconstruction.
///
/// Wahl 2009 and O 2016; the liver's 20 % are of the larger value. 0.3 SUL itself is too much.
pub(super) fn comparability(baseline: &Conditions, follow_up: &Conditions) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(liver(baseline.liver_sul, follow_up.liver_sul));
    warnings.extend(uptake_time(baseline.uptake_s, follow_up.uptake_s));
    if let (Some(baseline_bq), Some(follow_up_bq)) =
        (baseline.injected_activity_bq, follow_up.injected_activity_bq)
        && above((follow_up_bq - baseline_bq).abs(), baseline_bq * 0.2)
    {
        warnings.push(Warning::InjectedActivity {
            baseline_bq,
            follow_up_bq,
        });
    }
    warnings.extend(equipment(baseline, follow_up));
    warnings
}

fn liver(baseline: Option<ReferenceRegion>, follow_up: Option<ReferenceRegion>) -> Option<Warning> {
    let (Some(baseline), Some(follow_up)) = (baseline, follow_up) else {
        return Some(Warning::LiverUnknown);
    };
    let (baseline, follow_up) = (baseline.mean, follow_up.mean);
    let difference = (follow_up - baseline).abs();
    let far = at_least(difference, 0.3) || above(difference, 0.2 * baseline.max(follow_up));
    far.then_some(Warning::LiverDifference { baseline, follow_up })
}

fn uptake_time(baseline: Option<f64>, follow_up: Option<f64>) -> Vec<Warning> {
    let (Some(baseline_s), Some(follow_up_s)) = (baseline, follow_up) else {
        return vec![Warning::UptakeTimeUnknown];
    };
    let outside = [baseline_s, follow_up_s]
        .into_iter()
        .filter(|uptake_s| !UPTAKE_S.contains(uptake_s));
    let mut warnings: Vec<Warning> = outside.map(|uptake_s| Warning::UptakeTime { uptake_s }).collect();
    if (follow_up_s - baseline_s).abs() > UPTAKE_DIFFERENCE_S {
        warnings.push(Warning::UptakeTimeDifference {
            baseline_s,
            follow_up_s,
        });
    }
    warnings
}

fn equipment(baseline: &Conditions, follow_up: &Conditions) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let known = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some();
    let scanners = (&baseline.scanner, &follow_up.scanner);
    let reconstructions = (&baseline.reconstruction, &follow_up.reconstruction);
    if !known(scanners.0, scanners.1) || !known(reconstructions.0, reconstructions.1) {
        warnings.push(Warning::ScannerUnknown);
    }
    if known(scanners.0, scanners.1) && scanners.0 != scanners.1 {
        warnings.push(Warning::OtherScanner);
    }
    if known(reconstructions.0, reconstructions.1) && reconstructions.0 != reconstructions.1 {
        warnings.push(Warning::OtherReconstruction);
    }
    warnings
}
