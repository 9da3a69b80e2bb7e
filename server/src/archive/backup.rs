//! Backups: the objects once, and beside them everything else as it stood at several moments.
//!
//! ```text
//! BACKUP/objects/                       every object of every moment, by its hash
//! BACKUP/points/2026-03-01T02-30-00Z/   one moment
//!     manifest.json                     what it holds, with the SHA-256 of each file
//!     index.sqlite, or database.dump    the database
//!     objects.bin                       the objects that it knows, 32 bytes each
//!     journal-heads.jsonl  tokens.toml  keys/
//! ```
//!
//! It is made while the archive is served. Objects are copied, the database is saved in one moment, what came meanwhile is
//! copied; a point appears under its name when all of it is on the disk. Whoever has the folder has the patients' images and
//! the site's keys: it is to be kept like the data folder.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use database::schema::Boxed;
use journal::heads::Heads;
use pacs::backup::{self as objects, Copied};
use pacs::clock::now_ns;
use pacs::index::Place;
use pacs::storage::{Hash, Place as ObjectPlace, Storage};
use platform::jobs::{Backups, Progress, tell_of_backup};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::folders::{copy_file, copy_folder, hashes, name, only_ours, remove, sync};
use super::{database_file, open, open_index, place, site};
use crate::config::Config;

/// The layout that this version writes and reads.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Bytes of a manifest at most.
const MAX_MANIFEST: u64 = 1 << 20;

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// When the database was saved, in nanoseconds since 1970 (UTC): what was acknowledged before is in it.
    pub saved_ns: i64,
    /// Objects that it knows.
    pub objects: u64,
    /// SHA-256 of each file, by its name below the point's folder.
    files: BTreeMap<String, String>,
}

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

fn points(backup: &Path) -> PathBuf {
    backup.join("points")
}

/// Makes a backup of what is served, or not, and keeps the newest `keep` points. `actor` is who it is in the journal.
///
/// # Errors
///
/// What keeps it from being whole: no point is made then.
pub async fn make(
    config: &Config,
    backup: &Path,
    keep: usize,
    actor: &str,
    progress: &Progress,
) -> anyhow::Result<Made> {
    let begun = Instant::now();
    ensure!(keep > 0, "expected at least one point to be kept, found 0");
    let data = std::path::absolute(&config.data)?;
    ensure!(
        !std::path::absolute(backup)?.starts_with(&data),
        "expected a folder outside the data folder {}, found {}",
        data.display(),
        backup.display()
    );
    std::fs::create_dir_all(points(backup))
        .with_context(|| format!("cannot make the folder {}", points(backup).display()))?;
    only_ours(backup)?;
    // Held open, it keeps a second backup into the same folder from beginning.
    let copies = Storage::local(&backup.join("objects")).context("the backup's objects")?;
    let source = reading(config).await?;
    let index = open_index(config).await?;
    let mut there: HashSet<Hash> = copies.list().await?.iter().map(|object| object.hash).collect();
    let told = |done, all| progress.say(done, all);
    let known = objects::known(&index).await?;
    let mut copied = objects::copy(&source, &copies, &known, &mut there, told).await?;

    let unfinished = points(backup).join(".unfinished");
    remove(&unfinished)?;
    std::fs::create_dir(&unfinished)?;
    // The signed ends before the database: it has every entry that they name.
    copy_file(&site::heads(config), &unfinished.join("journal-heads.jsonl"))?;
    copy_folder(&config.keys(), &unfinished.join("keys"))?;
    copy_file(&config.tokens(), &unfinished.join("tokens.toml"))?;
    let saved_ns = now_ns();
    let (kind, file) = database_file(&place(config)?);
    database::copy::save(&place(config)?, &unfinished.join(file))
        .await
        .context("the database cannot be saved")?;
    let known = objects::known(&index).await?;
    copied += objects::copy(&source, &copies, &known, &mut there, told).await?;
    let bytes: Vec<u8> = known.iter().flat_map(|hash| hash.0).collect();
    std::fs::write(unfinished.join("objects.bin"), bytes)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: kind.to_owned(),
        saved_ns,
        objects: known.len() as u64,
        files: hashes(&unfinished, MANIFEST)?,
    };
    std::fs::write(unfinished.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
    sync(&unfinished)?;
    let point = name(saved_ns);
    std::fs::rename(&unfinished, points(backup).join(&point))?;
    std::fs::File::open(points(backup))?.sync_all()?;

    let (removed, pruned) = prune(backup, &copies, keep).await?;
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

/// The backup that a site makes by itself once a day.
#[derive(Debug)]
pub(super) struct Daily {
    config: Config,
    to: PathBuf,
    minute: u16,
}

impl Daily {
    /// As the configuration says, where it names a place.
    ///
    /// # Errors
    ///
    /// A time of the day that is none.
    pub(super) fn of(config: &Config) -> anyhow::Result<Option<Self>> {
        let minute = config.backup.minute()?;
        Ok(config.backup.to.clone().map(|to| Self {
            config: config.clone(),
            to,
            minute,
        }))
    }
}

impl Backups for Daily {
    fn minute(&self) -> u16 {
        self.minute
    }

    fn make(&self, progress: Arc<Progress>) -> Boxed<'_, Result<(), String>> {
        let (config, to) = (self.config.clone(), self.to.clone());
        Box::pin(async move {
            // Files are copied and hashed by the thread that asks, which has to be one that may wait. Whoever asked goes on
            // holding `_asks` for as long as it wants the backup.
            let (_asks, broken_off) = oneshot::channel::<()>();
            let runtime = Handle::current();
            let making = spawn_blocking(move || {
                runtime.block_on(async {
                    tokio::select! {
                        made = make(&config, &to, config.backup.keep, "server", &progress) => made.map(|_| ()),
                        _ = broken_off => bail!("it was broken off"),
                    }
                })
            });
            let made = making
                .await
                .unwrap_or_else(|_| bail!("it ended without an answer"));
            made.map_err(|error| format!("{error:#}"))
        })
    }
}

/// Makes a new site of a backup, and reads all of it: objects, index and journal.
///
/// # Errors
///
/// A place that is not empty, a backup that is not whole.
pub async fn restore(config: &Config, backup: &Path, point: Option<&str>) -> anyhow::Result<Restored> {
    let begun = Instant::now();
    let point = match point {
        Some(point) => point.to_owned(),
        None => list(backup)?
            .pop()
            .map(|(point, _)| point)
            .with_context(|| format!("expected a point in {}, found none", points(backup).display()))?,
    };
    ensure!(
        !point.is_empty() && !point.contains(['/', '\\']) && !point.starts_with('.'),
        "expected the name of a point, found {point:?}"
    );
    let folder = points(backup).join(&point);
    let manifest = read_manifest(&folder)?;
    let (kind, file) = database_file(&place(config)?);
    ensure!(
        manifest.database == kind,
        "expected a point of {kind}, as the configuration says, found one of {}",
        manifest.database
    );
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

    let known = read_objects(&folder)?;
    let copies = Storage::reading(&backup.join("objects")).context("the backup's objects")?;
    let copied = {
        let main = super::open_storage(config).await?;
        objects::copy(&copies, &main, &known, &mut HashSet::new(), |_, _| ()).await?
    };
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
/// A folder that cannot be read.
pub fn list(backup: &Path) -> anyhow::Result<Vec<(String, Manifest)>> {
    let folder = points(backup);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut points = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            points.push((name, read_manifest(&entry.path())?));
        }
    }
    points.sort_by(|(a, one), (b, other)| (one.saved_ns, a).cmp(&(other.saved_ns, b)));
    Ok(points)
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
async fn prune(backup: &Path, copies: &Storage, keep: usize) -> anyhow::Result<(Vec<String>, u64)> {
    let mut all = list(backup)?;
    let kept = all.split_off(all.len().saturating_sub(keep));
    let mut removed = Vec::new();
    for (point, _) in all {
        remove(&points(backup).join(&point))?;
        removed.push(point);
    }
    if removed.is_empty() {
        return Ok((removed, 0));
    }
    let mut known = HashSet::new();
    for (point, _) in &kept {
        known.extend(read_objects(&points(backup).join(point))?);
    }
    let pruned = objects::prune(copies, &known).await?;
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

fn read_manifest(point: &Path) -> anyhow::Result<Manifest> {
    let path = point.join(MANIFEST);
    let size = std::fs::metadata(&path)
        .with_context(|| format!("expected a point in {}, found none", point.display()))?
        .len();
    ensure!(
        size <= MAX_MANIFEST,
        "{}: expected at most {MAX_MANIFEST} bytes, found {size}",
        path.display()
    );
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(&path)?)
        .with_context(|| format!("{} is not what was written", path.display()))?;
    ensure!(
        manifest.format == FORMAT,
        "{}: expected format {FORMAT}, found {}",
        path.display(),
        manifest.format
    );
    Ok(manifest)
}

fn read_objects(point: &Path) -> anyhow::Result<Vec<Hash>> {
    let path = point.join("objects.bin");
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (whole, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        bail!(
            "{}: expected 32 bytes for each object, found {} over",
            path.display(),
            rest.len()
        );
    }
    Ok(whole.iter().map(|hash| Hash(*hash)).collect())
}
