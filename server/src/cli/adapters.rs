//! `uptake adapters`: the graphics adapters of this machine.

use std::io::Write;

use clap::Args;
use engine::render::gpu::{AdapterDescription, adapters};
use serde::Serialize;

/// What `uptake adapters` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Adapter {
    index: usize,
    name: String,
    backend: &'static str,
    kind: &'static str,
    driver: String,
    max_volume_side: u32,
    max_buffer_bytes: u64,
    features: Vec<&'static str>,
}

impl From<AdapterDescription> for Adapter {
    fn from(found: AdapterDescription) -> Self {
        let features = [
            (found.has_16_bit, "16-bit"),
            (found.filters_f32, "filters-f32"),
            (found.has_timestamps, "timestamps"),
        ];
        Self {
            index: found.index,
            name: found.name,
            backend: found.backend,
            kind: found.kind.label(),
            driver: found.driver,
            max_volume_side: found.max_volume_side,
            max_buffer_bytes: found.max_buffer_bytes,
            features: features
                .into_iter()
                .filter_map(|(has, name)| has.then_some(name))
                .collect(),
        }
    }
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let found: Vec<Adapter> = pollster::block_on(adapters())
        .into_iter()
        .map(Adapter::from)
        .collect();
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &found)?;
        writeln!(out)?;
        return Ok(());
    }
    if found.is_empty() {
        writeln!(out, "no graphics adapter; pictures are made on the processor")?;
    }
    for adapter in found {
        let Adapter {
            index,
            name,
            backend,
            kind,
            driver,
            ..
        } = &adapter;
        writeln!(out, "{index}  {name}  {kind}, {backend}, {driver}")?;
        writeln!(
            out,
            "   volumes up to {} a side, buffers up to {} MiB; {}",
            adapter.max_volume_side,
            adapter.max_buffer_bytes >> 20,
            adapter.features.join(", ")
        )?;
    }
    Ok(())
}
