//! Backups: the objects once, and beside them everything else as it stood at several moments.
//!
//! ```text
//! BACKUP/objects/                       every object of every moment, by its hash
//! BACKUP/points/2026-03-01T02-30-00Z/   one moment
//!     manifest.json                     what it holds, with the SHA-256 of each file
//!     index.sqlite, or database.dump    the database
//!     objects.bin                       the objects that it knows, 32 bytes each
//!     journal-heads.jsonl  journal-removed/  tokens.toml  keys/
//! ```
//!
//! It is made while the archive is served. Objects are copied, the database is saved in one moment, what came meanwhile is
//! copied; a point appears under its name when all of it is on the disk. Whoever has the folder has the patients' images and
//! the site's keys: it is to be kept like the data folder. A backup in a bucket has the same in other places: see
//! `points`.

mod daily;
mod manifest;
mod points;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use journal::heads::Heads;
use pacs::backup::{self as objects, Copied};
use pacs::clock::now_ns;
use pacs::storage::{Hash, Place as ObjectPlace, Storage};
use platform::jobs::{Progress, tell_of_backup};

pub(super) use daily::Daily;
pub use manifest::Manifest;
use manifest::{FORMAT, MANIFEST};
use points::{OBJECTS, Points, read_objects};

use super::folders::{copy_file, copy_folder, hashes, name};
use super::{database_file, open, open_index, place, site};
use crate::config::Config;

/// What a backup did.
#[derive(Debug)]
pub struct Made {
    /// The point's name.
    pub point: String,
    /// The point.
    pub manifest: Manifest,
    /// Objects that were not in the backup before.
    pub copied: Copied,
    /// Objects that no point knows any more.
    pub pruned: u64,
    /// Points that were removed.
    pub removed: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The point's name.
    pub point: String,
    /// The point.
    pub manifest: Manifest,
    /// Its objects.
    pub copied: Copied,
    /// Entries of the journal.
    pub entries: u64,
    /// How long it took, with reading everything once more.
    pub took: Duration,
}

/// Makes a backup of what is served, or not, and keeps the newest `keep` points. `actor` is who it is in the journal.
///
/// # Errors
///
/// What keeps it from being whole: no point is made then.
pub async fn make(
    config: &Config,
    backup: &ObjectPlace,
    keep: usize,
    actor: &str,
    progress: &Progress,
) -> anyhow::Result<Made> {
    let begun = Instant::now();
    ensure!(keep > 0, "expected at least one point to be kept, found 0");
    let points = Points::writing(config, backup).await?;
    let (source, copies) = (reading(config).await?, &points.copies);
    let index = open_index(config).await?;
    let mut there: HashSet<Hash> = copies.list().await?.iter().map(|object| object.hash).collect();
    let told = |done, all| progress.say(done, all);
    let known = objects::known(&index).await?;
    let mut copied = objects::copy(&source, copies, &known, &mut there, told).await?;

    let unfinished = points.unfinished()?;
    // The signed ends before the database: it has every entry that they name.
    copy_file(&site::heads(config), &unfinished.join("journal-heads.jsonl"))?;
    copy_folder(&config.keys(), &unfinished.join("keys"))?;
    copy_file(&config.tokens(), &unfinished.join("tokens.toml"))?;
    let saved_ns = now_ns();
    let (kind, file) = database_file(&place(config)?);
    database::copy::save(&place(config)?, &unfinished.join(file))
        .await
        .context("the database cannot be saved")?;
    // After the database: what it has no more is in a file by then.
    copy_folder(&site::removed(config), &unfinished.join("journal-removed"))?;
    let known = objects::known(&index).await?;
    copied += objects::copy(&source, copies, &known, &mut there, told).await?;
    let bytes: Vec<u8> = known.iter().flat_map(|hash| hash.0).collect();
    std::fs::write(unfinished.join(OBJECTS), bytes)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: kind.to_owned(),
        saved_ns,
        objects: known.len() as u64,
        files: hashes(&unfinished, MANIFEST)?,
    };
    let point = name(saved_ns);
    points.publish(&unfinished, &point, &manifest).await?;

    let (removed, pruned) = prune(&points, keep).await?;
    points.close()?;
    record(config, "backup.made", actor, &point, &manifest).await?;
    Ok(Made {
        point,
        manifest,
        copied,
        pruned,
        removed,
        took: begun.elapsed(),
    })
}

/// Makes a new site of a backup, and reads all of it: objects, index and journal.
///
/// # Errors
///
/// A place that is not empty, a backup that is not whole.
pub async fn restore(config: &Config, backup: &ObjectPlace, point: Option<&str>) -> anyhow::Result<Restored> {
    let begun = Instant::now();
    let points = Points::reading(config, backup).await?;
    let point = match point {
        Some(point) => point.to_owned(),
        None => {
            let last = points.list().await?.pop().map(|(point, _)| point);
            last.with_context(|| format!("expected a point in {}, found none", points.name()))?
        }
    };
    ensure!(
        !point.is_empty() && !point.contains(['/', '\\']) && !point.starts_with('.'),
        "expected the name of a point, found {point:?}"
    );
    let manifest = points.manifest(&point).await?;
    let (kind, file) = database_file(&place(config)?);
    ensure!(
        manifest.database == kind,
        "expected a point of {kind}, as the configuration says, found one of {}",
        manifest.database
    );
    let folder = points.fetch(&point, &manifest).await?;
    let found = hashes(&folder, MANIFEST)?;
    for (name, hash) in &manifest.files {
        ensure!(
            found.get(name) == Some(hash),
            "the backup is damaged: {name} of {point} is not what was written"
        );
    }
    let targets = [
        config.data.join("objects"),
        config.keys(),
        config.tokens(),
        site::heads(config),
        site::removed(config),
    ];
    for target in &targets {
        ensure!(
            !target.exists(),
            "expected a site that is not there yet, found {}",
            target.display()
        );
    }
    database::copy::restore(&folder.join(file), &place(config)?)
        .await
        .context("the database cannot be restored")?;
    copy_folder(&folder.join("keys"), &config.keys())?;
    copy_file(&folder.join("tokens.toml"), &config.tokens())?;
    copy_file(&folder.join("journal-heads.jsonl"), &site::heads(config))?;
    copy_folder(&folder.join("journal-removed"), &site::removed(config))?;

    let known = read_objects(&folder)?;
    let copied = {
        let main = super::open_storage(config).await?;
        objects::copy(&points.copies, &main, &known, &mut HashSet::new(), |_, _| ()).await?
    };
    points.close()?;
    let entries = verify(config).await?;
    record(config, "backup.restored", "cli", &point, &manifest).await?;
    Ok(Restored {
        point,
        manifest,
        copied,
        entries,
        took: begun.elapsed(),
    })
}

/// Reads every object and every entry of the journal; gives the number of entries.
async fn verify(config: &Config) -> anyhow::Result<u64> {
    let archive = open(config).await?;
    let report = archive.ingest().verify().await?;
    ensure!(
        report.is_good(),
        "what was restored is not whole: {} objects missing, {} damaged",
        report.missing.len(),
        report.damaged.len()
    );
    let key = site::journal_key(config)?;
    let heads = Heads::at(site::heads(config)).read(&key.public())?;
    let report = journal::verify::verify(archive.index().readers(), &heads).await?;
    ensure!(
        report.findings.is_empty(),
        "the journal that was restored is not whole: {} findings",
        report.findings.len()
    );
    Ok(report.entries)
}

/// The points of a backup, the oldest first.
///
/// # Errors
///
/// A folder or a bucket that cannot be read.
pub async fn list(config: &Config, backup: &ObjectPlace) -> anyhow::Result<Vec<(String, Manifest)>> {
    let points = Points::reading(config, backup).await?;
    let list = points.list().await?;
    points.close()?;
    Ok(list)
}

/// Where objects are read while another process may serve them.
async fn reading(config: &Config) -> anyhow::Result<Storage> {
    let one = async |place: &ObjectPlace, spool: &str| match place {
        ObjectPlace::Folder(folder) => anyhow::Ok(Storage::reading(folder)?),
        bucket @ ObjectPlace::Bucket(_) => Ok(bucket.open(&config.data.join(spool)).await?),
    };
    let main = match &config.storage.main {
        None => Storage::reading(&config.data.join("objects"))
            .with_context(|| format!("expected an archive in {}, found none", config.data.display()))?,
        Some(place) => one(place, "backup-spool").await.context("storage.main")?,
    };
    Ok(match &config.storage.cold {
        None => main,
        Some(place) => main.with_cold(one(place, "backup-cold-spool").await.context("storage.cold")?),
    })
}

/// Removes points beyond the newest `keep`, and objects that no point knows.
async fn prune(points: &Points, keep: usize) -> anyhow::Result<(Vec<String>, u64)> {
    let mut all = points.list().await?;
    let kept = all.split_off(all.len().saturating_sub(keep));
    let mut removed = Vec::new();
    for (point, _) in all {
        points.remove(&point).await?;
        removed.push(point);
    }
    if removed.is_empty() {
        return Ok((removed, 0));
    }
    let mut needed = HashSet::new();
    for (point, manifest) in &kept {
        needed.extend(points.needed(point, manifest).await?);
    }
    let pruned = objects::prune(&points.copies, &needed).await?;
    Ok((removed, pruned))
}

/// Writes into the journal what was done.
async fn record(
    config: &Config,
    kind: &'static str,
    actor: &str,
    point: &str,
    manifest: &Manifest,
) -> anyhow::Result<()> {
    let index = open_index(config).await?;
    let change = index.turns().begin().await?;
    let entry = journal::Entry {
        subject: Some(format!("backup:{point}")),
        detail: Some(serde_json::json!({ "objects": manifest.objects }).to_string()),
        ..journal::Entry::new(kind, actor, now_ns())
    };
    journal::append(&change, &[entry]).await?;
    Ok(change.commit().await?)
}

/// Raises the alarm of a backup that failed, where there are people to hear of it, or clears it.
pub async fn tell(config: &Config, is_good: bool) {
    if !config.keys().join("site").exists() {
        return;
    }
    let told = async {
        let index = open_index(config).await?;
        let platform = site::open_rows(config, &index).await?;
        let change = platform.writer().begin().await?;
        tell_of_backup(&platform, &change, is_good).await?;
        anyhow::Ok(change.commit().await?)
    };
    // Whoever called the command sees why the backup failed in any case.
    if let Err(error) = told.await {
        tracing::warn!(
            error = format!("{error:#}"),
            "nobody was told how the backup went"
        );
    }
}
