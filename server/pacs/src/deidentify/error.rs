//! Why an object does not leave.

use super::options::Cleaning;
use super::risk::Risk;

/// Why an object was not de-identified; it must stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes cannot be read, or the pixels not be decoded.
    #[error(transparent)]
    Codec(#[from] codec::Error),
    /// The option takes what a program alone cannot give.
    #[error("{0}")]
    Cleaning(Cleaning),
    /// The pixels may bear text.
    #[error("expected a pixel mask or a named person's confirmation: {0}")]
    Pixels(Risk),
    /// A document within DICOM: no attribute tells what it says.
    #[error("expected images or measurements, found an encapsulated document, which never leaves")]
    Document,
    /// A class of the manufacturer's own, of which nothing is known.
    #[error("expected a standard SOP class, found a private one")]
    PrivateClass,
    /// The mask is for other images.
    #[error("pixel mask: expected {expected}, found {found}")]
    MaskMismatch {
        /// What the mask is for.
        expected: String,
        /// What the object is.
        found: String,
    },
    /// The confirmation names nobody or another series.
    #[error("confirmation: expected {expected}, found {found}")]
    Confirmation {
        /// What it must say.
        expected: &'static str,
        /// What it says.
        found: &'static str,
    },
    /// The new object cannot be written.
    #[error("de-identified object cannot be written: {0}")]
    Write(String),
}
