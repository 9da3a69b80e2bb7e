//! How far a step is.

/// The state of a scheduled procedure step, in the words of the performed one (PS3.3 C.4.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was done of it.
    Scheduled,
    /// A device has begun.
    InProgress,
    /// It was given up.
    Discontinued,
    /// It is done.
    Completed,
}

/// What happens to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A device begins; also again, since one step may be performed in several.
    Start,
    /// It is given up.
    Discontinue,
    /// It is done.
    Complete,
    /// It is to be done after all.
    Reopen,
}

/// The state does not allow what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {} cannot {progress:?}", state.as_str())]
pub struct Refused {
    /// The state.
    pub state: State,
    /// What was to happen.
    pub progress: Progress,
}

impl State {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Scheduled, "SCHEDULED"),
        (Self::InProgress, "IN PROGRESS"),
        (Self::Discontinued, "DISCONTINUED"),
        (Self::Completed, "COMPLETED"),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(state, _)| *state == self);
        found.expect("every state has its word").1
    }

    /// Reads [`State::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, word)| *word == text);
        found.map(|(state, _)| *state)
    }

    /// What leads to this state.
    #[must_use]
    pub fn reached_by(self) -> Progress {
        match self {
            Self::Scheduled => Progress::Reopen,
            Self::InProgress => Progress::Start,
            Self::Discontinued => Progress::Discontinue,
            Self::Completed => Progress::Complete,
        }
    }

    /// The state after this.
    ///
    /// # Errors
    ///
    /// [`Refused`]: what is completed stays so, and only what was given up is opened again.
    pub fn next(self, progress: Progress) -> Result<Self, Refused> {
        match (self, progress) {
            (Self::Scheduled | Self::InProgress | Self::Discontinued, Progress::Start) => {
                Ok(Self::InProgress)
            }
            (Self::Scheduled | Self::InProgress, Progress::Discontinue) => Ok(Self::Discontinued),
            (Self::Scheduled | Self::InProgress, Progress::Complete) => Ok(Self::Completed),
            (Self::Discontinued, Progress::Reopen) => Ok(Self::Scheduled),
            (state, progress) => Err(Refused { state, progress }),
        }
    }
}
