//! RECIST 1.1.

use super::Assessed;
use super::compare::{at_least, below, not_negative, positive};
use super::reason::{Needed, Reason};
use super::rule::{Quantity, Rule};
use super::targets::NORMAL_NODE_MM;

/// Diameter that a target has which is seen but too small to be measured, mm.
const TOO_SMALL_MM: f64 = 5.0;

/// Response on CT or MR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anatomic {
    /// Complete response.
    Complete,
    /// Partial response.
    Partial,
    /// Stable disease.
    Stable,
    /// Progressive disease.
    Progressive,
    /// Neither complete response nor progression, where nothing is a target.
    Neither,
    /// What the criterion needs is not there.
    NotEvaluable,
}

impl Anatomic {
    /// The abbreviation: CR, PR, SD, PD, Non-CR/Non-PD, NE.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Complete => "CR",
            Self::Partial => "PR",
            Self::Stable => "SD",
            Self::Progressive => "PD",
            Self::Neither => "Non-CR/Non-PD",
            Self::NotEvaluable => "NE",
        }
    }
}

/// What was found of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measured {
    /// Its diameter, mm: the short axis of a node, the long axis of all else; of fragments the sum.
    Mm(f64),
    /// It is seen, but too small to be measured: 5 mm.
    TooSmall,
    /// It is gone.
    Absent,
    /// It was not assessed.
    NotAssessed,
}

impl Measured {
    /// The diameter that is added up; `None` where it was not assessed.
    fn mm(self) -> Option<f64> {
        match self {
            Self::Mm(mm) => Some(mm),
            Self::TooSmall => Some(TOO_SMALL_MM),
            Self::Absent => Some(0.0),
            Self::NotAssessed => None,
        }
    }
}

/// One target in both exams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetLesion {
    /// Whether it is a lymph node.
    pub is_node: bool,
    /// Its diameter at baseline, mm.
    pub baseline_mm: f64,
    /// What is found of it now.
    pub now: Measured,
}

/// What became of the diseased lesions that are no targets. Their progression is a reader's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonTargets {
    /// There are none.
    None,
    /// All are gone, and nodes among them below 10 mm in the short axis.
    Complete,
    /// Some are there still.
    Neither,
    /// Not all were assessed.
    NotAllAssessed,
    /// They progressed unequivocally.
    Progressive,
}

impl std::fmt::Display for NonTargets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Complete => "CR",
            Self::Neither => "Non-CR/Non-PD",
            Self::NotAllAssessed => "not all assessed",
            Self::Progressive => "PD",
        })
    }
}

/// What RECIST looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecistInput<'a> {
    /// The targets, see [`targets`](super::targets()).
    pub targets: &'a [TargetLesion],
    /// Smallest sum of diameters in exams between, mm; `None` where there is none, and the baseline counts.
    pub smallest_sum_mm: Option<f64>,
    /// The other lesions.
    pub non_targets: NonTargets,
    /// Unequivocal new lesions.
    pub new_lesions: usize,
    /// Whether a partial response was reached (and, where the trial asks for it, confirmed) before.
    pub partial_before: bool,
}

/// Gives the response at one point in time by RECIST 1.1.
///
/// Targets: complete when all are gone and nodes are below 10 mm; progressive when the sum rose ≥ 20 % and ≥ 5 mm
/// above the smallest sum on study, the baseline's included; partial when it fell ≥ 30 % from baseline; else stable.
/// A partial response that was reached before stays one until progression. Targets that were not assessed make the
/// sum not evaluable, unless the others alone are progression already. Then targets, other lesions and new ones are
/// put together as in tables 1 and 2; whether a response must be confirmed is left to the trial.
///
/// Eisenhauer EA et al., Eur J Cancer 2009;45:228, 4.3 and 4.4, as printed by others
/// (`testdata/reference/response_recist.csv`); that progression may be called when targets are missing is remembered
/// of 4.4.2 and could not be checked.
#[must_use]
pub fn recist(input: &RecistInput) -> Assessed<Anatomic> {
    let (targets, mut reasons) = of_targets(input);
    let new_lesions = input.new_lesions > 0;
    let category = together(targets, input.non_targets, new_lesions);
    if new_lesions {
        reasons.push(Reason::NewLesions(input.new_lesions));
    }
    if input.non_targets == NonTargets::Progressive {
        reasons.push(Reason::UnequivocalProgression);
    }
    reasons.push(Reason::Combined {
        targets,
        non_targets: input.non_targets,
        new_lesions,
    });
    Assessed::new(category, reasons)
}

/// Tables 1 and 2.
fn together(targets: Option<Anatomic>, non_targets: NonTargets, new_lesions: bool) -> Anatomic {
    use Anatomic as A;
    use NonTargets as N;
    match (targets, non_targets, new_lesions) {
        (_, _, true) | (_, N::Progressive, _) | (Some(A::Progressive), ..) => A::Progressive,
        (Some(A::Complete), N::None | N::Complete, _) => A::Complete,
        (Some(A::Complete | A::Partial), ..) => A::Partial,
        (Some(A::Stable), ..) => A::Stable,
        (Some(_), ..) => A::NotEvaluable,
        (None, N::Complete, _) => A::Complete,
        (None, N::Neither, _) => A::Neither,
        (None, N::None | N::NotAllAssessed, _) => A::NotEvaluable,
    }
}

/// Response of the targets, `None` where there are none.
fn of_targets(input: &RecistInput) -> (Option<Anatomic>, Vec<Reason>) {
    if input.targets.is_empty() {
        return (None, Vec::new());
    }
    match by_sums(input) {
        Ok((category, reasons)) => (Some(category), reasons),
        Err(reason) => (Some(Anatomic::NotEvaluable), vec![reason]),
    }
}

fn by_sums(input: &RecistInput) -> Result<(Anatomic, Vec<Reason>), Reason> {
    let sums = Sums::of(input)?;
    if sums.missing == 0 && is_complete(input.targets) {
        return Ok((Anatomic::Complete, vec![Reason::TargetsGone]));
    }
    let rise = sums.change(sums.smallest, Rule::RecistProgression);
    if sums.progressed() {
        let since = (sums.smallest < sums.baseline).then_some(Reason::SinceBest {
            what: Quantity::SumOfDiameters,
            best: sums.smallest,
        });
        return Ok((Anatomic::Progressive, since.into_iter().chain([rise]).collect()));
    }
    if sums.missing > 0 {
        return Err(Reason::TargetsNotMeasured(sums.missing));
    }
    let fall = sums.change(sums.baseline, Rule::RecistResponse);
    Ok(match fall {
        Reason::Change { met: true, .. } => (Anatomic::Partial, vec![fall]),
        _ if input.partial_before => (Anatomic::Partial, vec![fall, Reason::PartialBefore]),
        _ if sums.now > sums.smallest => (Anatomic::Stable, vec![rise, Reason::NoThreshold]),
        _ => (Anatomic::Stable, vec![fall, Reason::NoThreshold]),
    })
}

fn is_complete(targets: &[TargetLesion]) -> bool {
    targets
        .iter()
        .all(|target| match (target.is_node, target.now.mm()) {
            (true, Some(mm)) => below(mm, NORMAL_NODE_MM),
            (false, Some(mm)) => mm == 0.0,
            (_, None) => false,
        })
}

struct Sums {
    baseline: f64,
    smallest: f64,
    /// Of the targets that were assessed.
    now: f64,
    missing: usize,
}

impl Sums {
    fn of(input: &RecistInput) -> Result<Self, Reason> {
        let (mut baseline, mut now, mut missing) = (0.0, 0.0, 0);
        for target in input.targets {
            baseline += positive(Some(target.baseline_mm), Needed::BaselineDiameters)?;
            match target.now.mm() {
                Some(mm) => now += not_negative(Some(mm), Needed::FollowUpDiameters)?,
                None => missing += 1,
            }
        }
        let smallest = match input.smallest_sum_mm {
            None => baseline,
            smallest => not_negative(smallest, Needed::SmallestSum)?.min(baseline),
        };
        Ok(Self {
            baseline,
            smallest,
            now,
            missing,
        })
    }

    /// After a smallest sum of 0 any part of it is more than 20 %: the 5 mm decide.
    fn progressed(&self) -> bool {
        match self.smallest > 0.0 {
            true => Rule::RecistProgression.is_met(self.smallest, self.now),
            false => at_least(self.now, 5.0),
        }
    }

    fn change(&self, from: f64, rule: Rule) -> Reason {
        let met = match rule {
            Rule::RecistProgression => self.progressed(),
            _ => rule.is_met(from, self.now),
        };
        Reason::Change {
            what: Quantity::SumOfDiameters,
            from,
            to: self.now,
            rule,
            met,
        }
    }
}

#[cfg(test)]
mod tests;
