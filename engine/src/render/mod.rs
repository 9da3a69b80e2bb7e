//! Scene to image.
//!
//! A [`Scene`] says what to show, as plain data, from a [`View`]; a [`Renderer`] makes an [`Image`] of it, or the
//! bare [`Values`] of one layer. [`cpu`] is the production renderer without a GPU, `gpu` (feature `gpu`) the
//! one with. What is drawn over a picture is burned in afterwards by [`annotate`], where no viewer draws it.

pub mod cells;
pub mod classify;
pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod illumination;

mod annotate;
mod check;
mod clip;
mod comparison;
mod contours;
mod error;
mod image;
pub mod jitter;
mod material;
mod passes;
mod preset;
mod ramp;
mod scene;
mod shown_in;
mod view;
mod watch;

pub use annotate::{Drawn, MAX_INK_STEPS, MAX_MARK_CHARACTERS, MAX_MARK_POINTS, MAX_MARKS, annotate};
pub use clip::{Clip, ClipPlane, Cut, CutMask, MAX_CLIP_PLANES, MAX_CUTS, ReadyCut, Removes};
pub use comparison::{Comparison, compared, joined, panel_size};
pub use contours::{Contours, DrawnAs, MAX_LEVELS, MAX_LINE_PIXELS};
pub use cpu::CpuRenderer;
pub(crate) use cpu::for_each_band;
pub(crate) use cpu::sharpen::sharpen;
pub use error::Error;
#[cfg(feature = "gpu")]
pub use gpu::GpuRenderer;
pub use image::{Image, Values};
pub use material::{Classification, LabelStyle, Labels, Material, Shading, Surface, Tint};
pub use passes::{Accumulation, Lens, draft, magnify, still};
pub use preset::{Preset, Scale, preset, presets};
pub use scene::{Layer, Scene, Sharpening, VolumeId, Volumes};
pub use shown_in::ShownIn;
pub use view::{Curved, Light, Projection, ProjectionKind, Quality, Rendering, Slab, View};
pub use watch::{Cancel, Clock, Statistics};

pub use crate::presentation::MAX_SIDE;
use crate::presentation::Size;

/// Most samples that a ray may have before it is refused.
pub const MAX_SAMPLES: u32 = 1 << 17;

/// Most layers of a projection or rendering.
pub const MAX_LAYERS: usize = 4;

/// Part of the light that is told from none: a ray of a rendering ends where less passes.
pub const DARK: f64 = 1.0 / 512.0;

/// Makes images of scenes.
///
/// Every renderer shows the same scene alike. Values of planes and projections differ from
/// [`crate::volume::sample`] by at most a thousandth of the range of the voxels touched (and the rounding of
/// f32), nearest values not at all but within 1e-4 voxel of a tie. Renderings differ from one another by at most
/// 2 of 255 on 99.9 % of the pixels.
pub trait Renderer {
    /// Gives the picture of a scene, opaque.
    ///
    /// # Errors
    ///
    /// [`Error`] when the size is 0 or above [`MAX_SIDE`], a volume is missing, or a number of the scene
    /// cannot be used; never a panic.
    fn render(&mut self, scene: &Scene, volumes: &Volumes, size: Size) -> Result<Image, Error> {
        self.render_until(scene, volumes, size, &Cancel::new())
    }

    /// Gives the real values of layer `layer` at the pixels of the view, wherever it is shown and whatever is
    /// drawn of it; not a number outside its volume.
    ///
    /// # Errors
    ///
    /// As [`Renderer::render`]; [`Error::NoLayer`] when there are not so many layers, [`Error::NoValues`] for a
    /// volume rendering.
    fn values(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
    ) -> Result<Values, Error> {
        self.values_until(scene, layer, volumes, size, &Cancel::new())
    }

    /// [`Renderer::render`] until the host asks to stop.
    ///
    /// # Errors
    ///
    /// As [`Renderer::render`]; [`Error::Cancelled`] within 20 ms of the stop.
    fn render_until(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error>;

    /// [`Renderer::values`] until the host asks to stop.
    ///
    /// # Errors
    ///
    /// As [`Renderer::values`]; [`Error::Cancelled`] within 20 ms of the stop.
    fn values_until(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Values, Error>;

    /// Figures of the last image.
    fn statistics(&self) -> &Statistics;
}
