//! Objects under the SHA-256 of their bytes: immutable, durable before they are acknowledged, verified when read.
//!
//! Bytes stream into a [`Staging`], are hashed on the way, and become an object by [`Storage::commit`], which returns
//! only when file and directory are on the disk, or the store said that it has them. A local directory is written by [`local`];
//! any other store goes through `object_store`'s trait, and [`Place`] says which. What objects mean is the index's matter.

mod answer;
mod blocks;
mod cloud;
pub mod conformance;
mod hash;
mod local;
mod notes;
mod packed;
mod place;
mod read;
mod receipt;
mod remote;
mod scrub;
mod staging;

#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;

use crate::figures;
pub use cloud::OpenError;
use database::waiting;

pub use hash::Hash;
pub(crate) use hash::Hasher;
pub use notes::Notes;
pub(crate) use packed::{MAX_BYTES as MAX_PACKED_BYTES, Packed, pack, unpack};
pub use place::{Azure, Bucket, Gcs, Place, S3};
pub use scrub::{Bad, ScrubReport};
pub use staging::{Staged, Staging};

use crate::clock::now_ns;

use local::Local;
use remote::Remote;

/// Objects whose time of receipt is asked for at once.
const ASKED_AT_ONCE: usize = 16;

/// A colder store that failed is not asked for so long whether it has what was received.
const SILENCE: Duration = Duration::from_secs(30);

/// Why storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space is left: the sender may try again later.
    #[error("storage is full")]
    Full,
    /// No object has this hash.
    #[error("no object {0}")]
    NotFound(Hash),
    /// The bytes that are stored are not those that were acknowledged.
    #[error("object {expected} is damaged: its bytes have the hash {found}")]
    Damaged {
        /// The object's name.
        expected: Hash,
        /// The hash of what is there.
        found: Hash,
    },
    /// The object is larger than the caller accepts in memory.
    #[error("object {hash}: at most {limit} bytes are accepted, found {found}")]
    TooLarge {
        /// Which object.
        hash: Hash,
        /// The caller's limit in bytes.
        limit: u64,
        /// Bytes of the object.
        found: u64,
    },
    /// Bytes were asked for that the object does not have.
    #[error("object {hash}: expected a range within {size} bytes, found {start}..{end}")]
    OutOfRange {
        /// Which object.
        hash: Hash,
        /// Bytes of the object.
        size: u64,
        /// First byte asked for.
        start: u64,
        /// Byte after the last one asked for.
        end: u64,
    },
    /// Another process has the directory open.
    #[error("the storage directory is in use by another process")]
    InUse,
    /// The disk failed.
    #[error("storage failed: {0}")]
    Io(std::io::Error),
    /// The store behind `object_store` failed, or does not answer: the sender may try again later.
    #[error("the store failed: {}", answer::words(.0))]
    Store(#[source] object_store::Error),
    /// The store acknowledged an object that it does not have whole.
    #[error("object {hash}: the store has {found} bytes of {expected}")]
    Incomplete {
        /// Which object.
        hash: Hash,
        /// Bytes sent.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A task of ours ended without an answer.
    #[error("storage task ended early")]
    Interrupted,
}

impl Error {
    fn store(error: object_store::Error) -> Self {
        if answer::is_full(&error) {
            Self::Full
        } else {
            Self::Store(error)
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An object that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectInfo {
    /// When it was received, in nanoseconds since 1970 (UTC); no two objects of a store have the same.
    pub received_ns: i64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Bytes.
    pub size: u64,
}

/// What [`Storage::commit`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The object, durable from now on.
    pub object: ObjectInfo,
    /// Whether the same bytes were there before, undamaged.
    pub existed: bool,
}

/// Where objects lie; clones share it.
#[derive(Debug, Clone)]
pub struct Storage {
    backend: Backend,
    blocks: Arc<blocks::Blocks>,
    unpacked: Arc<packed::Unpacked>,
    /// Where objects lie that are rarely asked for.
    cold: Option<Arc<Self>>,
    /// Until when the colder store is not asked, in nanoseconds since 1970.
    cold_silent_ns: Arc<AtomicI64>,
}

impl From<Backend> for Storage {
    fn from(backend: Backend) -> Self {
        Self {
            backend,
            blocks: Arc::default(),
            unpacked: Arc::default(),
            cold: None,
            cold_silent_ns: Arc::default(),
        }
    }
}

/// How an object lies in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// The bytes that were received.
    Received,
    /// Its compressed form.
    Packed,
}

#[derive(Debug, Clone)]
enum Backend {
    Local(Arc<Local>),
    Remote(Arc<Remote>),
}

impl Storage {
    /// Opens a local directory, making it where it is absent, and removes what a crash left half received.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when another process holds it, [`Error::Io`] when it cannot be made.
    pub fn local(root: &Path) -> Result<Self> {
        let backend = Backend::Local(Arc::new(Local::open(root, std::fs::File::sync_all)?));
        Ok(backend.into())
    }

    /// Reads a local directory that another process may be writing.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when it is not there.
    pub fn reading(root: &Path) -> Result<Self> {
        let backend = Backend::Local(Arc::new(Local::reading(root)?));
        Ok(backend.into())
    }

    /// Uses any store of `object_store`; what arrives waits in the local directory `spool` until it is whole.
    ///
    /// The store's own answer to an upload is taken as durable. A `LocalFileSystem` is so only with `with_fsync(true)`.
    ///
    /// # Errors
    ///
    /// As [`Storage::local`], of the spool.
    pub fn remote(store: Arc<dyn ObjectStore>, spool: &Path) -> Result<Self> {
        let backend = Backend::Remote(Arc::new(Remote::open(store, spool)?));
        Ok(backend.into())
    }

    /// Lets objects lie in a second, colder store too: they are read, verified and listed wherever they are, and received
    /// here. Which lie where is [`crate::tiers`]' matter.
    #[must_use]
    pub fn with_cold(self, cold: Self) -> Self {
        Self {
            cold: Some(Arc::new(cold)),
            ..self
        }
    }

    /// The colder store.
    #[must_use]
    pub fn cold(&self) -> Option<&Self> {
        self.cold.as_deref()
    }

    /// The same store after a start: nothing of it is in memory.
    #[cfg(test)]
    pub(crate) fn anew(&self) -> Self {
        self.backend.clone().into()
    }

    /// This store without the colder one.
    pub(crate) fn hot(&self) -> Self {
        Self {
            cold: None,
            ..self.clone()
        }
    }

    /// Removes an object from this store for good; returns when it is gone from the disk. What is not there is no error.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`].
    pub(crate) async fn remove(&self, hash: Hash) -> Result<()> {
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || local.remove(hash)).await
            }
            Backend::Remote(remote) => remote.remove(hash).await,
        }
    }

    /// Copies an object here from another store, with its time of receipt, and verifies the copy.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when what is there, or the copy, is not the object; as [`Storage::commit`].
    pub(crate) async fn copy_from(&self, other: &Self, hash: Hash, received_ns: i64) -> Result<()> {
        if self.copy_packed(other, hash, received_ns).await? {
            return self.verify(hash).await;
        }
        let mut pieces = std::pin::pin!(other.open(hash).await?);
        let mut staging = self.stage();
        while let Some(piece) = pieces.try_next().await? {
            staging.write(&piece).await?;
        }
        let staged = staging.finish();
        is_right(hash, staged.hash())?;
        self.commit_received(staged, Some(received_ns)).await?;
        self.verify(hash).await
    }

    /// Begins to receive an object.
    #[must_use]
    pub fn stage(&self) -> Staging {
        let spool = match &self.backend {
            Backend::Local(local) => local.incoming(),
            Backend::Remote(remote) => remote.incoming(),
        };
        Staging::new(spool)
    }

    /// A folder on the local disk for pieces of objects that are not whole yet; unlike what is being received they
    /// outlive a start.
    pub(crate) fn pieces_folder(&self) -> std::path::PathBuf {
        let spool = match &self.backend {
            Backend::Local(local) => local.incoming(),
            Backend::Remote(remote) => remote.incoming(),
        };
        spool.with_file_name("pieces")
    }

    /// Makes what was received an object. When this returns, it survives a loss of power.
    ///
    /// Bytes that are there already stay as they are; damaged ones are replaced by the good ones.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Io`], [`Error::Store`]: nothing was stored that would be seen, or, where a store failed
    /// before it answered, the object as a whole.
    pub async fn commit(&self, staged: Staged) -> Result<Committed> {
        if let Some(object) = self.in_cold(staged.hash()).await {
            return Ok(Committed {
                object,
                existed: true,
            });
        }
        self.commit_received(staged, None).await
    }

    /// The object, where the colder store alone has it, undamaged.
    ///
    /// A colder store that fails keeps nobody from storing: the object then lies in both.
    async fn in_cold(&self, hash: Hash) -> Option<ObjectInfo> {
        let cold = self.cold.as_ref()?;
        if now_ns() < self.cold_silent_ns.load(Ordering::Relaxed) || self.hot().info(hash).await.is_ok() {
            return None;
        }
        match Box::pin(cold.verify(hash)).await {
            Ok(()) => Box::pin(cold.info(hash)).await.ok(),
            Err(Error::Store(_)) => {
                let until = now_ns().saturating_add(i64::try_from(SILENCE.as_nanos()).unwrap_or(i64::MAX));
                self.cold_silent_ns.store(until, Ordering::Relaxed);
                None
            }
            Err(_) => None,
        }
    }

    /// Does what of [`Storage::commit`] can be done before it is known whether the object is wanted.
    pub(crate) async fn prepare(&self, staged: Staged) -> Result<Staged> {
        if let (Backend::Local(local), None) = (&self.backend, &self.cold) {
            let local = Arc::clone(local);
            return blocking(move || local.prepare(staged)).await;
        }
        Ok(staged)
    }

    /// As [`Storage::commit`], with the time at which it was received elsewhere.
    async fn commit_received(&self, staged: Staged, received_ns: Option<i64>) -> Result<Committed> {
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || local.commit(staged, received_ns)).await
            }
            Backend::Remote(remote) => remote.commit(staged, received_ns).await,
        }
    }

    /// Lets no later object have an earlier time of receipt than `received_ns`, whatever the clock says.
    ///
    /// The clock may be set back between two runs; the order in which duplicates came must not turn round.
    pub fn not_before(&self, received_ns: i64) {
        match &self.backend {
            Backend::Local(local) => local.receipts().not_before(received_ns),
            Backend::Remote(remote) => remote.receipts().not_before(received_ns),
        }
    }

    /// Whether objects can be stored now: the disk takes a file, the store answers.
    ///
    /// # Errors
    ///
    /// Why not.
    pub async fn answers(&self) -> Result<()> {
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || local.answers()).await
            }
            Backend::Remote(remote) => remote.answers().await,
        }
    }

    /// Gives every object, in no order. The times of receipt are exact in a local directory; of another store they are its
    /// own, and [`Storage::list_received`] has those of receipt.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`].
    pub async fn list(&self) -> Result<Vec<ObjectInfo>> {
        if let Some(cold) = &self.cold {
            let mut all = Box::pin(self.hot().list()).await?;
            let hot: std::collections::HashSet<Hash> = all.iter().map(|object| object.hash).collect();
            let cold = Box::pin(cold.list()).await?;
            all.extend(cold.into_iter().filter(|object| !hot.contains(&object.hash)));
            return Ok(all);
        }
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || local.list()).await
            }
            Backend::Remote(remote) => remote.list().await,
        }
    }

    /// Gives every object with its time of receipt, in no order; another store than a directory is asked about each.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`].
    pub(crate) async fn list_received(&self) -> Result<Vec<ObjectInfo>> {
        let listed = self.list().await?;
        stream::iter(listed)
            .map(|object| self.info(object.hash))
            .buffer_unordered(ASKED_AT_ONCE)
            .try_collect()
            .await
    }
}

/// Runs what waits for the disk on the threads for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = waiting::run(work).await;
    done.unwrap_or(Err(Error::Interrupted))
        .inspect_err(figures::storage_failed)
}

/// Whether bytes are those of the object.
fn is_right(expected: Hash, found: Hash) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let damaged = Error::Damaged { expected, found };
    figures::storage_failed(&damaged);
    Err(damaged)
}
