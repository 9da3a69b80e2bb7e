//! On what pictures are made: `--backend auto|gpu|cpu` and the environment's `UPTAKE_ADAPTER`.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use engine::render::gpu::{Gpu, Options};
use engine::render::{CpuRenderer, GpuRenderer, Renderer};

/// On what pictures are made.
#[derive(Debug, Clone, Args)]
pub struct Backend {
    /// On what pictures are made; the adapter of `gpu` is the best, or that of UPTAKE_ADAPTER (a number of
    /// `uptake adapters`, or a part of its name).
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// A graphics card where there is one, else the processor.
    Auto,
    /// A graphics adapter, be it imitated by the processor.
    Gpu,
    /// The processor.
    Cpu,
}

/// A renderer, and what it runs on.
pub struct Chosen {
    /// Makes the pictures.
    pub renderer: Box<dyn Renderer>,
    /// Name for people.
    pub adapter: String,
}

impl Backend {
    /// Opens what was chosen; where that is for us to say and there is no card, the processor.
    ///
    /// # Errors
    ///
    /// When a graphics adapter was asked for and cannot be had.
    pub fn open(&self) -> anyhow::Result<Chosen> {
        let adapter = std::env::var("UPTAKE_ADAPTER")
            .ok()
            .filter(|name| !name.trim().is_empty());
        if self.backend == Choice::Cpu {
            return Ok(on_processor());
        }
        let is_named = adapter.is_some();
        let options = Options {
            adapter,
            takes_software: self.backend == Choice::Gpu,
            ..Options::default()
        };
        match pollster::block_on(Gpu::request(options)) {
            Ok(gpu) => Ok(Chosen {
                adapter: gpu.adapter().name,
                renderer: Box::new(GpuRenderer::new(Arc::new(gpu))),
            }),
            Err(error) if self.backend == Choice::Gpu || is_named => Err(error.into()),
            // No card is the usual case of a server: nothing to be said.
            Err(engine::render::Error::NoAdapter(_)) => Ok(on_processor()),
            Err(error) => {
                eprintln!("uptake: warning: drawn on the processor: {error}");
                Ok(on_processor())
            }
        }
    }

    /// What draws in place of a graphics device that cannot draw a scene; none where the device was insisted on.
    ///
    /// One line on standard error says so.
    #[must_use]
    pub fn instead_of(&self, error: &engine::render::Error) -> Option<Chosen> {
        use engine::render::Error;
        let is_device = matches!(
            error,
            Error::Device(_) | Error::DeviceLost | Error::DeviceFull | Error::DeviceMemory { .. }
        );
        if !is_device || self.backend != Choice::Auto {
            return None;
        }
        eprintln!("uptake: warning: drawn on the processor: {error}");
        Some(on_processor())
    }
}

fn on_processor() -> Chosen {
    Chosen {
        renderer: Box::new(CpuRenderer::new()),
        adapter: "CPU".to_owned(),
    }
}
