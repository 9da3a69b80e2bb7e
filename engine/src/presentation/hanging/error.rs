//! What goes wrong with documents and with hanging.

use super::MAX_DOCUMENT_BYTES;

/// Why a document is not read, or nothing is hung.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HangingError {
    /// More bytes than any document needs.
    #[error("{what} has at most {MAX_DOCUMENT_BYTES} bytes, found {found}")]
    TooLong {
        /// What it should be.
        what: &'static str,
        /// Bytes given.
        found: usize,
    },
    /// Not JSON, or JSON of another shape.
    #[error("{what} does not read: {problem}")]
    Json {
        /// What it should be.
        what: &'static str,
        /// What was expected and found, with line and column.
        problem: String,
    },
    /// It reads, but cannot be meant.
    #[error("{what} {name:?} cannot be used: {problem}")]
    Invalid {
        /// What it should be.
        what: &'static str,
        /// Its name.
        name: String,
        /// What was expected and found.
        problem: String,
    },
    /// No protocol's needs are met.
    #[error("no hanging protocol fits what is open: {0}")]
    NoProtocol(String),
}
