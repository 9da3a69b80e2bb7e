//! The rule of an organisation, and what becomes of a study by it and by what somebody decided.

use pacs::index::{Publication, Published};

use crate::clock::MINUTE_NS;

/// Hours of a rule at most: a year.
pub(super) const MOST_HOURS: u32 = 8760;

/// When a study is published that nobody decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Rule {
    /// At once.
    #[default]
    AtOnce,
    /// So many hours after its first image came.
    After {
        /// The hours.
        hours: u32,
    },
    /// Not before somebody publishes it.
    ByHand,
}

impl Rule {
    /// The words of the table and of the form.
    pub(super) const WORDS: [&str; 3] = ["at-once", "after", "by-hand"];

    /// The word of the table and of the form.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::AtOnce => Self::WORDS[0],
            Self::After { .. } => Self::WORDS[1],
            Self::ByHand => Self::WORDS[2],
        }
    }

    /// Reads a row; one that cannot be read publishes nothing.
    pub(super) fn from_row(word: &str, hours: Option<i64>) -> Self {
        let hours = hours.and_then(|hours| u32::try_from(hours).ok());
        match (word, hours) {
            ("at-once", _) => Self::AtOnce,
            ("after", Some(hours)) => Self::After { hours },
            _ => Self::ByHand,
        }
    }

    /// The hours of the rule.
    pub(super) fn hours(self) -> Option<u32> {
        match self {
            Self::After { hours } => Some(hours),
            Self::AtOnce | Self::ByHand => None,
        }
    }

    /// The studies that are published at a moment.
    pub(crate) fn publication(self, at_ns: i64) -> Publication {
        Publication {
            at_ns,
            after_ns: match self {
                Self::AtOnce => Some(0),
                Self::After { hours } => Some(i64::from(hours) * 60 * MINUTE_NS),
                Self::ByHand => None,
            },
            is_published: true,
        }
    }
}

/// How it stands with a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is published.
    Published,
    /// It will be, at this moment: somebody decided so.
    Scheduled {
        /// The moment.
        at_ns: i64,
    },
    /// It will be, by the rule.
    Waiting,
    /// It is not: nobody has published it.
    Unpublished,
    /// It is not: somebody withdrew it.
    Withdrawn,
}

impl State {
    /// Of a study by what was decided, whether the archive has it among the published ones, the rule and the moment.
    pub(super) fn of(decision: Option<Published>, is_published: bool, rule: Rule, now_ns: i64) -> Self {
        match (decision, rule) {
            (Some(Published::From(at_ns)), _) if at_ns > now_ns => Self::Scheduled { at_ns },
            (Some(Published::From(_)), _) => Self::Published,
            (Some(Published::Never), _) => Self::Withdrawn,
            (None, _) if is_published => Self::Published,
            (None, Rule::After { .. }) => Self::Waiting,
            (None, Rule::AtOnce | Rule::ByHand) => Self::Unpublished,
        }
    }

    /// The word of the catalogues.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Scheduled { .. } => "scheduled",
            Self::Waiting => "waiting",
            Self::Unpublished => "unpublished",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What somebody decides about studies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// They are published now.
    Now,
    /// They are from a moment on.
    At(i64),
    /// They are not.
    Withdraw,
    /// The rule says it.
    ByRule,
}

impl Act {
    /// The words of the form.
    pub(super) const WORDS: [&str; 4] = ["now", "at", "withdraw", "by-rule"];

    /// What the archive is told.
    pub(super) fn decision(self, now_ns: i64) -> Option<Published> {
        match self {
            Self::Now => Some(Published::From(now_ns)),
            Self::At(at_ns) => Some(Published::From(at_ns)),
            Self::Withdraw => Some(Published::Never),
            Self::ByRule => None,
        }
    }

    /// The kind of its entry of the journal.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Now => "study.published",
            Self::At(_) => "study.publication-scheduled",
            Self::Withdraw => "study.withdrawn",
            Self::ByRule => "study.publication-by-rule",
        }
    }
}
