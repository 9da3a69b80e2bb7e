//! Values that were wrong when they were sent, and what stands in their place.
//!
//! Objects are immutable: a correction is a row with who, when and why, in force until it is undone. The index shows rows and
//! metadata with it ([`crate::index`] holds the rows, so that a rebuild keeps them), and [`overlay`] lays it over an object
//! that leaves. The object as it was received stays readable by right.

pub mod attributes;
mod deliver;
mod http;
mod merges;
pub mod overlay;

#[cfg(test)]
pub(crate) mod tests;

use axum::Router;
use dicom_core::Tag;

pub use deliver::Error;
pub(crate) use deliver::{Outgoing, Pieces, laid_over};

use crate::http::App;

/// Corrections and merges over HTTP, and the objects as they were received.
pub fn router() -> Router<App> {
    http::router().merge(merges::router())
}

/// Why a correction was not made; sentences never hold a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Clinical numbers, times, pixels, identities of objects.
    #[error(
        "{0} cannot be corrected: clinical numbers and times rest on it, so the images are to be rejected and sent again"
    )]
    NotCorrectable(Tag),
    /// What describes the whole is corrected for the whole.
    #[error("{0} describes more than the correction is for: correct it for the whole of what it describes")]
    WiderThanScope(Tag),
    /// What describes a study or series is not corrected for all of a patient.
    #[error("{0} describes a study or less, not the patient: correct it for the study")]
    NarrowerThanScope(Tag),
    /// The value is not one of the attribute's representation.
    #[error("{0}: expected {1}")]
    BadValue(Tag, &'static str),
    /// A correction changes nothing.
    #[error("expected at least one change, found none")]
    Nothing,
    /// A correction says why.
    #[error("expected a reason of at most {limit} characters, found {found}")]
    NoReason {
        /// Characters at most.
        limit: usize,
        /// Characters found.
        found: usize,
    },
    /// Nothing is there that it would be for.
    #[error("the archive has no such patient, study, series or instance")]
    NoSuch,
    /// The identifier is another patient's.
    #[error("the new identifier is another patient's: merge the patients instead")]
    OtherPatient,
    /// A merge in force rests on the identifier.
    #[error("the patient is merged under this identifier: undo the merge first")]
    Merged,
    /// There is no such correction or merge in force.
    #[error("no such correction or merge in force")]
    NotInForce,
}
