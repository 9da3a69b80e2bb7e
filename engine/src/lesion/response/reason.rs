//! Why a category was given.

use super::compare::percent;
use super::deauville::FivePoint;
use super::lugano::UptakeChange;
use super::recist::{Anatomic, NonTargets};
use super::rule::{Quantity, Rule};

/// What a criterion needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needed {
    /// SULpeak of every lesion of the baseline.
    BaselinePeaks,
    /// SULpeak of every lesion of the follow-up.
    FollowUpPeaks,
    /// Mean and standard deviation of SUL in the liver, or else in the blood pool, at baseline.
    BaselineReference,
    /// Mean SUL in the liver at follow-up.
    FollowUpLiver,
    /// Mean SUV in the liver.
    LiverMean,
    /// Largest SUV in the liver.
    LiverMax,
    /// SUV of the mediastinal blood pool.
    BloodPool,
    /// Uptake of the residual.
    ResidualUptake,
    /// Tumour SUV at baseline.
    BaselineSuv,
    /// Tumour SUV at follow-up.
    FollowUpSuv,
    /// Whether one or more cycles were given.
    Cycles,
    /// Tumour volume at baseline.
    BaselineVolume,
    /// Tumour volume at follow-up.
    FollowUpVolume,
    /// Whether uptake fell, rose or stayed since baseline.
    ChangeOfUptake,
    /// The five-point score.
    FivePointScore,
    /// Diameters of the target lesions at baseline.
    BaselineDiameters,
    /// Diameters of the target lesions at follow-up.
    FollowUpDiameters,
    /// Smallest sum of diameters so far.
    SmallestSum,
}

impl std::fmt::Display for Needed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BaselinePeaks => "SULpeak of every lesion at baseline",
            Self::FollowUpPeaks => "SULpeak of every lesion at follow-up",
            Self::BaselineReference => {
                "mean and standard deviation of SUL in liver or blood pool at baseline"
            }
            Self::FollowUpLiver => "mean SUL of the liver at follow-up",
            Self::LiverMean => "mean SUV of the liver",
            Self::LiverMax => "the largest SUV of the liver",
            Self::BloodPool => "SUV of the mediastinal blood pool",
            Self::ResidualUptake => "uptake of the residual",
            Self::BaselineSuv => "tumour SUV at baseline",
            Self::FollowUpSuv => "tumour SUV at follow-up",
            Self::Cycles => "whether one cycle or more were given",
            Self::BaselineVolume => "tumour volume at baseline",
            Self::FollowUpVolume => "tumour volume at follow-up",
            Self::ChangeOfUptake => "whether uptake fell, rose or stayed since baseline",
            Self::FivePointScore => "the five-point score",
            Self::BaselineDiameters => "diameters of the target lesions at baseline",
            Self::FollowUpDiameters => "diameters of the target lesions at follow-up",
            Self::SmallestSum => "the smallest sum of diameters so far",
        })
    }
}

/// A region that lesions are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Region {
    /// The liver.
    Liver,
    /// Blood pool of the mediastinum or the aorta.
    BloodPool,
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Liver => "liver",
            Self::BloodPool => "blood pool",
        })
    }
}

/// How an uptake lies to that of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relation {
    /// <
    Below,
    /// ≤
    NotAbove,
    /// =
    Equal,
    /// >
    Above,
    /// ≥ this many times, in tenths.
    AtLeastTenths(u32),
    /// < this many times, in tenths.
    LessThanTenths(u32),
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let times = |tenths: &u32| f64::from(*tenths) / 10.0;
        match self {
            Self::Below => f.write_str("is below"),
            Self::NotAbove => f.write_str("is not above"),
            Self::Equal => f.write_str("equals"),
            Self::Above => f.write_str("is above"),
            Self::AtLeastTenths(tenths) => write!(f, "is at least {} times", times(tenths)),
            Self::LessThanTenths(tenths) => write!(f, "is less than {} times", times(tenths)),
        }
    }
}

/// One step of the argument for a category. `Display` is an English sentence without its full stop.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Something the criterion needs is not there.
    Missing(Needed),
    /// A number that the criterion needs cannot be: negative, zero where there must be something, or not a number.
    Impossible {
        /// Which number.
        needed: Needed,
        /// What was found.
        value: f64,
    },
    /// A quantity changed, and reaches a threshold or does not.
    Change {
        /// What changed.
        what: Quantity,
        /// What it was.
        from: f64,
        /// What it is.
        to: f64,
        /// The threshold.
        rule: Rule,
        /// Whether the change reaches it.
        met: bool,
    },
    /// The threshold for progression counts from a smaller value than the baseline's.
    SinceBest {
        /// What it was at its best.
        what: Quantity,
        /// The value then.
        best: f64,
    },
    /// There are new lesions.
    NewLesions(usize),
    /// A reader saw unequivocal progression of lesions that are not measured.
    UnequivocalProgression,
    /// The baseline has no lesion.
    NothingAtBaseline,
    /// No lesion is left.
    NothingLeft,
    /// There is uptake left, though none of it is in the measured volume.
    UptakeLeft,
    /// The hottest lesion is too faint to be measured.
    NotMeasurable {
        /// Its SULpeak.
        sul_peak: f64,
        /// What it must be at least.
        threshold: f64,
        /// Of which region the threshold is made.
        region: Region,
    },
    /// The hottest lesion belongs to another track than at baseline.
    OtherHottest {
        /// Track of the hottest lesion at baseline.
        baseline: u32,
        /// Track of the hottest lesion at follow-up.
        follow_up: u32,
    },
    /// An uptake compared with a region.
    Uptake {
        /// The uptake.
        value: f64,
        /// How it lies to the region's.
        relation: Relation,
        /// Which region.
        region: Region,
        /// Its uptake.
        reference: f64,
    },
    /// Uptake of the residual over that of the liver.
    Quotient {
        /// The quotient.
        qpet: f64,
        /// From which value on it has this score; 0 for the lowest.
        from: f64,
        /// Below which value; infinite for the highest.
        to: f64,
    },
    /// The five-point score that a response is made of.
    Score(FivePoint),
    /// How uptake changed, where the criteria leave the measure to the reader.
    Visual(UptakeChange),
    /// None of the thresholds is reached.
    NoThreshold,
    /// All targets are gone, and all nodes are below 10 mm in the short axis.
    TargetsGone,
    /// Some targets were not measured, and what was does not decide.
    TargetsNotMeasured(usize),
    /// A partial response that was reached before stays one until progression.
    PartialBefore,
    /// Target lesions, others and new ones put together.
    Combined {
        /// Response of the targets; `None` where there are none.
        targets: Option<Anatomic>,
        /// The other lesions.
        non_targets: NonTargets,
        /// Whether there are new ones.
        new_lesions: bool,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Missing(needed) => write!(f, "not evaluable without {needed}"),
            Self::Impossible { needed, value } => {
                write!(f, "not evaluable: {needed} cannot be {value}")
            }
            Self::Change {
                what,
                from,
                to,
                rule,
                met,
            } => change(f, what, from, to, rule, met),
            Self::SinceBest { what, best } => {
                write!(
                    f,
                    "{what} was {} at its best, from which progression counts",
                    what.written(best)
                )
            }
            Self::NewLesions(1) => f.write_str("there is a new lesion"),
            Self::NewLesions(count) => write!(f, "there are {count} new lesions"),
            Self::UnequivocalProgression => {
                f.write_str("a reader saw unequivocal progression of lesions that are not measured")
            }
            Self::NothingAtBaseline => f.write_str("not evaluable: the baseline has no lesion"),
            Self::NothingLeft => f.write_str("no lesion is left"),
            Self::UptakeLeft => f.write_str("uptake is left outside the measured volume"),
            Self::NotMeasurable {
                sul_peak,
                threshold,
                region,
            } => write!(
                f,
                "not evaluable: SULpeak of the hottest lesion at baseline must be at least {threshold:.2} by the {region}, found {sul_peak:.2}"
            ),
            Self::OtherHottest { baseline, follow_up } => {
                write!(
                    f,
                    "the hottest lesion is lesion {follow_up}, at baseline it was lesion {baseline}"
                )
            }
            Self::Uptake {
                value,
                relation,
                region,
                reference,
            } => {
                write!(
                    f,
                    "uptake of {value:.2} {relation} that of the {region}, {reference:.2}"
                )
            }
            Self::Quotient { qpet, from, to } => quotient(f, qpet, from, to),
            Self::Score(score) => write!(f, "the five-point score is {}", score.code()),
            Self::Visual(change) => write!(f, "uptake {change} since baseline"),
            Self::NoThreshold => f.write_str("the change reaches neither response nor progression"),
            Self::TargetsGone => {
                f.write_str("all targets are gone, and target nodes are below 10 mm in the short axis")
            }
            Self::TargetsNotMeasured(1) => {
                f.write_str("a target was not measured, and what was does not decide")
            }
            Self::TargetsNotMeasured(count) => {
                write!(
                    f,
                    "{count} targets were not measured, and what was does not decide"
                )
            }
            Self::PartialBefore => {
                f.write_str("a partial response reached before stays one until progression")
            }
            Self::Combined {
                targets,
                non_targets,
                new_lesions,
            } => {
                let targets = targets.map_or("none", Anatomic::code);
                let new = if new_lesions {
                    "new lesions"
                } else {
                    "no new lesion"
                };
                write!(f, "targets: {targets}; other lesions: {non_targets}; {new}")
            }
        }
    }
}

fn change(
    f: &mut std::fmt::Formatter<'_>,
    what: Quantity,
    from: f64,
    to: f64,
    rule: Rule,
    met: bool,
) -> std::fmt::Result {
    let went = if to > from {
        "rose"
    } else if to < from {
        "fell"
    } else {
        "stayed"
    };
    write!(
        f,
        "{what} {went} from {} to {}",
        what.written(from),
        what.written(to)
    )?;
    if from > 0.0 {
        write!(f, " ({:+.2} %)", percent(from, to))?;
    }
    let reached = if met { "is reached" } else { "is not reached" };
    write!(f, ": {rule} {reached}")
}

fn quotient(f: &mut std::fmt::Formatter<'_>, qpet: f64, from: f64, to: f64) -> std::fmt::Result {
    write!(f, "peak of the residual over mean of the liver is {qpet:.3}: ")?;
    match (from > 0.0, to.is_finite()) {
        (true, true) => write!(f, "from {from} to less than {to}"),
        (true, false) => write!(f, "{from} or more"),
        _ => write!(f, "less than {to}"),
    }
}
