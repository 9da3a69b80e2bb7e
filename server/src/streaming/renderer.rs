//! On what sessions draw: a graphics card that all share, or the processor.

use std::sync::Arc;

use engine::render::gpu::{Gpu, Options};
use engine::render::{CpuRenderer, GpuRenderer, Renderer};
use serde::{Deserialize, Serialize};

/// On what pictures are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// A graphics card where there is one, else the processor.
    #[default]
    Auto,
    /// A graphics adapter, be it imitated by the processor.
    Gpu,
    /// The processor.
    Cpu,
}

/// Makes renderers, one for each session.
#[derive(Debug, Clone)]
pub struct Renderers {
    gpu: Option<Arc<Gpu>>,
}

impl Renderers {
    /// Opens what was chosen.
    ///
    /// # Errors
    ///
    /// When a graphics adapter was asked for and cannot be had.
    pub fn open(choice: Choice) -> anyhow::Result<Self> {
        if choice == Choice::Cpu {
            return Ok(Self { gpu: None });
        }
        let options = Options {
            takes_software: choice == Choice::Gpu,
            ..Options::default()
        };
        match pollster::block_on(Gpu::request(options)) {
            Ok(gpu) => Ok(Self {
                gpu: Some(Arc::new(gpu)),
            }),
            Err(error) if choice == Choice::Gpu => Err(error.into()),
            Err(_) => Ok(Self { gpu: None }),
        }
    }

    /// A renderer for a session.
    #[must_use]
    pub fn renderer(&self) -> Box<dyn Renderer> {
        match &self.gpu {
            Some(gpu) => Box::new(GpuRenderer::new(Arc::clone(gpu))),
            None => Box::new(CpuRenderer::new()),
        }
    }

    /// Sessions that draw at the same time: a card takes one after the other, a picture on the processor takes all cores.
    #[must_use]
    pub fn at_once(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self.gpu {
            Some(_) => 2,
            // One more than fills the cores hides what is not spread over them.
            None => (cores / 4).max(1),
        }
    }
}
