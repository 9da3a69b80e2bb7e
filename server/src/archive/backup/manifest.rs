//! What a moment of a backup is, as it stands beside its files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

/// The layout that this version writes and reads.
pub(super) const FORMAT: u32 = 1;
/// Its file.
pub(super) const MANIFEST: &str = "manifest.json";
/// Bytes of a manifest at most.
pub(super) const MAX_MANIFEST: u64 = 1 << 20;

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub(super) format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// When the database was saved, in nanoseconds since 1970 (UTC): what was acknowledged before is in it.
    pub saved_ns: i64,
    /// Objects that it knows.
    pub objects: u64,
    /// SHA-256 of each file, by its name below the point's folder.
    pub(super) files: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads that of a folder.
    pub(super) fn of_folder(point: &Path) -> anyhow::Result<Self> {
        let path = point.join(MANIFEST);
        let size = std::fs::metadata(&path)
            .with_context(|| format!("expected a point in {}, found none", point.display()))?
            .len();
        ensure!(
            size <= MAX_MANIFEST,
            "{}: expected at most {MAX_MANIFEST} bytes, found {size}",
            path.display()
        );
        Self::read(&std::fs::read(&path)?).with_context(|| path.display().to_string())
    }

    /// Reads what was written.
    pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let manifest: Self = serde_json::from_slice(bytes).context("the manifest is not what was written")?;
        ensure!(
            manifest.format == FORMAT,
            "expected a manifest of format {FORMAT}, found {}",
            manifest.format
        );
        Ok(manifest)
    }
}
