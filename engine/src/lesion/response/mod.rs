//! Response to treatment by the published criteria: a category, and the sentences that say why.
//!
//! Pure functions of numbers: [`percist`], [`eortc`], [`recist`], [`recip`], [`qpet`], [`deauville`] and [`lugano`];
//! [`assess`] applies all that suit the tracer to the measures of two exams. Each gives an [`Assessed`]: the
//! category, typed [`Reason`]s with the numbers in them, and [`Warning`]s that belong beside it. What is missing
//! makes a category "not evaluable"; nothing is guessed. What a criterion leaves to the reader's eye (unequivocal
//! progression, a change of uptake in lymphoma) is asked for, see [`Findings`].
//!
//! Where the wording of a criterion was found, thresholds keep its "at least" (≥) and "more than" (>). A number that
//! differs from a threshold by a rounding error lies on it, so that a fall from 3.0 to 2.1 is one of 30 %.
//!
//! Sources. RECIST 1.1: Eisenhauer EA et al., Eur J Cancer 2009;45:228, with the clarifications of the RECIST
//! working group (recist.eortc.org). PERCIST 1.0: Wahl RL et al., J Nucl Med 2009;50 Suppl 1:122S; O JH, Lodge MA,
//! Wahl RL, Radiology 2016;280:576. EORTC 1999: Young H et al., Eur J Cancer 1999;35:1773. RECIP 1.0: Gafita A et
//! al., J Nucl Med 2022;63:1651; recip-criteria.com. Deauville and Lugano: Barrington SF et al., J Clin Oncol
//! 2014;32:3048; Cheson BD et al., J Clin Oncol 2014;32:3059. qPET: Hasenclever D et al., Eur J Nucl Med Mol Imaging
//! 2014;41:1301. Most were at hand only as tables that others printed of them; `testdata/reference/response_*.csv`
//! says row by row which, and each function says what could not be checked against a text.

mod assess;
mod compare;
mod deauville;
mod eortc;
mod lugano;
mod measures;
mod percist;
mod reason;
mod recip;
mod recist;
mod rule;
mod targets;
mod warning;

pub use assess::{Assessment, Findings, Study, Tracer, assess};
pub use deauville::{DeauvilleInput, FivePoint, PeakDefinition, Qpet, QpetInput, deauville, qpet};
pub use eortc::{Cycles, EortcInput, eortc};
pub use lugano::{Lugano, UptakeChange, lugano};
pub use measures::{Conditions, Exam, Lesion, ReferenceRegion};
pub use percist::{PercistInput, percist};
pub use reason::{Needed, Reason, Region, Relation};
pub use recip::{Recip, RecipInput, recip};
pub use recist::{Anatomic, Measured, NonTargets, RecistInput, TargetLesion, recist};
pub use rule::{Quantity, Rule};
pub use targets::{Candidate, Targets, targets};
pub use warning::Warning;

/// A category with what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed<C> {
    /// The category.
    pub category: C,
    /// What led to it, in the order of the argument; each is a sentence by its `Display`.
    pub reasons: Vec<Reason>,
    /// What makes it doubtful or has to be looked at beside it.
    pub warnings: Vec<Warning>,
}

impl<C> Assessed<C> {
    fn new(category: C, reasons: impl IntoIterator<Item = Reason>) -> Self {
        Self {
            category,
            reasons: reasons.into_iter().collect(),
            warnings: Vec::new(),
        }
    }

    fn warned(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The reasons as English sentences.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.reasons.iter().map(|reason| format!("{reason}.")).collect()
    }
}

/// Metabolic response, by PERCIST 1.0 and by EORTC 1999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metabolic {
    /// Complete metabolic response.
    Complete,
    /// Partial metabolic response.
    Partial,
    /// Stable metabolic disease.
    Stable,
    /// Progressive metabolic disease.
    Progressive,
    /// What the criterion needs is not there.
    NotEvaluable,
}

impl Metabolic {
    /// The abbreviation of the criteria: CMR, PMR, SMD, PMD, NE.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Complete => "CMR",
            Self::Partial => "PMR",
            Self::Stable => "SMD",
            Self::Progressive => "PMD",
            Self::NotEvaluable => "NE",
        }
    }
}
