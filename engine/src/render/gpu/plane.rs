//! Planes, flat and along a curve: `shaders/plane.wgsl`.

use bytemuck::{Pod, Zeroable};

use super::ask::Ask;
use super::device::Device;
use super::fixed::split_vector;
use super::layers::{
    Along, Bound, Paint, Ready, bind_colors, bind_volumes, product_of, ready, storage_buffer, uniform_buffer,
};
use super::pipelines::Product;
use super::place::volume_from_scene;
use super::run::{Pass, Work};
use super::shaders::Program;
use crate::geometry::{Affine, Plane, Voxel};
use crate::presentation::{CurvedPlane, ImagePlane};
use crate::render::{Error, Sharpening};
use crate::volume::Interpolation;

/// Where the pixels of a plane lie.
#[derive(Clone, Copy)]
pub(super) enum Pixels<'a> {
    Flat(&'a ImagePlane),
    Curved(&'a CurvedPlane),
}

/// `Cut` of `shaders/plane.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct CutUniform {
    origin_whole: [i32; 3],
    unused: u32,
    origin_part: [u32; 3],
    unused_0: u32,
    right_whole: [i32; 3],
    unused_1: u32,
    right_part: [u32; 3],
    unused_2: u32,
    down_whole: [i32; 3],
    unused_3: u32,
    down_part: [u32; 3],
    unused_4: u32,
    origin: [f32; 3],
    unused_5: u32,
    right: [f32; 3],
    unused_6: u32,
    down: [f32; 3],
    unused_7: u32,
}

/// `View` of `shaders/plane.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct ViewUniform {
    cut: CutUniform,
    columns: u32,
    sharpening: f32,
    sharpening_radius: i32,
    unused: u32,
}

/// A column of a curved plane: place of the top pixel and step down, whole and part of each.
type Column = [[u32; 4]; 4];

/// A picture of a plane, or the values of its first layer.
pub(super) fn work(device: &Device, ask: &Ask<'_>, pixels: Pixels<'_>) -> Result<Work, Error> {
    let Ask {
        scene,
        volumes,
        size,
        product,
        ..
    } = *ask;
    let sharpening = scene
        .sharpening
        .filter(|sharpening| sharpening.amount > 0.0 && product == Product::Picture);
    let mut shown = Vec::with_capacity(ask.layers.len());
    for layer in &ask.layers {
        shown.push((
            (*layer, layer.volume),
            Paint::new(layer, volumes.get(layer.volume)?.rescale(), size)?,
        ));
    }
    if product == Product::Picture {
        shown.retain(|(_, paint)| !paint.is_clear());
    }
    let (layers, paints): (Vec<_>, Vec<Paint>) = shown.into_iter().unzip();
    let layers = ready(device, Along::Plane, &layers, volumes, ask.cancel)?;
    let mut passes = Vec::new();
    for (ready, paint) in layers.iter().zip(&paints) {
        passes.push(pass(device, ask, pixels, Some((ready, paint)), sharpening)?);
    }
    if passes.is_empty() {
        // Without a layer there is still a background.
        passes.push(pass(device, ask, pixels, None, None)?);
    }
    let reads = layers.iter().zip(&paints).map(|(ready, paint)| {
        let values = if sharpening.is_some() && paint.product() == Product::Picture {
            26.0
        } else {
            paint.reads_per_pixel()
        };
        values * (1.0 + reads(ready.layer.interpolation))
    });
    let samples_per_pixel = reads.sum::<f64>().max(1.0);
    Ok(Work {
        passes,
        size,
        background: scene.background,
        samples_per_pixel,
        is_real: false,
    })
}

/// What a value costs, in linear ones.
fn reads(interpolation: Interpolation) -> f64 {
    match interpolation {
        Interpolation::Cubic => 8.0,
        Interpolation::Nearest | Interpolation::Linear => 1.0,
    }
}

fn pass(
    device: &Device,
    ask: &Ask<'_>,
    pixels: Pixels<'_>,
    layer: Option<(&Ready<'_>, &Paint)>,
    sharpening: Option<Sharpening>,
) -> Result<Pass, Error> {
    let layers = layer.map_or(&[][..], |(ready, _)| std::slice::from_ref(ready));
    let (product, filter) = product_of(device, ask, layer);
    let mut view = ViewUniform::default();
    let mut columns: Vec<Column> = Vec::new();
    for ready in layers {
        match pixels {
            Pixels::Flat(plane) => view.cut = CutUniform::flat(&voxel_from_plane(plane, ready)?),
            Pixels::Curved(plane) => columns.extend(curved(plane, ready, ask.size.width)?),
        }
    }
    view.columns = columns.len() as u32;
    if let Some(Sharpening {
        amount,
        radius_pixels,
    }) = sharpening
    {
        view.sharpening = amount as f32;
        view.sharpening_radius = radius_pixels as i32;
    }
    if columns.is_empty() {
        columns.push(Column::default());
    }
    let Bound { group, traits } = bind_volumes(device, Along::Plane, layers, filter);
    Ok(Pass {
        pipeline: device
            .pipelines
            .compute(&device.device, Program::Plane, product, traits),
        view: uniform_buffer(device, &[view]),
        more: storage_buffer(device, bytemuck::cast_slice(&columns)),
        volumes: group,
        colors: bind_colors(device, layer.map(|(_, paint)| paint)),
        cuts: None,
        layers: layers.len() as u32,
    })
}

fn voxel_from_plane(plane: &ImagePlane, ready: &Ready<'_>) -> Result<Affine<Voxel, Plane>, Error> {
    let singular = Error::Singular("a view's plane");
    if plane.patient_from_plane.inverse().is_err() {
        return Err(singular);
    }
    let voxel_from_plane = volume_from_scene(ready.layer, ready.volume)? * plane.patient_from_plane;
    let finite = |values: &[f64]| values.iter().all(|value| value.abs() < 1e100);
    let usable = finite(voxel_from_plane.linear.as_slice()) && finite(voxel_from_plane.origin.as_slice());
    usable.then_some(voxel_from_plane).ok_or(singular)
}

impl CutUniform {
    fn flat(voxel_from_plane: &Affine<Voxel, Plane>) -> Self {
        let [right, down] = [0, 1].map(|axis| voxel_from_plane.axis(axis).xyz);
        let (origin_whole, origin_part) = split_vector(&voxel_from_plane.origin);
        let (right_whole, right_part) = split_vector(&right);
        let (down_whole, down_part) = split_vector(&down);
        let rough =
            |vector: &nalgebra::Vector3<f64>| [0, 1, 2].map(|axis| vector[axis].clamp(-1e30, 1e30) as f32);
        Self {
            origin_whole,
            origin_part,
            right_whole,
            right_part,
            down_whole,
            down_part,
            origin: rough(&voxel_from_plane.origin),
            right: rough(&right),
            down: rough(&down),
            ..Self::default()
        }
    }
}

/// The columns of a curved plane that an image shows, in voxel coordinates.
fn curved<'a>(
    plane: &'a CurvedPlane,
    ready: &Ready<'_>,
    width: u32,
) -> Result<impl Iterator<Item = Column> + use<'a>, Error> {
    let voxel_from_scene = volume_from_scene(ready.layer, ready.volume)?;
    Ok(plane.columns().iter().take(width as usize).map(move |straight| {
        let (top_whole, top_part) = split_vector(&(voxel_from_scene * straight.top).xyz);
        let (down_whole, down_part) = split_vector(&(voxel_from_scene * straight.down).xyz);
        let words = |vector: [u32; 3]| [vector[0], vector[1], vector[2], 0];
        let signed = |vector: [i32; 3]| words(vector.map(|value| value as u32));
        [
            signed(top_whole),
            words(top_part),
            signed(down_whole),
            words(down_part),
        ]
    }))
}
