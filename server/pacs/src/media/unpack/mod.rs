//! The files of a zip, one after the other, under limits.
//!
//! The directory of the zip is judged before the first byte is unpacked: a bomb, or a name that leads out of the folder,
//! refuses the whole. Memory does not depend on the zip: entries are read one at a time, and an entry never gives more
//! bytes than the directory announced. Nothing is ever written where a name points; names are for reports only. A zip
//! within a zip is not opened.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;

use bytes::Bytes;
use codec::dataset::CharacterSet;
use futures_util::Stream;
use tokio::sync::mpsc;
use zip::read::{Config, ZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, ZipReadOptions};

use crate::media::pipe::{self, WAITING};

/// Bytes of one [`Part::Bytes`] at most.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes to which any zip may unpack, whatever its ratio: small zips of empty images are no bombs.
const HARMLESS_BYTES: u64 = 64 << 20;

/// How much a zip may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries.
    pub entries: u64,
    /// Bytes that one entry unpacks to.
    pub entry_bytes: u64,
    /// Bytes that all entries together unpack to.
    pub total_bytes: u64,
    /// Bytes unpacked for each byte of the zip.
    pub ratio: u64,
    /// Bytes of a name.
    pub name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            entry_bytes: 16 << 30,
            total_bytes: 1 << 40,
            ratio: 200,
            name_bytes: 1024,
        }
    }
}

/// Why a zip is not unpacked. Names of entries may name patients; errors give their number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no zip, or its directory is damaged.
    #[error("expected a zip file: {0}")]
    Unreadable(#[from] ZipError),
    /// It asks for more than is accepted.
    #[error("{what}: at most {limit} is accepted, found {found}")]
    TooLarge {
        /// What exceeds its limit.
        what: &'static str,
        /// The limit in force.
        limit: u64,
        /// What is announced.
        found: u64,
    },
    /// A name leads out of the folder that the zip stands for.
    #[error("entry {0} of the zip has a name that leads elsewhere")]
    Name(u64),
    /// Entries share bytes: how few bytes become many without a high ratio of any entry.
    #[error("expected a zip file: its entries share bytes")]
    Shared,
    /// Unpacking ended without an answer.
    #[error("the zip was not unpacked to its end")]
    Interrupted,
}

/// A file of a zip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, for reports only; it may name a patient.
    pub name: String,
    /// Bytes that it unpacks to, as announced.
    pub size: u64,
}

/// Why an entry is not given, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeftOut {
    /// It is encrypted.
    #[error("the file is encrypted")]
    Encrypted,
    /// It is compressed in another way than by deflate.
    #[error("the file is compressed in a way that is not read here")]
    Compression,
    /// It is a link to another file.
    #[error("the file is a link")]
    Link,
    /// It is a zip itself.
    #[error("the file is a zip within the zip")]
    Zip,
    /// Its bytes are not those that were packed.
    #[error("the file is damaged")]
    Damaged,
}

/// What comes next. An entry is `Begin`, any number of `Bytes`, then `End`, or `LeftOut` at any place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A file begins.
    Begin(Entry),
    /// Its next bytes.
    Bytes(Bytes),
    /// It is whole, and its checksum right.
    End,
    /// Nothing of it is to be kept.
    LeftOut(Entry, LeftOut),
}

/// Gives the files of a zip, read on a thread for it, a few pieces ahead of whoever takes them.
///
/// The last item is the [`Error`], if there is one; dropped, the stream ends the reading.
pub fn stream(file: File, limits: Limits) -> impl Stream<Item = Result<Part, Error>> + Send + Unpin {
    let (sender, receiver) = mpsc::channel(WAITING);
    let unpacking = tokio::task::spawn_blocking(move || {
        let result = unpack(std::io::BufReader::new(file), &limits, |part| {
            match sender.blocking_send(Ok(part)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        if let Err(error) = result {
            // Whoever took the parts may be gone.
            let _ = sender.blocking_send(Err(error));
        }
    });
    pipe::joined(receiver, unpacking, || Err(Error::Interrupted))
}

/// Judges a zip, then gives its files to `each`, until that breaks off.
///
/// # Errors
///
/// [`Error::Unreadable`], [`Error::TooLarge`], [`Error::Name`], [`Error::Shared`]: before `each` was called, unless the file fails later.
pub fn unpack<R: Read + Seek>(
    mut reader: R,
    limits: &Limits,
    mut each: impl FnMut(Part) -> ControlFlow<()>,
) -> Result<(), Error> {
    let zip_bytes = reader.seek(std::io::SeekFrom::End(0)).map_err(ZipError::from)?;
    let mut zip = ZipIterable::try_new(reader, Config::default())?;
    judge(&mut zip, zip_bytes, limits)?;
    let files = zip.files()?;
    while let Some(file) = files.next() {
        let file = file?;
        if file.is_dir() {
            continue;
        }
        if give(file, files.reader_mut(), &mut each)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Refuses what announces more than is accepted. Announced sizes hold: [`give`] gives no byte more.
fn judge<R: Read + Seek>(zip: &mut ZipIterable<R>, zip_bytes: u64, limits: &Limits) -> Result<(), Error> {
    let within = |what, limit: u64, found: u64| match found <= limit {
        true => Ok(()),
        false => Err(Error::TooLarge { what, limit, found }),
    };
    within("entries of the zip", limits.entries, zip.len() as u64)?;
    let (mut total, mut packed) = (0_u64, 0_u64);
    for (number, file) in (1..).zip(zip.files()?) {
        let file = file?;
        let name = file.name_raw();
        within(
            "bytes of a name in the zip",
            limits.name_bytes as u64,
            name.len() as u64,
        )?;
        if !is_inside(name) {
            return Err(Error::Name(number));
        }
        within("bytes of a file of the zip", limits.entry_bytes, file.size())?;
        total = total.saturating_add(file.size());
        packed = packed.saturating_add(file.compressed_size());
    }
    if packed > zip_bytes {
        return Err(Error::Shared);
    }
    within("bytes of all files of the zip", limits.total_bytes, total)?;
    let harmless = zip_bytes.saturating_mul(limits.ratio).max(HARMLESS_BYTES);
    within("bytes that the zip unpacks to for its size", harmless, total)
}

/// Whether a name stays in the folder. Both slashes separate: zips made by Windows programs have either.
fn is_inside(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    let is_absolute = matches!(name.first(), Some(b'/' | b'\\')) || name.get(1) == Some(&b':');
    !is_absolute && !name.is_empty() && !name.contains(&0) && parts.all(|part| part != b"..")
}

fn give<R: Read + Seek>(
    file: ZipFileEntry<'_>,
    reader: &mut R,
    each: &mut impl FnMut(Part) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let entry = Entry {
        name: readable(file.name_raw()),
        size: file.size(),
    };
    let known = matches!(
        file.compression(),
        CompressionMethod::Stored | CompressionMethod::Deflated
    );
    let why = match () {
        () if file.encrypted() => LeftOut::Encrypted,
        () if file.is_symlink() => LeftOut::Link,
        () if !known => LeftOut::Compression,
        () => {
            let Ok(mut bytes) = file.with_reader(reader, ZipReadOptions::new()) else {
                return Ok(each(Part::LeftOut(entry, LeftOut::Damaged)));
            };
            return Ok(give_bytes(entry, &mut bytes, each));
        }
    };
    Ok(each(Part::LeftOut(entry, why)))
}

fn give_bytes(
    entry: Entry,
    bytes: &mut impl Read,
    each: &mut impl FnMut(Part) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut left = entry.size;
    let mut piece = Vec::new();
    let mut next = |left: u64, piece: &mut Vec<u8>| {
        piece.clear();
        let most = left.min(PIECE_BYTES as u64);
        let read = bytes.by_ref().take(most).read_to_end(piece);
        // At its end one byte more is asked for: there the checksum is compared, and there must be none.
        let is_right = match read {
            Ok(found) if left == 0 => found == 0 && matches!(bytes.read(&mut [0]), Ok(0)),
            Ok(found) => found as u64 == most,
            Err(_) => false,
        };
        is_right.then_some(piece.len() as u64)
    };
    if next(left, &mut piece).is_none() {
        return each(Part::LeftOut(entry, LeftOut::Damaged));
    }
    if piece.starts_with(b"PK\x03\x04") {
        return each(Part::LeftOut(entry, LeftOut::Zip));
    }
    each(Part::Begin(entry.clone()))?;
    while !piece.is_empty() {
        left -= piece.len() as u64;
        each(Part::Bytes(Bytes::copy_from_slice(&piece)))?;
        if next(left, &mut piece).is_none() {
            return each(Part::LeftOut(entry, LeftOut::Damaged));
        }
    }
    each(Part::End)
}

/// The text of a name: UTF-8, else as Chinese Windows writes it.
fn readable(name: &[u8]) -> String {
    std::str::from_utf8(name).map_or_else(
        |_| CharacterSet::of(&["GB18030"]).decode(name, false),
        str::to_owned,
    )
}
