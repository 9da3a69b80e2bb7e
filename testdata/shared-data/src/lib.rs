//! Real DICOM data for tests, where a checkout has it; nothing of it is in the repository.
//!
//! The data are archives named by group (`petct.tar.xz`) in the folder `UPTAKE_SHARED_DATA`, or in
//! `../shared/data` beside the repository. Each archive is unpacked once into `target/shared-data`.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Names already reported, so that each absence is told once a test binary.
static REPORTED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// Gives the folder of a set such as `petct/sts-013`; `None`, with one line naming it, when it is absent.
///
/// # Panics
///
/// When `UPTAKE_REQUIRE_SHARED_DATA=1` and the set is absent: a run that must see the data cannot skip it.
#[must_use]
pub fn set(name: &str) -> Option<PathBuf> {
    let group = name.split('/').next().unwrap_or(name);
    let unpacked = unpacked_folder();
    let found = group_folder(group, &unpacked)
        .map(|folder| folder.join(name))
        .filter(|folder| folder.is_dir());
    if found.is_none() {
        report(name);
    }
    found
}

fn report(name: &str) {
    assert!(
        std::env::var("UPTAKE_REQUIRE_SHARED_DATA").as_deref() != Ok("1"),
        "shared data set {name} is absent"
    );
    let mut reported = REPORTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if reported.get_or_insert_default().insert(name.to_owned()) {
        // Written past the test harness, which keeps what passing tests print to itself.
        let _ = writeln!(std::io::stderr(), "skipped: {name} (no shared data)");
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn unpacked_folder() -> PathBuf {
    repository().join("target/shared-data")
}

fn archives() -> PathBuf {
    std::env::var_os("UPTAKE_SHARED_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from)
}

/// Gives the folder that holds `group/`, unpacking its archive first where that has not been done.
fn group_folder(group: &str, unpacked: &Path) -> Option<PathBuf> {
    if unpacked.join(group).is_dir() {
        return Some(unpacked.to_owned());
    }
    let archive = archives().join(format!("{group}.tar.xz"));
    if !archive.is_file() {
        return None;
    }
    // Test binaries run side by side: each unpacks into a folder of its own, the first to finish wins.
    let own = unpacked.join(format!(
        ".{group}-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&own).ok()?;
    let done = Command::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(&own)
        .status()
        .ok()?;
    assert!(done.success(), "unpacking {} failed", archive.display());
    let renamed = std::fs::rename(own.join(group), unpacked.join(group));
    let _ = std::fs::remove_dir_all(&own);
    (renamed.is_ok() || unpacked.join(group).is_dir()).then(|| unpacked.to_owned())
}
