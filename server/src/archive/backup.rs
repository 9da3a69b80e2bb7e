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
//! the site's keys: it is to be kept like the data folder.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use journal::heads::Heads;
use pacs::backup::{self as objects, Copied};
use pacs::clock::now_ns;
use pacs::index::Place;
use pacs::storage::{Hash, Place as ObjectPlace, Storage};
use platform::monitoring::{self, Kind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{open, open_index, place, site};
use crate::config::Config;

/// The layout that this version writes and reads.
const FORMAT: u32 = 1;
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

/// Makes a backup of what is served, or not, and keeps the newest `keep` points.
///
/// # Errors
///
/// What keeps it from being whole: no point is made then.
pub async fn make(config: &Config, backup: &Path, keep: usize) -> anyhow::Result<Made> {
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
    let mut copied = objects::copy(&source, &copies, &objects::known(&index).await?, &mut there).await?;

    let unfinished = points(backup).join(".unfinished");
    remove_folder(&unfinished)?;
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
    // After the database: what it has no more is in a file by then.
    copy_folder(&site::removed(config), &unfinished.join("journal-removed"))?;
    let known = objects::known(&index).await?;
    copied += objects::copy(&source, &copies, &known, &mut there).await?;
    let bytes: Vec<u8> = known.iter().flat_map(|hash| hash.0).collect();
    std::fs::write(unfinished.join("objects.bin"), bytes)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: kind.to_owned(),
        saved_ns,
        objects: known.len() as u64,
        files: hashes(&unfinished)?,
    };
    std::fs::write(
        unfinished.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    sync(&unfinished)?;
    let point = name(saved_ns);
    std::fs::rename(&unfinished, points(backup).join(&point))?;
    std::fs::File::open(points(backup))?.sync_all()?;

    let (removed, pruned) = prune(backup, &copies, keep).await?;
    record(config, "backup.made", &point, &manifest).await?;
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
    let found = hashes(&folder)?;
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
    let copies = Storage::reading(&backup.join("objects")).context("the backup's objects")?;
    let copied = {
        let main = super::open_storage(config).await?;
        objects::copy(&copies, &main, &known, &mut HashSet::new()).await?
    };
    let entries = verify(config).await?;
    record(config, "backup.restored", &point, &manifest).await?;
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
        remove_folder(&points(backup).join(&point))?;
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
async fn record(config: &Config, kind: &'static str, point: &str, manifest: &Manifest) -> anyhow::Result<()> {
    let index = open_index(config).await?;
    let change = index.turns().begin().await?;
    let entry = journal::Entry {
        subject: Some(format!("backup:{point}")),
        detail: Some(serde_json::json!({ "objects": manifest.objects }).to_string()),
        ..journal::Entry::new(kind, "cli", now_ns())
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
        if is_good {
            for kind in [Kind::BackupFailed, Kind::BackupOld] {
                monitoring::clear(&platform, &change, kind, "backup").await?;
            }
        } else {
            monitoring::raise(&platform, &change, Kind::BackupFailed, "backup", "").await?;
        }
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

fn database_file(place: &Place) -> (&'static str, &'static str) {
    match place {
        Place::Sqlite(_) => ("sqlite", "index.sqlite"),
        Place::Postgres(_) => ("postgres", "database.dump"),
    }
}

/// A name that sorts as time does, and that every file system takes.
fn name(at_ns: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_nanos(at_ns);
    at.format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string().replace('.', "-")
}

fn read_manifest(point: &Path) -> anyhow::Result<Manifest> {
    let path = point.join("manifest.json");
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

/// SHA-256 of every file below a folder but the manifest.
fn hashes(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for (name, path) in files(folder, "")? {
        if name == "manifest.json" {
            continue;
        }
        all.insert(name, hash(&path)?.to_string());
    }
    Ok(all)
}

/// SHA-256 of a file, which may be larger than the memory.
fn hash(path: &Path) -> std::io::Result<Hash> {
    use std::io::Read as _;
    let (mut file, mut hasher) = (std::fs::File::open(path)?, Sha256::new());
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Hash(hasher.finalize().into())),
            count => hasher.update(&piece[..count]),
        }
    }
}

fn files(folder: &Path, before: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            all.extend(files(&entry.path(), &format!("{name}/"))?);
        } else {
            all.push((name, entry.path()));
        }
    }
    Ok(all)
}

/// Brings a folder with all that is in it to the disk.
fn sync(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        } else {
            std::fs::File::open(entry.path())?.sync_all()?;
        }
    }
    std::fs::File::open(folder)?.sync_all()
}

/// Copies a file, where it is there, with its permissions.
fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Copies the files of a folder, where it is there.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    only_ours(to)?;
    for (name, path) in files(from, "")? {
        copy_file(&path, &to.join(name))?;
    }
    Ok(())
}

/// Lets nobody else on the machine into a folder.
fn only_ours(folder: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot keep others out of {}", folder.display()))?;
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
