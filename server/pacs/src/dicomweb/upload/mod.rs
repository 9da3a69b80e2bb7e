//! Uploads that can be broken off and resumed: a DICOM file, or a zip of them, in pieces (the tus protocol 1.0, tus.io).
//!
//! ```text
//! POST   /upload              Upload-Length, Upload-Metadata: kind, sha256  -> 201, Location
//! HEAD   /upload/{id}                                                       -> Upload-Offset
//! PATCH  /upload/{id}         Upload-Offset, the next bytes                 -> 204, Upload-Offset
//! POST   /upload/{id}/finish                                                -> what became of the objects, as JSON
//! DELETE /upload/{id}
//! ```
//!
//! The bytes lie in a file of the upload's name. How far an upload came is that file's length: it is brought to the disk
//! before an offset is told, and survives a kill. A later request of the same upload ends an earlier one that still waits
//! for bytes of a connection that is gone. Finishing twice gives the same answer.

mod objects;
mod report;
mod requests;
mod store;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{OwnedMutexGuard, Semaphore, watch};

use crate::clock::now_ns;
use crate::http::{Error, Result};
use crate::index::Index;
use crate::media::unpack;

pub(crate) use report::Report;
pub use requests::router;
use store::Upload;

/// What is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Zip,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Object => "dcm",
            Self::Zip => "zip",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        [Self::Object, Self::Zip]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// How much uploads may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one DICOM file.
    pub object_bytes: u64,
    /// Bytes of a zip.
    pub zip_bytes: u64,
    /// What a zip may hold.
    pub zip: unpack::Limits,
    /// Unfinished uploads of one caller.
    pub unfinished: u64,
    /// Bytes announced by all unfinished uploads together.
    pub total_bytes: u64,
    /// After so long without a byte an upload is abandoned; a finished one's report is forgotten.
    pub expiry: Duration,
    /// Uploads whose objects are taken at once.
    pub finishing: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 20_000_000,
            zip_bytes: 500_000_000,
            zip: unpack::Limits {
                entries: 50_000,
                entry_bytes: 2 << 30,
                total_bytes: 8 << 30,
                ..unpack::Limits::default()
            },
            unfinished: 64,
            total_bytes: 50_000_000_000,
            expiry: Duration::from_secs(24 * 3600),
            finishing: 2,
        }
    }
}

/// The place of uploads; clones share it.
#[derive(Debug, Clone)]
pub struct Uploads {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    index: Index,
    limits: Limits,
    turns: Mutex<HashMap<String, Arc<Turns>>>,
    finishing: Semaphore,
}

/// Who has an upload: one request at a time, the latest first.
#[derive(Debug)]
struct Turns {
    asked: watch::Sender<u64>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

/// The right to change an upload, until dropped.
struct Turn {
    number: u64,
    asked: watch::Receiver<u64>,
    _guard: OwnedMutexGuard<()>,
    _turns: Kept,
}

/// Forgets the turns of an upload when nobody has any.
struct Kept {
    shared: Arc<Shared>,
    id: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut turns = self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits for the upload listens too.
        if turns
            .get(&self.id)
            .is_some_and(|one| one.asked.receiver_count() == 0)
        {
            turns.remove(&self.id);
        }
    }
}

impl Turn {
    /// Waits until a later request wants the upload.
    async fn is_over(&mut self) {
        let number = self.number;
        // The sender lives as long as the turn.
        let _ = self.asked.wait_for(|latest| *latest > number).await;
    }
}

impl Uploads {
    /// Opens the place, making it where it is absent, and forgets what was abandoned.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Internal`], with the reason in the log.
    pub async fn open(folder: &Path, index: Index, limits: Limits) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(objects::failed)?;
        let uploads = Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                index,
                finishing: Semaphore::new(limits.finishing),
                limits,
                turns: Mutex::default(),
            }),
        };
        uploads.sweep().await?;
        Ok(uploads)
    }

    /// Forgets uploads that were abandoned, with their files, and files that nobody knows; to be called now and then.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`], with the reason in the log.
    pub async fn sweep(&self) -> Result<()> {
        // Files before rows: an upload has its row before its file, so what is new meanwhile is no stranger.
        let files = std::fs::read_dir(&self.shared.folder).map_err(objects::failed)?;
        let files: Vec<_> = files.collect::<std::io::Result<_>>().map_err(objects::failed)?;
        let all = store::all(&self.shared.index).await?;
        let now_ns = now_ns();
        let expiry_ns = i64::try_from(self.shared.limits.expiry.as_nanos()).unwrap_or(i64::MAX);
        let is_expired = |upload: &&Upload| {
            let touched_ns = match &upload.finished {
                Some((at_ns, ..)) => *at_ns,
                None => self.touched_ns(upload),
            };
            now_ns.saturating_sub(touched_ns) > expiry_ns
        };
        let expired = all.iter().filter(is_expired);
        let expired: Vec<String> = expired.map(|upload| upload.id.clone()).collect();
        store::remove(&self.shared.index, &expired).await?;
        let unfinished = all.iter().filter(|upload| upload.finished.is_none());
        let kept: BTreeSet<&str> = unfinished
            .map(|upload| upload.id.as_str())
            .filter(|id| !expired.iter().any(|other| other == id))
            .collect();
        for file in files {
            if file.file_name().to_str().is_some_and(|name| kept.contains(name)) {
                continue;
            }
            match std::fs::remove_file(file.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(objects::failed(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn path(&self, upload: &Upload) -> PathBuf {
        // The name is ours: hexadecimal digits.
        self.shared.folder.join(&upload.id)
    }

    /// When the last byte came.
    fn touched_ns(&self, upload: &Upload) -> i64 {
        let modified = std::fs::metadata(self.path(upload)).and_then(|file| file.modified());
        let modified_ns = modified.map_or(0, nanoseconds);
        modified_ns.max(upload.created_ns)
    }

    /// How many bytes came: what is on the disk.
    fn offset(&self, upload: &Upload) -> Result<u64> {
        match std::fs::metadata(self.path(upload)) {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(objects::failed(error)),
        }
    }

    fn remove_file(&self, upload: &Upload) -> Result<()> {
        match std::fs::remove_file(self.path(upload)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(objects::failed(error)),
            _ => Ok(()),
        }
    }

    /// Gets the right to an upload, from an earlier request too.
    async fn turn(&self, id: &str) -> Result<Turn> {
        let (turns, number, asked) = {
            let mut all = self.shared.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let turns = all.entry(id.to_owned()).or_insert_with(|| {
                Arc::new(Turns {
                    asked: watch::Sender::new(0),
                    lock: Arc::default(),
                })
            });
            let asked = turns.asked.subscribe();
            turns.asked.send_modify(|latest| *latest += 1);
            let number = *asked.borrow();
            (Arc::clone(turns), number, asked)
        };
        let kept = Kept {
            shared: Arc::clone(&self.shared),
            id: id.to_owned(),
        };
        let wait = Duration::from_secs(30);
        let guard = tokio::time::timeout(wait, Arc::clone(&turns.lock).lock_owned()).await;
        let guard = guard.map_err(|_| Error::Conflict("another request has this upload".to_owned()))?;
        Ok(Turn {
            number,
            asked,
            _guard: guard,
            _turns: kept,
        })
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
