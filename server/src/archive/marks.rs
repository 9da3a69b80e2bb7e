//! Whether a data folder may be opened without anybody being asked who they are.
//!
//! Only a folder that was opened so when it was new, or holds the demo, is marked. Served in any other way, it loses its mark
//! for good: from then on it may hold patients.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use pacs::storage::Place;

use super::has_tokens;
use crate::config::Config;

const MARK: &str = "OPEN-TEST-DATA";
const WORDS: &str = "\
This folder holds test data: it may be served to this machine without tokens (uptake serve --open).
Never put patients' data here. Serving it without --open takes this mark away.
";

fn mark(data: &Path) -> PathBuf {
    data.join(MARK)
}

/// Lets a folder be served openly, or says why not; a new one is marked.
pub(super) fn allow_open(config: &Config) -> anyhow::Result<()> {
    for (name, address) in [("--http", config.http.listen), ("--dicom", config.dicom.listen)] {
        ensure!(
            address.ip().is_loopback(),
            "--open is for this machine only: {name} must be a loopback address, found {address}"
        );
    }
    ensure!(
        !has_tokens(&config.tokens()),
        "--open is refused: {} names who may use this archive",
        config.tokens().display()
    );
    for (name, place) in [
        ("storage.main", &config.storage.main),
        ("storage.cold", &config.storage.cold),
    ] {
        ensure!(
            place.as_ref().is_none_or(Place::is_this_machine),
            "--open is for this machine only: {name} is another"
        );
    }
    let mark = mark(&config.data);
    if mark.exists() {
        return Ok(());
    }
    ensure!(
        !config.data.join("objects").exists()
            && !config.data.join("index.sqlite").exists()
            && config.index.postgres_url_file.is_none(),
        "--open is refused: {} holds data that is not marked as test data",
        config.data.display()
    );
    std::fs::create_dir_all(&config.data)
        .and_then(|()| std::fs::write(&mark, WORDS))
        .with_context(|| format!("cannot make the data folder {}", config.data.display()))
}

/// From now on the folder may hold patients.
pub(super) fn close(config: &Config) -> anyhow::Result<()> {
    let mark = mark(&config.data);
    match std::fs::remove_file(&mark) {
        Ok(()) => {
            tracing::warn!(
                "the archive is no longer marked as test data and cannot be served with --open again"
            );
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot remove {}", mark.display())),
    }
}
