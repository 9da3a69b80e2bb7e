//! Which graphics adapters there are, and which one is meant.

use crate::render::Error;

/// What an adapter is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdapterKind {
    /// A processor that imitates one (lavapipe, SwiftShader, WARP).
    Software,
    /// Unknown, or a part of another machine's.
    Virtual,
    /// On the processor's chip.
    Integrated,
    /// A card of its own.
    Discrete,
}

impl AdapterKind {
    /// A word for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Virtual => "virtual",
            Self::Integrated => "integrated",
            Self::Discrete => "discrete",
        }
    }

    const fn of(device_type: wgpu::DeviceType) -> Self {
        match device_type {
            wgpu::DeviceType::DiscreteGpu => Self::Discrete,
            wgpu::DeviceType::IntegratedGpu => Self::Integrated,
            wgpu::DeviceType::Cpu => Self::Software,
            wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => Self::Virtual,
        }
    }
}

/// A graphics adapter of this machine, and what of it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterDescription {
    /// Its number among the adapters.
    pub index: usize,
    /// The maker's name for it.
    pub name: String,
    /// Through what it is spoken to: `vulkan`, `dx12`, `metal`, `webgpu`.
    pub backend: &'static str,
    /// What it is made of.
    pub kind: AdapterKind,
    /// Driver and version, as the driver says.
    pub driver: String,
    /// Longest side of a volume in one piece, voxels.
    pub max_volume_side: u32,
    /// Largest buffer that a shader may read or write, bytes.
    pub max_buffer_bytes: u64,
    /// Whether volumes of 16-bit integers are kept as such; in two bytes apart otherwise.
    pub has_16_bit: bool,
    /// Whether it filters single precision by itself.
    pub filters_f32: bool,
    /// Whether it can say how long it took.
    pub has_timestamps: bool,
}

impl AdapterDescription {
    pub(super) fn new(index: usize, adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let (features, limits) = (adapter.features(), adapter.limits());
        Self {
            index,
            kind: AdapterKind::of(info.device_type),
            backend: info.backend.to_str(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            name: info.name,
            max_volume_side: limits.max_texture_dimension_3d,
            max_buffer_bytes: limits.max_storage_buffer_binding_size,
            has_16_bit: features.contains(wgpu::Features::TEXTURE_FORMAT_16BIT_NORM),
            filters_f32: features.contains(wgpu::Features::FLOAT32_FILTERABLE),
            has_timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        }
    }

    /// Whether `wanted` means this adapter: its number, or a part of its name in any case.
    #[must_use]
    pub fn is_meant(&self, wanted: &str) -> bool {
        let wanted = wanted.trim().to_lowercase();
        match wanted.parse::<usize>() {
            Ok(index) => index == self.index,
            Err(_) => self.name.to_lowercase().contains(&wanted),
        }
    }
}

/// An instance of wgpu that speaks to everything this target can speak to.
pub(super) fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // Warnings of debug layers cost time and are printed: the engine prints nothing.
    descriptor.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(descriptor)
}

/// The adapters of this machine, as [`Gpu::request`](super::Gpu::request) numbers them.
///
/// A browser tells of one at most.
pub async fn adapters() -> Vec<AdapterDescription> {
    let found = all(&instance()).await;
    let described = found.iter().enumerate();
    described
        .map(|(index, adapter)| AdapterDescription::new(index, adapter))
        .collect()
}

async fn all(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    #[cfg(target_arch = "wasm32")]
    {
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        instance.request_adapter(&options).await.into_iter().collect()
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let mut found = instance.enumerate_adapters(wgpu::Backends::all()).await;
        found.retain(can_compute);
        found
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn can_compute(adapter: &wgpu::Adapter) -> bool {
    let capabilities = adapter.get_downlevel_capabilities();
    capabilities.flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
}

/// The adapter that is meant, or the best; with its description.
pub(super) async fn choose(
    instance: &wgpu::Instance,
    wanted: Option<&str>,
    takes_software: bool,
) -> Result<(wgpu::Adapter, AdapterDescription), Error> {
    let found = all(instance).await;
    let described = found.into_iter().enumerate().map(|(index, adapter)| {
        let description = AdapterDescription::new(index, &adapter);
        (adapter, description)
    });
    let suits = |description: &AdapterDescription| match wanted {
        Some(wanted) => description.is_meant(wanted),
        None => takes_software || description.kind != AdapterKind::Software,
    };
    let fitting = described.filter(|(_, description)| suits(description));
    // The first of the best kind.
    let best = fitting.reduce(|best, next| if next.1.kind > best.1.kind { next } else { best });
    best.ok_or_else(|| Error::NoAdapter(wanted.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::{AdapterDescription, AdapterKind};

    fn check(wanted: &str, expected: bool) {
        let description = AdapterDescription {
            index: 1,
            name: "Acme Lava 3000".to_owned(),
            backend: "vulkan",
            kind: AdapterKind::Discrete,
            driver: String::new(),
            max_volume_side: 2048,
            max_buffer_bytes: 1 << 27,
            has_16_bit: true,
            filters_f32: true,
            has_timestamps: true,
        };
        assert_eq!(description.is_meant(wanted), expected, "{wanted}");
    }

    #[test]
    fn an_adapter_is_meant_by_number_or_name() {
        check("1", true);
        check("0", false);
        check("lava", true);
        check(" ACME ", true);
        check("llvmpipe", false);
    }

    #[test]
    fn cards_come_before_imitations() {
        assert!(AdapterKind::Discrete > AdapterKind::Integrated);
        assert!(AdapterKind::Virtual > AdapterKind::Software);
    }
}
