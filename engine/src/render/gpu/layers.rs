//! What every picture hands to the device of its layers: volumes, and the colours of their values.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};

use super::ask::Ask;
use super::device::{Device, Filter};
use super::fixed;
use super::pieces::GROUP;
use super::pipelines::{LAYERS, Product, Traits};
use super::textures::{CellsTexture, Texture};
use crate::colormap::MAX_COLORS;
use crate::fusion::Weight;
use crate::presentation::Size;
use crate::render::contours::Lines;
use crate::render::ramp::Ramp;
use crate::render::shown_in::{Cover, Join};
use crate::render::{Cancel, DrawnAs, Error, Layer, VolumeId, Volumes};
use crate::volume::{Interpolation, Rescale, Volume};

/// A layer whose volume is on the device.
pub(super) struct Ready<'a> {
    pub layer: &'a Layer,
    pub volume: &'a Volume,
    pub interpolation: Interpolation,
    pub texture: Arc<Texture>,
    /// Of pictures along rays: what is where, roughly.
    pub cells: Option<Arc<CellsTexture>>,
}

/// Whether pictures look along rays: then cubic interpolation is read as linear, and cells are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    Plane,
    Rays,
}

/// Brings volumes onto the device, each with the layer that it belongs to.
pub(super) fn ready<'a>(
    device: &Device,
    along: Along,
    layers: &[(&'a Layer, VolumeId)],
    volumes: &'a Volumes,
    cancel: &Cancel,
) -> Result<Vec<Ready<'a>>, Error> {
    let mut textures = device.textures();
    textures.begin();
    let mut ready = Vec::with_capacity(layers.len());
    for (layer, id) in layers.iter().copied() {
        let volume = volumes.get(id)?;
        let texture = textures.get(device, id, volume)?;
        let cells = match along {
            Along::Plane => None,
            Along::Rays => Some(textures.cells(device, id, volume, cancel)?),
        };
        let interpolation = match (along, layer.interpolation) {
            (Along::Rays, Interpolation::Cubic) => Interpolation::Linear,
            (_, interpolation) => interpolation,
        };
        ready.push(Ready {
            layer,
            volume,
            interpolation,
            texture,
            cells,
        });
    }
    Ok(ready)
}

impl Ready<'_> {
    /// Whether the device may filter this volume in a picture.
    fn is_filtered(&self, device: &Device) -> bool {
        let Texture {
            coding,
            fold,
            has_holes,
            ..
        } = &*self.texture;
        coding.is_filterable(device.features) && !fold.is_folded() && !has_holes
    }

    /// Whether its texture may stand where filtered ones do.
    fn is_bindable(&self, device: &Device) -> bool {
        self.texture.coding != super::format::Coding::Float
            || self.texture.coding.is_filterable(device.features)
    }
}

/// How the volumes of a picture are read.
pub(super) fn filter_of(device: &Device, layers: &[Ready<'_>]) -> Filter {
    let some = layers.iter().any(|ready| ready.is_filtered(device));
    let all = layers.iter().all(|ready| ready.is_bindable(device));
    if device.filter == Filter::ByDevice && some && all {
        Filter::ByDevice
    } else {
        Filter::ByHand
    }
}

/// What the program of a layer gives for each pixel, and how it reads the layer's volume. Contours are as exact
/// as values are.
pub(super) fn product_of(
    device: &Device,
    ask: &Ask<'_>,
    layer: Option<(&Ready<'_>, &Paint)>,
) -> (Product, Filter) {
    match (ask.product, layer) {
        (Product::Picture, Some((ready, paint))) if paint.product() == Product::Picture => {
            (Product::Picture, filter_of(device, std::slice::from_ref(ready)))
        }
        (Product::Picture, Some(_)) => (Product::Contours, Filter::ByHand),
        (Product::Picture, None) => (Product::Picture, filter_of(device, &[])),
        (product, _) => (product, Filter::ByHand),
    }
}

/// `Volume` of `shaders/shared/volume.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct VolumeUniform {
    size: [i32; 3],
    flags: u32,
    scale: [f32; 2],
    offset: f32,
    interpolation: u32,
    brick: [i32; 3],
    first_position: u32,
    bricks: [i32; 3],
    positions: u32,
    atlas: [i32; 3],
    rescale_slope: f32,
    per_voxel: [f32; 3],
    rescale_intercept: f32,
}

const HOLES: u32 = 1;
const UNEVEN: u32 = 2;
const FOLDED: u32 = 4;
const FILTERED: u32 = 8;
const SOME_NEAREST: u32 = 16;

impl VolumeUniform {
    fn new(ready: &Ready<'_>, filter: Filter, is_filtered: bool, first_position: usize) -> Self {
        let Texture {
            fold,
            coding,
            offset,
            has_holes,
            ..
        } = &*ready.texture;
        let positions = slice_positions(ready.volume).len();
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let is_filtered = filter == Filter::ByDevice && is_filtered;
        let signed = |sides: [u32; 3]| sides.map(|side| side as i32);
        Self {
            size: signed(fold.size),
            flags: flag(*has_holes, HOLES)
                | flag(positions > 0, UNEVEN)
                | flag(fold.is_folded(), FOLDED)
                | flag(is_filtered, FILTERED),
            scale: coding.scale(),
            offset: *offset,
            interpolation: match ready.interpolation {
                Interpolation::Nearest => 0,
                Interpolation::Linear => 1,
                Interpolation::Cubic => 2,
            },
            brick: signed(fold.brick),
            first_position: first_position as u32,
            bricks: signed(fold.bricks),
            positions: positions as u32,
            atlas: signed(fold.atlas),
            rescale_slope: ready.volume.rescale().slope as f32,
            per_voxel: fold.size.map(|side| 1.0 / side as f32),
            rescale_intercept: ready.volume.rescale().intercept as f32,
        }
    }
}

/// Positions of uneven slices; none of a volume whose slices are even.
fn slice_positions(volume: &Volume) -> &[f64] {
    let positions = volume.grid().slice_positions().unwrap_or_default();
    if positions.len() > 1 { positions } else { &[] }
}

/// Volumes as a program sees them.
pub(super) struct Bound {
    pub group: wgpu::BindGroup,
    pub traits: Traits,
}

/// Binds up to [`LAYERS`] volumes.
pub(super) fn bind_volumes(device: &Device, along: Along, layers: &[Ready<'_>], filter: Filter) -> Bound {
    let mut uniforms = [VolumeUniform::default(); LAYERS];
    let mut positions: Vec<[u32; 2]> = Vec::new();
    let mut may = 0;
    for (uniform, ready) in uniforms.iter_mut().zip(layers) {
        *uniform = VolumeUniform::new(ready, filter, ready.is_filtered(device), positions.len());
        may |= uniform.flags | (SOME_NEAREST << uniform.interpolation);
        positions.extend(slice_positions(ready.volume).iter().map(|position| {
            let (whole, part) = fixed::split(*position);
            [whole as u32, part]
        }));
    }
    positions.push([0; 2]);
    let pipelines = &device.pipelines;
    let uniform = uniform_buffer(device, &uniforms);
    let positions = storage_buffer(device, bytemuck::cast_slice(&positions));
    let mut entries = vec![entry(0, &uniform), entry(5, &positions)];
    for slot in 0..LAYERS {
        let ready = layers.get(slot);
        let view = ready.map_or(&pipelines.nothing, |ready| &ready.texture.view);
        entries.push(texture_entry(slot as u32 + 1, view));
        if along == Along::Rays {
            let cells = ready.and_then(|ready| ready.cells.as_ref());
            let view = cells.map_or(&pipelines.nothing, |cells| &cells.view);
            entries.push(texture_entry(slot as u32 + 7, view));
        }
    }
    if filter == Filter::ByDevice {
        entries.push(wgpu::BindGroupEntry {
            binding: 6,
            resource: wgpu::BindingResource::Sampler(&pipelines.sampler),
        });
    }
    Bound {
        group: bind(device, pipelines.volumes(along, filter), &entries),
        traits: Traits {
            filter,
            may,
            layers: layers.len().max(1),
            kinds: 0,
        },
    }
}

fn texture_entry(binding: u32, view: &wgpu::TextureView) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding,
        resource: wgpu::BindingResource::TextureView(view),
    }
}

/// `Ramp` of `shaders/shared/color.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct RampUniform {
    low: f32,
    scale: f32,
    last: f32,
    weight: u32,
    join: u32,
    first_part: u32,
    levels: u32,
    first_level: u32,
    line_color: u32,
    half_width: f32,
    reach: u32,
    sign: f32,
}

/// How the values of a layer are coloured.
pub(super) struct Paint {
    ramp: Ramp,
    weight: Weight,
    rescale: Rescale,
    cover: Option<Cover>,
    lines: Option<Lines>,
}

impl Paint {
    /// The paint of a layer whose shader gives stored values, or real ones with [`Rescale::IDENTITY`].
    pub(super) fn new(layer: &Layer, rescale: Rescale, size: Size) -> Result<Self, Error> {
        Ok(Self {
            ramp: Ramp::new(layer.window, &layer.color_map)?,
            weight: layer.weight()?,
            rescale,
            cover: Cover::new(layer.shown_in, size)?,
            lines: match &layer.drawn_as {
                DrawnAs::Colors => None,
                DrawnAs::Contours(contours) => Some(Lines::new(contours)?),
            },
        })
    }

    /// Whether it hides what is below nowhere.
    pub(super) fn is_clear(&self) -> bool {
        self.weight.of_256() == 0
    }

    /// What its program gives for each pixel of a picture.
    pub(super) fn product(&self) -> Product {
        match self.lines {
            None => Product::Picture,
            Some(_) => Product::Contours,
        }
    }

    /// How many values a pixel takes, and how much else in values, about.
    pub(super) fn reads_per_pixel(&self) -> f64 {
        let Some(lines) = &self.lines else {
            return 1.0;
        };
        let reach = f64::from(lines.reach);
        let tile = (f64::from(GROUP) + 2.0 * reach) / f64::from(GROUP);
        tile.powi(2) + lines.levels.len() as f64 * reach.powi(2)
    }

    /// The colours that can come up.
    fn colors(&self) -> &[[u8; 4]] {
        let last = (self.ramp.last / 256.0) as usize;
        &self.ramp.colors[..=last.min(MAX_COLORS - 1)]
    }

    fn uniform(&self) -> RampUniform {
        let within = |value: f64| value.clamp(-1e37, 1e37) as f32;
        let mut uniform = RampUniform {
            low: within(self.rescale.stored(f64::from(self.ramp.low))),
            scale: within(f64::from(self.ramp.scale) * self.rescale.slope),
            last: self.ramp.last,
            weight: u32::from(self.weight.of_256()),
            ..RampUniform::default()
        };
        uniform.first_part = self.colors().len() as u32;
        uniform.first_level = uniform.first_part;
        if let Some(cover) = &self.cover {
            uniform.join = match cover.join {
                Join::Board => 1,
                Join::Line => 2,
            };
            uniform.first_level += (cover.columns.len() + cover.rows.len()) as u32;
        }
        if let Some(lines) = &self.lines {
            let [red, green, blue] = lines.color;
            uniform.levels = lines.levels.len() as u32;
            uniform.line_color = u32::from_le_bytes([red, green, blue, 0]);
            uniform.half_width = lines.half_width;
            uniform.reach = lines.reach;
            uniform.sign = self.rescale.slope.signum() as f32;
        }
        uniform
    }

    /// Colours, then the parts of columns and rows, then stored levels: `colors` of `shaders/shared/color.wgsl`.
    fn table(&self) -> Vec<u32> {
        let mut table: Vec<u32> = bytemuck::cast_slice(self.colors()).to_vec();
        if let Some(cover) = &self.cover {
            let parts = cover.columns.iter().chain(&cover.rows);
            table.extend(parts.map(|part| part.to_bits()));
        }
        if let Some(lines) = &self.lines {
            let stored = |level: &f64| self.rescale.stored(*level).clamp(-1e37, 1e37) as f32;
            table.extend(lines.levels.iter().map(|level| stored(level).to_bits()));
        }
        table
    }
}

/// Binds the paint of a layer; none where there is a background only.
pub(super) fn bind_colors(device: &Device, paint: Option<&Paint>) -> wgpu::BindGroup {
    let uniform = paint.map(Paint::uniform).unwrap_or_default();
    let table = paint.map_or_else(|| vec![0], Paint::table);
    let uniform = uniform_buffer(device, &[uniform]);
    let colors = storage_buffer(device, bytemuck::cast_slice(&table));
    bind(
        device,
        &device.pipelines.colors,
        &[entry(0, &uniform), entry(1, &colors)],
    )
}

pub(super) fn entry(binding: u32, buffer: &wgpu::Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding,
        resource: buffer.as_entire_binding(),
    }
}

pub(super) fn bind(
    device: &Device,
    layout: &wgpu::BindGroupLayout,
    entries: &[wgpu::BindGroupEntry<'_>],
) -> wgpu::BindGroup {
    device.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout,
        entries,
    })
}

pub(super) fn uniform_buffer<T: Pod>(device: &Device, contents: &[T]) -> wgpu::Buffer {
    filled(
        device,
        bytemuck::cast_slice(contents),
        wgpu::BufferUsages::UNIFORM,
    )
}

pub(super) fn storage_buffer(device: &Device, contents: &[u8]) -> wgpu::Buffer {
    filled(device, contents, wgpu::BufferUsages::STORAGE)
}

fn filled(device: &Device, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    // Not mapped at creation: mapping what a lost device made would panic.
    let buffer = device.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: contents.len() as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    device.queue.write_buffer(&buffer, 0, contents);
    buffer
}
