//! Any store behind `object_store`'s trait: what arrives waits in a local spool and is sent when it is whole.
//!
//! An object has its hash as its name, so that sending it again does no harm, and its time of receipt as metadata; a request
//! that arrives late, after the next attempt, leaves the same bytes and the time of the first attempt. Up to
//! [`PART_BYTES`] it goes in one request; a larger one in parts, which the store shows only when all are there. Parts of a
//! sender that was killed stay unseen until the store's own rule for unfinished uploads removes them.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{
    Attribute, AttributeValue, Attributes, GetOptions, GetResult, MultipartUpload, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
};
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinSet;

use super::hash::Hasher;
use super::receipt::Receipts;
use super::staging::{self, Staged};
use super::{Committed, Error, Hash, ObjectInfo, Result, answer, blocking};

/// Bytes of one part of an upload; S3 wants at least 5 MiB, and at most 10 000 parts.
const PART_BYTES: usize = 8 << 20;

/// Parts of an object on their way at once: with their size, what one upload takes of memory.
const PARTS: usize = 2;

/// The metadata that holds the time of receipt; a name that is an identifier in every language, as Azure wants.
const RECEIVED: &str = "received";

#[derive(Debug)]
pub(super) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    incoming: PathBuf,
    receipts: Receipts,
    turns: Turns,
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
            receipts: Receipts::default(),
            turns: Turns::default(),
            _lock: lock,
        })
    }

    pub(super) fn incoming(&self) -> &Path {
        &self.incoming
    }

    pub(super) fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    pub(super) fn key(hash: Hash) -> Key {
        Key::from(format!("objects/{:02x}/{hash}", hash.0[0]))
    }

    /// `received_ns` is given for what was received before, elsewhere.
    pub(super) async fn commit(&self, staged: Staged, received_ns: Option<i64>) -> Result<Committed> {
        let (hash, size) = (staged.hash, staged.size);
        let _turn = self.turns.of(hash).await;
        let damaged = match self.look(hash).await {
            Ok((object, true)) => {
                return Ok(Committed {
                    object,
                    existed: true,
                });
            }
            Ok((damaged, false)) => Some(damaged.received_ns),
            Err(Error::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let received_ns = received_ns.or(damaged).unwrap_or_else(|| self.receipts.next_ns());
        self.send(staged, received_ns).await?;
        // The store said yes; that it has as many bytes is seen for oneself.
        let found = self.info(hash).await?.size;
        if found != size {
            return Err(Error::Incomplete {
                hash,
                expected: size,
                found,
            });
        }
        Ok(Committed {
            object: ObjectInfo {
                received_ns,
                hash,
                size,
            },
            existed: false,
        })
    }

    async fn send(&self, mut staged: Staged, received_ns: i64) -> Result<()> {
        let (hash, key) = (staged.hash, Self::key(staged.hash));
        if staged.size > PART_BYTES as u64 {
            return self.send_parts(staged, received_ns).await;
        }
        let bytes = if staged.file.is_none() {
            staged.head.take()
        } else {
            part(staged, 0).await?.1
        };
        let options = PutOptions {
            attributes: attributes(received_ns),
            ..PutOptions::default()
        };
        let sent = self.store.put_opts(&key, PutPayload::from(bytes), options).await;
        sent.map_err(|e| error(e, hash))?;
        Ok(())
    }

    async fn send_parts(&self, staged: Staged, received_ns: i64) -> Result<()> {
        let hash = staged.hash;
        let options = PutMultipartOptions {
            attributes: attributes(received_ns),
            ..PutMultipartOptions::default()
        };
        let upload = self.store.put_multipart_opts(&Self::key(hash), options).await;
        let mut upload = upload.map_err(|e| error(e, hash))?;
        let mut sent = put_parts(staged, upload.as_mut()).await;
        if sent.is_ok() {
            sent = upload.complete().await.map(|_| ()).map_err(|e| error(e, hash));
        }
        if sent.is_err() {
            // The sender need not wait for it, least of all on a store that does not answer.
            tokio::spawn(async move { upload.abort().await });
        }
        sent
    }

    pub(super) async fn remove(&self, hash: Hash) -> Result<()> {
        match self.store.delete(&Self::key(hash)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(error(other, hash)),
        }
    }

    pub(super) async fn info(&self, hash: Hash) -> Result<ObjectInfo> {
        let options = GetOptions::default().with_head(true);
        let found = self.store.get_opts(&Self::key(hash), options).await;
        Ok(info(hash, &found.map_err(|e| error(e, hash))?))
    }

    /// Reads the whole object and gives the hash of its bytes.
    pub(super) async fn hash_of(&self, hash: Hash) -> Result<Hash> {
        hash_bytes(self.get(hash).await?, hash).await
    }

    /// What is there under this name, and whether its bytes are right.
    async fn look(&self, hash: Hash) -> Result<(ObjectInfo, bool)> {
        let found = self.get(hash).await?;
        let object = info(hash, &found);
        Ok((object, hash_bytes(found, hash).await? == hash))
    }

    /// The whole object, not verified, where it has at most so many bytes.
    pub(super) async fn whole(&self, hash: Hash, limit_bytes: u64) -> Result<Bytes> {
        let found = self.get(hash).await?;
        if found.meta.size > limit_bytes {
            return Err(Error::TooLarge {
                hash,
                limit: limit_bytes,
                found: found.meta.size,
            });
        }
        found.bytes().await.map_err(|e| error(e, hash))
    }

    async fn get(&self, hash: Hash) -> Result<GetResult> {
        let found = self.store.get(&Self::key(hash)).await;
        found.map_err(|e| error(e, hash))
    }

    /// The times of receipt are those of the listing: the store's own.
    pub(super) async fn list(&self) -> Result<Vec<ObjectInfo>> {
        let prefix = Key::from("objects");
        let mut listed = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(meta) = listed.try_next().await.map_err(Error::store)? {
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

    /// Asks for a name that nobody has: the store answers, and lets us in.
    pub(super) async fn answers(&self) -> Result<()> {
        let nobody = Key::from("check");
        let asked = self.store.list(Some(&nobody)).try_next().await;
        asked.map(|_| ()).map_err(Error::store)
    }
}

/// Sends all parts, a few at a time.
async fn put_parts(mut staged: Staged, upload: &mut dyn MultipartUpload) -> Result<()> {
    let (hash, size) = (staged.hash, staged.size);
    let mut sending = JoinSet::new();
    let mut at = 0;
    while at < size {
        if sending.len() >= PARTS {
            sent(&mut sending, hash).await?;
        }
        let bytes;
        (staged, bytes) = part(staged, at).await?;
        if bytes.is_empty() {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        at += bytes.len() as u64;
        sending.spawn(upload.put_part(bytes.into()));
    }
    while !sending.is_empty() {
        sent(&mut sending, hash).await?;
    }
    Ok(())
}

/// Waits for one part.
async fn sent(sending: &mut JoinSet<object_store::Result<()>>, hash: Hash) -> Result<()> {
    match sending.join_next().await {
        None | Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(failed))) => Err(error(failed, hash)),
        Some(Err(_)) => Err(Error::Interrupted),
    }
}

async fn part(mut staged: Staged, at: u64) -> Result<(Staged, Vec<u8>)> {
    blocking(move || {
        let part = staged.read_at(at, PART_BYTES)?;
        Ok((staged, part))
    })
    .await
}

fn attributes(received_ns: i64) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(
        Attribute::Metadata(RECEIVED.into()),
        AttributeValue::from(received_ns.to_string()),
    );
    attributes
}

/// What other programs brought lacks our metadata; then the store's time stands.
fn info(hash: Hash, found: &GetResult) -> ObjectInfo {
    let received = found.attributes.get(&Attribute::Metadata(RECEIVED.into()));
    let received_ns = received.and_then(|value| value.parse().ok());
    ObjectInfo {
        received_ns: received_ns
            .unwrap_or_else(|| found.meta.last_modified.timestamp_nanos_opt().unwrap_or(0)),
        hash,
        size: found.meta.size,
    }
}

async fn hash_bytes(found: GetResult, hash: Hash) -> Result<Hash> {
    let mut hasher = Hasher::default();
    let mut parts = found.into_stream();
    while let Some(part) = parts.try_next().await.map_err(|e| error(e, hash))? {
        hasher.update(&part);
    }
    Ok(hasher.finish())
}

pub(super) fn error(error: object_store::Error, hash: Hash) -> Error {
    match error {
        // Where the whole bucket is gone, nothing is said of the object.
        object_store::Error::NotFound { .. } if !answer::is_no_bucket(&error) => Error::NotFound(hash),
        other => Error::store(other),
    }
}

/// One writer at a time of the same bytes: the first one's time of receipt stands.
#[derive(Debug, Default)]
struct Turns(Mutex<HashMap<Hash, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    async fn of(&self, hash: Hash) -> OwnedMutexGuard<()> {
        let turn = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, turn| turn.strong_count() > 0);
            let waiting = all.get(&hash).and_then(Weak::upgrade);
            let turn = waiting.unwrap_or_default();
            all.insert(hash, Arc::downgrade(&turn));
            turn
        };
        turn.lock_owned().await
    }
}
