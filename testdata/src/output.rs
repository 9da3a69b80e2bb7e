//! Where files go: a folder, or whatever takes their names and bytes.

use std::path::Path;

/// Why a study could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An object could not be made.
    #[error(transparent)]
    Dicom(#[from] engine::dicom::write::Error),
    /// A file or folder could not be written.
    #[error("{path} cannot be written: {reason}")]
    File {
        /// What was to be written.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
}

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Takes the files of a study one at a time, and tells how far it is.
pub struct Output<'a> {
    folder: String,
    take: &'a mut dyn FnMut(&str, Vec<u8>) -> Result<()>,
    progress: &'a dyn Fn(u64, u64),
    done: u64,
    total: u64,
    pub(crate) bytes: u64,
}

impl<'a> Output<'a> {
    /// Files go to `take` with their path, `/` between its parts.
    pub(crate) fn new(
        take: &'a mut dyn FnMut(&str, Vec<u8>) -> Result<()>,
        progress: &'a dyn Fn(u64, u64),
        total: u64,
    ) -> Self {
        Self {
            folder: String::new(),
            take,
            progress,
            done: 0,
            total,
            bytes: 0,
        }
    }

    /// Files from here on go into a folder.
    pub(crate) fn enter(&mut self, folder: &str) {
        self.folder = format!("{folder}/");
    }

    /// Gives one file, and counts one step.
    pub(crate) fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<()> {
        self.bytes += bytes.len() as u64;
        (self.take)(&format!("{}{name}", self.folder), bytes)?;
        self.done += 1;
        (self.progress)(self.done.min(self.total), self.total);
        Ok(())
    }

    /// Gives a value as a JSON file.
    pub(crate) fn put_json(&mut self, name: &str, value: &impl serde::Serialize) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(value).expect("plain structs of numbers and text are JSON");
        text.push(b'\n');
        self.put(name, text)
    }
}

/// Writes one file into a folder, making the folders it needs.
pub(crate) fn write_file(root: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = root.join(name);
    let failed = |reason| Error::File {
        path: path.display().to_string(),
        reason,
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(&path, bytes).map_err(failed)
}
