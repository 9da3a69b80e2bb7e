//! Scene to image.
//!
//! A [`Scene`] says what to show, as plain data; a [`Renderer`] makes an [`Image`] of it, or the bare
//! [`Values`] of one layer. [`cpu`] is the production renderer without a GPU. What is written on a
//! picture is burned in afterwards by [`annotate`], where no viewer draws it.

pub mod cpu;

mod annotate;
mod error;
mod image;
mod scene;

pub use annotate::annotate;
pub use cpu::CpuRenderer;
pub use error::Error;
pub use image::{Image, Values};
pub use scene::{Layer, Scene, View, VolumeId, Volumes};

use crate::presentation::Size;

/// Longest side of an image, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Makes images of scenes.
///
/// Every renderer shows the same scene alike: values differ from [`crate::volume::sample`] by at most a
/// thousandth of the range of the voxels touched (and the rounding of f32), nearest values not at all but
/// within 1e-4 voxel of a tie.
pub trait Renderer {
    /// Gives the picture of a scene, opaque.
    ///
    /// # Errors
    ///
    /// [`Error`] when the size is 0 or above [`MAX_SIDE`], a volume is missing, or a number of the scene
    /// cannot be used; never a panic.
    fn render(&mut self, scene: &Scene, volumes: &Volumes, size: Size) -> Result<Image, Error>;

    /// Gives the real values of layer `layer` at the pixels of the view; not a number outside its volume.
    ///
    /// # Errors
    ///
    /// As [`Renderer::render`]; [`Error::NoLayer`] when there are not so many layers.
    fn values(&mut self, scene: &Scene, layer: usize, volumes: &Volumes, size: Size)
    -> Result<Values, Error>;
}
