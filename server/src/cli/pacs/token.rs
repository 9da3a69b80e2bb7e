//! `uptake pacs token`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use pacs::access::{Action, TokenFile, new_token};

use super::super::serve::Settings;
use super::{action, check_name};

/// The token wanted.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Whom it is for: a word for logs.
    name: String,
    /// What it may: find, retrieve, store, schedule, correct, deliver, watch.
    #[arg(long, value_delimiter = ',', required = true, value_name = "ACTION,…", value_parser = action)]
    may: Vec<Action>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let path = config.tokens();
    check_name(&options.name)?;
    let tokens = TokenFile::open(&path)?;
    ensure!(
        !tokens.has(&options.name),
        "a token named {} is there already",
        options.name
    );
    let (token, entry) =
        new_token(&options.name, &options.may).map_err(|error| anyhow!("no random numbers: {error}"))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(entry.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{token}");
    Ok(())
}
