//! The renderer on a graphics device, through wgpu: Vulkan, DX12, Metal and WebGPU by one set of shaders.
//!
//! The host opens a [`Gpu`] and lends it; nothing here looks for an adapter by itself. Stored voxels are kept
//! on the device, in as many bytes as they came in, under a budget; everything else lives one image. A lost
//! device, one without room, and volumes beyond its limits are ordinary events: errors that say so, after
//! which the next image is made as if nothing had been.

#![cfg_attr(
    target_arch = "wasm32",
    allow(
        clippy::arc_with_non_send_sync,
        reason = "a page has one thread; everywhere else devices are shared by several"
    )
)]

mod adapter;
mod ask;
mod device;
mod fixed;
mod fold;
mod format;
mod layers;
mod look;
mod mip;
mod pieces;
mod pipelines;
mod place;
mod plane;
mod rays;
mod rendering;
mod run;
mod shaders;
mod show;
mod signal;
mod textures;

use std::sync::Arc;

/// For hosts that open devices and windows: the one version that all share.
pub use wgpu;

pub use adapter::{AdapterDescription, AdapterKind, adapters};
pub use device::{Filter, Gpu, Options};
pub use show::Target;

use crate::presentation::Size;
use crate::render::check;
use crate::render::{Cancel, Clock, Curved, Error, Image, Scene, Statistics, Values, View, Volumes};
use crate::volume::Rescale;
use ask::Ask;
use device::Device;
use pipelines::Product;
use plane::Pixels;
use run::{Onto, Work};
use show::Show;

/// Renders on a device that the host lends.
pub struct GpuRenderer {
    gpu: Arc<Gpu>,
    clock: Option<Arc<dyn Clock>>,
    statistics: Statistics,
}

impl std::fmt::Debug for GpuRenderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuRenderer")
            .field("gpu", &self.gpu)
            .finish_non_exhaustive()
    }
}

impl GpuRenderer {
    /// A renderer on a device.
    #[must_use]
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self {
            gpu,
            clock: None,
            statistics: Statistics::default(),
        }
    }

    /// The same with a clock, so that [`Statistics::stages`] can be told.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..self
        }
    }

    /// The device.
    #[must_use]
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// The picture of a scene, as [`Renderer::render_until`](crate::render::Renderer::render_until), for
    /// hosts that may not block: browsers.
    ///
    /// # Errors
    ///
    /// As there; [`Error::DeviceLost`] when the device was lost, which [`Gpu::restore`] mends.
    pub async fn picture(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error> {
        let mut words = Vec::new();
        let ask = Ask {
            scene,
            layers: scene.layers.iter().collect(),
            volumes,
            size,
            product: Product::Picture,
            cancel,
        };
        self.make(&ask, Onto::Host(&mut words)).await?;
        Ok(Image {
            width: size.width,
            height: size.height,
            rgba: bytemuck::pod_collect_to_vec(&words),
        })
    }

    /// The values of a layer, as [`Renderer::values_until`](crate::render::Renderer::values_until), for hosts
    /// that may not block.
    ///
    /// # Errors
    ///
    /// As there; [`Error::DeviceLost`] when the device was lost.
    pub async fn layer_values(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Values, Error> {
        let layers = scene.layers.len();
        let found = scene
            .layers
            .get(layer)
            .ok_or(Error::NoLayer { layers, found: layer })?;
        let mut words = Vec::new();
        let ask = Ask {
            scene,
            layers: vec![found],
            volumes,
            size,
            product: Product::Values,
            cancel,
        };
        let is_real = self.make(&ask, Onto::Host(&mut words)).await?;
        let rescale = match is_real {
            true => Rescale::IDENTITY,
            false => volumes.get(found.volume)?.rescale(),
        };
        // In f64 and rounded once, as the definition does.
        let real = |word: u32| rescale.real(f64::from(f32::from_bits(word))) as f32;
        Ok(Values {
            width: size.width,
            height: size.height,
            values: words.into_iter().map(real).collect(),
        })
    }

    /// Draws the picture of a scene onto a texture of the host and leaves it on the device.
    ///
    /// # Errors
    ///
    /// As [`GpuRenderer::picture`].
    pub async fn draw(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
        target: &Target,
    ) -> Result<(), Error> {
        let gpu = self.gpu.clone();
        let show = Show::new(&gpu.device(), target);
        let ask = Ask {
            scene,
            layers: scene.layers.iter().collect(),
            volumes,
            size,
            product: Product::Picture,
            cancel,
        };
        self.make(&ask, Onto::Texture(&show)).await.map(|_| ())
    }

    /// Prepares and does work, and notes what it took; gives whether values are real ones already.
    async fn make(&mut self, ask: &Ask<'_>, onto: Onto<'_>) -> Result<bool, Error> {
        self.statistics = Statistics::default();
        let device = self.gpu.device();
        // What others left behind is not this image's fault; a loss is found out again.
        let _ = device.check();
        let begun = self.seconds();
        let work = work(&device, ask)?;
        device.check()?;
        let prepared = self.seconds();
        let gpu_ms = run::run(&device, &work, ask.cancel, onto).await?;
        let done = self.seconds();
        self.statistics.gpu_ms = gpu_ms;
        self.statistics.rays = u64::from(work.size.width) * u64::from(work.size.height);
        if let (Some(begun), Some(prepared), Some(done)) = (begun, prepared, done) {
            self.statistics.stages = vec![("prepare", prepared - begun), ("draw", done - prepared)];
        }
        Ok(work.is_real)
    }

    fn seconds(&self) -> Option<f64> {
        self.clock.as_ref().map(|clock| clock.seconds())
    }
}

/// Waits where it must; a lost device is opened again, once.
#[cfg(not(target_arch = "wasm32"))]
impl crate::render::Renderer for GpuRenderer {
    fn render_until(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error> {
        match signal::blocking(self.picture(scene, volumes, size, cancel)) {
            Err(Error::DeviceLost) => {
                signal::blocking(self.gpu.restore())?;
                signal::blocking(self.picture(scene, volumes, size, cancel))
            }
            outcome => outcome,
        }
    }

    fn values_until(
        &mut self,
        scene: &Scene,
        layer: usize,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Values, Error> {
        match signal::blocking(self.layer_values(scene, layer, volumes, size, cancel)) {
            Err(Error::DeviceLost) => {
                signal::blocking(self.gpu.restore())?;
                signal::blocking(self.layer_values(scene, layer, volumes, size, cancel))
            }
            outcome => outcome,
        }
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

/// What a picture, or values, are asked of the device.
fn work(device: &Device, ask: &Ask<'_>) -> Result<Work, Error> {
    check::size(ask.size)?;
    check::sharpening(ask.scene.sharpening)?;
    for layer in &ask.layers {
        place::check_registration(layer)?;
    }
    match &ask.scene.view {
        View::Plane(plane) => plane::work(device, ask, Pixels::Flat(plane)),
        View::Curved(Curved { plane, slab: None }) => plane::work(device, ask, Pixels::Curved(plane)),
        View::Curved(Curved {
            plane,
            slab: Some(slab),
        }) => mip::of_curve(device, ask, plane, *slab),
        View::Projection(projection) => mip::of_camera(device, ask, projection),
        View::Rendering(rendering) if ask.product == Product::Picture => {
            rendering::of(device, ask, rendering)
        }
        View::Rendering(_) => Err(Error::NoValues),
    }
}
