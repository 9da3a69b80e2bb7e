//! Any store behind `object_store`'s trait: what arrives waits in a local spool and is sent when it is whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

use super::hash::Hasher;
use super::staging::{self, Staged};
use super::{Committed, Error, Hash, ObjectInfo, Result};

/// Bytes of one part of an upload; S3 wants at least 5 MiB.
const PART_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    incoming: PathBuf,
    _lock: File,
}

impl Remote {
    pub(super) fn open(store: Arc<dyn ObjectStore>, spool: &Path) -> Result<Self> {
        std::fs::create_dir_all(spool)?;
        let lock = super::local::lock(spool)?;
        let incoming = spool.join("incoming");
        staging::empty(&incoming)?;
        Ok(Self {
            store,
            incoming,
            _lock: lock,
        })
    }

    pub(super) fn incoming(&self) -> &Path {
        &self.incoming
    }

    pub(super) fn key(hash: Hash) -> Key {
        Key::from(format!("objects/{:02x}/{hash}", hash.0[0]))
    }

    pub(super) async fn commit(&self, staged: Staged) -> Result<Committed> {
        let hash = staged.hash;
        let existed = match self.hash_of(hash).await {
            Ok(found) => found == hash,
            Err(Error::NotFound(_)) => false,
            Err(error) => return Err(error),
        };
        if !existed {
            self.send(staged).await?;
        }
        let object = self.info(hash).await?;
        Ok(Committed { object, existed })
    }

    async fn send(&self, mut staged: Staged) -> Result<()> {
        let key = Self::key(staged.hash);
        if staged.file.is_none() {
            let payload = PutPayload::from(std::mem::take(&mut staged.head));
            self.store
                .put(&key, payload)
                .await
                .map_err(|e| error(e, staged.hash))?;
            return Ok(());
        }
        let upload = self
            .store
            .put_multipart(&key)
            .await
            .map_err(|e| error(e, staged.hash))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let (mut at, hash) = (0, staged.hash);
        while at < staged.size {
            upload.wait_for_capacity(2).await.map_err(|e| error(e, hash))?;
            let part;
            (staged, part) = super::blocking(move || {
                let part = staged.read_at(at, PART_BYTES)?;
                Ok((staged, part))
            })
            .await?;
            if part.is_empty() {
                let _ = upload.abort().await;
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            at += part.len() as u64;
            upload.put(part.into());
        }
        upload.finish().await.map_err(|e| error(e, hash))?;
        Ok(())
    }

    pub(super) async fn remove(&self, hash: Hash) -> Result<()> {
        match self.store.delete(&Self::key(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(error(other, hash)),
        }
    }

    pub(super) async fn info(&self, hash: Hash) -> Result<ObjectInfo> {
        let meta = self
            .store
            .head(&Self::key(hash))
            .await
            .map_err(|e| error(e, hash))?;
        Ok(ObjectInfo {
            received_ns: meta.last_modified.timestamp_nanos_opt().unwrap_or(0),
            hash,
            size: meta.size,
        })
    }

    /// Reads the whole object and gives the hash of its bytes.
    pub(super) async fn hash_of(&self, hash: Hash) -> Result<Hash> {
        let found = self
            .store
            .get(&Self::key(hash))
            .await
            .map_err(|e| error(e, hash))?;
        let mut hasher = Hasher::default();
        let mut parts = found.into_stream();
        while let Some(part) = parts.try_next().await.map_err(|e| error(e, hash))? {
            hasher.update(&part);
        }
        Ok(hasher.finish())
    }

    pub(super) async fn list(&self) -> Result<Vec<ObjectInfo>> {
        let prefix = Key::from("objects");
        let mut listed = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(meta) = listed.try_next().await.map_err(Error::Store)? {
            let Some(hash) = meta.location.filename().and_then(Hash::from_hex) else {
                continue;
            };
            found.push(ObjectInfo {
                received_ns: meta.last_modified.timestamp_nanos_opt().unwrap_or(0),
                hash,
                size: meta.size,
            });
        }
        Ok(found)
    }
}

pub(super) fn error(error: object_store::Error, hash: Hash) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::NotFound(hash),
        other if is_full(&other) => Error::Full,
        other => Error::Store(other),
    }
}

/// Whether a full disk is at the end of the chain of causes.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return true;
        }
        cause = error.source();
    }
    false
}
