//! The archive as this program runs it: opened in a data folder, reached over HTTP and DICOM, watched.
//!
//! What it does is in the crate `pacs`; here stand the folder, the listeners, health and metrics.

mod audit_repository;
pub mod backup;
mod description;
mod folders;
mod health;
mod jobs;
mod log;
mod marks;
mod messages;
mod serve;
pub mod site;
mod upgrade;
mod watched;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, ensure};
use pacs::fast::KeptFrames;
use pacs::index::{Index, Place};
use pacs::ingest::Ingest;
use pacs::retention::Policy;
use pacs::services::Archive;
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
    let storage = open_storage(config).await?;
    let index = open_index(config).await?;
    let limits = pacs::ingest::Limits {
        object_bytes: config.limits.object_bytes,
        ..pacs::ingest::Limits::default()
    };
    let ingest = Ingest::new(storage.clone(), index.clone(), limits).await?;
    let retention = Policy::new(
        config.retention.out_patient_years,
        config.retention.in_patient_years,
    )?;
    let archive = Archive::new(ingest, index, storage, &config.dicom.ae_title, HashMap::new());
    let archive = archive.with_retention(retention);
    let archive = match &config.dicom.tls_authority {
        None => archive,
        Some(path) => archive.with_tls(pacs::tls::connector(path).context("dicom.tls_authority")?),
    };
    if config.viewer.kept_bytes == 0 {
        return Ok(archive);
    }
    let folder = data.join("viewer");
    let kept = KeptFrames::open(&folder, config.viewer.kept_bytes).with_context(|| {
        format!(
            "what is kept for viewers in {} cannot be opened",
            folder.display()
        )
    })?;
    Ok(archive.with_kept_frames(kept))
}

/// Opens where objects lie.
async fn open_storage(config: &Config) -> anyhow::Result<Storage> {
    let data = &config.data;
    let objects = data.join("objects");
    let storage = match &config.storage.main {
        None => Storage::local(&objects)
            .with_context(|| format!("the archive in {} cannot be opened", data.display()))?,
        Some(place) => {
            ensure!(
                !has_objects(&objects),
                "storage.main: expected no objects in {} beside another place for them, found some",
                objects.display()
            );
            place.open(&data.join("spool")).await.context("storage.main")?
        }
    };
    match &config.storage.cold {
        None => Ok(storage),
        Some(place) => {
            let cold = place
                .open(&data.join("cold-spool"))
                .await
                .context("storage.cold")?;
            Ok(storage.with_cold(cold))
        }
    }
}

/// Whether the data folder itself holds objects: another place would hide them.
fn has_objects(objects: &Path) -> bool {
    let below = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    below(&objects.join("objects")).any(|folder| below(&folder.path()).next().is_some())
}

/// Opens the index alone, which several processes may do: lists that are read live are changed so. A database of a version
/// before is saved as it was, and brought to this one's schema.
///
/// # Errors
///
/// When its disk fails, or it was made by a later version and this one cannot go on with it.
pub async fn open_index(config: &Config) -> anyhow::Result<Index> {
    let data = &config.data;
    std::fs::create_dir_all(data)
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    upgrade::prepare(config).await?;
    let index = Index::open(&place(config)?).await.with_context(|| {
        format!(
            "the index of the archive in {} cannot be opened",
            config.data.display()
        )
    })?;
    upgrade::finish(&index).await?;
    Ok(index)
}

/// Where the index is.
pub(crate) fn place(config: &Config) -> anyhow::Result<Place> {
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

/// What a database is called in a manifest, and its file beside it.
fn database_file(place: &Place) -> (&'static str, &'static str) {
    match place {
        Place::Sqlite(_) => ("sqlite", "index.sqlite"),
        Place::Postgres(_) => ("postgres", "database.dump"),
    }
}

/// Whether a file of tokens lets anybody in.
fn has_tokens(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}
