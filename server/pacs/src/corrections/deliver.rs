//! The one way on which objects leave: verified, then with what stands in place of wrong values.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::overlay::{self, Overlay};
use crate::index::{self, NewCorrection, NewMerge, Scope};
use crate::services::Archive;
use crate::storage::{self, Hash, Storage};

/// Largest object that is given from memory.
const MAX_OBJECT_BYTES: u64 = 4 << 30;

/// Series whose first object a correction is tried on before it is made.
const MAX_SAMPLES: usize = 200;

/// Why an object was not given, or a correction not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Storage could not give it.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The index failed, or refuses the correction.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The new values cannot be laid over the object.
    #[error(transparent)]
    Overlay(#[from] overlay::Error),
    /// Laying over ended without an answer.
    #[error("the object could not be given")]
    Interrupted,
}

/// Bytes of an object that its head is looked for in first; four times as many until it is found.
const HEAD_BYTES: u64 = 256 << 10;

/// An object as it leaves: with what is laid over it before its pixels, and behind that as it is stored. Only the head is in
/// memory, but of objects without pixels and of deflated ones all.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    hash: Hash,
    head: Bytes,
    /// What of the stored object comes behind the head.
    tail: Range<u64>,
}

/// Bytes that follow one another.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = storage::Result<Bytes>> + Send>>;

impl Outgoing {
    /// Lays overlays over an object of `size` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`], [`Error::Overlay`].
    pub(crate) async fn of(
        storage: &Storage,
        hash: Hash,
        size: u64,
        overlays: &Arc<[Overlay]>,
    ) -> Result<Self, Error> {
        if overlays.is_empty() {
            return Ok(Self {
                hash,
                head: Bytes::new(),
                tail: 0..size,
            });
        }
        let mut length = HEAD_BYTES;
        while length < size.min(MAX_OBJECT_BYTES) {
            let (first, laid) = (storage.range(hash, 0..length).await?, Arc::clone(overlays));
            let work = move || overlay::apply_to_head(first, &laid);
            let made = tokio::task::spawn_blocking(work).await;
            if let Some((head, end)) = made.map_err(|_| Error::Interrupted)?? {
                let tail = end as u64..size;
                return Ok(Self { hash, head, tail });
            }
            length *= 4;
        }
        let head = laid_over(storage.read(hash, MAX_OBJECT_BYTES).await?, overlays).await?;
        let tail = size..size;
        Ok(Self { hash, head, tail })
    }

    /// Bytes of it.
    pub(crate) fn size(&self) -> u64 {
        self.head.len() as u64 + self.tail.end - self.tail.start
    }

    /// Whether these are the bytes of the stored object.
    pub(crate) fn is_as_stored(&self) -> bool {
        self.head.is_empty()
    }

    /// A part of it: what is in the head, and what of the stored object.
    fn parts(&self, range: &Range<u64>) -> (Bytes, Range<u64>) {
        let length = self.head.len() as u64;
        let head = range.start.min(length) as usize..range.end.min(length) as usize;
        let stored = |at: u64| at.saturating_sub(length) + self.tail.start;
        (self.head.slice(head), stored(range.start)..stored(range.end))
    }

    /// Gives part of it, verified.
    ///
    /// # Errors
    ///
    /// As [`Storage::range`].
    pub(crate) async fn range(&self, storage: &Storage, range: Range<u64>) -> storage::Result<Bytes> {
        let (head, stored) = self.parts(&range);
        if stored.is_empty() && !range.is_empty() {
            return Ok(head);
        }
        let rest = storage.range(self.hash, stored).await?;
        if head.is_empty() {
            return Ok(rest);
        }
        Ok([head, rest].concat().into())
    }

    /// Gives all of it in memory.
    ///
    /// # Errors
    ///
    /// As [`Storage::read`].
    pub(crate) async fn read(&self, storage: &Storage) -> storage::Result<Bytes> {
        if self.is_as_stored() {
            return storage.read(self.hash, self.size()).await;
        }
        self.range(storage, 0..self.size()).await
    }

    /// Gives all of it piece by piece, verified before the first.
    ///
    /// # Errors
    ///
    /// As [`Storage::open`].
    pub(crate) async fn open(&self, storage: &Storage) -> storage::Result<Pieces> {
        if self.is_as_stored() {
            return Ok(Box::pin(storage.open(self.hash).await?));
        }
        Ok(Box::pin(self.pieces(storage, 0..self.size()).await?))
    }

    /// Gives part of it piece by piece, each verified before it is given.
    ///
    /// # Errors
    ///
    /// As [`Storage::pieces`].
    pub(crate) async fn pieces(
        &self,
        storage: &Storage,
        range: Range<u64>,
    ) -> storage::Result<impl Stream<Item = storage::Result<Bytes>> + Send + 'static> {
        let (head, stored) = self.parts(&range);
        let rest = if stored.is_empty() && !head.is_empty() {
            None
        } else {
            Some(storage.pieces(self.hash, stored).await?)
        };
        let head = (!head.is_empty()).then_some(Ok(head));
        Ok(stream::iter(head).chain(stream::iter(rest).flatten()))
    }
}

/// Lays overlays over a whole object.
///
/// # Errors
///
/// [`Error::Overlay`].
pub(crate) async fn laid_over(bytes: Bytes, overlays: &Arc<[Overlay]>) -> Result<Bytes, Error> {
    if overlays.is_empty() {
        return Ok(bytes);
    }
    let overlays = Arc::clone(overlays);
    let laid = tokio::task::spawn_blocking(move || overlay::apply(bytes, &overlays));
    Ok(laid.await.map_err(|_| Error::Interrupted)??)
}

impl Archive {
    /// Gives an object for somebody outside: verified, with corrections and the identity of a merged patient laid over it, or,
    /// to whom may see it, as it was received.
    ///
    /// # Errors
    ///
    /// [`Error`]; [`Error::Overlay`] when it can be given as received only.
    pub async fn read_for_delivery(&self, hash: Hash, as_original: bool) -> Result<Bytes, Error> {
        let bytes = self.storage().read(hash, MAX_OBJECT_BYTES).await?;
        if as_original {
            return Ok(bytes);
        }
        laid_over(bytes, &self.index().overlays(hash).await?.into()).await
    }

    /// As [`Archive::read_for_delivery`], without holding all of it.
    ///
    /// # Errors
    ///
    /// As [`Archive::read_for_delivery`].
    pub(crate) async fn outgoing(&self, hash: Hash) -> Result<Outgoing, Error> {
        let size = self.storage().info(hash).await?.size;
        let overlays = self.index().overlays(hash).await?.into();
        Outgoing::of(self.storage(), hash, size, &overlays).await
    }

    /// Makes a correction after it was tried on the first object of each series it is for (of 200 series at most), so that
    /// what cannot be given is refused when somebody can still say otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Overlay`] when it cannot be laid over an object, and as [`crate::index::Index::correct`].
    pub async fn correct(&self, new: &NewCorrection) -> Result<i64, Error> {
        for hash in self
            .index()
            .samples(&new.scope, new.custodian, MAX_SAMPLES)
            .await?
        {
            let bytes = self.read_for_delivery(hash, false).await?;
            let overlays = [Overlay {
                changes: new.changes.clone(),
                keeps_identifier: false,
                at_ns: new.at_ns,
                reason: overlay::Reason::Correct,
            }];
            laid_over(bytes, &overlays.into()).await?;
        }
        Ok(self.index().correct(new).await?)
    }

    /// Merges a patient into another after it was tried as [`Archive::correct`] tries.
    ///
    /// # Errors
    ///
    /// [`Error::Overlay`] when the other's identity cannot be laid over an object, and as [`crate::index::Index::merge`].
    pub async fn merge(&self, new: &NewMerge) -> Result<i64, Error> {
        if let Some(overlay) = self.index().merged_into(&new.into, new.custodian).await? {
            let overlays: Arc<[Overlay]> = [overlay].into();
            let scope = Scope::Patient(new.from.clone());
            for hash in self.index().samples(&scope, new.custodian, MAX_SAMPLES).await? {
                let bytes = self.read_for_delivery(hash, false).await?;
                laid_over(bytes, &overlays).await?;
            }
        }
        Ok(self.index().merge(new).await?)
    }
}
