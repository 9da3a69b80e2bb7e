//! The device's programs, made when first used and kept as long as the device.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::device::Filter;
use super::layers::Along;
use super::shaders::{Program, SHOW};

/// What a program gives for each pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Product {
    /// A colour.
    Picture,
    /// The stored value of its first layer.
    Values,
    /// A colour, with the contours of its first layer.
    Contours,
}

/// Layers that one dispatch reads.
pub(super) const LAYERS: usize = 4;

/// Bytes between the parts of a uniform buffer that dispatches choose from.
pub(super) const FRAME_STEP: u64 = 256;

/// What of its layers a program is made for: what none of them is, it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Traits {
    pub filter: Filter,
    /// `MAY` of `shaders/shared/volume.wgsl`.
    pub may: u32,
    /// How many are read together, 1 to [`LAYERS`].
    pub layers: usize,
    /// `KINDS`, of renderings.
    pub kinds: u32,
}

type Key = (Program, Product, Traits);

/// Programs and what they are bound to.
#[derive(Debug)]
pub(super) struct Pipelines {
    /// Camera and viewport.
    pub frame: wgpu::BindGroupLayout,
    /// Volumes, read by hand or by the device; the same with cells.
    volumes: [wgpu::BindGroupLayout; 4],
    /// What is cut away.
    pub cuts: wgpu::BindGroupLayout,
    /// Windows and colour maps.
    pub colors: wgpu::BindGroupLayout,
    pub show: wgpu::BindGroupLayout,
    pub sampler: wgpu::Sampler,
    /// Stands where a program has fewer layers than it could.
    pub nothing: wgpu::TextureView,
    compute: Mutex<BTreeMap<Key, wgpu::ComputePipeline>>,
    shown: Mutex<Vec<(wgpu::TextureFormat, wgpu::RenderPipeline)>>,
}

const COMPUTE: wgpu::ShaderStages = wgpu::ShaderStages::COMPUTE;

fn buffer(
    binding: u32,
    visibility: wgpu::ShaderStages,
    ty: wgpu::BufferBindingType,
) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}

const UNIFORM: wgpu::BufferBindingType = wgpu::BufferBindingType::Uniform;
const READ: wgpu::BufferBindingType = wgpu::BufferBindingType::Storage { read_only: true };
const WRITE: wgpu::BufferBindingType = wgpu::BufferBindingType::Storage { read_only: false };

fn texture(binding: u32, filterable: bool) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: COMPUTE,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable },
            view_dimension: wgpu::TextureViewDimension::D3,
            multisampled: false,
        },
        count: None,
    }
}

fn layout(
    device: &wgpu::Device,
    label: &str,
    entries: &[wgpu::BindGroupLayoutEntry],
) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(label),
        entries,
    })
}

fn volumes(device: &wgpu::Device, along: Along, filter: Filter) -> wgpu::BindGroupLayout {
    let by_device = filter == Filter::ByDevice;
    let mut entries = vec![buffer(0, COMPUTE, UNIFORM), buffer(5, COMPUTE, READ)];
    entries.extend((1..=LAYERS as u32).map(|binding| texture(binding, by_device)));
    if along == Along::Rays {
        entries.extend((7..7 + LAYERS as u32).map(|binding| texture(binding, false)));
    }
    if by_device {
        entries.push(wgpu::BindGroupLayoutEntry {
            binding: 6,
            visibility: COMPUTE,
            ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            count: None,
        });
    }
    layout(device, "volumes", &entries)
}

impl Pipelines {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let mut piece = buffer(0, COMPUTE, UNIFORM);
        if let wgpu::BindingType::Buffer {
            has_dynamic_offset, ..
        } = &mut piece.ty
        {
            *has_dynamic_offset = true;
        }
        let frame = [
            piece,
            buffer(1, COMPUTE, WRITE),
            buffer(2, COMPUTE, UNIFORM),
            buffer(3, COMPUTE, READ),
        ];
        let colors = [buffer(0, COMPUTE, UNIFORM), buffer(1, COMPUTE, READ)];
        let drawn = wgpu::ShaderStages::FRAGMENT;
        let show = [buffer(0, drawn, UNIFORM), buffer(1, drawn, READ)];
        Self {
            frame: layout(device, "frame", &frame),
            volumes: [
                (Along::Plane, Filter::ByHand),
                (Along::Plane, Filter::ByDevice),
                (Along::Rays, Filter::ByHand),
                (Along::Rays, Filter::ByDevice),
            ]
            .map(|(along, filter)| volumes(device, along, filter)),
            cuts: layout(
                device,
                "cuts",
                &[0, 1, 2].map(|binding| buffer(binding, COMPUTE, READ)),
            ),
            colors: layout(device, "colors", &colors),
            show: layout(device, "show", &show),
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("linear"),
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..Default::default()
            }),
            nothing: nothing(device),
            compute: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    /// What volumes are bound to where they are read by `filter`.
    pub(super) fn volumes(&self, along: Along, filter: Filter) -> &wgpu::BindGroupLayout {
        let with_cells = 2 * usize::from(along == Along::Rays);
        &self.volumes[with_cells + usize::from(filter == Filter::ByDevice)]
    }

    /// The program of a picture.
    pub(super) fn compute(
        &self,
        device: &wgpu::Device,
        program: Program,
        product: Product,
        traits: Traits,
    ) -> wgpu::ComputePipeline {
        let mut made = self.compute.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || self.make(device, program, product, traits);
        made.entry((program, product, traits))
            .or_insert_with(make)
            .clone()
    }

    fn make(
        &self,
        device: &wgpu::Device,
        program: Program,
        product: Product,
        traits: Traits,
    ) -> wgpu::ComputePipeline {
        let Traits {
            filter,
            may,
            layers,
            kinds,
        } = traits;
        let along = program.along();
        let mut groups = vec![
            Some(&self.frame),
            Some(self.volumes(along, filter)),
            Some(&self.colors),
        ];
        if along == Along::Rays {
            groups.push(Some(&self.cuts));
        }
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &groups,
            immediate_size: 0,
        });
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(program.source(filter).into()),
        });
        let entry = match product {
            Product::Picture => "picture",
            Product::Values => "values",
            Product::Contours => "contours",
        };
        let constants = [
            ("MAY", f64::from(may)),
            ("LAYERS", layers as f64),
            ("KINDS", f64::from(kinds)),
        ];
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: Some(&layout),
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                ..Default::default()
            },
            cache: None,
        })
    }

    /// The program that shows a finished image on textures of a format.
    pub(super) fn shown(&self, device: &wgpu::Device, format: wgpu::TextureFormat) -> wgpu::RenderPipeline {
        let mut made = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pipeline)) = made.iter().find(|(of, _)| *of == format) {
            return pipeline.clone();
        }
        let pipeline = self.make_shown(device, format);
        made.push((format, pipeline.clone()));
        pipeline
    }

    fn make_shown(&self, device: &wgpu::Device, format: wgpu::TextureFormat) -> wgpu::RenderPipeline {
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("show"),
            bind_group_layouts: &[Some(&self.show)],
            immediate_size: 0,
        });
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("show"),
            source: wgpu::ShaderSource::Wgsl(SHOW.into()),
        });
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("show"),
            layout: Some(&layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("show"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

/// A texture of one texel.
fn nothing(device: &wgpu::Device) -> wgpu::TextureView {
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("nothing"),
        size: wgpu::Extent3d {
            width: 1,
            height: 1,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format: wgpu::TextureFormat::R8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
