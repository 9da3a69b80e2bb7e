//! Measures what keeping objects compressed saves, and what it costs.
//!
//! `cargo run -p pacs --example compression_speed -- FOLDER...` takes the files below each folder into a new archive a codec,
//! compresses what came uncompressed as the archive does by itself, then reads all of it back as it was received.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pacs::compression::{Compressor, Kept, Policy};
use pacs::index::{Index, Place};
use pacs::ingest::Ingest;
use pacs::services::Archive;
use pacs::storage::Storage;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    for from in std::env::args().skip(1).map(PathBuf::from) {
        let mut files = Vec::new();
        below(&from, &mut files)?;
        for kept in Kept::ALL.into_iter().filter(|kept| *kept != Kept::AsReceived) {
            let folder = std::env::temp_dir().join(format!("compression-speed-{}", std::process::id()));
            std::fs::create_dir_all(&folder)?;
            let outcome = measure(&files, kept, &folder).await;
            std::fs::remove_dir_all(&folder)?;
            println!("{}: {kept:?}: {}", from.display(), outcome?);
        }
    }
    Ok(())
}

async fn measure(files: &[PathBuf], kept: Kept, folder: &Path) -> Result<String, Failure> {
    let storage = Storage::local(&folder.join("objects"))?;
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite"))).await?;
    let ingest = Ingest::new(storage.clone(), index.clone(), pacs::ingest::Limits::default()).await?;
    let archive = Archive::new(ingest, index.clone(), storage.clone(), "UPTAKE", HashMap::new());
    for file in files {
        archive.ingest().take(&std::fs::read(file)?).await?;
    }
    let policy = Policy {
        kept,
        ..Policy::default()
    };
    let compressor = Compressor::new(archive, policy);
    let (wall, cpu) = (Instant::now(), cpu_s());
    let round = compressor.round(i64::MAX, 0, u32::MAX).await?;
    let (wall_s, cpu_made_s) = (wall.elapsed().as_secs_f64(), cpu_s() - cpu);
    let cpu = cpu_s();
    for (hash, _) in index.objects().await? {
        storage.read(hash, u64::MAX).await?;
    }
    let cpu_read_s = cpu_s() - cpu;
    let megabytes = round.received_bytes as f64 / 1e6;
    Ok(format!(
        "{} compressed, {} left; {megabytes:.1} MB to {:.1} MB ({:.1} %); {:.0} MB/s ({:.0} MB a CPU second); back at {:.0} MB a CPU second",
        round.objects,
        round.left,
        round.stored_bytes as f64 / 1e6,
        100.0 * round.stored_bytes as f64 / round.received_bytes.max(1) as f64,
        megabytes / wall_s,
        megabytes / cpu_made_s.max(0.01),
        megabytes / cpu_read_s.max(0.01),
    ))
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Seconds that the processors worked for this process; 0 where Linux does not say.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}
