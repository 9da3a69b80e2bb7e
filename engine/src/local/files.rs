//! Paths to studies.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use codec::dataset::{Limits, Object, Prefix, read_prefix};
use zip::ZipArchive;

use super::archive;
use crate::dicom::read::{Instance, Source, Study, collect, dicomdir};

/// Bytes read of a file at first: the data sets of most objects end within.
const FIRST_BYTES: u64 = 16 << 10;

/// Bytes within which a data set must reach its pixel data.
const MAX_HEADER_BYTES: u64 = 1 << 30;

/// Folders within folders.
const MAX_DEPTH: usize = 64;

/// What was opened.
#[derive(Debug)]
pub struct Opened {
    /// The studies found.
    pub studies: Vec<Study>,
    /// What could not be read, by path.
    pub rejected: Vec<Rejected>,
    /// Where the pixels come from.
    pub files: Files,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its path; of a zip's entry, the zip's path and the entry's name.
    pub path: String,
    /// One sentence.
    pub reason: String,
}

/// The opened files and zip entries, by the keys of their instances.
#[derive(Debug, Default)]
pub struct Files {
    places: Vec<Place>,
}

/// Where an object's bytes are.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Entry {
        zip: Arc<Zip>,
        index: usize,
        name: String,
    },
}

type OpenZip = ZipArchive<BufReader<File>>;

/// A zip file, and archives opened on it that no thread uses just now: the directory is read once for each
/// thread, not once for each entry.
struct Zip {
    path: PathBuf,
    idle: Mutex<Vec<OpenZip>>,
}

impl std::fmt::Debug for Zip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Zip({})", self.path.display())
    }
}

impl Zip {
    fn with<T>(
        &self,
        work: impl FnOnce(&mut OpenZip) -> Result<T, archive::Error>,
    ) -> Result<T, archive::Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut open = match idle {
            Some(open) => open,
            None => ZipArchive::new(BufReader::new(File::open(&self.path)?))?,
        };
        let result = work(&mut open);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(open);
        result
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Entry { zip, name, .. } => format!("{}/{name}", zip.path.display()),
        }
    }

    /// Reads `range`, or up to the end; tells whether the end was reached.
    fn read(&self, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<bool, String> {
        match self {
            Self::File(path) => read_file(path, range, buffer).map_err(|error| error.to_string()),
            Self::Entry { zip, index, .. } => {
                let all = zip
                    .with(|open| archive::read(open, *index, range.end, buffer))
                    .map_err(|error| error.to_string())?;
                buffer.drain(..(range.start as usize).min(buffer.len()));
                Ok(all)
            }
        }
    }
}

fn read_file(path: &Path, range: Range<u64>, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    buffer.clear();
    let end = range.end.min(length);
    buffer.reserve_exact(usize::try_from(end.saturating_sub(range.start)).unwrap_or(0));
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    file.take(end.saturating_sub(range.start)).read_to_end(buffer)?;
    Ok(end == length)
}

impl Source for Files {
    fn read(&self, key: usize, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        let place = self.places.get(key).ok_or("no such file")?;
        place.read(range, buffer).map(|_| ())
    }
}

impl Files {
    /// Path of an instance's file, for messages.
    #[must_use]
    pub fn name(&self, key: usize) -> Option<String> {
        self.places.get(key).map(Place::name)
    }
}

/// Opens files, folders, zips and discs (a DICOMDIR, or the folder it is in).
///
/// `progress` receives the number of objects looked at and of all objects. Objects that are no DICOM, or
/// damaged before their pixel data, are listed as rejected; an absent path is too.
#[must_use]
pub fn open(paths: &[PathBuf], progress: &(dyn Fn(usize, usize) + Sync)) -> Opened {
    let mut walk = Walk::default();
    for path in paths {
        walk.visit(path, 0);
    }
    let Walk {
        places, mut rejected, ..
    } = walk;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let results = map_places(&places, |key, place| {
        let result = instance(key, place);
        progress(
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1,
            places.len(),
        );
        result
    });
    let mut instances = Vec::with_capacity(results.len());
    for (place, result) in places.iter().zip(results) {
        match result {
            Ok(Some(instance)) => instances.push(instance),
            Ok(None) => {}
            Err(reason) => rejected.push(Rejected {
                path: place.name(),
                reason,
            }),
        }
    }
    rejected.sort_by(|a, b| a.path.cmp(&b.path));
    Opened {
        studies: collect(instances),
        rejected,
        files: Files { places },
    }
}

#[cfg(feature = "parallel")]
fn map_places<R: Send>(places: &[Place], work: impl Fn(usize, &Place) -> R + Sync) -> Vec<R> {
    use rayon::prelude::*;
    places
        .par_iter()
        .enumerate()
        .map(|(key, place)| work(key, place))
        .collect()
}

#[cfg(not(feature = "parallel"))]
fn map_places<R>(places: &[Place], work: impl Fn(usize, &Place) -> R) -> Vec<R> {
    places
        .iter()
        .enumerate()
        .map(|(key, place)| work(key, place))
        .collect()
}

/// Reads the data set of one object, growing what is read until it reaches the pixels; `None` for a directory of
/// media (DICOMDIR), which holds no image.
fn instance(key: usize, place: &Place) -> Result<Option<Instance>, String> {
    let mut buffer = Vec::new();
    let mut wanted = FIRST_BYTES;
    loop {
        let complete = place.read(0..wanted, &mut buffer)?;
        match read_prefix(&buffer, complete, Limits::default()).map_err(|error| error.to_string())? {
            Prefix::Done(object) if is_directory(&object) => return Ok(None),
            Prefix::Done(object) => return Ok(Some(Instance::new(key, *object))),
            Prefix::NeedsMore if wanted >= MAX_HEADER_BYTES => {
                return Err(format!(
                    "expected pixel data within {MAX_HEADER_BYTES} bytes, found other elements"
                ));
            }
            Prefix::NeedsMore => wanted *= 4,
        }
    }
}

fn is_directory(object: &Object<'_>) -> bool {
    dicomdir::is_directory(object)
}

/// The walk over what was pointed at.
#[derive(Default)]
struct Walk {
    places: Vec<Place>,
    rejected: Vec<Rejected>,
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn reject(&mut self, path: &Path, reason: impl Into<String>) {
        self.rejected.push(Rejected {
            path: path.display().to_string(),
            reason: reason.into(),
        });
    }

    fn visit(&mut self, path: &Path, depth: usize) {
        // Links may lead round in circles; every real place is visited once.
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => return self.reject(path, error.to_string()),
        };
        if !self.seen.insert(real) {
            return;
        }
        if path.is_dir() {
            return self.folder(path, depth);
        }
        match signature(path) {
            Err(error) => self.reject(path, error.to_string()),
            Ok(start) if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") => {
                self.zip(path)
            }
            Ok(_) if depth == 0 && is_directory_name(path) => self.disc(path),
            Ok(_) => self.places.push(Place::File(path.to_owned())),
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            return self.reject(
                path,
                format!("folders within folders: at most {MAX_DEPTH} are accepted"),
            );
        }
        match std::fs::read_dir(path) {
            Err(error) => self.reject(path, error.to_string()),
            Ok(entries) => {
                let mut paths: Vec<PathBuf> = entries
                    .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                    .collect();
                paths.sort();
                for path in paths {
                    self.visit(&path, depth + 1);
                }
            }
        }
    }

    fn zip(&mut self, path: &Path) {
        let zip = Arc::new(Zip {
            path: path.to_owned(),
            idle: Mutex::default(),
        });
        match zip.with(archive::entries) {
            Err(error) => self.reject(path, error.to_string()),
            Ok(entries) => {
                let place = |(index, name)| Place::Entry {
                    zip: Arc::clone(&zip),
                    index,
                    name,
                };
                self.places.extend(entries.into_iter().map(place));
            }
        }
    }

    /// A DICOMDIR that was pointed at stands for the files it lists.
    fn disc(&mut self, path: &Path) {
        let listed = std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                let object =
                    codec::dataset::read(&bytes, Limits::default()).map_err(|error| error.to_string())?;
                Ok(dicomdir::referenced_files(&object))
            });
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        match listed {
            Err(reason) => self.reject(path, reason),
            Ok(files) => {
                for components in files {
                    self.visit(&component_path(&folder, &components), 1);
                }
            }
        }
    }
}

fn is_directory_name(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"))
}

/// The first bytes of a file.
fn signature(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start)
}

/// The path of a file's components below `folder`; discs copied from ISO 9660 differ in case.
fn component_path(folder: &Path, components: &[String]) -> PathBuf {
    let mut path = folder.to_owned();
    for component in components {
        let exact = path.join(component);
        let lower = path.join(component.to_lowercase());
        path = if !exact.exists() && lower.exists() {
            lower
        } else {
            exact
        };
    }
    path
}
