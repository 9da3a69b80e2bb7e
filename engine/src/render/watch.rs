//! What a host hands to a renderer and gets back beside the image: a stop, a clock, figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stop for one image. Clones stop the same image, from any thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    asked: Arc<AtomicBool>,
}

impl Cancel {
    /// A stop that nobody has asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the renderer to stop; it does within 20 ms, with [`crate::render::Error::Cancelled`].
    pub fn cancel(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// The host's clock: the engine has none.
pub trait Clock: Send + Sync {
    /// Seconds since any fixed moment.
    fn seconds(&self) -> f64;
}

/// Figures of the last image of a renderer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Statistics {
    /// Rays or pixels that met a volume, summed over layers.
    pub rays: u64,
    /// Values read between voxels (without those of gradients).
    pub samples: u64,
    /// Samples that were passed over because they could not be seen.
    pub skipped: u64,
    /// Seconds by stage, in order; empty without a clock.
    pub stages: Vec<(&'static str, f64)>,
    /// Milliseconds on the graphics processor; none where it cannot tell.
    pub gpu_ms: Option<f64>,
    /// Bytes that the renderer holds for the volumes of the scene besides their voxels.
    pub extra_bytes: u64,
}
