//! Other values laid over an object's bytes on its way out: the object itself never changes.
//!
//! Elements are exchanged in the bytes, so that everything else, private groups, sequences and what nobody knows, stays byte
//! for byte, in whatever encoding. What was there before stands in Original Attributes Sequence (PS3.3 C.12.1.1.9). Where the
//! object's character set lacks a character of a new value, the object is given in UTF-8 and its other texts are encoded
//! anew; that is refused where they cannot be read for certain. A digital signature over an exchanged element no longer
//! verifies, which is what it is for.

mod json;
mod splice;
mod text;
mod write;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use codec::dataset::{Limits, Prefix, read_prefix};
use dicom_core::Tag;

use crate::index::Identifier;
use crate::storage::Hash;

pub use json::apply_to_json;

/// Who stands in Modifying System (0400,0563).
const MODIFYING_SYSTEM: &str = "UPTAKE";

/// Bytes that a deflated object may inflate to.
const MAX_INFLATED_BYTES: usize = 2 << 30;

/// Why nothing was laid over the object.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The elements cannot be told apart.
    #[error(transparent)]
    Unreadable(#[from] codec::Error),
    /// The new value is outside the object's character set, and its other text cannot be carried over.
    #[error(
        "{0} is in a character set that is not stated or not kept to, so the object cannot be given in Unicode"
    )]
    UnreadableText(Tag),
    /// A value outgrows its length field.
    #[error("{tag} in the object's encoding: at most {limit} bytes are possible, found {found}")]
    TooLong {
        /// Which element.
        tag: Tag,
        /// Most bytes of its length field.
        limit: usize,
        /// Bytes it would have.
        found: usize,
    },
    /// A sequence that has to be added to is written as one of unknown representation.
    #[error("{0} is written with an unknown representation and cannot be added to")]
    UnknownSequence(Tag),
}

/// Why a value is another: the terms of Reason for the Attribute Modification (0400,0565).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Brought in line with another system: the patient was merged.
    Coerce,
    /// What was sent was wrong.
    Correct,
}

impl Reason {
    pub(super) fn term(self) -> &'static str {
        match self {
            Self::Coerce => "COERCE",
            Self::Correct => "CORRECT",
        }
    }
}

/// What is laid over an object at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// New values of attributes that may be corrected, in Unicode; an empty one empties the attribute.
    pub changes: BTreeMap<Tag, String>,
    /// Lets what the patient was identified by before stay in Other Patient IDs Sequence (0010,1002).
    pub keeps_identifier: bool,
    /// When it was decided, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// Why.
    pub reason: Reason,
}

/// Gives an object with other values laid over it, in their order; its own bytes where they change nothing.
///
/// # Errors
///
/// [`Error`]: then the object can be given as it was received only.
pub fn apply(bytes: Bytes, overlays: &[Overlay]) -> Result<Bytes, Error> {
    let limits = Limits {
        inflated_bytes: MAX_INFLATED_BYTES,
        ..Limits::default()
    };
    overlays.iter().try_fold(bytes, |bytes, overlay| {
        splice::one(&bytes, overlay, limits).map(|new| new.unwrap_or(bytes))
    })
}

/// Gives an object's beginning up to its pixel data with other values laid over it, as [`apply`] would, and how many of the
/// object's bytes it stands for; `None` where more than these first bytes is needed.
///
/// # Errors
///
/// As [`apply`].
pub(super) fn apply_to_head(first: Bytes, overlays: &[Overlay]) -> Result<Option<(Bytes, usize)>, Error> {
    let end = match read_prefix(&first, false, Limits::default()) {
        // What was inflated has other places than what it was inflated from.
        Ok(Prefix::Done(object)) if matches!(object.bytes, Cow::Borrowed(_)) => {
            object.pixels.map(|pixels| pixels.range.start)
        }
        _ => None,
    };
    let Some(end) = end.filter(|end| *end <= first.len()) else {
        return Ok(None);
    };
    Ok(Some((apply(first.slice(..end), overlays)?, end)))
}

/// Names what is laid over an object, for entity tags: nothing for nothing, and another for every other list.
pub(crate) fn version(overlays: &[Overlay]) -> String {
    if overlays.is_empty() {
        return String::new();
    }
    // Every field is in it, texts in quotation marks.
    format!(" {}", Hash::of(format!("{overlays:?}").as_bytes()))
}

/// A time as DICOM writes it with its offset (VR DT), to the microsecond.
pub(super) fn date_time(at_ns: i64) -> String {
    let (seconds, rest_ns) = (at_ns.div_euclid(1_000_000_000), at_ns.rem_euclid(1_000_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = crate::deidentify::dates::date_since_1970(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = rest_ns / 1000;
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.{micros:06}+0000")
}

/// The identifier that a data set has now.
pub(super) fn identifier(value: impl Fn(Tag) -> String) -> Identifier {
    Identifier {
        id: value(dicom_dictionary_std::tags::PATIENT_ID),
        issuer: value(dicom_dictionary_std::tags::ISSUER_OF_PATIENT_ID),
    }
}
