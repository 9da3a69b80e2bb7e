//! The moments of a backup, beside its objects. In a folder a moment is a folder; in a bucket its files are objects too, by
//! their hash, and a note says which they are.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, ensure};
use pacs::backup as objects;
use pacs::storage::{Hash, Notes, Place, Storage};

use super::manifest::{MANIFEST, MAX_MANIFEST, Manifest};
use crate::archive::folders::{files, only_ours, remove, sync};
use crate::config::Config;

/// The objects that a moment knows, among its files.
pub(super) const OBJECTS: &str = "objects.bin";

/// The moments of a backup.
pub(super) struct Points {
    /// The objects of all moments.
    pub(super) copies: Storage,
    place: Where,
}

enum Where {
    Folder(PathBuf),
    /// Files lie in the folder `work` on their way.
    Bucket {
        notes: Notes,
        work: PathBuf,
    },
}

impl Points {
    /// Opens a backup to add to it, making it where it is absent. Held open, it keeps a second one from beginning.
    pub(super) async fn writing(config: &Config, place: &Place) -> anyhow::Result<Self> {
        let Place::Folder(backup) = place else {
            return Self::in_bucket(config, place).await;
        };
        let data = std::path::absolute(&config.data)?;
        ensure!(
            !std::path::absolute(backup)?.starts_with(&data),
            "expected a folder outside the data folder {}, found {}",
            data.display(),
            backup.display()
        );
        let points = backup.join("points");
        std::fs::create_dir_all(&points)
            .with_context(|| format!("cannot make the folder {}", points.display()))?;
        only_ours(backup)?;
        Ok(Self {
            copies: Storage::local(&backup.join("objects")).context("the backup's objects")?,
            place: Where::Folder(points),
        })
    }

    /// Opens a backup that another process may be adding to.
    pub(super) async fn reading(config: &Config, place: &Place) -> anyhow::Result<Self> {
        let Place::Folder(backup) = place else {
            return Self::in_bucket(config, place).await;
        };
        let copies = Storage::reading(&backup.join("objects"));
        Ok(Self {
            copies: copies
                .with_context(|| format!("expected a backup in {}, found none", backup.display()))?,
            place: Where::Folder(backup.join("points")),
        })
    }

    async fn in_bucket(config: &Config, bucket: &Place) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data)?;
        let copies = bucket.open(&config.data.join("backup-to-spool")).await;
        let copies = copies.context("the backup's bucket")?;
        let work = config.data.join("backup-work");
        remove(&work)?;
        std::fs::create_dir(&work)?;
        only_ours(&work)?;
        let notes = copies.notes().context("expected a bucket, found a folder")?;
        Ok(Self {
            copies,
            place: Where::Bucket { notes, work },
        })
    }

    /// Where the backup is, for people.
    pub(super) fn name(&self) -> String {
        match &self.place {
            Where::Folder(points) => points.display().to_string(),
            Where::Bucket { .. } => "the bucket".to_owned(),
        }
    }

    /// The moments, the oldest first.
    pub(super) async fn list(&self) -> anyhow::Result<Vec<(String, Manifest)>> {
        let mut points = Vec::new();
        for name in self.names().await? {
            let manifest = self.manifest(&name).await?;
            points.push((name, manifest));
        }
        points.sort_by(|(a, one), (b, other)| (one.saved_ns, a).cmp(&(other.saved_ns, b)));
        Ok(points)
    }

    async fn names(&self) -> anyhow::Result<Vec<String>> {
        let folder = match &self.place {
            Where::Bucket { notes, .. } => return Ok(notes.names().await?),
            Where::Folder(folder) => folder,
        };
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| !name.starts_with('.'));
        Ok(names)
    }

    /// What a moment is.
    pub(super) async fn manifest(&self, point: &str) -> anyhow::Result<Manifest> {
        match &self.place {
            Where::Folder(points) => Manifest::of_folder(&points.join(point)),
            Where::Bucket { notes, .. } => {
                let bytes = notes.read(point, MAX_MANIFEST).await;
                let bytes = bytes.with_context(|| format!("the point {point}"))?;
                let bytes = bytes.with_context(|| {
                    format!("the point {point}: expected at most {MAX_MANIFEST} bytes, found more")
                })?;
                Manifest::read(&bytes).with_context(|| format!("the point {point}"))
            }
        }
    }

    /// An empty folder for the files of a moment to be.
    pub(super) fn unfinished(&self) -> anyhow::Result<PathBuf> {
        let unfinished = match &self.place {
            Where::Folder(points) => points.join(".unfinished"),
            Where::Bucket { work, .. } => work.join("unfinished"),
        };
        remove(&unfinished)?;
        std::fs::create_dir(&unfinished)?;
        Ok(unfinished)
    }

    /// Makes what lies in the unfinished folder a moment, when all of it is safe.
    pub(super) async fn publish(
        &self,
        unfinished: &Path,
        point: &str,
        manifest: &Manifest,
    ) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec_pretty(manifest)?;
        match &self.place {
            Where::Folder(points) => {
                std::fs::write(unfinished.join(MANIFEST), bytes)?;
                sync(unfinished)?;
                std::fs::rename(unfinished, points.join(point))?;
                std::fs::File::open(points)?.sync_all()?;
            }
            Where::Bucket { notes, .. } => {
                for (name, path) in files(unfinished, "")? {
                    let hash = objects::store_file(&self.copies, &path).await;
                    let hash = hash.with_context(|| name.clone())?;
                    ensure!(
                        manifest.files.get(&name) == Some(&hash.to_string()),
                        "{name} of the backup changed while it was stored"
                    );
                }
                notes.write(point, bytes).await?;
                remove(unfinished)?;
            }
        }
        Ok(())
    }

    /// A folder with the files of a moment.
    pub(super) async fn fetch(&self, point: &str, manifest: &Manifest) -> anyhow::Result<PathBuf> {
        let work = match &self.place {
            Where::Folder(points) => return Ok(points.join(point)),
            Where::Bucket { work, .. } => work.join(point),
        };
        for (name, hash) in &manifest.files {
            let is_below = Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            ensure!(
                is_below,
                "expected the name of a file of the point {point}, found {name:?}"
            );
            let hash = Hash::from_hex(hash).with_context(|| format!("{name}: expected a hash"))?;
            let path = work.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&work))?;
            let loaded = objects::load_file(&self.copies, hash, &path).await;
            loaded.with_context(|| name.clone())?;
        }
        Ok(work)
    }

    /// The objects that a moment needs.
    pub(super) async fn needed(&self, point: &str, manifest: &Manifest) -> anyhow::Result<Vec<Hash>> {
        match &self.place {
            Where::Folder(points) => read_objects(&points.join(point)),
            Where::Bucket { work, .. } => {
                let files = manifest.files.values().filter_map(|hash| Hash::from_hex(hash));
                let mut needed: Vec<Hash> = files.collect();
                let own = manifest.files.get(OBJECTS).and_then(|hash| Hash::from_hex(hash));
                let own = own.with_context(|| format!("the point {point} has no {OBJECTS}"))?;
                objects::load_file(&self.copies, own, &work.join(OBJECTS)).await?;
                needed.extend(read_objects(work)?);
                Ok(needed)
            }
        }
    }

    /// Removes a moment; its objects stay.
    pub(super) async fn remove(&self, point: &str) -> anyhow::Result<()> {
        match &self.place {
            Where::Folder(points) => remove(&points.join(point)),
            Where::Bucket { notes, .. } => Ok(notes.remove(point).await?),
        }
    }

    /// Removes what lay here on its way.
    pub(super) fn close(self) -> anyhow::Result<()> {
        match &self.place {
            Where::Folder(_) => Ok(()),
            Where::Bucket { work, .. } => remove(work),
        }
    }
}

/// The objects that the files of a moment name.
pub(super) fn read_objects(point: &Path) -> anyhow::Result<Vec<Hash>> {
    let path = point.join(OBJECTS);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (whole, rest) = bytes.as_chunks::<32>();
    ensure!(
        rest.is_empty(),
        "{}: expected 32 bytes for each object, found {} over",
        path.display(),
        rest.len()
    );
    Ok(whole.iter().map(|hash| Hash(*hash)).collect())
}
