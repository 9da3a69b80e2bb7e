//! The renderer without a GPU: what a server without one, and a browser without WebGPU, run on.
//!
//! An image is cut into bands of rows, which run in parallel. Of planes, bands are cut into spans of pixels
//! ([`planes`]); of projections into square tiles of rays ([`projection`]). Of each span or tile every layer
//! is read, coloured and mixed in while it is in cache. `kernel` holds the inner loops. Of volume renderings
//! ([`rendering`]) every ray marches through all layers at once.

mod contours;
mod curved;
mod cut;
mod kernel;
mod locate;
mod planes;
mod projection;
mod rendering;
mod shade;
pub(crate) mod sharpen;
mod views;
mod watch;

use std::sync::Arc;

use crate::presentation::Size;
use crate::render::cells::CellsCache;
use crate::render::check;
use crate::render::{Cancel, Clock, Error, Image, Renderer, Scene, Statistics, Values, View, Volumes};
use kernel::Lanes;
use shade::Paint;
use views::Work;
use watch::{Counter, HostClock, Stages};

/// Renders on the processor, in parallel with feature `parallel`.
///
/// It keeps the cells of the volumes it has projected (see [`crate::render::cells`]), and what the last rendering
/// made of its materials.
#[derive(Debug, Clone, Default)]
pub struct CpuRenderer {
    lanes: Lanes,
    cells: CellsCache,
    renderings: rendering::Kept,
    clock: HostClock,
    statistics: Statistics,
}

impl CpuRenderer {
    /// A renderer that uses what this processor can do; the pixels do not depend on it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The renderer with a clock that times the stages of its images.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: HostClock(Some(clock)),
            ..self
        }
    }

    /// Prepares, works and keeps the figures.
    fn run<T>(
        &mut self,
        scene: &Scene,
        size: Size,
        cancel: &Cancel,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        check::size(size)?;
        check::sharpening(scene.sharpening)?;
        let counter = Counter::default();
        let mut work_of_image = Work {
            lanes: self.lanes,
            cells: &mut self.cells,
            renderings: &mut self.renderings,
            counter: &counter,
            stages: Stages::begin(&self.clock),
            extra_bytes: 0,
            size,
            cancel,
        };
        let made = work(&mut work_of_image);
        self.statistics = work_of_image
            .stages
            .statistics(&counter, work_of_image.extra_bytes);
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        made
    }
}

impl Renderer for CpuRenderer {
    fn render_until(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error> {
        self.run(scene, size, cancel, |work| {
            if let View::Rendering(rendering) = &scene.view {
                return rendering::render(work, rendering, scene, volumes);
            }
            let mut paints = Vec::with_capacity(scene.layers.len());
            for layer in &scene.layers {
                paints.push(Paint::new(layer, size)?);
            }
            let sources = work.sources(scene, volumes, &scene.layers)?;
            let [red, green, blue] = scene.background;
            let mut pixels = filled([red, green, blue, u8::MAX], size, cancel);
            sources.draw(work, &paints, scene.sharpening, &mut pixels);
            Ok(Image {
                width: size.width,
                height: size.height,
                rgba: pixels.into_flattened(),
            })
        })
    }

    fn values_until(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Values, Error> {
        if matches!(scene.view, View::Rendering(_)) {
            return Err(Error::NoValues);
        }
        self.run(scene, size, cancel, |work| {
            let layers = scene.layers.len();
            let found = scene.layers.get(layer..=layer);
            let found = found.ok_or(Error::NoLayer { layers, found: layer })?;
            let sources = work.sources(scene, volumes, found)?;
            Ok(Values {
                width: size.width,
                height: size.height,
                values: sources.values(work, 0),
            })
        })
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

/// An image of one value, made by all threads; less of it where the host asks to stop.
fn filled<T: Copy + Default + Send + Sync>(value: T, size: Size, cancel: &Cancel) -> Vec<T> {
    // Memory of zeros is had at once, and touched where it is filled.
    let mut pixels = vec![T::default(); size.width as usize * size.height as usize];
    for_each_band(&mut pixels, size, planes::BAND, |_, band| {
        if !cancel.is_cancelled() {
            band.fill(value);
        }
    });
    pixels
}

/// Calls `work` with the first row and the pixels of every band of `rows` rows.
pub(crate) fn for_each_band<T: Send>(
    pixels: &mut [T],
    size: Size,
    rows: usize,
    work: impl Fn(u32, &mut [T]) + Send + Sync,
) {
    let per_band = size.width as usize * rows;
    let numbered = |(n, band): (usize, &mut [T])| work((n * rows) as u32, band);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        pixels.par_chunks_mut(per_band).enumerate().for_each(numbered);
    }
    #[cfg(not(feature = "parallel"))]
    pixels.chunks_mut(per_band).enumerate().for_each(numbered);
}

#[cfg(test)]
mod tests;
