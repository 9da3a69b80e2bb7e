//! Bytes on their way in: the first in memory, the rest in a temporary file, all of them hashed.

use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::hash::Hasher;
use super::{Hash, Result, blocking};

/// Bytes kept in memory before a file is begun: most slices fit, and are then written in one go.
pub(super) const HEAD_BYTES: usize = 1 << 20;

/// Buffers that are kept for the next objects.
const KEPT_BUFFERS: usize = 32;

/// The first bytes of an object. Its memory is used again for another: memory that is new each time costs as much as all
/// that is done with the bytes.
#[derive(Debug, Default)]
pub(super) struct Head(Vec<u8>);

static BUFFERS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

impl Head {
    fn new() -> Self {
        let kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(kept.unwrap_or_default())
    }

    /// Takes the bytes out, for whoever keeps them longer.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.0.len() + bytes <= HEAD_BYTES
    }

    fn extend(&mut self, bytes: &[u8]) {
        // Memory that is not touched is not there: a small object costs what it has.
        self.0.reserve_exact(HEAD_BYTES - self.0.len());
        self.0.extend_from_slice(bytes);
    }
}

impl Deref for Head {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Head {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        let mut kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.capacity() > 0 && kept.len() < KEPT_BUFFERS {
            kept.push(buffer);
        }
    }
}

/// An object being received. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Staging {
    incoming: PathBuf,
    hasher: Hasher,
    head: Head,
    size: u64,
    file: Option<TemporaryFile>,
}

/// An object wholly received, but not yet stored. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Staged {
    pub(super) incoming: PathBuf,
    pub(super) hash: Hash,
    pub(super) size: u64,
    pub(super) head: Head,
    /// All bytes, where they are more than `head`, or on the disk already.
    pub(super) file: Option<TemporaryFile>,
    /// The time of receipt that is in the file: then all of it is on the disk, and lacks its name only.
    pub(super) prepared_ns: Option<i64>,
}

impl Staging {
    pub(super) fn new(incoming: &Path) -> Self {
        Self {
            incoming: incoming.to_owned(),
            hasher: Hasher::default(),
            head: Head::new(),
            size: 0,
            file: None,
        }
    }

    /// Bytes received so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`super::Error::Full`], [`super::Error::Io`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        if self.file.is_none() && self.head.has_room(bytes.len()) {
            self.head.extend(bytes);
            return Ok(());
        }
        let first = self.file.is_none().then(|| self.head.to_vec());
        let mut file = match self.file.take() {
            Some(file) => file,
            None => TemporaryFile::new(&self.incoming)?,
        };
        let bytes = bytes.to_vec();
        let written = blocking(move || {
            file.file.write_all(&first.unwrap_or_default())?;
            file.file.write_all(&bytes)?;
            Ok(file)
        });
        self.file = Some(written.await?);
        Ok(())
    }

    /// Ends receiving.
    #[must_use]
    pub fn finish(self) -> Staged {
        Staged {
            incoming: self.incoming,
            hash: self.hasher.finish(),
            size: self.size,
            head: self.head,
            file: self.file,
            prepared_ns: None,
        }
    }
}

impl Staged {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The first bytes that are in memory: all of a small object.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Reads `length` bytes at `offset`, fewer where the object ends.
    ///
    /// # Errors
    ///
    /// [`super::Error::Io`].
    pub fn read_at(&mut self, offset: u64, length: usize) -> Result<Vec<u8>> {
        let Some(file) = &mut self.file else {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.head.len());
            let end = start.saturating_add(length).min(self.head.len());
            return Ok(self.head[start..end].to_vec());
        };
        let mut bytes = Vec::new();
        file.file.seek(SeekFrom::Start(offset))?;
        (&file.file).take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A file that is removed when dropped, unless it got its final name.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    pub(super) file: std::fs::File,
    path: PathBuf,
    kept: bool,
}

impl TemporaryFile {
    pub(super) fn new(incoming: &Path) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The directory is emptied when it is opened and locked while it is open: numbers do not meet.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = incoming.join(format!("{}-{number}", std::process::id()));
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        Ok(Self {
            file,
            path,
            kept: false,
        })
    }

    /// Gives the file its final name, replacing what has it.
    pub(super) fn rename(mut self, to: &Path) -> Result<()> {
        std::fs::rename(&self.path, to)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Makes `incoming` where it is absent and removes what a crash left in it.
pub(super) fn empty(incoming: &Path) -> Result<()> {
    std::fs::create_dir_all(incoming)?;
    for entry in std::fs::read_dir(incoming)? {
        std::fs::remove_file(entry?.path())?;
    }
    Ok(())
}
