//! What was uploaded, into the archive: one object, or those of a zip.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::report::Report;
use crate::dicomweb::stow::Taking;
use crate::http::{Error, Result};
use crate::media::import::{HEAD_BYTES, Kind, kind};
use crate::media::unpack::{self, LeftOut, Part};
use crate::storage::Hash;

const BUFFER_BYTES: usize = 128 << 10;

/// The hash of a file.
pub(super) fn hash_of(path: &Path) -> std::io::Result<Hash> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Hash(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
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
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => handle.block_on(taking.content(&buffer[..read])),
        }
    }
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
    taking: Taking,
    handle: &Handle,
    limits: &unpack::Limits,
) -> Result<Report> {
    let file = File::open(path).map_err(failed)?;
    let mut files = Files {
        taking,
        handle,
        report: Report::default(),
        names: Vec::new(),
        entry: Entry::None,
    };
    let unpacked = unpack::unpack(BufReader::new(file), limits, |part| {
        files.take(part);
        ControlFlow::Continue(())
    });
    unpacked.map_err(|error| Error::BadRequest(error.to_string()))?;
    let Files {
        taking,
        mut report,
        names,
        ..
    } = files;
    // What becomes of the objects is told in the order they were taken.
    for (name, taken) in names.iter().zip(handle.block_on(taking.finish())) {
        report.add(name, taken)?;
    }
    Ok(report)
}

/// The files of a zip on their way in.
struct Files<'a> {
    taking: Taking,
    handle: &'a Handle,
    report: Report,
    /// Of the objects taken.
    names: Vec<String>,
    entry: Entry,
}

/// The file that is under way.
enum Entry {
    None,
    /// Not enough is known to tell what it is.
    Head(String, Vec<u8>),
    Object(String),
    NoObject,
}

impl Files<'_> {
    fn take(&mut self, part: Part) {
        match part {
            Part::Begin(entry) => self.entry = Entry::Head(entry.name, Vec::new()),
            Part::Bytes(bytes) => match &mut self.entry {
                Entry::Head(_, head) => {
                    head.extend_from_slice(&bytes);
                    if head.len() >= HEAD_BYTES {
                        self.judge();
                    }
                }
                Entry::Object(_) => self.handle.block_on(self.taking.content(&bytes)),
                Entry::NoObject | Entry::None => {}
            },
            Part::End => {
                self.judge();
                if let Entry::Object(name) = std::mem::replace(&mut self.entry, Entry::None) {
                    self.handle.block_on(self.taking.end());
                    self.names.push(name);
                }
            }
            Part::LeftOut(entry, why) => {
                if let Entry::Object(_) = std::mem::replace(&mut self.entry, Entry::None) {
                    self.taking.forget();
                }
                match why {
                    LeftOut::Link | LeftOut::Zip => self.report.leave_out(&entry.name),
                    _ => self.report.refuse(&entry.name, &why.to_string()),
                }
            }
        }
    }

    /// Begins an object once its head is there, or leaves it out.
    fn judge(&mut self) {
        let Entry::Head(name, head) = &mut self.entry else {
            return;
        };
        let (name, head) = (std::mem::take(name), std::mem::take(head));
        if kind(&head) == Kind::Dicom {
            self.taking.begin(&[]);
            self.handle.block_on(self.taking.content(&head));
            self.entry = Entry::Object(name);
        } else {
            self.report.leave_out(&name);
            self.entry = Entry::NoObject;
        }
    }
}

pub(super) fn failed(error: std::io::Error) -> Error {
    tracing::error!(%error, "an upload's file failed");
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Internal,
    }
}
