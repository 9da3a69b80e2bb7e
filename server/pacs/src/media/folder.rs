//! A tree as files in a folder: a stick, or what an image of a disc is burnt from.

use std::path::Path;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::{Content, Error, Result, Tree};
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
        match &file.content {
            Content::Bytes(bytes) => to.write_all(bytes).await?,
            Content::Object { hash, .. } => {
                let mut pieces = std::pin::pin!(storage.open(*hash).await?);
                while let Some(piece) = pieces.next().await {
                    to.write_all(&piece?).await?;
                }
            }
        }
        to.sync_all().await?;
    }
    Ok(())
}
