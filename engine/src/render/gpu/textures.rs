//! Volumes on the device, under a budget of bytes: what was not used for longest gives way.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::device::Device;
use super::fold::Fold;
use super::format::{self, Coding};
use crate::geometry::{Patient, Vector};
use crate::render::cells::Cells;
use crate::render::illumination::Illumination;
use crate::render::{Cancel, Classification, Error, VolumeId};
use crate::volume::{Rescale, Volume, Voxels};

/// Bytes that are copied to the device at a time: what an upload takes besides the texture.
const SLAB_BYTES: u64 = 16 << 20;

/// The volumes on a device.
#[derive(Debug)]
pub(super) struct Textures {
    budget_bytes: u64,
    by_id: BTreeMap<VolumeId, Kept>,
    /// Number of the image that is made.
    image: u64,
}

#[derive(Debug)]
struct Kept {
    texture: Arc<Texture>,
    cells: Option<Arc<CellsTexture>>,
    lights: Vec<KeptLight>,
    voxels: Identity,
    /// The image that it was last used for.
    used: u64,
}

/// How light falls into a volume that looks so.
#[derive(Debug)]
struct KeptLight {
    rescale: Rescale,
    classification: Classification,
    lamp: Option<Vector<Patient>>,
    made: Arc<Illumination>,
}

/// Lights that are kept of a volume: those of a few pictures.
const LIGHTS: usize = 4;

/// A volume's stored values on the device.
#[derive(Debug)]
pub(super) struct Texture {
    pub view: wgpu::TextureView,
    pub fold: Fold,
    pub coding: Coding,
    pub offset: f32,
    pub has_holes: bool,
    pub bytes: u64,
}

/// Smallest and largest values of a volume's blocks, on the device and here.
#[derive(Debug)]
pub(super) struct CellsTexture {
    pub cells: Arc<Cells>,
    pub view: wgpu::TextureView,
}

/// Tells voxels apart where a host gives new ones an old name, and sees when nobody has them any more.
///
/// It keeps the address, and so the memory, of voxels that were dropped until the next image is begun.
#[derive(Debug)]
enum Identity {
    I16(Weak<[i16]>),
    U16(Weak<[u16]>),
    U8(Weak<[u8]>),
    F32(Weak<[f32]>),
}

impl Identity {
    fn of(voxels: &Voxels) -> Self {
        match voxels {
            Voxels::I16(values) => Self::I16(Arc::downgrade(values)),
            Voxels::U16(values) => Self::U16(Arc::downgrade(values)),
            Voxels::U8(values) => Self::U8(Arc::downgrade(values)),
            Voxels::F32(values) => Self::F32(Arc::downgrade(values)),
        }
    }

    fn is(&self, voxels: &Voxels) -> bool {
        match (self, voxels) {
            (Self::I16(kept), Voxels::I16(values)) => std::ptr::addr_eq(kept.as_ptr(), Arc::as_ptr(values)),
            (Self::U16(kept), Voxels::U16(values)) => std::ptr::addr_eq(kept.as_ptr(), Arc::as_ptr(values)),
            (Self::U8(kept), Voxels::U8(values)) => std::ptr::addr_eq(kept.as_ptr(), Arc::as_ptr(values)),
            (Self::F32(kept), Voxels::F32(values)) => std::ptr::addr_eq(kept.as_ptr(), Arc::as_ptr(values)),
            _ => false,
        }
    }

    fn is_alive(&self) -> bool {
        match self {
            Self::I16(kept) => kept.strong_count() > 0,
            Self::U16(kept) => kept.strong_count() > 0,
            Self::U8(kept) => kept.strong_count() > 0,
            Self::F32(kept) => kept.strong_count() > 0,
        }
    }
}

impl Textures {
    pub(super) fn new(budget_bytes: u64) -> Self {
        Self {
            budget_bytes,
            by_id: BTreeMap::new(),
            image: 0,
        }
    }

    /// Begins an image: the volumes asked for from now on stay until the next. Those that no host has any
    /// more go.
    pub(super) fn begin(&mut self) {
        self.image += 1;
        self.by_id.retain(|_, kept| kept.voxels.is_alive());
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> u64 {
        self.by_id.values().map(|kept| kept.texture.bytes).sum()
    }

    /// The texture of a volume, uploaded if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::DeviceMemory`] when it does not fit the budget beside the image's others; [`Error::Device`] when
    /// no texture can hold it; [`Error::DeviceFull`], [`Error::DeviceLost`], [`Error::Device`] as the device says.
    pub(super) fn get(
        &mut self,
        device: &Device,
        id: VolumeId,
        volume: &Volume,
    ) -> Result<Arc<Texture>, Error> {
        let kept = self.by_id.get_mut(&id);
        if let Some(kept) = kept.filter(|kept| kept.voxels.is(volume.voxels())) {
            kept.used = self.image;
            return Ok(kept.texture.clone());
        }
        self.by_id.remove(&id);
        let texture = Arc::new(self.upload(device, volume)?);
        let kept = Kept {
            texture: texture.clone(),
            cells: None,
            lights: Vec::new(),
            voxels: Identity::of(volume.voxels()),
            used: self.image,
        };
        self.by_id.insert(id, kept);
        Ok(texture)
    }

    /// The cells of a volume that was got for this image, made if they are not there.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`]; else as [`Textures::get`].
    pub(super) fn cells(
        &mut self,
        device: &Device,
        id: VolumeId,
        volume: &Volume,
        cancel: &Cancel,
    ) -> Result<Arc<CellsTexture>, Error> {
        let kept = self.by_id.get_mut(&id).ok_or(Error::UnknownVolume(id))?;
        if let Some(cells) = &kept.cells {
            return Ok(cells.clone());
        }
        let cells = Arc::new(CellsTexture::new(device, Cells::of_until(volume, cancel)?)?);
        kept.cells = Some(cells.clone());
        Ok(cells)
    }

    /// How light falls into a volume that was got for this image, from a lamp in this direction of its own
    /// patient space; made if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub(super) fn light(
        &mut self,
        id: VolumeId,
        volume: &Volume,
        classification: &Classification,
        lamp: Option<Vector<Patient>>,
        cancel: &Cancel,
    ) -> Result<Arc<Illumination>, Error> {
        let kept = self.by_id.get_mut(&id).ok_or(Error::UnknownVolume(id))?;
        let rescale = volume.rescale();
        let is_same = |light: &KeptLight| {
            light.rescale == rescale && light.lamp == lamp && light.classification == *classification
        };
        let light = match kept.lights.iter().position(is_same) {
            Some(at) => kept.lights.remove(at),
            None => KeptLight {
                rescale,
                classification: classification.clone(),
                lamp,
                made: Arc::new(Illumination::of(volume, classification, lamp, cancel)?),
            },
        };
        let made = light.made.clone();
        kept.lights.push(light);
        if kept.lights.len() > LIGHTS {
            kept.lights.remove(0);
        }
        Ok(made)
    }

    fn upload(&mut self, device: &Device, volume: &Volume) -> Result<Texture, Error> {
        let coding = Coding::of(volume.voxels(), device.features);
        let longest = device.limits.max_texture_dimension_3d;
        let fold = Fold::new(volume.grid().size(), longest).ok_or_else(|| {
            let [columns, rows, slices] = volume.grid().size();
            Error::Device(format!(
                "expected a volume that can be folded to sides of {longest} voxels, found {columns} x {rows} x {slices}"
            ))
        })?;
        let bytes = fold.texels() * coding.bytes();
        self.make_room(bytes)?;
        Texture::new(device, volume.voxels(), fold, coding)
    }

    /// Gives up what was not used for longest, but nothing of this image.
    fn make_room(&mut self, bytes: u64) -> Result<(), Error> {
        while self.bytes() + bytes > self.budget_bytes {
            let idle = self.by_id.iter().filter(|(_, kept)| kept.used < self.image);
            let Some(oldest) = idle.min_by_key(|(_, kept)| kept.used).map(|(id, _)| *id) else {
                return Err(Error::DeviceMemory {
                    needed_bytes: self.bytes() + bytes,
                    budget_bytes: self.budget_bytes,
                });
            };
            self.by_id.remove(&oldest);
        }
        Ok(())
    }
}

impl Texture {
    fn new(device: &Device, voxels: &Voxels, fold: Fold, coding: Coding) -> Result<Self, Error> {
        let texture = device.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("volume"),
            size: extent(fold.texture()),
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D3,
            format: coding.format(),
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        device.check()?;
        for z in 0..fold.bricks[2] {
            fill(device, &texture, voxels, &fold, coding, z)?;
        }
        Ok(Self {
            view: texture.create_view(&wgpu::TextureViewDescriptor::default()),
            fold,
            coding,
            offset: format::offset(voxels),
            has_holes: matches!(voxels, Voxels::F32(values) if format::has_holes(values)),
            bytes: fold.texels() * coding.bytes(),
        })
    }
}

impl CellsTexture {
    fn new(device: &Device, cells: Cells) -> Result<Self, Error> {
        let finite = |value: f32| value.clamp(-format::INFINITE, format::INFINITE);
        let bounds = cells.low().iter().zip(cells.high());
        let texels: Vec<[f32; 2]> = bounds.map(|(low, high)| [finite(*low), finite(*high)]).collect();
        let size = cells.size().map(|side| side as u32);
        let view = small(
            device,
            size,
            wgpu::TextureFormat::Rg32Float,
            bytemuck::cast_slice(&texels),
        )?;
        Ok(Self {
            cells: Arc::new(cells),
            view,
        })
    }
}

/// A small 3D texture, filled at once.
pub(super) fn small(
    device: &Device,
    size: [u32; 3],
    format: wgpu::TextureFormat,
    texels: &[u8],
) -> Result<wgpu::TextureView, Error> {
    let texture = device.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("cells"),
        size: extent(size),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let row = texels.len() as u32 / (size[1] * size[2]);
    device.queue.write_texture(
        texture.as_image_copy(),
        texels,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(row),
            rows_per_image: Some(size[1]),
        },
        extent(size),
    );
    device.check()?;
    Ok(texture.create_view(&wgpu::TextureViewDescriptor::default()))
}

fn extent([width, height, depth_or_array_layers]: [u32; 3]) -> wgpu::Extent3d {
    wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers,
    }
}

/// Copies one layer of bricks, slab by slab.
fn fill(
    device: &Device,
    texture: &wgpu::Texture,
    voxels: &Voxels,
    fold: &Fold,
    coding: Coding,
    brick_z: u32,
) -> Result<(), Error> {
    let [first, size, _] = fold.place([0, 0, brick_z]);
    let slice = fold.size[0] as usize * fold.size[1] as usize;
    let per_slab = (SLAB_BYTES / (slice as u64 * coding.bytes())).clamp(1, u64::from(size[2].max(1))) as u32;
    for z in (0..size[2]).step_by(per_slab as usize) {
        let slices = per_slab.min(size[2] - z);
        let from = (first[2] + z) as usize * slice;
        let texels = format::texels(voxels, from..from + slices as usize * slice);
        for brick_y in 0..fold.bricks[1] {
            for brick_x in 0..fold.bricks[0] {
                let place = fold.place([brick_x, brick_y, brick_z]);
                write(device, texture, &texels, fold, coding, place, [z, slices]);
            }
        }
        // Hands the copies over, so that their room is free again before the next slab.
        let submitted = device.queue.submit([]);
        #[cfg(not(target_arch = "wasm32"))]
        let _ = device.device.poll(wgpu::PollType::Wait {
            submission_index: Some(submitted),
            timeout: None,
        });
        #[cfg(target_arch = "wasm32")]
        let _ = submitted;
        device.check()?;
    }
    Ok(())
}

/// Copies what a slab of whole slices holds of a brick.
fn write(
    device: &Device,
    texture: &wgpu::Texture,
    texels: &[u8],
    fold: &Fold,
    coding: Coding,
    [first, size, texel]: [[u32; 3]; 3],
    [z, slices]: [u32; 2],
) {
    let [columns, rows, _] = fold.size;
    let offset = (u64::from(first[1]) * u64::from(columns) + u64::from(first[0])) * coding.bytes();
    device.queue.write_texture(
        wgpu::TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: wgpu::Origin3d {
                x: texel[0],
                y: texel[1],
                z: texel[2] + z,
            },
            aspect: wgpu::TextureAspect::All,
        },
        texels,
        wgpu::TexelCopyBufferLayout {
            offset,
            bytes_per_row: Some(columns * coding.bytes() as u32),
            rows_per_image: Some(rows),
        },
        extent([size[0], size[1], slices]),
    );
}
