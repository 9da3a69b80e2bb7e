//! The archive as this program runs it: opened in a data folder, reached over HTTP and DICOM, watched.
//!
//! What it does is in the crate `pacs`; here stand the folder, the listeners, health and metrics.

mod health;
mod log;
mod marks;
mod serve;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use pacs::access::{Authorize, Open, TokenFile};
use pacs::index::{Index, Place};
use pacs::ingest::Ingest;
use pacs::services::{Archive, Destination};
use pacs::storage::Storage;

pub use log::start as start_log;
pub use serve::serve;

use crate::config::Config;

/// Opens the archive of a data folder, making it where it is absent.
///
/// # Errors
///
/// When another process has it, its disk fails, or its index was made by a later version.
pub async fn open(config: &Config) -> anyhow::Result<Archive> {
    let data = &config.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let storage = Storage::local(&data.join("objects"))
        .with_context(|| format!("the archive in {} cannot be opened", data.display()))?;
    let index = open_index(config).await?;
    let limits = pacs::ingest::Limits {
        object_bytes: config.limits.object_bytes,
        ..pacs::ingest::Limits::default()
    };
    let ingest = Ingest::new(storage.clone(), index.clone(), limits).await?;
    let destinations: HashMap<String, Destination> = config
        .dicom
        .peers
        .iter()
        .filter_map(|(title, peer)| {
            let destination = Destination {
                address: peer.address.clone()?,
                ae_title: title.clone(),
            };
            Some((title.clone(), destination))
        })
        .collect();
    Ok(Archive::new(
        ingest,
        index,
        storage,
        &config.dicom.ae_title,
        destinations,
    ))
}

/// Opens the index alone, also while the archive is served: for rows that stand beside the objects.
///
/// # Errors
///
/// When the database cannot be reached, or was made by a later version.
pub async fn open_index(config: &Config) -> anyhow::Result<Index> {
    let data = &config.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    Index::open(&place(config)?)
        .await
        .with_context(|| format!("the index of the archive in {} cannot be opened", data.display()))
}

/// Where the index is.
fn place(config: &Config) -> anyhow::Result<Place> {
    match &config.index.postgres_url_file {
        None => Ok(Place::Sqlite(config.data.join("index.sqlite"))),
        Some(path) => {
            let url = std::fs::read_to_string(path).with_context(|| {
                format!(
                    "cannot read the file of index.postgres_url_file, {}",
                    path.display()
                )
            })?;
            Ok(Place::Postgres(url.trim().to_owned()))
        }
    }
}

/// Who may do what over HTTP.
fn authorize(config: &Config, is_open: bool) -> anyhow::Result<Arc<dyn Authorize>> {
    if is_open {
        return Ok(Arc::new(Open));
    }
    Ok(Arc::new(TokenFile::open(&config.tokens())?))
}

/// Whether a file of tokens lets anybody in.
fn has_tokens(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}
