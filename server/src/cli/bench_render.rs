//! `uptake bench-render`: the speed of the standard scenes on this machine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use benches::scenes::{CASES, CT, Case, Mode, PET};
use clap::Args;
use cpu_time::ProcessTime;
use engine::dicom::read::Series;
use engine::render::{Renderer, Statistics, Volumes};
use engine::volume::Volume;
use serde::Serialize;

use super::backend::{Backend, Chosen};
use super::open;
use super::render::displayed;

/// What `uptake bench-render` is asked.
#[derive(Debug, Args)]
pub struct Options {
    /// Folder of a CT series; without it the synthetic one of bench size (or the peers', where PEERS_DATA is set).
    #[arg(long, value_name = "DIR")]
    ct: Option<PathBuf>,
    /// Folder of a PET series; without it the synthetic one of bench size.
    #[arg(long, value_name = "DIR")]
    pet: Option<PathBuf>,
    /// Scenes whose name holds one of these; all without it.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
    /// Images of each scene; the middle of their times is given.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    images: u32,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    backend: Backend,
}

#[derive(Debug, Serialize)]
struct Results {
    adapter: String,
    results: Vec<Figures>,
}

/// Middle times of an image (of all four of a linked layout).
#[derive(Debug, Serialize)]
struct Figures {
    name: &'static str,
    cpu_ms: f64,
    wall_ms: f64,
    gpu_ms: Option<f64>,
    /// Of the processor; a graphics device does not count them.
    samples_per_ray: Option<f64>,
    peak_bytes: Option<u64>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut volumes = Volumes::new();
    volumes.insert(CT, volume(options.ct.as_deref(), "CT", benches::ct)?);
    volumes.insert(PET, volume(options.pet.as_deref(), "PT", benches::pet)?);
    let Chosen {
        mut renderer,
        adapter,
    } = options.backend.open()?;
    let mut results = Results {
        adapter,
        results: Vec::new(),
    };
    for case in CASES {
        let wanted = options.only.is_empty() || options.only.iter().any(|part| case.name.contains(part));
        if !wanted {
            continue;
        }
        let figures = match case.mode {
            Mode::First => measured(case, 1, &volumes, options.backend.open()?.renderer.as_mut())?,
            Mode::Plain | Mode::Edit => {
                // One image beforehand: what is made once a volume is measured by itself.
                draw(case, 0, &volumes, renderer.as_mut())?;
                measured(case, options.images, &volumes, renderer.as_mut())?
            }
        };
        if !options.json {
            print(&figures);
        }
        results.results.push(figures);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&results)?);
    }
    Ok(())
}

fn volume(folder: Option<&Path>, modality: &str, synthetic: fn() -> Volume) -> anyhow::Result<Volume> {
    let Some(folder) = folder else {
        return Ok(synthetic());
    };
    let opened = open::studies(&[folder.to_owned()])?;
    let suits = |series: &Series| series.modality == modality;
    let series = open::choose(&opened, None, &format!("{modality} series"), suits)?;
    displayed(&opened, series)
}

fn draw(
    case: &Case,
    call: u32,
    volumes: &Volumes,
    renderer: &mut dyn Renderer,
) -> anyhow::Result<Statistics> {
    let mut all = Statistics::default();
    for scene in case.scenes(call, volumes) {
        renderer
            .render(&scene, volumes, case.size)
            .with_context(|| case.name.to_owned())?;
        let found = renderer.statistics();
        all.rays += found.rays;
        all.samples += found.samples;
        all.gpu_ms = found.gpu_ms.map(|ms| ms + all.gpu_ms.unwrap_or(0.0));
    }
    Ok(all)
}

fn measured(
    case: &Case,
    images: u32,
    volumes: &Volumes,
    renderer: &mut dyn Renderer,
) -> anyhow::Result<Figures> {
    let (mut cpu, mut wall, mut gpu) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = Statistics::default();
    forget_peak();
    for call in 1..=images {
        let (cpu_start, wall_start) = (ProcessTime::now(), Instant::now());
        last = draw(case, call, volumes, renderer)?;
        cpu.push(cpu_start.elapsed().as_secs_f64() * 1e3);
        wall.push(wall_start.elapsed().as_secs_f64() * 1e3);
        gpu.extend(last.gpu_ms);
    }
    Ok(Figures {
        name: case.name,
        cpu_ms: middle(cpu).unwrap_or(0.0),
        wall_ms: middle(wall).unwrap_or(0.0),
        gpu_ms: middle(gpu),
        samples_per_ray: (last.samples > 0).then(|| last.samples as f64 / last.rays.max(1) as f64),
        peak_bytes: peak_bytes(),
    })
}

fn middle(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

fn print(figures: &Figures) {
    let gpu = figures.gpu_ms.map_or("-".to_owned(), |ms| format!("{ms:.2}"));
    let peak = figures
        .peak_bytes
        .map_or("-".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000));
    let samples = figures
        .samples_per_ray
        .map_or("-".to_owned(), |samples| format!("{samples:.2}"));
    println!(
        "{:20} cpu {:9.2} ms  wall {:9.2} ms  gpu {gpu:>8} ms  {samples:>7} samples a ray  peak {peak}",
        figures.name, figures.cpu_ms, figures.wall_ms
    );
}

/// Begins to measure the largest memory of the process anew, where the system can.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The largest memory of the process since [`forget_peak`]; none where the system does not tell.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
