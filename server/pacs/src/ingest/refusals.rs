//! What was refused, kept as files for a person to look at.
//!
//! The sender was told, and nothing of it is in the archive; but a sender may forget, and then these bytes are all there is.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Reason;
use crate::storage::{Hash, Staged};

/// Objects kept at most: a sender that goes on in vain must not fill the disk.
const OBJECTS: usize = 1000;
/// Bytes copied at once.
const COPIED: usize = 1 << 20;

/// A folder of refused objects: `<SHA-256>.refused` with the bytes, `<SHA-256>.txt` with who sent it, and why it was refused.
#[derive(Debug, Clone)]
pub struct Refusals {
    folder: PathBuf,
}

/// An object that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its bytes.
    pub hash: Hash,
    /// Who sent it, and why it was refused: `dimse:AE: reason`.
    pub words: String,
}

impl Refusals {
    /// Opens the folder, making it where it is absent.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Keeps an object, durably; one that is there already stays.
    pub(super) fn keep(&self, staged: &mut Staged, reason: &Reason, sender: &str) -> std::io::Result<()> {
        let hash = staged.hash();
        let path = self.folder.join(format!("{hash}.refused"));
        if path.exists() {
            return Ok(());
        }
        if std::fs::read_dir(&self.folder)?.count() >= 2 * OBJECTS {
            return Err(std::io::Error::other(format!(
                "{OBJECTS} refused objects are kept already"
            )));
        }
        std::fs::write(
            self.folder.join(format!("{hash}.txt")),
            format!("{sender}: {reason}"),
        )?;
        let coming = self.folder.join(format!("{hash}.coming"));
        let mut file = std::fs::File::create(&coming)?;
        let mut at = 0;
        while at < staged.size() {
            let bytes = staged.read_at(at, COPIED).map_err(std::io::Error::other)?;
            if bytes.is_empty() {
                break;
            }
            file.write_all(&bytes)?;
            at += bytes.len() as u64;
        }
        file.sync_all()?;
        std::fs::rename(coming, path)?;
        std::fs::File::open(&self.folder)?.sync_all()
    }

    /// Gives what is kept, in the order of hashes.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn list(&self) -> std::io::Result<Vec<Refused>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let hash = name
                .to_str()
                .and_then(|name| name.strip_suffix(".refused"))
                .and_then(Hash::from_hex);
            let Some(hash) = hash else {
                continue;
            };
            let words = std::fs::read_to_string(self.folder.join(format!("{hash}.txt"))).unwrap_or_default();
            found.push(Refused { hash, words });
        }
        found.sort_by_key(|refused| refused.hash);
        Ok(found)
    }
}
