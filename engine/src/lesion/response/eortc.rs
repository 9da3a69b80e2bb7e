//! The EORTC recommendations of 1999.

use super::compare::{above, at_least, not_negative, percent, positive};
use super::reason::{Needed, Reason};
use super::rule::{Quantity, Rule};
use super::warning::Warning;
use super::{Assessed, Metabolic};

/// Cycles of treatment between the exams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycles {
    /// One.
    One,
    /// More than one.
    More,
}

/// What EORTC looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EortcInput {
    /// SUV of the tumours followed at baseline, added up where there are several.
    pub baseline_suv: Option<f64>,
    /// The same at follow-up.
    pub follow_up_suv: Option<f64>,
    /// Longest dimension of the uptake at baseline, mm; `None` where the extent was not measured.
    pub baseline_extent_mm: Option<f64>,
    /// The same at follow-up.
    pub follow_up_extent_mm: Option<f64>,
    /// Whether uptake is gone, not to be told from the tissue around.
    pub resolved: bool,
    /// New lesions.
    pub new_lesions: usize,
    /// Cycles between the exams; `None` where it is not known.
    pub cycles: Option<Cycles>,
}

/// Gives the metabolic response by the EORTC recommendations of 1999.
///
/// Progressive: SUV rose > 25 %, or the longest dimension of the uptake rose > 20 %, or there are new lesions.
/// Complete: uptake is gone. Partial: SUV fell ≥ 15 % after one cycle, > 25 % after more. All else is stable; a fall
/// of 15 to 25 % after more than one cycle, which the recommendations give no name, with a warning.
///
/// Not evaluable: a SUV that is missing or, at baseline, 0; a fall of 15 to 25 % with unknown cycles.
///
/// Young H et al., Eur J Cancer 1999;35:1773, as printed by others (`testdata/reference/response_metabolic.csv`).
/// They take SUV by body surface; how several tumours are put together they do not say.
#[must_use]
pub fn eortc(input: &EortcInput) -> Assessed<Metabolic> {
    if input.new_lesions > 0 {
        return Assessed::new(Metabolic::Progressive, [Reason::NewLesions(input.new_lesions)]);
    }
    by_numbers(input).unwrap_or_else(|reason| Assessed::new(Metabolic::NotEvaluable, [reason]))
}

fn by_numbers(input: &EortcInput) -> Result<Assessed<Metabolic>, Reason> {
    let before = positive(input.baseline_suv, Needed::BaselineSuv)?;
    if input.resolved {
        return Ok(Assessed::new(Metabolic::Complete, [Reason::NothingLeft]));
    }
    let now = not_negative(input.follow_up_suv, Needed::FollowUpSuv)?;
    let grown = extent(input);
    let rise = change(Quantity::Suv, before, now, Rule::EortcProgression);
    if is_met(rise) || grown.is_some() {
        let rise = is_met(rise).then_some(rise);
        return Ok(Assessed::new(
            Metabolic::Progressive,
            rise.into_iter().chain(grown),
        ));
    }
    let fell = -percent(before, now);
    let open = at_least(fell, 15.0) && !above(fell, 25.0);
    let rule = match input.cycles {
        Some(Cycles::One) => Rule::EortcResponseAfterOne,
        None if open => return Err(Reason::Missing(Needed::Cycles)),
        _ => Rule::EortcResponseAfterMore,
    };
    let fall = change(Quantity::Suv, before, now, rule);
    Ok(match (is_met(fall), now > before) {
        (true, _) => Assessed::new(Metabolic::Partial, [fall]),
        (false, true) => Assessed::new(Metabolic::Stable, [rise, Reason::NoThreshold]),
        (false, false) => {
            let between = open.then_some(Warning::BetweenCategories);
            Assessed::new(Metabolic::Stable, [fall, Reason::NoThreshold]).warned(between)
        }
    })
}

/// The growth of the uptake's extent, where both were measured and it is progression.
fn extent(input: &EortcInput) -> Option<Reason> {
    let measured = |value: Option<f64>| value.filter(|mm| mm.is_finite() && *mm > 0.0);
    let (before, now) = (
        measured(input.baseline_extent_mm)?,
        measured(input.follow_up_extent_mm)?,
    );
    Some(change(Quantity::Extent, before, now, Rule::EortcExtent)).filter(|change| is_met(*change))
}

fn change(what: Quantity, from: f64, to: f64, rule: Rule) -> Reason {
    let met = rule.is_met(from, to);
    Reason::Change {
        what,
        from,
        to,
        rule,
        met,
    }
}

fn is_met(reason: Reason) -> bool {
    matches!(reason, Reason::Change { met: true, .. })
}

#[cfg(test)]
mod tests {
    use super::{Cycles, EortcInput, eortc};
    use crate::lesion::response::{Metabolic, Needed, Reason, Warning};

    const UNCHANGED: EortcInput = EortcInput {
        baseline_suv: Some(10.0),
        follow_up_suv: Some(10.0),
        baseline_extent_mm: None,
        follow_up_extent_mm: None,
        resolved: false,
        new_lesions: 0,
        cycles: Some(Cycles::More),
    };

    fn grown(suv: f64, before_mm: Option<f64>, now_mm: Option<f64>) -> EortcInput {
        EortcInput {
            follow_up_suv: Some(suv),
            baseline_extent_mm: before_mm,
            follow_up_extent_mm: now_mm,
            ..UNCHANGED
        }
    }

    #[test]
    fn extent_alone_is_progression() {
        let of = |input: EortcInput| eortc(&input).category;
        assert_eq!(of(grown(5.0, Some(50.0), Some(60.0))), Metabolic::Partial);
        assert_eq!(of(grown(5.0, Some(50.0), Some(60.1))), Metabolic::Progressive);
        assert_eq!(of(grown(5.0, None, Some(60.1))), Metabolic::Partial);
        assert_eq!(
            eortc(&grown(5.0, Some(50.0), Some(65.0))).sentences(),
            [
                "the longest dimension of the uptake rose from 50.0 mm to 65.0 mm (+30.00 %): a rise of more than 20 % is reached."
            ]
        );
    }

    #[test]
    fn what_has_no_name_is_said() {
        let found = eortc(&grown(8.0, None, None));
        assert_eq!(
            (found.category, found.warnings),
            (Metabolic::Stable, vec![Warning::BetweenCategories])
        );
        assert!(eortc(&grown(9.0, None, None)).warnings.is_empty());
    }

    #[test]
    fn nothing_is_guessed() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let input = EortcInput {
                baseline_suv: Some(value),
                ..UNCHANGED
            };
            assert_eq!(eortc(&input).category, Metabolic::NotEvaluable);
        }
        let without = EortcInput {
            follow_up_suv: None,
            ..UNCHANGED
        };
        assert_eq!(eortc(&without).reasons, [Reason::Missing(Needed::FollowUpSuv)]);
    }
}
