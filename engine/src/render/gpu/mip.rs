//! Projections along rays, of cameras and of slabs about curved planes: `shaders/mip.wgsl`.

use super::ask::Ask;
use super::device::{Device, Filter};
use super::layers::{
    Along, Bound, Paint, Ready, bind_colors, bind_volumes, product_of, ready, uniform_buffer,
};
use super::pipelines::Product;
use super::place::{check_camera, check_origin};
use super::rays::{BodyUniform, Course, Rays, Sight, across_mm};
use super::run::{Pass, Work};
use super::shaders::Program;
use crate::presentation::CurvedPlane;
use crate::render::check::{at_most, number};
use crate::render::{Error, MAX_LAYERS, Projection, ProjectionKind, Slab};
use crate::volume::Rescale;

/// A projection along a camera's rays.
pub(super) fn of_camera(device: &Device, ask: &Ask<'_>, projection: &Projection) -> Result<Work, Error> {
    at_most("layers of a projection", MAX_LAYERS, ask.scene.layers.len())?;
    check_camera(&projection.camera)?;
    check_origin(&projection.camera)?;
    let course = Course {
        step_mm: ask.scene.step_mm(ask.volumes)?,
        depth_mm: projection.depth_mm,
        clips: true,
        jitter: ask.scene.quality.jitter,
        skips: ask.scene.quality.skips_empty_space,
    };
    work(
        device,
        ask,
        Sight::Camera(&projection.camera),
        course,
        projection.kind,
    )
}

/// A slab about a curved plane.
pub(super) fn of_curve(
    device: &Device,
    ask: &Ask<'_>,
    plane: &CurvedPlane,
    slab: Slab,
) -> Result<Work, Error> {
    let Slab { thickness_mm, kind } = slab;
    if !(thickness_mm.is_finite() && thickness_mm >= 0.0) {
        return Err(number("a slab's thickness", "0 mm or more", thickness_mm));
    }
    let course = Course {
        step_mm: ask.scene.step_mm(ask.volumes)?,
        depth_mm: Some([-thickness_mm / 2.0, thickness_mm / 2.0]),
        clips: false,
        jitter: ask.scene.quality.jitter,
        skips: ask.scene.quality.skips_empty_space,
    };
    work(device, ask, Sight::Curved(plane), course, kind)
}

/// Whether the shader must turn stored values into real ones before it puts them together.
fn is_real(kind: ProjectionKind) -> bool {
    match kind {
        ProjectionKind::Maximum { depth_weight } => depth_weight > 0.0,
        ProjectionKind::Sum => true,
        ProjectionKind::Minimum | ProjectionKind::Mean => false,
    }
}

fn work(
    device: &Device,
    ask: &Ask<'_>,
    sight: Sight<'_>,
    course: Course,
    kind: ProjectionKind,
) -> Result<Work, Error> {
    if let ProjectionKind::Maximum { depth_weight } = kind
        && !(0.0..=1.0).contains(&depth_weight)
        && !ask.layers.is_empty()
    {
        return Err(number("a depth weight", "0 to 1", depth_weight));
    }
    let mut shown = Vec::with_capacity(ask.layers.len());
    for layer in &ask.layers {
        let rescale = match is_real(kind) {
            true => Rescale::IDENTITY,
            false => ask.volumes.get(layer.volume)?.rescale(),
        };
        shown.push(((*layer, layer.volume), Paint::new(layer, rescale, ask.size)?));
    }
    if ask.product == Product::Picture {
        shown.retain(|(_, paint)| !paint.is_clear());
    }
    let (layers, paints): (Vec<_>, Vec<Paint>) = shown.into_iter().unzip();
    let layers = ready(device, Along::Rays, &layers, ask.volumes, ask.cancel)?;
    let mut passes = Vec::new();
    for (ready, paint) in layers.iter().zip(&paints) {
        passes.push(pass(device, ask, sight, course, kind, Some((ready, paint)))?);
    }
    if passes.is_empty() {
        // Without a layer there is still a background.
        passes.push(pass(device, ask, sight, course, kind, None)?);
    }
    let depth_mm = course
        .depth_mm
        .map_or(f64::INFINITY, |[near, far]| (far - near).max(0.0));
    let samples = layers.iter().zip(&paints).map(|(ready, paint)| {
        paint.reads_per_pixel() * 0.6 * across_mm(ready).min(depth_mm) / course.step_mm
    });
    Ok(Work {
        passes,
        size: ask.size,
        background: ask.scene.background,
        samples_per_pixel: 1.0 + samples.sum::<f64>(),
        is_real: is_real(kind),
    })
}

/// One layer over what lies below it.
fn pass(
    device: &Device,
    ask: &Ask<'_>,
    sight: Sight<'_>,
    course: Course,
    kind: ProjectionKind,
    layer: Option<(&Ready<'_>, &Paint)>,
) -> Result<Pass, Error> {
    let layers = layer.map_or(&[][..], |(ready, _)| std::slice::from_ref(ready));
    let (product, filter) = product_of(device, ask, layer);
    let mut rays = Rays::new(sight, course, layers, ask.size)?;
    for (body, ready) in rays.view.bodies.iter_mut().zip(layers) {
        look_for(body, ready, kind, filter);
        // Of cells between uneven slices the shader does not know where they end.
        rays.view.skips &= u32::from(ready.volume.grid().slice_positions().is_none());
    }
    rays.view.kind = match kind {
        ProjectionKind::Maximum { .. } | ProjectionKind::Minimum => 0,
        ProjectionKind::Mean => 1,
        ProjectionKind::Sum => 2,
    };
    let Bound { group, traits } = bind_volumes(device, Along::Rays, layers, filter);
    Ok(Pass {
        pipeline: device
            .pipelines
            .compute(&device.device, Program::Mip, product, traits),
        view: uniform_buffer(device, &[rays.view]),
        more: rays.tables(device),
        volumes: group,
        colors: bind_colors(device, layer.map(|(_, paint)| paint)),
        cuts: Some(rays.cuts(device, &[])),
        layers: layers.len() as u32,
    })
}

/// What of a layer's values is looked for.
fn look_for(body: &mut BodyUniform, ready: &Ready<'_>, kind: ProjectionKind, filter: Filter) {
    let Rescale { slope, .. } = ready.volume.rescale();
    body.is_real = u32::from(is_real(kind));
    body.sign = match kind {
        ProjectionKind::Minimum => -slope.signum() as f32,
        ProjectionKind::Maximum { depth_weight: 0.0 } => slope.signum() as f32,
        _ => 1.0,
    };
    if let ProjectionKind::Maximum { depth_weight } = kind {
        body.fading = depth_weight as f32;
        body.fading_from = ready.layer.window.limits().0 as f32;
    }
    let range = ready
        .cells
        .as_ref()
        .and_then(|cells| cells.cells.range())
        .unwrap_or_default();
    let largest = range
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(0.0, |a: f32, b| a.max(b.abs()));
    // Rounding of single precision; a device's filter may be off by a step of the texels.
    let mut margin = f64::from(largest) / f64::from(1 << 20);
    if filter == Filter::ByDevice {
        margin += 1.0;
    }
    if is_real(kind) {
        margin = margin * slope.abs() + ready.volume.rescale().intercept.abs() / f64::from(1 << 20);
    }
    body.margin = margin.min(1e37) as f32;
}
