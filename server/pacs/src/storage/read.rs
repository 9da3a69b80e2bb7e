//! Reading: no byte is given before the whole object was hashed and found right.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use object_store::ObjectStoreExt;

use super::remote::{self, Remote};
use super::{Backend, Error, Hash, ObjectInfo, Result, Storage, blocking, local};

/// Bytes of one piece of a stream.
const PIECE_BYTES: u64 = 256 << 10;

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
                let path = local.path(hash);
                blocking(move || local::info(hash, &std::fs::metadata(path).map_err(|e| not_found(e, hash))?))
                    .await
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
                let path = local.path(hash);
                blocking(move || {
                    Ok(local::hash_file(
                        &mut File::open(path).map_err(|e| not_found(e, hash))?,
                    )?)
                })
                .await?
            }
            Backend::Remote(remote) => remote.hash_of(hash).await?,
        };
        if found == hash {
            Ok(())
        } else {
            Err(Error::Damaged {
                expected: hash,
                found,
            })
        }
    }

    /// Gives a whole object of at most `limit_bytes`, verified.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`], [`Error::Damaged`], and as [`Storage::info`].
    pub async fn read(&self, hash: Hash, limit_bytes: u64) -> Result<Bytes> {
        let size = self.info(hash).await?.size;
        if size > limit_bytes {
            return Err(Error::TooLarge {
                hash,
                limit: limit_bytes,
                found: size,
            });
        }
        let bytes = self.piece(hash, 0..size).await?;
        let (bytes, found) = blocking(move || {
            let found = Hash::of(&bytes);
            Ok((bytes, found))
        })
        .await?;
        if found == hash {
            Ok(bytes)
        } else {
            Err(Error::Damaged {
                expected: hash,
                found,
            })
        }
    }

    /// Gives part of an object, after the whole was verified.
    ///
    /// The object is read twice, the second time from the system's cache: a wrong byte must not be given as good.
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
        self.verify(hash).await?;
        self.piece(hash, range).await
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
    async fn piece(&self, hash: Hash, range: Range<u64>) -> Result<Bytes> {
        if let Some(cold) = &self.cold {
            return match Box::pin(self.hot().piece(hash, range.clone())).await {
                Err(Error::NotFound(_)) => Box::pin(cold.piece(hash, range.clone())).await,
                other => other,
            };
        }
        match &self.backend {
            Backend::Local(local) => {
                let local = Arc::clone(local);
                blocking(move || {
                    let mut file = File::open(local.path(hash)).map_err(|e| not_found(e, hash))?;
                    let mut bytes = Vec::new();
                    file.seek(SeekFrom::Start(range.start))?;
                    file.take(range.end - range.start).read_to_end(&mut bytes)?;
                    Ok(bytes.into())
                })
                .await
            }
            // Stores refuse an empty range.
            Backend::Remote(_) if range.is_empty() => Ok(Bytes::new()),
            Backend::Remote(remote) => remote
                .store
                .get_range(&Remote::key(hash), range)
                .await
                .map_err(|e| remote::error(e, hash)),
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
