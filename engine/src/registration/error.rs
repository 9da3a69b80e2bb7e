//! Why a search does not even begin.

/// Why two volumes are not registered; a search that ended badly is a [`Verdict`](super::Verdict), not an error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The watcher gave it up.
    #[error("the registration was cancelled")]
    Cancelled,
    /// A start that leads nowhere and back.
    #[error("a registration must start from a finite map with an inverse")]
    Start,
}
