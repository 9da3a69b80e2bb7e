//! The DICOM JSON model (PS3.18 Annex F), both ways.
//!
//! [`write`] goes through a data set once and keeps nothing; [`read`] takes a document of limited size. Text is UTF-8 in
//! JSON, so Specific Character Set says ISO_IR 192 whatever it said before. Long binary values are left out by address
//! (BulkDataURI), short ones are inline in base64.

mod read;
mod write;

#[cfg(test)]
mod tests;

use dicom_core::VR;

pub use read::{BulkReference, Limits, read};
pub use write::write;

/// Why a data set could not be written or read as JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The receiver of the bytes failed.
    #[error("JSON cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The text is no JSON.
    #[error("expected JSON, found {0}")]
    Json(#[from] serde_json::Error),
    /// The document asks for more than the limits allow.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: usize,
        /// What was asked for.
        found: usize,
    },
    /// JSON that is not the DICOM JSON model.
    #[error("attribute {tag}: expected {expected}")]
    Invalid {
        /// Where; eight digits, or the key as it stands.
        tag: String,
        /// What the model has there.
        expected: &'static str,
    },
}

/// Text whose backslashes separate nothing (PS3.5 6.2).
pub(super) fn is_single(vr: VR) -> bool {
    matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR)
}
