//! What becomes of a cooperation, and fees as people write them.

use crate::permissions::Kind;

/// A side of a cooperation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The hospital, which orders.
    Hospital,
    /// The team, which reports.
    Team,
}

impl Side {
    /// The word of the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::Team => "team",
        }
    }

    /// Reads [`Side::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Hospital, Self::Team]
            .into_iter()
            .find(|side| side.word() == word)
    }

    /// The side that an organisation of a kind can be.
    #[must_use]
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Hospital => Some(Self::Hospital),
            Kind::Team => Some(Self::Team),
            Kind::Platform | Kind::Department => None,
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Hospital => Self::Team,
            Self::Team => Self::Hospital,
        }
    }
}

/// Where a cooperation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// One side asked.
    Asked,
    /// The other accepted: orders may be made.
    Accepted,
    /// The other declined.
    Declined,
    /// Whoever asked took it back; it is listed no more.
    Withdrawn,
    /// Either side ended it: nothing new is ordered, what runs is finished.
    Ended,
}

impl State {
    /// Those that are listed.
    pub const LISTED: [Self; 4] = [Self::Asked, Self::Accepted, Self::Declined, Self::Ended];

    /// The word of the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// Reads [`State::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = Self::LISTED.into_iter().chain([Self::Withdrawn]);
        all.into_iter().find(|state| state.word() == word)
    }
}

/// What is done about a cooperation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The side that was asked agrees.
    Accept,
    /// The side that was asked does not.
    Decline,
    /// The side that asked asks again.
    Resend,
    /// The side that asked takes it back.
    Withdraw,
    /// Either side ends it.
    End,
}

impl Event {
    /// All.
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Decline,
        Self::Resend,
        Self::Withdraw,
        Self::End,
    ];

    /// The word of addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Resend => "resend",
            Self::Withdraw => "withdraw",
            Self::End => "end",
        }
    }

    /// Reads [`Event::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    /// The word of the journal.
    #[must_use]
    pub fn entry(self) -> &'static str {
        match self {
            Self::Accept => "docking.accepted",
            Self::Decline => "docking.declined",
            Self::Resend => "docking.resent",
            Self::Withdraw => "docking.withdrawn",
            Self::End => "docking.ended",
        }
    }
}

/// What cannot be done: not in this state, or not by this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands.
    pub state: State,
    /// What was tried.
    pub event: Event,
}

/// The state after an event; `is_asker` says whether the side that asked does it.
///
/// # Errors
///
/// [`Refused`].
pub fn next(state: State, event: Event, is_asker: bool) -> Result<State, Refused> {
    match (state, event, is_asker) {
        (State::Asked, Event::Accept, false) => Ok(State::Accepted),
        (State::Asked, Event::Decline, false) => Ok(State::Declined),
        (State::Asked | State::Declined, Event::Resend, true) => Ok(State::Asked),
        (State::Asked | State::Declined, Event::Withdraw, true) => Ok(State::Withdrawn),
        (State::Accepted, Event::End, _) => Ok(State::Ended),
        (state, event, _) => Err(Refused { state, event }),
    }
}

/// The largest fee, in fen: a million yuan.
pub const LARGEST_FEE_FEN: i64 = 100_000_000;

/// Reads yuan with at most two decimals, as `80` or `79.50`; gives fen.
#[must_use]
pub fn fen_from_yuan(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || part.len() > 2 || !is_digits(whole) || !is_digits(part) {
        return None;
    }
    // `80.` has a point and nothing after it.
    if part.is_empty() && text.contains('.') {
        return None;
    }
    let yuan: i64 = whole.parse().ok()?;
    let fen: i64 = format!("{part:0<2}").parse().ok()?;
    Some(yuan * 100 + fen).filter(|fee| *fee <= LARGEST_FEE_FEN)
}

/// Writes fen as yuan with two decimals.
#[must_use]
pub fn yuan_from_fen(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_the_ways_out_that_are_listed_and_no_others() {
        use Event::{Accept, Decline, End, Resend, Withdraw};
        use State::{Accepted, Asked, Declined, Ended, Withdrawn};
        // State, event, by whoever asked, by whoever was asked.
        let table = [
            (Asked, Accept, None, Some(Accepted)),
            (Asked, Decline, None, Some(Declined)),
            (Asked, Resend, Some(Asked), None),
            (Asked, Withdraw, Some(Withdrawn), None),
            (Asked, End, None, None),
            (Accepted, End, Some(Ended), Some(Ended)),
            (Declined, Resend, Some(Asked), None),
            (Declined, Withdraw, Some(Withdrawn), None),
        ];
        for state in [Asked, Accepted, Declined, Withdrawn, Ended] {
            for event in Event::ALL {
                let row = table.iter().find(|row| row.0 == state && row.1 == event);
                let (asker, asked) = row.map_or((None, None), |row| (row.2, row.3));
                assert_eq!(next(state, event, true).ok(), asker, "{state:?} {event:?}");
                assert_eq!(next(state, event, false).ok(), asked, "{state:?} {event:?}");
            }
            assert_eq!(State::from_word(state.word()), Some(state));
        }
    }

    #[test]
    fn fees_are_yuan_with_two_decimals_at_most() {
        for (text, expected) in [
            ("0", Some(0)),
            ("80", Some(8000)),
            ("79.5", Some(7950)),
            (" 79.05 ", Some(7905)),
            ("0.01", Some(1)),
            ("1000000", Some(LARGEST_FEE_FEN)),
            ("1000000.01", None),
            ("99999999999999999999", None),
            ("", None),
            (".", None),
            (".5", None),
            ("80.", None),
            ("79.505", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("１２", None),
            ("80元", None),
            ("1,000", None),
        ] {
            assert_eq!(fen_from_yuan(text), expected, "{text}");
        }
        for (fen, expected) in [
            (0, "0.00"),
            (1, "0.01"),
            (7905, "79.05"),
            (LARGEST_FEE_FEN, "1000000.00"),
        ] {
            assert_eq!(yuan_from_fen(fen), expected);
            assert_eq!(fen_from_yuan(expected), Some(fen));
        }
    }
}
