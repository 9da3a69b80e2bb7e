//! Zips: their entries as bytes, from a file or from memory.

use std::io::{Cursor, Read, Seek};

use zip::ZipArchive;

/// Bytes that one entry may inflate to: the largest real objects (whole-slide levels) stay below.
pub const MAX_ENTRY_BYTES: u64 = 4 << 30;

/// Entries that a zip may hold.
pub const MAX_ENTRIES: usize = 1_000_000;

/// Why a zip or an entry cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The zip itself is damaged, encrypted or compressed in an unknown way.
    #[error("zip cannot be read: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// An entry's bytes cannot be read.
    #[error("zip entry cannot be read: {0}")]
    Entry(#[from] std::io::Error),
    /// It holds or inflates to more than is accepted.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What was found, or one more than the limit.
        found: u64,
    },
}

/// Opens a zip that is held in memory.
///
/// # Errors
///
/// [`Error::Zip`] when its directory cannot be read.
pub fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Error> {
    Ok(ZipArchive::new(Cursor::new(bytes))?)
}

/// Gives the entries that are files: index and name as stored.
///
/// Names are for people only: nothing is ever written where they point.
///
/// # Errors
///
/// [`Error::TooLarge`] for more than [`MAX_ENTRIES`].
pub fn entries<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Vec<(usize, String)>, Error> {
    if archive.len() > MAX_ENTRIES {
        return Err(Error::TooLarge {
            what: "entries of a zip",
            limit: MAX_ENTRIES as u64,
            found: archive.len() as u64,
        });
    }
    let name = |index| Some((index, archive.name_for_index(index)?.ok()?.into_owned()));
    let named: Vec<(usize, String)> = (0..archive.len()).filter_map(name).collect();
    Ok(named
        .into_iter()
        .filter(|(_, name)| !name.ends_with('/') && !name.starts_with("__MACOSX/"))
        .collect())
}

/// Reads the first `limit` bytes of entry `index` into `buffer`; tells whether that was all of it.
///
/// # Errors
///
/// [`Error`] when the entry is damaged or inflates to more than [`MAX_ENTRY_BYTES`].
pub fn read<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    limit: u64,
    buffer: &mut Vec<u8>,
) -> Result<bool, Error> {
    let entry = archive.by_index(index)?;
    buffer.clear();
    let most = limit.min(MAX_ENTRY_BYTES);
    // What the directory announces is not believed: reading stops at the limit.
    let taken = entry.take(most.saturating_add(1)).read_to_end(buffer)? as u64;
    if taken <= most {
        return Ok(true);
    }
    if most == MAX_ENTRY_BYTES {
        return Err(Error::TooLarge {
            what: "zip entry in bytes",
            limit: most,
            found: taken,
        });
    }
    buffer.truncate(most as usize);
    Ok(false)
}
