//! What can be wrong with bytes from outside.

/// Why bytes could not be read or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before what they announce.
    #[error("{what}: expected {expected} bytes, found {found}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes that its header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The bytes ask for more than the limits allow; nothing was allocated.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
        /// What was asked for.
        found: u64,
    },
    /// A header or attribute contradicts the standard or the rest of the object.
    #[error("{what}: expected {expected}, found {found}")]
    Invalid {
        /// What was being read.
        what: &'static str,
        /// What the standard or the description asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// An attribute that decoding cannot do without is absent.
    #[error("no {0} in the object; cannot decode its pixels")]
    Missing(&'static str),
    /// The transfer syntax is known but has no decoder or encoder here.
    #[error("transfer syntax {uid} ({name}) cannot be {verb}")]
    Unsupported {
        /// Its UID.
        uid: String,
        /// Its name, or "unknown".
        name: &'static str,
        /// "decoded" or "encoded".
        verb: &'static str,
    },
    /// A compressed frame is damaged.
    #[error("{codec} frame cannot be decoded: {reason}")]
    Damaged {
        /// The compression's name.
        codec: &'static str,
        /// What its decoder met.
        reason: String,
    },
}
