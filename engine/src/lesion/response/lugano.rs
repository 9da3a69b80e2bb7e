//! The Lugano classification, by PET.

use super::Assessed;
use super::compare::{at_least, percent};
use super::deauville::FivePoint;
use super::reason::{Needed, Reason};
use super::warning::Warning;

/// Metabolic response of lymphoma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lugano {
    /// Complete metabolic response.
    Complete,
    /// Partial metabolic response.
    Partial,
    /// No metabolic response.
    NoResponse,
    /// Progressive metabolic disease.
    Progressive,
    /// What the classification needs is not there.
    NotEvaluable,
}

impl Lugano {
    /// The abbreviation: CMR, PMR, NMR, PMD, NE.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Complete => "CMR",
            Self::Partial => "PMR",
            Self::NoResponse => "NMR",
            Self::Progressive => "PMD",
            Self::NotEvaluable => "NE",
        }
    }
}

/// How uptake changed since baseline. Lugano leaves to the reader from where on a change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UptakeChange {
    /// It is less.
    Reduced,
    /// It did not change significantly.
    Unchanged,
    /// It is more.
    Increased,
}

impl UptakeChange {
    /// The change from `before`, above 0, to `now`, where `least_percent` is the least that counts.
    ///
    /// The criteria name no such number: it is the host's, to be shown beside the category.
    #[must_use]
    pub fn between(before: f64, now: f64, least_percent: f64) -> Option<Self> {
        let change = percent(before, now);
        (before > 0.0 && change.is_finite()).then(|| {
            if at_least(-change, least_percent) {
                Self::Reduced
            } else if at_least(change, least_percent) {
                Self::Increased
            } else {
                Self::Unchanged
            }
        })
    }
}

impl std::fmt::Display for UptakeChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Reduced => "fell",
            Self::Unchanged => "did not change significantly",
            Self::Increased => "rose",
        })
    }
}

/// Gives the metabolic response by Lugano 2014, for nodes and extranodal sites.
///
/// New lesions are progression. Scores 1 to 3 are complete response; 4 and 5 are partial response where uptake fell,
/// none where it did not change, progression where it rose. Bone marrow and the CT-based part of the classification
/// are not looked at.
///
/// Not evaluable: no score, or 4 or 5 without the change of uptake.
///
/// Cheson BD et al., J Clin Oncol 2014;32:3059, table 3, as printed by others
/// (`testdata/reference/response_lymphoma.csv`).
#[must_use]
pub fn lugano(score: FivePoint, change: Option<UptakeChange>, new_lesions: usize) -> Assessed<Lugano> {
    if new_lesions > 0 {
        return Assessed::new(Lugano::Progressive, [Reason::NewLesions(new_lesions)]);
    }
    let by_change = |change| {
        let category = match change {
            UptakeChange::Reduced => Lugano::Partial,
            UptakeChange::Unchanged => Lugano::NoResponse,
            UptakeChange::Increased => Lugano::Progressive,
        };
        Assessed::new(category, [Reason::Score(score), Reason::Visual(change)])
    };
    let missing = |needed| Assessed::new(Lugano::NotEvaluable, [Reason::Missing(needed)]);
    match score {
        FivePoint::One | FivePoint::OneOrTwo | FivePoint::Two => {
            Assessed::new(Lugano::Complete, [Reason::Score(score)])
        }
        FivePoint::Three => {
            Assessed::new(Lugano::Complete, [Reason::Score(score)]).warned([Warning::ScoreThree])
        }
        FivePoint::Four | FivePoint::Five => {
            change.map_or_else(|| missing(Needed::ChangeOfUptake), by_change)
        }
        FivePoint::NotEvaluable => missing(Needed::FivePointScore),
    }
}

#[cfg(test)]
mod tests {
    use super::{FivePoint, Lugano, UptakeChange, lugano};
    use crate::lesion::response::Warning;

    #[test]
    fn a_change_counts_from_what_the_host_says() {
        let of = |now| UptakeChange::between(10.0, now, 25.0);
        assert_eq!(of(7.5), Some(UptakeChange::Reduced));
        assert_eq!(of(7.6), Some(UptakeChange::Unchanged));
        assert_eq!(of(12.5), Some(UptakeChange::Increased));
        for before in [0.0, -1.0, f64::NAN] {
            assert_eq!(UptakeChange::between(before, 5.0, 25.0), None);
        }
    }

    #[test]
    fn a_score_of_three_is_looked_at_twice() {
        let found = lugano(FivePoint::Three, None, 0);
        assert_eq!(
            (found.category, found.warnings),
            (Lugano::Complete, vec![Warning::ScoreThree])
        );
    }
}
