//! What happened, written once: an entry stands in the transaction of the change it records, and is bound to the one before
//! it by a hash, so that a changed, a missing or an added entry shows.
//!
//! Writers take turns ([`database::Writer`]), so numbers count up in the order of commits and whoever reads on from the last
//! number it saw misses nothing. Changes write with [`append`]; what only looked is written by [`Recorder`], many looks in
//! one transaction, before the answer leaves. [`heads`] signs where the chain ends and keeps it outside the database: a cut
//! end shows too. [`verify`] reads all of it. Entries hold UIDs and numbers of rows, never a patient's name or number.

mod chain;
pub mod heads;
mod recorder;
mod store;
pub mod verify;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use database::schema::Schema;

pub use chain::{Chain, from_hex};
pub use recorder::Recorder;
pub use store::{
    Oldest, Query, Stored, after, append, before, beginning, find, head, keep_numbers, remove_before,
    remove_until,
};

/// Why the journal did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database failed.
    #[error("the journal failed: {0}")]
    Database(#[from] database::Error),
    /// An entry cannot be read.
    #[error("entry {0} of the journal is damaged")]
    Damaged(i64),
    /// A file of heads, or a key, cannot be used.
    #[error("{0}")]
    File(String),
    /// The process ends.
    #[error("the journal is closed")]
    Closed,
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The journal's tables.
pub const SCHEMA: Schema<Error> = Schema {
    table: "journal_migrations",
    migrations: &[include_str!("migrations/0001.sql")],
    hooks: &[],
    compatible_from: 1,
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// What: a word with dots, `study.read`, `role.changed`.
    pub kind: Cow<'static, str>,
    /// Who: `person:12`, `dimse:AE`, `gateway:NAME`, `cli`.
    pub actor: String,
    /// Whose matter it is: the number of an organisation.
    pub organisation: Option<i64>,
    /// What it happened to, beside images: `person:7`, `role:3`.
    pub subject: Option<String>,
    /// Study Instance UID.
    pub study_uid: Option<String>,
    /// Series Instance UID.
    pub series_uid: Option<String>,
    /// SOP Instance UID.
    pub sop_uid: Option<String>,
    /// The object, by the SHA-256 of its bytes in hexadecimal digits.
    pub hash: Option<String>,
    /// Where it was asked from: an address of the network.
    pub address: Option<String>,
    /// The request it belongs to, as in the log.
    pub request: Option<String>,
    /// More, as JSON; never a patient's name or number.
    pub detail: Option<String>,
}

impl Entry {
    /// What happened, to nothing in particular yet.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, actor: impl Into<String>, at_ns: i64) -> Self {
        Self {
            at_ns,
            kind: kind.into(),
            actor: actor.into(),
            organisation: None,
            subject: None,
            study_uid: None,
            series_uid: None,
            sop_uid: None,
            hash: None,
            address: None,
            request: None,
            detail: None,
        }
    }
}
