//! What is asked and decided of old entries.

use crate::clock::DAY_NS;
use crate::{Error, Result};

/// How long another may confirm.
pub(super) const WITHIN_NS: i64 = 7 * DAY_NS;
/// Days that can be asked for at most: a century.
pub(super) const MOST_DAYS: i64 = 36_500;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Somebody asked.
    Asked,
    /// Another confirmed: it is being done.
    Confirmed,
    /// It was taken back.
    Withdrawn,
    /// The entries are removed.
    Done,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Confirm,
    Withdraw,
}

impl State {
    pub(super) const ALL: [Self; 4] = [Self::Asked, Self::Confirmed, Self::Withdrawn, Self::Done];

    /// The word of the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Confirmed => "confirmed",
            Self::Withdrawn => "withdrawn",
            Self::Done => "done",
        }
    }

    /// Reads [`State::word`].
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Entries to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    /// Its number.
    pub(super) id: i64,
    /// Who asked.
    pub(super) asked_by: i64,
    /// When.
    pub(super) asked_ns: i64,
    /// Entries older than so many days, when it was asked.
    pub(super) days: i64,
    /// The last of them.
    pub(super) last: i64,
    /// How many they are.
    pub(super) entries: i64,
    /// How far it is.
    pub(super) state: State,
    /// Who confirmed or withdrew it.
    pub(super) decided_by: Option<i64>,
    /// When.
    pub(super) decided_ns: Option<i64>,
    /// When the last of them was removed.
    pub(super) done_ns: Option<i64>,
}

impl Removal {
    /// What the journal calls it by.
    pub(super) fn subject(&self) -> String {
        format!("removal:{}", self.id)
    }

    /// Whether nobody may confirm it any more.
    pub(super) fn is_over(&self, now_ns: i64) -> bool {
        self.state == State::Asked && now_ns >= self.asked_ns + WITHIN_NS
    }

    /// Whether it keeps another from being asked for.
    pub(super) fn is_open(&self, now_ns: i64) -> bool {
        matches!(self.state, State::Asked | State::Confirmed) && !self.is_over(now_ns)
    }

    /// What becomes of it, where entries are kept for at least so many days.
    pub(super) fn next(&self, decision: Decision, kept_days: i64, now_ns: i64) -> Result<State> {
        match (self.state, decision) {
            (State::Asked, Decision::Withdraw) => Ok(State::Withdrawn),
            (State::Asked, Decision::Confirm) if self.is_over(now_ns) => {
                Err(Error::Conflict("conflict-removal-over"))
            }
            (State::Asked, Decision::Confirm) if self.days < kept_days => {
                Err(Error::Conflict("conflict-removal-young"))
            }
            (State::Asked, Decision::Confirm) => Ok(State::Confirmed),
            _ => Err(Error::Conflict("conflict-decided")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_decided_once_and_in_time() {
        let removal = |state| Removal {
            id: 1,
            asked_by: 7,
            asked_ns: 10,
            days: 200,
            last: 5,
            entries: 5,
            state,
            decided_by: None,
            decided_ns: None,
            done_ns: None,
        };
        let late = 10 + WITHIN_NS;
        for (state, decision, kept_days, now_ns, expected) in [
            (State::Asked, Decision::Confirm, 180, 11, Ok(State::Confirmed)),
            (
                State::Asked,
                Decision::Confirm,
                200,
                late - 1,
                Ok(State::Confirmed),
            ),
            (
                State::Asked,
                Decision::Confirm,
                201,
                11,
                Err("conflict-removal-young"),
            ),
            (
                State::Asked,
                Decision::Confirm,
                180,
                late,
                Err("conflict-removal-over"),
            ),
            (State::Asked, Decision::Withdraw, 180, late, Ok(State::Withdrawn)),
            (
                State::Confirmed,
                Decision::Confirm,
                180,
                11,
                Err("conflict-decided"),
            ),
            (
                State::Confirmed,
                Decision::Withdraw,
                180,
                11,
                Err("conflict-decided"),
            ),
            (
                State::Withdrawn,
                Decision::Confirm,
                180,
                11,
                Err("conflict-decided"),
            ),
            (State::Done, Decision::Withdraw, 180, 11, Err("conflict-decided")),
        ] {
            let found = removal(state).next(decision, kept_days, now_ns);
            let found = found.map_err(|error| error.key());
            assert_eq!(found, expected, "{state:?} {decision:?} {kept_days} {now_ns}");
        }
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
    }
}
