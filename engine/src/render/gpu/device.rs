//! The graphics device, made by the host and lent to renderers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::adapter::{self, AdapterDescription, AdapterKind};
use super::pieces::Pace;
use super::pipelines::Pipelines;
use super::textures::Textures;
use crate::render::Error;

/// How the values of a picture are read between voxels. Bare values are always read by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Filter {
    /// In the shader, in single precision.
    ByHand,
    /// By the device's filter where it is exact to 1/128 of the range of the voxels touched.
    #[default]
    ByDevice,
}

/// What a host asks of a device.
#[derive(Debug, Clone)]
pub struct Options {
    /// The adapter: its number in [`adapters`](super::adapters) or a part of its name. `None` for the best.
    pub adapter: Option<String>,
    /// Whether a processor that imitates an adapter will do where none is named.
    pub takes_software: bool,
    /// Bytes that volumes may take on the device.
    pub memory_bytes: u64,
    /// How pictures read between voxels.
    pub filter: Filter,
    /// Features that are not used even where the device has them.
    pub without: wgpu::Features,
    /// Longest side of a texture, where it is to be less than the device's.
    pub max_volume_side: Option<u32>,
}

impl Default for Options {
    /// The best hardware, and what fits a card of 2 GiB.
    fn default() -> Self {
        Self {
            adapter: None,
            takes_software: false,
            memory_bytes: 1792 << 20,
            filter: Filter::default(),
            without: wgpu::Features::empty(),
            max_volume_side: None,
        }
    }
}

/// A graphics device. It is lent to any number of renderers, which share its volumes.
#[derive(Debug)]
pub struct Gpu {
    options: Options,
    /// Whether the engine opened it, and may open it again.
    is_ours: bool,
    device: Mutex<Arc<Device>>,
}

/// A device as long as it is not lost.
#[derive(Debug)]
pub(super) struct Device {
    pub adapter: AdapterDescription,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub features: wgpu::Features,
    pub limits: wgpu::Limits,
    pub filter: Filter,
    pub pipelines: Pipelines,
    pub textures: Mutex<Textures>,
    pub pace: Pace,
    faults: Arc<Faults>,
}

/// What went wrong on a device since it was last asked.
#[derive(Debug, Default)]
struct Faults {
    is_lost: AtomicBool,
    is_out_of_memory: AtomicBool,
    first: Mutex<Option<String>>,
}

/// What is used where a device has it.
fn useful() -> wgpu::Features {
    wgpu::Features::TEXTURE_FORMAT_16BIT_NORM
        | wgpu::Features::FLOAT32_FILTERABLE
        | wgpu::Features::TIMESTAMP_QUERY
}

impl Gpu {
    /// Opens a device.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] when there is none, or none of the name; [`Error::Device`] when it cannot be opened.
    pub async fn request(options: Options) -> Result<Self, Error> {
        let device = open(&options).await?;
        Ok(Self {
            options,
            is_ours: true,
            device: Mutex::new(Arc::new(device)),
        })
    }

    /// Takes a device that the host has opened for its windows.
    ///
    /// Open it with [`Gpu::features`] and the adapter's limits, so that volumes take the least room. It cannot
    /// be restored: after a loss the host opens another.
    #[must_use]
    pub fn adopt(
        options: Options,
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Self {
        let description = AdapterDescription::new(0, adapter);
        let device = Device::new(&options, description, device, queue);
        Self {
            options,
            is_ours: false,
            device: Mutex::new(Arc::new(device)),
        }
    }

    /// The features of an adapter that are of use.
    #[must_use]
    pub fn features(adapter: &wgpu::Adapter) -> wgpu::Features {
        useful() & adapter.features()
    }

    /// The adapter that it is on.
    #[must_use]
    pub fn adapter(&self) -> AdapterDescription {
        self.device().adapter.clone()
    }

    /// The device itself, for the host's windows; another one after [`Gpu::restore`].
    #[must_use]
    pub fn wgpu(&self) -> (wgpu::Device, wgpu::Queue) {
        let device = self.device();
        (device.device.clone(), device.queue.clone())
    }

    /// Whether the device was lost: a driver update, a laptop that slept, a browser that took it back.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.device().is_lost()
    }

    /// Bytes that volumes take on the device now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.device().textures().bytes()
    }

    /// Opens a lost device again; volumes are uploaded again as they are needed.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceLost`] for a device that the host has opened; else as [`Gpu::request`].
    pub async fn restore(&self) -> Result<(), Error> {
        if !self.is_lost() {
            return Ok(());
        }
        if !self.is_ours {
            return Err(Error::DeviceLost);
        }
        let device = open(&self.options).await?;
        *self.device.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(device);
        Ok(())
    }

    pub(super) fn device(&self) -> Arc<Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn open(options: &Options) -> Result<Device, Error> {
    let instance = adapter::instance();
    let wanted = options.adapter.as_deref();
    let (adapter, description) = adapter::choose(&instance, wanted, options.takes_software).await?;
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("uptake"),
        required_features: (Gpu::features(&adapter)).difference(options.without),
        required_limits: adapter.limits(),
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..Default::default()
    };
    let (device, queue) = adapter
        .request_device(&descriptor)
        .await
        .map_err(|error| Error::Device(error.to_string()))?;
    Ok(Device::new(options, description, device, queue))
}

impl Device {
    fn new(options: &Options, adapter: AdapterDescription, device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let faults = Arc::new(Faults::default());
        let (seen, lost) = (faults.clone(), faults.clone());
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| seen.note(&error)));
        device.set_device_lost_callback(move |_, _| lost.is_lost.store(true, Ordering::Relaxed));
        let mut limits = device.limits();
        if let Some(side) = options.max_volume_side {
            limits.max_texture_dimension_3d = limits.max_texture_dimension_3d.min(side.max(8));
        }
        let features = device.features().difference(options.without);
        Self {
            filter: options.filter,
            pipelines: Pipelines::new(&device),
            textures: Mutex::new(Textures::new(options.memory_bytes)),
            pace: Pace::new(adapter.kind == AdapterKind::Software),
            adapter,
            device,
            queue,
            features,
            limits,
            faults,
        }
    }

    pub(super) fn textures(&self) -> std::sync::MutexGuard<'_, Textures> {
        self.textures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.faults.is_lost.load(Ordering::Relaxed)
    }

    /// What went wrong since it was last asked.
    pub(super) fn check(&self) -> Result<(), Error> {
        let first = self
            .faults
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if first.is_some() {
            // The news of a loss comes with a poll, later than the faults that follow from it.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        let is_out_of_memory = self.faults.is_out_of_memory.swap(false, Ordering::Relaxed);
        if self.is_lost() {
            return Err(Error::DeviceLost);
        }
        if is_out_of_memory {
            return Err(Error::DeviceFull);
        }
        first.map_or(Ok(()), |message| Err(Error::Device(message)))
    }

    /// Waits until the device has done what was submitted up to `index`.
    pub(super) async fn finished(&self, index: wgpu::SubmissionIndex) -> Result<(), Error> {
        #[cfg(target_arch = "wasm32")]
        {
            let _ = index;
            let done = super::signal::Signal::default();
            let other = done.clone();
            self.queue.on_submitted_work_done(move || other.give(()));
            done.await;
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            let wait = wgpu::PollType::Wait {
                submission_index: Some(index),
                timeout: None,
            };
            if self.device.poll(wait).is_err() && !self.is_lost() {
                return Err(Error::Device("waiting for the device failed".to_owned()));
            }
        }
        self.check()
    }
}

impl Faults {
    fn note(&self, error: &wgpu::Error) {
        if matches!(error, wgpu::Error::OutOfMemory { .. }) {
            self.is_out_of_memory.store(true, Ordering::Relaxed);
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| error.to_string());
    }
}
