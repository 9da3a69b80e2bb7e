//! What lies in folders, zips and on discs, brought into the archive.
//!
//! Every file is tried, whatever it is called; a disc's own directory is left out, its files lie beside it. Links are not
//! followed.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::uids;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::unpack::{self, Part};
use crate::ingest::{self, Ingest, Outcome, Reason, Receiving};

/// Files on their way at once: they share the disk's fsyncs.
const AT_ONCE: usize = 8;

/// Bytes read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Bytes that tell a DICOM file, and a directory of a disc.
pub(crate) const HEAD_BYTES: usize = 1024;

/// What a file is, by its first [`HEAD_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The preamble and prefix of PS3.10 7.1 are there.
    Dicom,
    /// The directory of a disc.
    Directory,
    /// Neither; it may be a data set without them.
    Unknown,
}

pub(crate) fn kind(head: &[u8]) -> Kind {
    let class = uids::MEDIA_STORAGE_DIRECTORY_STORAGE.as_bytes();
    match head.get(128..132) == Some(b"DICM") {
        true if head.windows(class.len()).any(|window| window == class) => Kind::Directory,
        true => Kind::Dicom,
        false => Kind::Unknown,
    }
}

/// Folders that wait to be looked into.
const MAX_FOLDERS: usize = 1_000_000;

/// Why the import ended before its end. What was stored until then stays, and is a duplicate when it is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive could not take an object.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// It is stored.
    Stored,
    /// Its bytes were stored before.
    Duplicate,
    /// Other bytes were stored before under its SOP Instance UID; both are kept.
    DifferentDuplicate,
    /// It is DICOM, and was refused.
    Refused(Reason),
    /// It is no DICOM.
    NotDicom,
    /// It is the directory of a disc.
    Directory,
    /// The zip gives it not, or not to its end.
    LeftOut(unpack::LeftOut),
    /// The zip is not unpacked, or not further.
    Zip(String),
    /// It cannot be read.
    Unreadable(String),
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored => f.write_str("stored"),
            Self::Duplicate => f.write_str("was stored before"),
            Self::DifferentDuplicate => f.write_str("stored beside other bytes of the same SOP Instance UID"),
            Self::Refused(reason) => reason.fmt(f),
            Self::NotDicom => f.write_str("no DICOM"),
            Self::Directory => f.write_str("a directory of a disc"),
            Self::LeftOut(why) => why.fmt(f),
            Self::Zip(why) | Self::Unreadable(why) => f.write_str(why),
        }
    }
}

/// How many files had which fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Stored.
    pub stored: u64,
    /// Stored before, byte for byte.
    pub duplicates: u64,
    /// Stored beside other bytes of the same SOP Instance UID.
    pub different_duplicates: u64,
    /// Refused, damaged or unreadable: somebody should look.
    pub refused: u64,
    /// No DICOM, and directories of discs.
    pub left_out: u64,
}

impl Report {
    fn count(&mut self, fate: &Fate) {
        *match fate {
            Fate::Stored => &mut self.stored,
            Fate::Duplicate => &mut self.duplicates,
            Fate::DifferentDuplicate => &mut self.different_duplicates,
            Fate::NotDicom | Fate::Directory => &mut self.left_out,
            Fate::Refused(_) | Fate::LeftOut(_) | Fate::Zip(_) | Fate::Unreadable(_) => &mut self.refused,
        } += 1;
    }
}

/// Takes all files of `paths`: files, folders with all below them, zips; of a DICOMDIR all files beside it.
///
/// `told` hears of each file what became of it; names may name patients, so they are for whoever started the import.
///
/// # Errors
///
/// [`Error::Ingest`] when the archive cannot take objects any more.
pub async fn import(
    ingest: &Ingest,
    paths: &[PathBuf],
    limits: unpack::Limits,
    mut told: impl FnMut(&str, &Fate),
) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut waiting = Walk::of(paths);
    let files = stream::iter(std::iter::from_fn(move || waiting.next_file()));
    let mut fates = files
        .map(|found| async move {
            match found {
                Ok(path) => one(ingest, path).await,
                Err((path, why)) => Ok((path, Found::Fate(Fate::Unreadable(why)))),
            }
        })
        .buffered(AT_ONCE);
    while let Some(found) = fates.next().await {
        let (path, found) = found?;
        let name = path.to_string_lossy();
        let mut tell = |name: &str, fate: &Fate| {
            report.count(fate);
            told(name, fate);
        };
        match found {
            Found::Fate(fate) => tell(&name, &fate),
            Found::Zip(file) => zip(ingest, &name, file, limits, &mut tell).await?,
        }
    }
    Ok(report)
}

/// The files below some paths, found one after the other.
struct Walk {
    paths: VecDeque<PathBuf>,
    folder: Option<std::fs::ReadDir>,
}

type NotFound = (PathBuf, String);

impl Walk {
    fn of(paths: &[PathBuf]) -> Self {
        let is_directory = |path: &Path| {
            let name = path.file_name().map(|name| name.to_ascii_uppercase());
            name.is_some_and(|name| name == "DICOMDIR") && path.is_file()
        };
        let beside = |path: &PathBuf| match path.parent() {
            Some(folder) if is_directory(path) => folder.to_owned(),
            _ => path.clone(),
        };
        // What a person names is followed, what is found is not.
        let resolved = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
        Self {
            paths: paths.iter().map(beside).map(resolved).collect(),
            folder: None,
        }
    }

    fn next_file(&mut self) -> Option<Result<PathBuf, NotFound>> {
        loop {
            let path = match self.folder.as_mut().and_then(Iterator::next) {
                Some(Ok(entry)) => entry.path(),
                Some(Err(error)) => return Some(Err((PathBuf::new(), error.to_string()))),
                None => {
                    self.folder = None;
                    self.paths.pop_front()?
                }
            };
            let kind = match std::fs::symlink_metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                Err(error) => return Some(Err((path, error.to_string()))),
            };
            if kind.is_file() {
                return Some(Ok(path));
            }
            if kind.is_symlink() {
                return Some(Err((path, "a link, which is not followed".to_owned())));
            }
            if !kind.is_dir() {
                return Some(Err((path, "no file and no folder".to_owned())));
            }
            if self.paths.len() >= MAX_FOLDERS {
                return Some(Err((path, format!("more than {MAX_FOLDERS} folders"))));
            }
            if self.folder.is_some() {
                self.paths.push_back(path);
                continue;
            }
            match std::fs::read_dir(&path) {
                Ok(folder) => self.folder = Some(folder),
                Err(error) => return Some(Err((path, error.to_string()))),
            }
        }
    }
}

/// What a file is.
enum Found {
    Fate(Fate),
    Zip(std::fs::File),
}

async fn one(ingest: &Ingest, path: PathBuf) -> Result<(PathBuf, Found), Error> {
    let found = match tokio::fs::File::open(&path).await {
        Ok(file) => take(ingest, file).await?,
        Err(error) => Found::Fate(Fate::Unreadable(error.to_string())),
    };
    Ok((path, found))
}

async fn take(ingest: &Ingest, mut file: tokio::fs::File) -> Result<Found, Error> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut taking: Option<Taking> = None;
    loop {
        piece.clear();
        let read = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await;
        if let Err(error) = read {
            return Ok(Found::Fate(Fate::Unreadable(error.to_string())));
        }
        if taking.is_none() && (piece.starts_with(b"PK\x03\x04") || piece.starts_with(b"PK\x05\x06")) {
            return Ok(match file.rewind().await {
                Ok(_) => Found::Zip(file.into_std().await),
                Err(error) => Found::Fate(Fate::Unreadable(error.to_string())),
            });
        }
        let taking = taking.get_or_insert_with(|| Taking::new(ingest));
        if piece.is_empty() {
            break;
        }
        taking.write(&piece).await?;
    }
    let taking = taking.unwrap_or_else(|| Taking::new(ingest));
    Ok(Found::Fate(taking.finish().await?))
}

/// A file on its way into the archive.
struct Taking {
    receiving: Receiving,
    head: Vec<u8>,
}

impl Taking {
    fn new(ingest: &Ingest) -> Self {
        Self {
            receiving: ingest.begin(),
            head: Vec::new(),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        Ok(self.receiving.write(bytes).await?)
    }

    async fn finish(self) -> Result<Fate, Error> {
        let kind = kind(&self.head);
        if kind == Kind::Directory {
            return Ok(Fate::Directory);
        }
        Ok(match self.receiving.finish().await? {
            Outcome::Stored(_) => Fate::Stored,
            Outcome::IdenticalDuplicate(_) => Fate::Duplicate,
            Outcome::DifferentDuplicate(_) => Fate::DifferentDuplicate,
            // Without prefix it was only tried.
            Outcome::Refused(_) if kind == Kind::Unknown => Fate::NotDicom,
            Outcome::Refused(reason) => Fate::Refused(reason),
        })
    }
}

async fn zip(
    ingest: &Ingest,
    zip: &str,
    file: std::fs::File,
    limits: unpack::Limits,
    tell: &mut impl FnMut(&str, &Fate),
) -> Result<(), Error> {
    let mut parts = unpack::stream(file, limits);
    let mut open: Option<(String, Taking)> = None;
    while let Some(part) = parts.next().await {
        match part {
            Ok(Part::Begin(entry)) => open = Some((format!("{zip}/{}", entry.name), Taking::new(ingest))),
            Ok(Part::Bytes(bytes)) => {
                if let Some((_, taking)) = &mut open {
                    taking.write(&bytes).await?;
                }
            }
            Ok(Part::End) => {
                if let Some((name, taking)) = open.take() {
                    tell(&name, &taking.finish().await?);
                }
            }
            Ok(Part::LeftOut(entry, why)) => {
                open = None;
                tell(&format!("{zip}/{}", entry.name), &Fate::LeftOut(why));
            }
            Err(error) => tell(zip, &Fate::Zip(error.to_string())),
        }
    }
    Ok(())
}
