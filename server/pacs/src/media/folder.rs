//! A tree as files in a folder, for a stick; a zip or the image of a disc as one file.

use std::path::Path;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use super::tree::pieces;
use super::{Error, Result, Tree};
use crate::storage::Storage;

/// Writes a tree below a folder that is empty or not there yet, each file brought to the disk.
///
/// # Errors
///
/// [`Error::NotEmpty`], [`Error::Storage`] for an object that cannot be read or is damaged, [`Error::Io`]. What was written
/// until then stays.
pub async fn write_folder(storage: &Storage, tree: &Tree, folder: &Path) -> Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    if tokio::fs::read_dir(folder).await?.next_entry().await?.is_some() {
        return Err(Error::NotEmpty);
    }
    for file in &tree.files {
        let path = folder.join(&file.path);
        if let Some(above) = path.parent() {
            tokio::fs::create_dir_all(above).await?;
        }
        let mut to = tokio::fs::File::create_new(&path).await?;
        let mut pieces = pieces(storage, &file.content).await?;
        while let Some(piece) = pieces.next().await {
            to.write_all(&piece?).await?;
        }
        to.sync_all().await?;
    }
    Ok(())
}

/// Writes what a zip or a disc's image gives into a new file, and brings it to the disk. A file that is not whole is removed.
///
/// # Errors
///
/// That of the stream, and [`Error::Io`], also where the file is there already.
pub async fn write_file(mut pieces: impl Stream<Item = Result<Bytes>> + Unpin, path: &Path) -> Result<()> {
    let mut to = tokio::fs::File::create_new(path).await?;
    let written = async {
        while let Some(piece) = pieces.next().await {
            to.write_all(&piece?).await?;
        }
        Ok(to.sync_all().await?)
    };
    let written = written.await;
    if written.is_err() {
        let _ = tokio::fs::remove_file(path).await;
    }
    written
}
