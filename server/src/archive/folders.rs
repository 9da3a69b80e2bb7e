//! Folders that are written as a whole: what is in them, copied, hashed, brought to the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use pacs::storage::Hash;
use sha2::{Digest, Sha256};

/// A name that sorts as time does, and that every file system takes.
pub(super) fn name(at_ns: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_nanos(at_ns);
    at.format("%Y-%m-%dT%H-%M-%S%.3fZ").to_string().replace('.', "-")
}

/// SHA-256 of every file below a folder but one.
pub(super) fn hashes(folder: &Path, but: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for (name, path) in files(folder, "")? {
        if name == but {
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

/// The files below a folder, by their names there.
pub(super) fn files(folder: &Path, before: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
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
pub(super) fn sync(folder: &Path) -> std::io::Result<()> {
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
pub(super) fn copy_file(from: &Path, to: &Path) -> anyhow::Result<()> {
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
pub(super) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
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
pub(super) fn only_ours(folder: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot keep others out of {}", folder.display()))?;
    }
    Ok(())
}

/// Removes a folder with all that is in it, where it is there.
pub(super) fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
