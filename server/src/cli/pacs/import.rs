//! `uptake pacs import`.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use pacs::index::Sender;
use pacs::media::import::{Fate, import};
use pacs::media::unpack::Limits;

use super::super::serve::{Settings, runtime};
use crate::archive;

/// What is brought in.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Files, folders with all below them, zips, discs.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The organisation, by its number in `uptake site organisations`, whose the studies become.
    #[arg(long, value_name = "NUMBER")]
    organisation: Option<i64>,
    /// Names files that were stored before, or are no DICOM, too.
    #[arg(long)]
    verbose: bool,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command; refused files end in exit code 1.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let mut refused = Vec::new();
    let report = runtime()?.block_on(async {
        let archive = archive::open(&config).await?;
        let told = |name: &str, fate: &Fate| match fate {
            Fate::Stored => {}
            Fate::Duplicate | Fate::DifferentDuplicate | Fate::NotDicom | Fate::Directory => {
                if options.verbose {
                    eprintln!("{name}: {fate}");
                }
            }
            // What is counted as refused. A list of millions is not kept for people, who read it as it comes.
            _ if options.json => refused.push(serde_json::json!([name, fate.to_string()])),
            _ => println!("refused {name}: {fate}"),
        };
        let ingest = match options.organisation {
            None => archive.ingest().clone(),
            custodian => archive.ingest().clone().sending_as(Sender {
                actor: "cli".to_owned(),
                custodian,
            }),
        };
        let imported = import(&ingest, &options.paths, Limits::default(), told).await;
        imported.context("the import ended early; what was stored stays")
    })?;
    if options.json {
        let json = serde_json::json!({
            "stored": report.stored,
            "duplicates": report.duplicates,
            "different_duplicates": report.different_duplicates,
            "left_out": report.left_out,
            "refused": refused,
        });
        println!("{json}");
    } else {
        println!(
            "{} stored, {} stored before, {} stored beside other bytes of the same UID, {} refused, {} left out",
            report.stored, report.duplicates, report.different_duplicates, report.refused, report.left_out
        );
    }
    ensure!(report.refused == 0, "{} files were refused", report.refused);
    Ok(())
}
