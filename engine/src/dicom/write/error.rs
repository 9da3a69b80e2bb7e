//! Why an object cannot be written.

/// What kept values from becoming a DICOM object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pixels cannot be stored in this transfer syntax.
    #[error(transparent)]
    Codec(#[from] codec::Error),
    /// Values contradict each other or the standard.
    #[error("{what}: expected {expected}, found {found}")]
    Invalid {
        /// What is wrong.
        what: &'static str,
        /// What the object needs.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The data set has a value that cannot be encoded.
    #[error("the data set cannot be encoded: {0}")]
    Encoding(String),
}

impl Error {
    pub(super) fn invalid(
        what: &'static str,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Invalid {
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}
