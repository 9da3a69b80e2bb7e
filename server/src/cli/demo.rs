//! `uptake demo`: synthetic studies with exactly known answers.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::progress::Progress;

/// What `uptake demo` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Folder to write into; made when absent, refused when it holds something else.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// tiny for tests, normal to look at, bench for measuring speed.
    #[arg(long, value_enum, default_value_t = Size::Normal)]
    size: Size,
    /// Another seed gives other lesions and other noise; the same seed the same bytes.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Size {
    Tiny,
    Normal,
    Bench,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let folder = &options.folder;
    let is_used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_used {
        bail!(
            "{}: expected a new or empty folder, found files in it",
            folder.display()
        );
    }
    let size = match options.size {
        Size::Tiny => testdata::Size::Tiny,
        Size::Normal => testdata::Size::Normal,
        Size::Bench => testdata::Size::Bench,
    };
    let progress = Progress::start("writing the demo");
    let wanted = testdata::Options {
        size,
        seed: options.seed,
    };
    let summary = testdata::write_demo(folder, &wanted, &|done, all| {
        progress.set(done as usize, all as usize)
    })?;
    drop(progress);
    println!(
        "{}: {} files, {} MB",
        folder.display(),
        summary.files,
        summary.bytes / 1_000_000
    );
    Ok(())
}
