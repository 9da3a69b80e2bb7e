//! Studies as files: what comes in from folders, zips and discs, and what leaves for them.
//!
//! ```text
//! folders, zips, discs -- unpack, import --> ingest
//! index -- tree (names, DICOMDIR) --> zip | iso | folder   <-- storage, verified
//! ```
//!
//! A [`Tree`] says which files leave, and is the same for a disc's image, a folder and a zip. Everything streams: no file is
//! written aside, and none is held in memory but an object that is de-identified. What files mean is ingest's matter.

pub mod dicomdir;
mod folder;
mod http;
pub mod import;
pub mod iso;
mod names;
mod pipe;
mod private;
pub(crate) mod tree;
pub mod unpack;
pub mod zip;

#[cfg(test)]
mod tests;

pub use folder::{write_file, write_folder};
pub use http::router;
pub use names::Names;
pub use private::{Private, deidentified};
pub use tree::{Content, File, Layout, Selection, Tree};

use crate::{corrections, index, storage, transcode};

/// What a disc says of itself, for the people who find it: its README.TXT.
pub const NOTE: &str = include_str!("README.txt");

/// The README.TXT of a disc with de-identified objects.
pub const NOTE_DEIDENTIFIED: &str = include_str!("README-deidentified.txt");

/// Why files do not leave.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No study has this UID, or none of the series is in it.
    #[error("no such study or series")]
    NotFound,
    /// More than is accepted, or than the format can hold.
    #[error("{what}: at most {limit} is possible, found {found}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// What is possible.
        limit: u64,
        /// What there is.
        found: u64,
    },
    /// A name that is not to be in a tree.
    #[error("expected a file's name without folders, found another")]
    Name,
    /// Something lies where files are to be written.
    #[error("expected an empty folder, found files in it")]
    NotEmpty,
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// Storage failed, or an object is damaged.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// An object cannot be made in the transfer syntax of a medium.
    #[error(transparent)]
    Transcode(#[from] transcode::Error),
    /// A correction cannot be laid over an object, or another thing failed in doing so.
    #[error(transparent)]
    Correction(#[from] corrections::Error),
    /// A directory's record cannot be written.
    #[error("the DICOMDIR cannot be written: {0}")]
    Directory(String),
    /// A file cannot be written.
    #[error("a file cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// Writing ended without an answer.
    #[error("writing ended early")]
    Interrupted,
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
