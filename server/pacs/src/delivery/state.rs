//! What can become of a delivery.

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// It will be sent.
    Waiting,
    /// It is being sent, or was when the process ended.
    Sending,
    /// The destination acknowledged it.
    Delivered,
    /// The destination will not take it, or its bytes are damaged; a person decides.
    Quarantined,
    /// A person decided that it is not sent.
    Dropped,
}

/// What happens to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// It is taken to be sent.
    Take,
    /// The destination acknowledged it.
    Acknowledge,
    /// It did not come through; it is tried again later.
    Postpone,
    /// It was not tried after all.
    Return,
    /// It will not come through however often it is tried.
    Refuse,
    /// A person has it sent again.
    Retry,
    /// A person decides that it is not sent.
    Drop,
}

/// A step that a state does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {} cannot be changed so", state.as_str())]
pub struct NoSuchStep {
    /// Where it stands.
    pub state: State,
    /// What was to happen.
    pub step: Step,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Sending,
        Self::Delivered,
        Self::Quarantined,
        Self::Dropped,
    ];

    /// The state after a step.
    ///
    /// # Errors
    ///
    /// [`NoSuchStep`].
    pub fn next(self, step: Step) -> Result<Self, NoSuchStep> {
        match (self, step) {
            (Self::Waiting, Step::Take) => Ok(Self::Sending),
            (Self::Sending, Step::Acknowledge) => Ok(Self::Delivered),
            (Self::Sending, Step::Postpone | Step::Return) => Ok(Self::Waiting),
            (Self::Sending, Step::Refuse) => Ok(Self::Quarantined),
            (Self::Quarantined | Self::Delivered | Self::Dropped, Step::Retry) => Ok(Self::Waiting),
            (Self::Waiting | Self::Quarantined, Step::Drop) => Ok(Self::Dropped),
            (state, step) => Err(NoSuchStep { state, step }),
        }
    }

    /// The word of the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Quarantined => "quarantined",
            Self::Dropped => "dropped",
        }
    }

    /// Reads [`State::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{State, Step};

    const STEPS: [Step; 7] = [
        Step::Take,
        Step::Acknowledge,
        Step::Postpone,
        Step::Return,
        Step::Refuse,
        Step::Retry,
        Step::Drop,
    ];

    proptest! {
        /// Whatever happens: nothing is delivered that was not being sent, nothing leaves for good, and from
        /// everywhere there is a way to be delivered.
        #[test]
        fn nothing_is_lost_and_nothing_delivered_unsent(steps in proptest::collection::vec(0..7_usize, 0..60)) {
            let mut state = State::Waiting;
            for step in steps.into_iter().map(|number| STEPS[number]) {
                let Ok(next) = state.next(step) else { continue };
                prop_assert_eq!(next == State::Delivered, step == Step::Acknowledge);
                prop_assert!(next != State::Delivered || state == State::Sending);
                prop_assert_eq!(next == State::Sending, state == State::Waiting && step == Step::Take);
                prop_assert_eq!(next == State::Dropped, step == Step::Drop);
                state = next;
            }
            for step in [Step::Retry, Step::Take, Step::Acknowledge] {
                state = state.next(step).unwrap_or(state);
            }
            prop_assert_eq!(state, State::Delivered);
        }
    }

    #[test]
    fn words_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_text(state.as_str()), Some(state));
        }
        assert_eq!(State::from_text("gone"), None);
    }
}
