//! `uptake backup` and `uptake restore`.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use pacs::storage::Place;
use platform::jobs::Progress;

use super::serve::{Settings, runtime};
use crate::archive::backup;
use crate::config::Config;

/// What is backed up, and where to.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    /// Folder of the backup, on another disk or machine; what is there already is added to [default: backup.to, a folder or
    /// a bucket].
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Moments that are kept; older ones go, and the objects that only they have [default: backup.keep].
    #[arg(long, value_name = "COUNT")]
    keep: Option<usize>,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// What is restored, and where to.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    settings: Settings,
    /// Folder of the backup [default: backup.to].
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The moment, by its name [default: the last].
    #[arg(long, value_name = "POINT")]
    point: Option<String>,
    /// Lists the moments of the backup and restores nothing.
    #[arg(long)]
    list: bool,
    /// Says it as JSON.
    #[arg(long)]
    json: bool,
}

/// The folder that was said, or the place of the configuration.
fn chosen(config: &Config, said: Option<&PathBuf>, option: &str) -> anyhow::Result<Place> {
    let place = said
        .cloned()
        .map(Place::Folder)
        .or_else(|| config.backup.to.clone());
    place.with_context(|| {
        format!("{option}: expected a folder, there or in backup.to of the configuration, found none")
    })
}

/// Makes a backup, while the archive is served or not.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let to = chosen(&config, options.to.as_ref(), "--to")?;
    let keep = options.keep.unwrap_or(config.backup.keep);
    let made = runtime()?.block_on(async {
        let made = backup::make(&config, &to, keep, "cli", &Progress::default()).await;
        backup::tell(&config, made.is_ok()).await;
        made
    })?;
    let seconds = made.took.as_secs_f64();
    if options.json {
        let json = serde_json::json!({
            "point": made.point, "objects": made.manifest.objects, "copied": made.copied.objects,
            "bytes": made.copied.bytes, "pruned": made.pruned, "removed": made.removed, "seconds": seconds,
        });
        println!("{json}");
    } else {
        println!(
            "{}: {} objects, {} new ({} bytes), {} points and {} objects removed, in {seconds:.1} s",
            made.point,
            made.manifest.objects,
            made.copied.objects,
            made.copied.bytes,
            made.removed.len(),
            made.pruned
        );
    }
    Ok(())
}

/// Makes a site of a backup.
pub fn restore(options: &Restore) -> anyhow::Result<()> {
    if options.list {
        return list(options);
    }
    let config = options.settings.load()?;
    let from = chosen(&config, options.from.as_ref(), "--from")?;
    let restored = runtime()?.block_on(backup::restore(&config, &from, options.point.as_deref()))?;
    let saved: DateTime<Utc> = DateTime::from_timestamp_nanos(restored.manifest.saved_ns);
    let age = (Utc::now() - saved).as_seconds_f64();
    let seconds = restored.took.as_secs_f64();
    if options.json {
        let json = serde_json::json!({
            "point": restored.point, "saved_ns": restored.manifest.saved_ns, "objects": restored.copied.objects,
            "bytes": restored.copied.bytes, "entries": restored.entries, "age_s": age, "seconds": seconds,
        });
        println!("{json}");
    } else {
        println!(
            "{}: {} objects ({} bytes) and {} entries of the journal, all read and right",
            restored.point, restored.copied.objects, restored.copied.bytes, restored.entries
        );
        println!("RPO  {age:.0} s: what was acknowledged since {saved} is not in it");
        println!("RTO  {seconds:.1} s");
    }
    Ok(())
}

fn list(options: &Restore) -> anyhow::Result<()> {
    let config = options.settings.load()?;
    let from = chosen(&config, options.from.as_ref(), "--from")?;
    for (point, manifest) in runtime()?.block_on(backup::list(&config, &from))? {
        if options.json {
            let json = serde_json::json!({
                "point": point, "saved_ns": manifest.saved_ns, "objects": manifest.objects,
                "database": manifest.database, "version": manifest.version,
            });
            println!("{json}");
        } else {
            println!("{point}  {:9} objects  {}", manifest.objects, manifest.database);
        }
    }
    Ok(())
}
