//! RECIP 1.0.

use super::Assessed;
use super::compare::{not_negative, positive};
use super::reason::{Needed, Reason};
use super::rule::{Quantity, Rule};

/// Response on PSMA PET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recip {
    /// RECIP-CR.
    Complete,
    /// RECIP-PR.
    Partial,
    /// RECIP-SD.
    Stable,
    /// RECIP-PD.
    Progressive,
    /// What the criterion needs is not there.
    NotEvaluable,
}

impl Recip {
    /// The abbreviation: CR, PR, SD, PD, NE.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Complete => "CR",
            Self::Partial => "PR",
            Self::Stable => "SD",
            Self::Progressive => "PD",
            Self::NotEvaluable => "NE",
        }
    }
}

/// What RECIP looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecipInput {
    /// PSMA-positive tumour volume at baseline, mL.
    pub baseline_ml: Option<f64>,
    /// PSMA-positive tumour volume at follow-up, mL.
    pub follow_up_ml: Option<f64>,
    /// Whether any tumour uptake is left at follow-up, be it too faint or small for the measured volume.
    pub uptake_left: bool,
    /// New PSMA-positive lesions.
    pub new_lesions: usize,
}

/// Gives the response by RECIP 1.0.
///
/// Complete: no uptake at all. Partial: volume fell ≥ 30 % and there is no new lesion. Progressive: volume rose
/// ≥ 20 % and there is a new lesion. All else is stable: also a new lesion in a volume that did not rise, and a
/// volume that rose without new lesion.
///
/// Not evaluable: a volume that is missing or, at baseline, 0.
///
/// Gafita A et al., J Nucl Med 2022;63:1651; the definition on the authors' site recip-criteria.com was at hand.
#[must_use]
pub fn recip(input: &RecipInput) -> Assessed<Recip> {
    category(input).unwrap_or_else(|reason| Assessed::new(Recip::NotEvaluable, [reason]))
}

fn category(input: &RecipInput) -> Result<Assessed<Recip>, Reason> {
    let before = positive(input.baseline_ml, Needed::BaselineVolume)?;
    let now = not_negative(input.follow_up_ml, Needed::FollowUpVolume)?;
    if now == 0.0 && !input.uptake_left && input.new_lesions == 0 {
        return Ok(Assessed::new(Recip::Complete, [Reason::NothingLeft]));
    }
    let (fell, rose) = (Rule::RecipResponse, Rule::RecipProgression);
    let rule = if now > before { rose } else { fell };
    let met = rule.is_met(before, now);
    let category = match (rule, met, input.new_lesions) {
        (Rule::RecipResponse, true, 0) => Recip::Partial,
        (Rule::RecipProgression, true, 1..) => Recip::Progressive,
        _ => Recip::Stable,
    };
    let change = Reason::Change {
        what: Quantity::PsmaVolume,
        from: before,
        to: now,
        rule,
        met,
    };
    let left = (now == 0.0 && input.uptake_left).then_some(Reason::UptakeLeft);
    let new = (input.new_lesions > 0).then_some(Reason::NewLesions(input.new_lesions));
    Ok(Assessed::new(
        category,
        [change].into_iter().chain(left).chain(new),
    ))
}

#[cfg(test)]
mod tests {
    use super::{Recip, RecipInput, recip};

    fn of(baseline_ml: Option<f64>, follow_up_ml: Option<f64>) -> Recip {
        let input = RecipInput {
            baseline_ml,
            follow_up_ml,
            uptake_left: true,
            new_lesions: 0,
        };
        recip(&input).category
    }

    #[test]
    fn nothing_is_guessed() {
        for value in [None, Some(0.0), Some(-1.0), Some(f64::NAN)] {
            assert_eq!(of(value, Some(10.0)), Recip::NotEvaluable);
        }
        for value in [None, Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(of(Some(10.0), value), Recip::NotEvaluable);
        }
    }

    #[test]
    fn a_category_says_why() {
        let input = RecipInput {
            baseline_ml: Some(100.0),
            follow_up_ml: Some(150.0),
            uptake_left: true,
            new_lesions: 1,
        };
        let rose = "PSMA-positive tumour volume rose from 100.0 mL to 150.0 mL (+50.00 %): a rise of at least 20 % is reached.";
        assert_eq!(recip(&input).sentences(), [rose, "there is a new lesion."]);
    }
}
