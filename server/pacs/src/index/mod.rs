//! What the objects are, as rows that are found quickly: patients, studies, series, instances (PS3.4 C.6).
//!
//! Rows are a function of the set of objects and of what people decided beside them (merges, corrections, choices among
//! duplicates, rejections), whatever the order they were written in: of a patient, study or series the values of the object
//! received first are shown, and of several objects with one SOP Instance UID the first is visible. SQLite by default, PostgreSQL by configuration, with one schema and one set of
//! statements. Objects themselves are storage's matter.

mod arrival;
mod attributes;
mod condition;
mod conflict;
mod connections;
mod correct;
mod corrected_study;
mod custody;
mod dump;
mod facts;
pub mod filled;
mod filter;
pub mod generator;
mod gone;
mod kept;
mod matching;
pub mod memory;
mod merge;
mod metadata;
mod more;
mod named;
mod names;
mod plan;
pub mod publication;
mod query;
mod read;
mod refile;
mod reject;
mod remove;
mod schema;
mod scope;
mod sequences;
mod studies;
mod visible;
mod write;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use dicom_core::Tag;

pub use arrival::Sender;
pub use attributes::Level;
pub(crate) use attributes::{Kind as AttributeKind, of_level};
pub use conflict::{Conflict, ConflictKind, Decision};
pub use connections::Index;
pub use correct::{Correction, NewCorrection};
pub use custody::{Custody, Restriction};
pub(crate) use database::Sql;
pub use database::{Page, Place};
#[cfg(test)]
pub(crate) use facts::text;
pub use facts::{Code, Facts, Identifier, Request, Tracer};
pub(crate) use gone::Removals;
pub(crate) use matching::is_like;
pub use matching::{Key, Match};
pub(crate) use matching::{Matcher, date as date_form, time_form};
pub use merge::{Merge, NewMerge};
pub(crate) use metadata::INLINE_BYTES;
#[cfg(test)]
pub(crate) use metadata::inflated;
pub use names::readings;
pub use publication::{Publication, Published};
pub(crate) use query::MAX_ROWS;
pub use read::{DeflatedMetadata, InstanceMetadata};
pub use reject::{NewRejection, Rejection, RejectionReason};
pub(crate) use remove::unfile;
pub use schema::SCHEMA;
pub use scope::Scope;
pub(crate) use sequences::keys_in_items;
pub use studies::{StudyRow, StudySearch};
pub use visible::Candidate;
pub use writer::Change;

use crate::storage::Hash;

/// Why the index did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space is left on the disk of the database.
    #[error("the index's disk is full")]
    Full,
    /// The database failed.
    #[error("the index failed: {0}")]
    Database(#[source] database::Error),
    /// The database was made by a later version, and this one cannot go on with it.
    #[error(
        "the index has schema {found} of a later version, this version knows {known} and cannot go on with it"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The last schema known here.
        known: i64,
    },
    /// An attribute that is not indexed cannot be a key.
    #[error("attribute {0} cannot be matched")]
    NotMatched(Tag),
    /// The attribute's representation does not have this kind of matching.
    #[error("attribute {0} cannot be matched in this way")]
    WrongMatching(Tag),
    /// More was asked for than is accepted.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// What is accepted.
        limit: usize,
        /// What was asked for.
        found: usize,
    },
    /// What the database gave back is not what was put in.
    #[error("{0} in the index is damaged")]
    Damaged(&'static str),
    /// Patients cannot be merged so.
    #[error("cannot merge patients: {0}")]
    Merge(&'static str),
    /// A correction may not be made, or is not there.
    #[error(transparent)]
    Correction(#[from] crate::corrections::Refusal),
    /// No object has this SOP Instance UID and hash.
    #[error("no such object")]
    NoSuchObject,
    /// A conflict cannot be decided so, or is decided.
    #[error("cannot decide: {0}")]
    Conflict(&'static str),
    /// Instances cannot be rejected so, or are not.
    #[error("cannot reject: {0}")]
    Rejection(&'static str),
    /// The index is being closed.
    #[error("the index is closed")]
    Closed,
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        match error {
            database::Error::Full => Self::Full,
            other => Self::Database(other),
        }
    }
}

impl From<journal::Error> for Error {
    fn from(error: journal::Error) -> Self {
        match error {
            journal::Error::Database(error) => error.into(),
            journal::Error::Closed => Self::Closed,
            _ => Self::Damaged("the journal"),
        }
    }
}

/// The attributes that every row of a level, and of those below it, has.
pub(crate) fn attributes_of(level: Level) -> impl Iterator<Item = Tag> {
    attributes::of_level(level).map(|attribute| attribute.tag)
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What became of an object that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is the first with its SOP Instance UID.
    New,
    /// The same bytes were there.
    Identical,
    /// Other bytes were there under the same SOP Instance UID; both are kept, the one received first is visible.
    Different,
    /// Its study is another custodian's than the sender's: nothing was added.
    Foreign,
    /// Another node removed the same bytes meanwhile: nothing was added, and the sender should send it again.
    Gone,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What a row stands for.
    pub level: Level,
    /// All of these must match. Keys above the level are of the row's own study or patient; those below ask that one
    /// instance of the row match all of them. None matches everything.
    pub keys: Vec<Key>,
    /// Further attributes asked for, beyond those that every row has: SOP Classes in Study, of series Request Attributes
    /// Sequence and Radiopharmaceutical Information Sequence, and of instances anything that their objects have.
    pub include: Vec<Tag>,
    /// Rows left out at the beginning.
    pub offset: u64,
    /// Rows given at most.
    pub limit: Option<u64>,
    /// Gives only rows after the one with this cursor; unlike an offset it costs nothing however far it is.
    pub after: Option<Cursor>,
    /// The studies that there are for who asks.
    pub within: Restriction,
}

impl Query {
    /// Asks for everything at a level.
    #[must_use]
    pub fn all(level: Level) -> Self {
        Self {
            level,
            keys: Vec::new(),
            include: Vec::new(),
            offset: 0,
            limit: None,
            after: None,
            within: Restriction::NONE,
        }
    }

    /// The same for who sees these studies and no others.
    #[must_use]
    pub fn within(self, within: Restriction) -> Self {
        Self { within, ..self }
    }
}

/// Where a row stands in the order of its level: studies by date, latest first, all else as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) date: String,
    pub(crate) id: i64,
}

impl Cursor {
    /// Writes the cursor for a link: digits, and a date before a dot for studies.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}.{}", self.date, self.id)
    }

    /// Reads what [`Cursor::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (date, id) = text.rsplit_once('.')?;
        Some(Self {
            date: date.to_owned(),
            id: id.parse().ok()?,
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Values of the row's level and the levels above, several with `\` between them; absent where there is none.
    /// Studies have Modalities in Study and the numbers of series and instances, series that of instances.
    pub values: BTreeMap<Tag, String>,
    /// Where the row stands.
    pub cursor: Cursor,
    /// The object, at the level of instances.
    pub object: Option<ObjectReference>,
    /// Items of the sequences asked for, at the level of series.
    pub items: BTreeMap<Tag, Vec<Item>>,
    /// DICOM JSON of the attributes asked for that have no column, at the level of instances.
    pub more: Option<String>,
}

impl Row {
    /// The value of an attribute, empty where there is none.
    #[must_use]
    pub fn value(&self, tag: Tag) -> &str {
        self.values.get(&tag).map_or("", String::as_str)
    }
}

/// What the index holds of an item: a value by the tags that lead to it.
pub type Item = BTreeMap<Vec<Tag>, String>;

/// Where the bytes of an instance are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReference {
    /// The object's name in storage.
    pub hash: Hash,
    /// Bytes.
    pub size: u64,
    /// Transfer syntax of the received bytes.
    pub transfer_syntax_uid: String,
    /// Transfer syntax of the compressed form it lies in, where it does.
    pub compressed: Option<String>,
}

impl ObjectReference {
    /// Transfer syntaxes that it is given in without making another, that in which it lies first.
    pub fn available(&self) -> impl Iterator<Item = &str> {
        let compressed = self.compressed.as_deref();
        compressed.into_iter().chain([self.transfer_syntax_uid.as_str()])
    }
}
