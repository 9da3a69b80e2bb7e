//! `uptake pacs verify` and `uptake pacs rebuild`.

use anyhow::ensure;
use clap::Args;

use super::super::serve::{Settings, runtime};
use crate::archive;

/// The archive.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// Compares index and objects; bad ones end in exit code 1.
pub fn verify(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let report = runtime()?.block_on(async {
        let archive = archive::open(&config).await?;
        anyhow::Ok(archive.ingest().verify().await?)
    })?;
    let texts =
        |hashes: &[pacs::storage::Hash]| -> Vec<String> { hashes.iter().map(ToString::to_string).collect() };
    if options.json {
        let json = serde_json::json!({
            "objects": report.objects,
            "missing": texts(&report.missing),
            "damaged": texts(&report.damaged),
            "unindexed": texts(&report.unindexed),
        });
        println!("{json}");
    } else {
        println!(
            "{} objects, {} missing, {} damaged, {} never acknowledged",
            report.objects,
            report.missing.len(),
            report.damaged.len(),
            report.unindexed.len()
        );
        for (word, hashes) in [("missing", &report.missing), ("damaged", &report.damaged)] {
            for hash in hashes {
                println!("{word} {hash}");
            }
        }
    }
    ensure!(report.is_good(), "objects are missing or damaged");
    Ok(())
}

/// Makes the index anew.
pub fn rebuild(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let report = runtime()?.block_on(async {
        let archive = archive::open(&config).await?;
        anyhow::Ok(archive.ingest().rebuild().await?)
    })?;
    if options.json {
        let left_out: Vec<_> = report
            .left_out
            .iter()
            .map(|(hash, why)| serde_json::json!([hash.to_string(), why]))
            .collect();
        println!(
            "{}",
            serde_json::json!({ "objects": report.objects, "left_out": left_out })
        );
    } else {
        println!("{} objects indexed", report.objects);
        for (hash, why) in &report.left_out {
            println!("left out {hash}: {why}");
        }
    }
    Ok(())
}
