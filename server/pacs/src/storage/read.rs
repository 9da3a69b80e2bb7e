//! Reading: no byte is given before the whole object was hashed and found right.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use object_store::ObjectStoreExt;

use super::blocks::WHOLE_BYTES;
use super::remote::{self, Remote};
use super::{Backend, Error, Form, Hash, ObjectInfo, Result, Storage, blocking, is_right, local};

/// Bytes of one piece of a stream.
const PIECE_BYTES: u64 = 256 << 10;

/// Bytes of one piece that is verified by itself; a small object is one piece.
const VERIFIED_PIECE_BYTES: u64 = WHOLE_BYTES;

impl Storage {
    /// Gives what is known of an object without reading it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Io`], [`Error::Store`].
    pub async fn info(&self, hash: Hash) -> Result<ObjectInfo> {
        if let Some(cold) = &self.cold {
            return match Box::pin(self.hot().info(hash)).await {
                Err(Error::NotFound(_)) => Box::pin(cold.info(hash)).await,
                other => other,
            };
        }
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || local.info(hash)).await
            }
            Backend::Remote(remote) => remote.info(hash).await,
        }
    }

    /// Reads the whole object once and checks its hash.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], and as [`Storage::info`].
    pub async fn verify(&self, hash: Hash) -> Result<()> {
        if let Some(cold) = &self.cold {
            return match Box::pin(self.hot().verify(hash)).await {
                Err(Error::NotFound(_)) => Box::pin(cold.verify(hash)).await,
                other => other,
            };
        }
        let found = match &self.backend {
            Backend::Local(local) => {
                let path = local.path(Form::Received, hash);
                let hashed = blocking(move || {
                    Ok(local::hash_file(
                        &mut File::open(path).map_err(|e| not_found(e, hash))?,
                    )?)
                });
                match hashed.await {
                    Err(Error::NotFound(_)) => return self.verify_packed(hash).await,
                    other => other?,
                }
            }
            Backend::Remote(remote) => remote.hash_of(hash).await?,
        };
        is_right(hash, found)
    }

    /// Gives a whole object of at most `limit_bytes`, verified.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::Damaged`], and as [`Storage::info`].
    pub async fn read(&self, hash: Hash, limit_bytes: u64) -> Result<Bytes> {
        let bytes = self.whole(hash, limit_bytes).await?;
        let (bytes, found) = blocking(move || {
            let found = Hash::of(&bytes);
            Ok((bytes, found))
        })
        .await?;
        is_right(hash, found)?;
        Ok(bytes)
    }

    /// Gives a whole object of at most `limit_bytes` without verifying it.
    async fn whole(&self, hash: Hash, limit_bytes: u64) -> Result<Bytes> {
        // One request where the other way takes two.
        if let (Backend::Remote(remote), None) = (&self.backend, &self.cold) {
            return remote.whole(hash, limit_bytes).await;
        }
        let size = self.info(hash).await?.size;
        if size > limit_bytes {
            return Err(Error::TooLarge {
                hash,
                limit: limit_bytes,
                found: size,
            });
        }
        self.piece(hash, 0..size).await
    }

    /// Gives part of an object, after the whole was verified.
    ///
    /// A small object is read whole. Of a large one the first part costs a pass over all of it, later ones their own blocks,
    /// as long as it is remembered: a wrong byte is not given as good either way.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::Damaged`], and as [`Storage::info`].
    pub async fn range(&self, hash: Hash, range: Range<u64>) -> Result<Bytes> {
        let size = self.info(hash).await?.size;
        if range.start > range.end || range.end > size {
            return Err(Error::OutOfRange {
                hash,
                size,
                start: range.start,
                end: range.end,
            });
        }
        if size <= WHOLE_BYTES {
            let whole = self.read(hash, WHOLE_BYTES).await?;
            return Ok(whole.slice(range.start as usize..range.end as usize));
        }
        self.blocks_of(Form::Received, hash, size, range).await
    }

    /// Gives part of an object piece by piece, each verified before it is given; memory is bounded by one piece.
    ///
    /// # Errors
    ///
    /// As [`Storage::range`]; before the first piece, unless a byte turns in between.
    pub async fn pieces(
        &self,
        hash: Hash,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let first = range.start..(range.start + VERIFIED_PIECE_BYTES).min(range.end);
        let bytes = self.range(hash, first.clone()).await?;
        let storage = self.clone();
        let rest = stream::try_unfold(first.end, move |at| {
            let storage = storage.clone();
            async move {
                if at >= range.end {
                    return Ok(None);
                }
                let end = (at + VERIFIED_PIECE_BYTES).min(range.end);
                Ok(Some((storage.range(hash, at..end).await?, end)))
            }
        });
        Ok(stream::iter([Ok(bytes)]).chain(rest))
    }

    /// Gives an object piece by piece, after the whole was verified; memory is bounded by one piece.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], and as [`Storage::info`].
    pub async fn open(&self, hash: Hash) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        self.verify(hash).await?;
        let size = self.info(hash).await?.size;
        let storage = self.clone();
        Ok(stream::try_unfold(0, move |at| {
            let storage = storage.clone();
            async move {
                if at >= size {
                    return Ok(None);
                }
                let end = (at + PIECE_BYTES).min(size);
                Ok(Some((storage.piece(hash, at..end).await?, end)))
            }
        }))
    }

    /// Reads bytes without verifying them.
    pub(super) async fn piece(&self, hash: Hash, range: Range<u64>) -> Result<Bytes> {
        if let Some(cold) = &self.cold {
            return match Box::pin(self.hot().piece(hash, range.clone())).await {
                Err(Error::NotFound(_)) => Box::pin(cold.piece(hash, range.clone())).await,
                other => other,
            };
        }
        match self.file_piece(Form::Received, hash, range.clone()).await {
            Err(Error::NotFound(_)) => {
                let whole = self.unpacked(hash).await?;
                let end = whole.len().min(range.end as usize);
                Ok(whole.slice(end.min(range.start as usize)..end))
            }
            other => other,
        }
    }

    /// Reads bytes of one form without verifying them.
    pub(super) async fn file_piece(&self, form: Form, hash: Hash, range: Range<u64>) -> Result<Bytes> {
        match &self.backend {
            Backend::Local(local) => {
                let path = local.path(form, hash);
                blocking(move || {
                    let mut file = File::open(path).map_err(|e| not_found(e, hash))?;
                    let mut bytes = Vec::new();
                    file.seek(SeekFrom::Start(range.start))?;
                    file.take(range.end - range.start).read_to_end(&mut bytes)?;
                    Ok(bytes.into())
                })
                .await
            }
            Backend::Remote(_) if form == Form::Packed => Err(Error::NotFound(hash)),
            // Stores refuse an empty range.
            Backend::Remote(_) if range.is_empty() => Ok(Bytes::new()),
            Backend::Remote(remote) => remote
                .store
                .get_range(&Remote::key(hash), range)
                .await
                .map_err(|e| remote::error(e, hash)),
        }
    }

    /// Bytes of the file of one form.
    pub(super) async fn file_size(&self, form: Form, hash: Hash) -> Result<u64> {
        match &self.backend {
            Backend::Local(local) => {
                let path = local.path(form, hash);
                blocking(move || Ok(std::fs::metadata(path).map_err(|e| not_found(e, hash))?.len())).await
            }
            Backend::Remote(_) if form == Form::Packed => Err(Error::NotFound(hash)),
            Backend::Remote(remote) => Ok(remote.info(hash).await?.size),
        }
    }
}

fn not_found(error: std::io::Error, hash: Hash) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        Error::NotFound(hash)
    } else {
        error.into()
    }
}
