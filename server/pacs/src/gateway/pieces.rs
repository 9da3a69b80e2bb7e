//! Pieces of objects that are on their way to the cloud end, as files until the object is whole.
//!
//! `pieces/<who, hashed>/<object's hash>/<offset>`. A piece has its name only when all its bytes came; what a loss of
//! power left of it shows in the object's hash. So pieces need no fsync and no rows: what lies there is what there is.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncWriteExt;

use crate::access::Principal;
use crate::http::{Error, Result};
use crate::storage::{Hash, Storage};

/// Bytes of one piece at most.
pub(super) const PIECE_BYTES: u64 = 8 << 20;
/// Objects that one device may have under way at once.
const OBJECTS: usize = 256;
/// How long an object may lie without a new piece, once there are too many.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The pieces of one object from one device.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    folder: PathBuf,
}

/// One piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl Pieces {
    pub(super) fn new(storage: &Storage, who: &Principal, object: Hash) -> Self {
        let device = Hash::of(who.actor().as_bytes());
        let folder = storage
            .pieces_folder()
            .join(device.to_string())
            .join(object.to_string());
        Self { folder }
    }

    /// Keeps a piece. One that is there is replaced: a piece that is sent again is the same.
    pub(super) async fn put(&self, offset: u64, body: axum::body::Body) -> Result<()> {
        self.make_room().await?;
        // A name of its own: the same piece may come twice at once.
        let coming = self
            .folder
            .join(format!("{offset}.{:08x}", getrandom::u32().unwrap_or(0)));
        let written = write(&coming, body).await;
        let named = match written {
            Ok(()) => {
                let named = tokio::fs::rename(&coming, self.folder.join(offset.to_string())).await;
                named.map_err(|error| io(&error))
            }
            Err(error) => Err(error),
        };
        if named.is_err() {
            let _ = tokio::fs::remove_file(&coming).await;
        }
        named
    }

    async fn make_room(&self) -> Result<()> {
        if tokio::fs::try_exists(&self.folder)
            .await
            .map_err(|error| io(&error))?
        {
            return Ok(());
        }
        let folder = self.folder.clone();
        let made = tokio::task::spawn_blocking(move || make(&folder));
        made.await.map_err(|_| Error::Internal)?
    }

    /// The pieces that are there, by offset.
    pub(super) async fn list(&self) -> Result<Vec<Piece>> {
        let mut found = Vec::new();
        let mut entries = match tokio::fs::read_dir(&self.folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(io(&error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(|error| io(&error))? {
            let Some(offset) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if let Ok(metadata) = entry.metadata().await {
                found.push(Piece {
                    offset,
                    size: metadata.len(),
                });
            }
        }
        found.sort_by_key(|piece| piece.offset);
        Ok(found)
    }

    pub(super) async fn open(&self, piece: Piece) -> Result<tokio::fs::File> {
        tokio::fs::File::open(self.folder.join(piece.offset.to_string()))
            .await
            .map_err(|error| io(&error))
    }

    /// Forgets the object.
    pub(super) async fn remove(&self) {
        let _ = tokio::fs::remove_dir_all(&self.folder).await;
    }
}

async fn write(path: &Path, body: axum::body::Body) -> Result<()> {
    use futures_util::StreamExt;
    let mut file = tokio::fs::File::create(path).await.map_err(|error| io(&error))?;
    let mut stream = body.into_data_stream();
    let mut size = 0;
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|_| Error::BadRequest("the piece did not come whole".to_owned()))?;
        size += bytes.len() as u64;
        if size > PIECE_BYTES {
            return Err(Error::TooLarge {
                what: "piece",
                limit: PIECE_BYTES,
            });
        }
        file.write_all(&bytes).await.map_err(|error| io(&error))?;
    }
    if size == 0 {
        return Err(Error::BadRequest("expected a piece, found no bytes".to_owned()));
    }
    file.flush().await.map_err(|error| io(&error))
}

/// Makes the folder of an object, where the device has not too many.
fn make(folder: &Path) -> Result<()> {
    let device = folder.parent().ok_or(Error::Internal)?;
    std::fs::create_dir_all(device).map_err(|error| io(&error))?;
    let mut objects: Vec<std::fs::DirEntry> = entries(device)?;
    if objects.len() >= OBJECTS {
        let now = SystemTime::now();
        let is_stale = |entry: &std::fs::DirEntry| {
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > STALE))
        };
        for entry in objects.iter().filter(|entry| is_stale(entry)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
        objects = entries(device)?;
    }
    if objects.len() >= OBJECTS {
        return Err(Error::TooMany);
    }
    std::fs::create_dir_all(folder).map_err(|error| io(&error))
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>> {
    let entries = std::fs::read_dir(folder).map_err(|error| io(&error))?;
    Ok(entries.flatten().collect())
}

fn io(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => {
            tracing::error!(%error, "pieces cannot be kept");
            Error::Internal
        }
    }
}
