//! Before a new version changes a database that holds data, it is saved as it was; a database of a later version is gone on
//! with, or refused with what can be done.
//!
//! ```text
//! DATA/upgrades/2026-03-01T02-30-00-000Z/   the last two are kept
//!     manifest.json                         its schemas, and those that it was about to be given
//!     index.sqlite, or database.dump
//! ```

use std::path::Path;

use anyhow::{Context, bail};
use database::Database;
use database::schema::Stage;
use pacs::clock::now_ns;
use pacs::index::{Index, Place};

use super::folders::{name, only_ours, remove, sync};
use super::{database_file, place};
use crate::config::Config;

/// Copies that are kept.
const KEPT: usize = 2;

/// Looks at a database before anything opens it, and saves it where its schema is about to be changed.
///
/// # Errors
///
/// A later version's database with which this version cannot go on; one that cannot be read, or saved.
pub(super) async fn prepare(config: &Config) -> anyhow::Result<()> {
    let place = place(config)?;
    if matches!(&place, Place::Sqlite(path) if !path.exists()) {
        return Ok(());
    }
    let stages = stages(&place).await.context("the database cannot be opened")?;
    let folder = config.data.join("upgrades");
    if let Some(stage) = stages.iter().find(|stage| !stage.is_usable()) {
        bail!(
            "the database was upgraded by a later version, and this one cannot go on with it ({} is {}, expected at most {}): \
             start the later version, or put back the copy that it saved in {}",
            stage.table,
            stage.found,
            stage.known,
            folder.display()
        );
    }
    if stages.iter().any(Stage::is_newer) {
        tracing::warn!("the database was upgraded by a later version; this one goes on with it");
    }
    if !stages.iter().any(Stage::is_older) {
        return Ok(());
    }
    if !config.index.copy_before_upgrade {
        tracing::warn!("the database is upgraded without a copy of it, as index.copy_before_upgrade says");
        return Ok(());
    }
    tracing::info!(folder = %folder.display(), "the database is saved before it is upgraded");
    save(&place, &stages, &folder).await.with_context(|| {
        format!(
            "the database cannot be saved in {} before it is upgraded; back it up in another way, and say \
             index.copy_before_upgrade = false to go on without",
            folder.display()
        )
    })
}

/// Brings the platform's tables to this version's schema where they are there: a copy is of all parts as they were, and is not
/// made again for a part that was left behind.
///
/// # Errors
///
/// The database's.
pub(super) async fn finish(index: &Index) -> anyhow::Result<()> {
    let database = index.readers();
    if platform::SCHEMA.stage(database).await?.is_older() {
        let migrated = platform::SCHEMA.migrate(database).await;
        migrated.context("the tables of the platform")?;
    }
    Ok(())
}

/// How far each part of the database is.
async fn stages(place: &Place) -> Result<[Stage; 3], database::Error> {
    let database = Database::open(place, 1).await?;
    Ok([
        journal::SCHEMA.stage(&database).await?,
        pacs::index::SCHEMA.stage(&database).await?,
        platform::SCHEMA.stage(&database).await?,
    ])
}

async fn save(place: &Place, stages: &[Stage], folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    only_ours(folder)?;
    let unfinished = folder.join(".unfinished");
    remove(&unfinished)?;
    std::fs::create_dir(&unfinished)?;
    let saved_ns = now_ns();
    let (kind, file) = database_file(place);
    let saved = database::copy::save(place, &unfinished.join(file)).await;
    if saved.is_err() {
        remove(&unfinished)?;
    }
    saved?;
    let schemas = stages.iter().map(|stage| {
        let from_to = serde_json::json!({ "from": stage.found, "to": stage.known });
        (stage.table.to_owned(), from_to)
    });
    let manifest = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"), "database": kind, "saved_ns": saved_ns,
        "schemas": schemas.collect::<serde_json::Map<_, _>>(),
    });
    std::fs::write(
        unfinished.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    sync(&unfinished)?;
    std::fs::rename(&unfinished, folder.join(name(saved_ns)))?;
    std::fs::File::open(folder)?.sync_all()?;
    prune(folder)
}

/// Removes all copies but the newest.
fn prune(folder: &Path) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let mut copies: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    copies.sort();
    for copy in copies.iter().rev().skip(KEPT) {
        remove(copy)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    /// The last schemas of what was released: the journal's, the archive's, the platform's. A release adds its row.
    const RELEASED: &[(&str, [i64; 3])] = &[("0.1.0", [1, 12, 7])];

    #[test]
    fn the_version_before_can_go_on_with_this_ones_database() {
        let (version, last) = RELEASED.last().unwrap();
        let schemas = [
            (journal::SCHEMA.compatible_from, journal::SCHEMA.check()),
            (pacs::index::SCHEMA.compatible_from, pacs::index::SCHEMA.check()),
            (platform::SCHEMA.compatible_from, platform::SCHEMA.check()),
        ];
        for ((compatible_from, only_adds), last) in schemas.into_iter().zip(last) {
            assert!(
                compatible_from <= *last,
                "{version} cannot go on: {compatible_from}"
            );
            only_adds.unwrap();
        }
    }
}
