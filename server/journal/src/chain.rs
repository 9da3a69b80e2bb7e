//! How entries are bound to one another.

use sha2::{Digest, Sha256};

use super::Entry;

/// What all entries up to one come to: SHA-256 of the chain before it and of each of its fields with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// Before the first entry.
    pub const BEGINNING: Self = Self([0; 32]);

    /// The chain with one more entry.
    #[must_use]
    pub fn with(self, entry: &Entry) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(entry.at_ns.to_le_bytes());
        let organisation = entry.organisation.map(|number| number.to_string());
        let fields = [
            Some(entry.kind.as_ref()),
            Some(entry.actor.as_str()),
            organisation.as_deref(),
            entry.subject.as_deref(),
            entry.study_uid.as_deref(),
            entry.series_uid.as_deref(),
            entry.sop_uid.as_deref(),
            entry.hash.as_deref(),
            entry.address.as_deref(),
            entry.request.as_deref(),
            entry.detail.as_deref(),
        ];
        for field in fields {
            // What is absent differs from what is empty.
            let length = field.map_or(u64::MAX, |text| text.len() as u64);
            hash.update(length.to_le_bytes());
            hash.update(field.unwrap_or_default());
        }
        Self(hash.finalize().into())
    }

    /// Hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads [`Chain::to_hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = from_hex(text)?;
        Some(Self(bytes.try_into().ok()?))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }
}

/// Reads hexadecimal digits, two a byte.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
