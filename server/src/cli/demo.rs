//! `uptake demo`: synthetic studies with exactly known answers.

use std::path::PathBuf;

use clap::Args;

/// What `uptake demo` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Folder to write into; made when absent.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    anyhow::bail!("{}: demo data are not written yet", options.folder.display())
}
