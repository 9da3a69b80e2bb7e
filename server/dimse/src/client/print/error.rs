//! Why a film was not printed, in words.

use crate::status::Status;

/// Why a film was not printed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// The association failed, or the printer takes no such print.
    #[error(transparent)]
    Association(#[from] crate::Error),
    /// The printer says that it cannot print now.
    #[error("the printer is not ready: {status} {detail}")]
    NotReady {
        /// Its status.
        status: String,
        /// Its reason.
        detail: String,
    },
    /// The printer refused a step.
    #[error("{what} failed: {words} ({status}) {comment}")]
    Refused {
        /// The step.
        what: &'static str,
        /// Its status.
        status: Status,
        /// What that means.
        words: &'static str,
        /// What the printer says.
        comment: String,
    },
    /// The printer did not say what it made.
    #[error("{0}: expected an instance, found none")]
    NoInstance(&'static str),
    /// More pictures than places.
    #[error("expected places for {expected} pictures, found {found}")]
    TooFewPlaces {
        /// Pictures.
        expected: usize,
        /// Places.
        found: usize,
    },
    /// A layout that is not offered.
    #[error("expected 1 by 1 to 5 by 7 places, found {columns} by {rows}")]
    Places {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// Pixels that are not those of the picture's size.
    #[error("expected {expected} samples of a picture, found {found}")]
    Samples {
        /// Rows by columns by samples.
        expected: usize,
        /// What came.
        found: usize,
    },
    /// Colour on a grey film or grey on a colour one.
    #[error("expected pictures in the tones of the job")]
    Tones,
    /// A sample beyond twelve bits.
    #[error("expected samples of at most 4095, found {0}")]
    Beyond12Bits(u16),
    /// A width that is none.
    #[error("expected a width in millimetres, found {0}")]
    Width(f64),
}

/// What a status of print management means (PS3.4 H.4); `None` for one without a meaning of its own.
pub fn words(status: Status) -> Option<&'static str> {
    Some(match status.0 {
        0x0106 => "a value is not allowed",
        0x0107 | 0x0116 => "a value was replaced by the printer's own",
        0x0110 => "the printer failed",
        0x0112 => "the printer does not know what was referred to",
        0x0120 | 0x0121 => "the printer wants an attribute that was not sent",
        0x0122 => "the printer does not offer this",
        0x0124 => "this application may not print",
        0x0213 => "the printer has no room for more",
        0xB600 => "memory cannot be reserved",
        0xB601 => "films are not collated",
        0xB602 | 0xB603 => "a film is empty",
        0xB604 => "a picture was made smaller to fit",
        0xB605 => "a density is outside the printer's range and was limited",
        0xB609 => "a picture was cropped to fit",
        0xB60A => "a picture was reduced in resolution to fit",
        0xC600 => "there is no film in the session",
        0xC601 | 0xC602 => "the print queue is full",
        0xC603 | 0xC613 => "a picture is larger than its place",
        0xC605 => "the printer has too little memory for a picture",
        0xC616 => "a film of the session was not printed yet",
        _ => return None,
    })
}
