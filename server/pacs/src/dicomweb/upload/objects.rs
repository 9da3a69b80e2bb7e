//! What was uploaded, into the archive: one object, or those of a zip.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::Path;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use zip::ZipArchive;

use super::archive::{self, Counter, Entry, Refusal};
use crate::dicomweb::stow::{FULL, Taken, Taking};
use crate::http::{Error, Result};
use crate::ingest::Outcome;
use crate::storage::Hash;

/// Names listed of what was left out.
const MAX_LISTED: usize = 100;

/// Characters of a name that is listed.
const MAX_NAME: usize = 200;

const BUFFER_BYTES: usize = 128 << 10;

/// What became of a file's objects.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What is acknowledged.
    stored: Vec<Json>,
    /// Objects, and why they were not taken.
    refused: Vec<Json>,
    left_out: usize,
    /// The first of what is no object.
    left_out_names: Vec<String>,
}

impl Report {
    /// The status of the answer: as STOW-RS has it.
    pub(super) fn status(&self) -> u16 {
        match (self.stored.is_empty(), self.refused.is_empty()) {
            (false, true) => 200,
            (false, false) => 202,
            (true, _) => 409,
        }
    }

    pub(super) fn to_json(&self) -> String {
        json!({
            "stored": self.stored,
            "refused": self.refused,
            "left_out": self.left_out,
            "left_out_names": self.left_out_names,
        })
        .to_string()
    }

    fn leave_out(&mut self, name: &str) {
        self.left_out += 1;
        if self.left_out_names.len() < MAX_LISTED {
            self.left_out_names.push(shown(name));
        }
    }

    fn refuse(&mut self, name: &str, reason: &str) {
        self.refused
            .push(json!({ "name": shown(name), "reason": reason }));
    }

    /// Adds what became of an object.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Internal`]: then the whole is to be tried again; what is stored is taken as identical.
    fn add(&mut self, name: &str, taken: Taken) -> Result<()> {
        let (word, receipt) = match taken {
            Taken::Judged(Outcome::Stored(receipt)) => ("stored", receipt),
            Taken::Judged(Outcome::IdenticalDuplicate(receipt)) => ("identical", receipt),
            Taken::Judged(Outcome::DifferentDuplicate(receipt)) => ("beside", receipt),
            Taken::Judged(Outcome::Refused(reason)) => {
                self.refuse(name, &reason.to_string());
                return Ok(());
            }
            Taken::Failed(FULL) => return Err(Error::Full),
            Taken::Failed(_) => return Err(Error::Internal),
        };
        self.stored.push(json!({
            "outcome": word,
            "study_instance_uid": receipt.study_uid,
            "series_instance_uid": receipt.series_uid,
            "sop_instance_uid": receipt.sop_uid,
            "sha256": receipt.object.hash.to_string(),
        }));
        Ok(())
    }
}

fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// The hash of a file, and how many entries a zip in it can have.
pub(super) fn look_at(path: &Path) -> std::io::Result<(Hash, usize)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut counter) = (Sha256::new(), Counter::default());
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((Hash(hasher.finalize().into()), counter.entries)),
            read => {
                hasher.update(&buffer[..read]);
                counter.push(&buffer[..read]);
            }
        }
    }
}

/// Takes a file that is one object.
///
/// # Errors
///
/// As [`Report::add`].
pub(super) fn one(path: &Path, mut taking: Taking, handle: &Handle) -> Result<Report> {
    let mut file = File::open(path).map_err(failed)?;
    taking.begin(&[]);
    pass_on(&mut file, &mut taking, handle).map_err(failed)?;
    let taken = handle.block_on(async {
        taking.end().await;
        taking.finish().await
    });
    let mut report = Report::default();
    for taken in taken {
        report.add("", taken)?;
    }
    Ok(report)
}

/// Takes the objects of a zip.
///
/// # Errors
///
/// [`Error::BadRequest`] for a zip that is refused as a whole, before anything of it was kept; as [`Report::add`].
pub(super) fn of_zip(
    path: &Path,
    mut taking: Taking,
    handle: &Handle,
    limits: archive::Limits,
) -> Result<Report> {
    let refused = |refusal: Refusal| Error::BadRequest(refusal.to_string());
    let (_, most_entries) = look_at(path).map_err(failed)?;
    if most_entries > limits.entries {
        return Err(refused(archive::too_many(limits)));
    }
    let mut file = File::open(path).map_err(failed)?;
    let zip_bytes = file.seek(std::io::SeekFrom::End(0)).map_err(failed)?;
    let opened = ZipArchive::new(BufReader::new(file));
    let mut archive = opened.map_err(|_| refused(Refusal::Damaged))?;
    let entries = archive::entries(&mut archive, zip_bytes, limits).map_err(refused)?;
    let mut report = Report::default();
    let mut names = Vec::new();
    for entry in entries {
        match take_entry(&mut archive, &entry, &mut taking, handle) {
            Entered::Whole => names.push(entry.name),
            Entered::NoObject => report.leave_out(&entry.name),
            Entered::Damaged(reason) => {
                taking.forget();
                report.refuse(&entry.name, reason);
            }
        }
    }
    // What becomes of the objects is told in the order they were taken.
    for (name, taken) in names.iter().zip(handle.block_on(taking.finish())) {
        report.add(name, taken)?;
    }
    Ok(report)
}

enum Entered {
    Whole,
    NoObject,
    Damaged(&'static str),
}

fn take_entry(
    archive: &mut ZipArchive<BufReader<File>>,
    entry: &Entry,
    taking: &mut Taking,
    handle: &Handle,
) -> Entered {
    const NO_MATCH: &str = "its bytes are not those that the zip announces";
    let Ok(file) = archive.by_index(entry.at) else {
        return Entered::Damaged("it cannot be read");
    };
    // What the directory announces is not believed: reading stops beyond it.
    let mut file = file.take(entry.size.saturating_add(1));
    let mut head = Vec::new();
    // The preamble and its prefix (PS3.10 7.1).
    if (&mut file).take(132).read_to_end(&mut head).is_err() {
        return Entered::Damaged(NO_MATCH);
    }
    let is_directory = entry.name.rsplit(['/', '\\']).next() == Some("DICOMDIR");
    if head.get(128..) != Some(b"DICM") || is_directory {
        return Entered::NoObject;
    }
    taking.begin(&[]);
    handle.block_on(taking.content(&head));
    match pass_on(&mut file, taking, handle) {
        Ok(read) if read + head.len() as u64 == entry.size => {
            handle.block_on(taking.end());
            Entered::Whole
        }
        _ => Entered::Damaged(NO_MATCH),
    }
}

/// Passes on what is left to read; gives its bytes.
fn pass_on(from: &mut impl Read, taking: &mut Taking, handle: &Handle) -> std::io::Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut all = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(all);
        }
        handle.block_on(taking.content(&buffer[..read]));
        all += read as u64;
    }
}

pub(super) fn failed(error: std::io::Error) -> Error {
    tracing::error!(%error, "an upload's file failed");
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Internal,
    }
}
