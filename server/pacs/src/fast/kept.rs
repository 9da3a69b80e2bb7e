//! Chunks that took work to make, kept on the disk: derived from objects, so they may be deleted at any time.
//!
//! A file a chunk, `ab/<hash>-<frame>-<kind>`: the SHA-256 of its name and all that follows, the coding, the content. What is
//! not what was written is not given, and goes. Beyond the bound those go that were not asked for longest; what was kept before
//! a start counts as used when it was made.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::coding::{Coding, Kind};
use crate::storage::Hash;

/// Which chunk: of which object, of which of its frames counted from 1, and what it is.
pub(super) type Key = (Hash, u32, Kind);

const HASH_BYTES: usize = 32;
const HEAD_BYTES: usize = HASH_BYTES + 4;
/// What the name of a file begins with that is being written.
const UNFINISHED: &str = "new-";

/// Chunks on the disk; clones share them.
#[derive(Debug, Clone)]
pub struct KeptFrames {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    most_bytes: u64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    files: HashMap<Key, File>,
    by_use: BTreeMap<u64, Key>,
    bytes: u64,
    uses: u64,
}

#[derive(Debug, Clone, Copy)]
struct File {
    bytes: u64,
    used: u64,
}

impl KeptFrames {
    /// Opens a folder, making it where it is absent, for at most so many bytes.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, most_bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut found = Vec::new();
        for part in std::fs::read_dir(folder)? {
            let part = part?.path();
            if !part.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(part)? {
                let file = file?;
                let (name, metadata) = (file.file_name(), file.metadata()?);
                match name.to_str().and_then(key) {
                    Some(key) => found.push((metadata.modified()?, key, metadata.len())),
                    None if name.to_string_lossy().starts_with(UNFINISHED) => {
                        std::fs::remove_file(file.path())?
                    }
                    None => {}
                }
            }
        }
        found.sort_by_key(|(modified, ..)| *modified);
        let mut known = Known::default();
        found
            .into_iter()
            .for_each(|(_, key, bytes)| known.put(key, bytes));
        let kept = Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                most_bytes,
                known: Mutex::new(known),
            }),
        };
        kept.keep_within();
        Ok(kept)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = name(key);
        self.shared.folder.join(&name[..2]).join(name)
    }

    /// Whether a chunk is kept, as far as is known without reading it.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.known().files.contains_key(key)
    }

    /// Gives a chunk that is kept and whole.
    pub(super) async fn get(&self, key: Key) -> Option<(Coding, Bytes)> {
        if !self.known().touch(&key) {
            return None;
        }
        let path = self.path(&key);
        let read = tokio::task::spawn_blocking(move || read(&key, &std::fs::read(path).ok()?)).await;
        let found = read.ok().flatten();
        if found.is_none() {
            self.forget(&key);
        }
        found
    }

    /// Keeps a chunk. Where it cannot be written it is not kept.
    pub(super) async fn put(&self, key: Key, (coding, content): (Coding, Bytes)) {
        let bytes = (HEAD_BYTES + content.len()) as u64;
        if bytes > self.shared.most_bytes / 8 {
            return;
        }
        let path = self.path(&key);
        let written = tokio::task::spawn_blocking(move || write(&path, &key, coding, &content)).await;
        match written {
            Ok(Ok(())) => {
                self.known().put(key, bytes);
                self.keep_within();
            }
            Ok(Err(error)) => tracing::warn!(%error, "a frame for viewers is not kept"),
            Err(error) => tracing::error!(%error, "a frame for viewers is not kept"),
        }
    }

    /// Removes all that was made of an object: it goes for good.
    pub(crate) fn forget_object(&self, hash: Hash) {
        let keys: Vec<Key> = {
            let known = self.known();
            known.files.keys().filter(|key| key.0 == hash).copied().collect()
        };
        keys.iter().for_each(|key| self.forget(key));
    }

    fn forget(&self, key: &Key) {
        self.known().remove(key);
        if let Err(error) = std::fs::remove_file(self.path(key))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%error, "a frame for viewers is not removed");
        }
    }

    fn keep_within(&self) {
        loop {
            let oldest = {
                let known = self.known();
                let is_over = known.bytes > self.shared.most_bytes;
                known.by_use.values().next().copied().filter(|_| is_over)
            };
            let Some(oldest) = oldest else { return };
            self.forget(&oldest);
        }
    }
}

impl Known {
    fn put(&mut self, key: Key, bytes: u64) {
        self.remove(&key);
        self.uses += 1;
        let used = self.uses;
        self.by_use.insert(used, key);
        self.files.insert(key, File { bytes, used });
        self.bytes += bytes;
    }

    fn touch(&mut self, key: &Key) -> bool {
        let Some(file) = self.files.get_mut(key) else {
            return false;
        };
        self.uses += 1;
        self.by_use.remove(&file.used);
        file.used = self.uses;
        self.by_use.insert(file.used, *key);
        true
    }

    fn remove(&mut self, key: &Key) {
        if let Some(file) = self.files.remove(key) {
            self.by_use.remove(&file.used);
            self.bytes -= file.bytes;
        }
    }
}

fn name((hash, frame, kind): &Key) -> String {
    format!("{hash}-{frame}-{}", *kind as u32)
}

fn key(name: &str) -> Option<Key> {
    let mut parts = name.split('-');
    let (hash, frame, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = [Kind::Overview, Kind::Frame]
        .into_iter()
        .find(|known| kind == (*known as u32).to_string())?;
    let key = (Hash::from_hex(hash)?, frame.parse().ok()?, kind);
    (self::name(&key) == name).then_some(key)
}

fn hash(key: &Key, rest: &[u8]) -> Hash {
    let mut hasher = crate::storage::Hasher::default();
    hasher.update(name(key).as_bytes());
    hasher.update(rest);
    hasher.finish()
}

fn read(key: &Key, file: &[u8]) -> Option<(Coding, Bytes)> {
    let (found, rest) = file.split_first_chunk::<HASH_BYTES>()?;
    let (coding, content) = rest.split_first_chunk::<4>()?;
    let number = u32::from_le_bytes(*coding);
    let coding = Coding::ALL.into_iter().find(|known| *known as u32 == number)?;
    (hash(key, rest).0 == *found).then(|| (coding, Bytes::copy_from_slice(content)))
}

fn write(path: &Path, key: &Key, coding: Coding, content: &[u8]) -> io::Result<()> {
    let rest = [&(coding as u32).to_le_bytes(), content].concat();
    let file = [&hash(key, &rest).0[..], &rest].concat();
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    // Two that write the same write the same bytes.
    let unfinished = folder.join(format!("{UNFINISHED}{}", name(key)));
    std::fs::write(&unfinished, file)?;
    std::fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Coding, Hash, KeptFrames, Kind};
    use crate::test_folder::TestFolder;

    fn chunk(number: u8) -> (Coding, Bytes) {
        (Coding::JpegLs, vec![number; 1000].into())
    }

    #[tokio::test]
    async fn the_least_asked_for_goes_and_damage_is_not_given() {
        let folder = TestFolder::new("kept");
        let kept = KeptFrames::open(folder.path(), 10_000).unwrap();
        let key = |number: u8| (Hash::of(&[number]), u32::from(number) + 1, Kind::Frame);
        for number in 0..9 {
            kept.put(key(number), chunk(number)).await;
            // The first is asked for all the time.
            assert_eq!(kept.get(key(0)).await, Some(chunk(0)));
        }
        kept.put(key(9), chunk(9)).await;
        assert!(kept.has(&key(0)) && !kept.has(&key(1)) && kept.has(&key(9)));
        assert_eq!(kept.get(key(1)).await, None);
        let too_large = (Coding::JpegLs, Bytes::from(vec![0; 5000]));
        kept.put(key(20), too_large).await;
        assert!(!kept.has(&key(20)));
        drop(kept);
        let kept = KeptFrames::open(folder.path(), 10_000).unwrap();
        assert_eq!(kept.get(key(9)).await, Some(chunk(9)));
        let path = kept.path(&key(9));
        let good = std::fs::read(&path).unwrap();
        for at in [0, 33, 500] {
            let mut damaged = good.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(kept.get(key(9)).await, None);
            assert!(!path.exists());
            kept.put(key(9), chunk(9)).await;
        }
        // One file in the place of another, and one that somebody deleted.
        std::fs::copy(kept.path(&key(8)), &path).unwrap();
        assert_eq!(kept.get(key(9)).await, None);
        std::fs::remove_file(kept.path(&key(8))).unwrap();
        assert_eq!(kept.get(key(8)).await, None);
        kept.forget_object(key(0).0);
        assert!(!kept.has(&key(0)) && !kept.path(&key(0)).exists());
    }
}
