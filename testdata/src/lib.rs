//! Synthetic studies with exactly known answers, written as DICOM through the engine.
//!
//! [`write_demo`] writes a tree of studies, each with a `truth.json` beside it; [`files`] gives the same
//! files one at a time. [`PetCt`] gives the volumes of the whole-body PET-CT in memory. The same options
//! give the same bytes on every machine: no clock, no system mathematics, noise by counter.

mod anatomy;
mod blur;
mod elementary;
mod geometry;
mod identity;
mod injection;
mod lesion;
mod measure;
mod nema;
mod nm;
mod output;
mod paint;
mod petct;
mod random;
mod scan;
mod score;
mod size;
mod syntaxes;

use std::path::Path;

pub use lesion::Lesion;
pub use output::{Error, Result};
pub use paint::Pose;
pub use petct::PetCt;
pub use score::{Score, score};
pub use size::Size;

use output::Output;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Options {
    /// How large the studies are.
    pub size: Size,
    /// Studies of different seeds have different lesions, vessels, bowel and noise.
    pub seed: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Writes all studies into a folder, which is made where it is missing.
///
/// `progress` is called with the steps done and their total after each file.
///
/// # Errors
///
/// [`Error::File`] when a file cannot be written.
pub fn write_demo(folder: &Path, options: &Options, progress: &dyn Fn(u64, u64)) -> Result<Summary> {
    files(options, progress, &mut |name, bytes| {
        output::write_file(folder, name, &bytes)
    })
}

/// Gives all files of all studies to `take`, each with its path; only a few are in memory at a time.
///
/// # Errors
///
/// What `take` returns.
pub fn files(
    options: &Options,
    progress: &dyn Fn(u64, u64),
    take: &mut dyn FnMut(&str, Vec<u8>) -> Result<()>,
) -> Result<Summary> {
    let mut count = 0;
    let mut counted = |name: &str, bytes: Vec<u8>| {
        count += 1;
        take(name, bytes)
    };
    let size = options.size;
    let total =
        PetCt::files(size) + nema::files(size) + geometry::files(size) + nm::files(size) + syntaxes::files();
    let mut output = Output::new(&mut counted, progress, total);
    output.enter("petct");
    PetCt::new(options).write(&mut output)?;
    output.enter("nema");
    nema::write(options, &mut output)?;
    output.enter("geometry");
    geometry::write(options, &mut output)?;
    output.enter("nm");
    nm::write(options, &mut output)?;
    output.enter("syntaxes");
    syntaxes::write(options, &mut output)?;
    let bytes = output.bytes;
    Ok(Summary { files: count, bytes })
}
