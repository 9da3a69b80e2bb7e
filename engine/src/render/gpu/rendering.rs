//! Volume renderings: `shaders/rendering.wgsl`.

use super::ask::Ask;
use super::device::Device;
use super::layers::{
    Along, Bound, Ready, bind, bind_volumes, entry, filter_of, ready, storage_buffer, uniform_buffer,
};
use super::look::{Looks, Shown};
use super::pipelines::LAYERS;
use super::place::check_camera;
use super::rays::{Course, Rays, Sight, across_mm};
use super::run::{Pass, Work};
use super::shaders::Program;
use crate::render::check::{at_most, number};
use crate::render::{Classification, Error, Layer, Light, MAX_LAYERS, Material, Rendering};
use crate::volume::Interpolation;

/// A volume rendering of a scene's layers, marched at once.
pub(super) fn of(device: &Device, ask: &Ask<'_>, rendering: &Rendering) -> Result<Work, Error> {
    at_most("layers of a rendering", MAX_LAYERS, ask.layers.len())?;
    check_camera(&rendering.camera)?;
    for (what, found) in [
        ("the occlusion", rendering.occlusion),
        ("the shadow", rendering.shadow),
    ] {
        if !(0.0..=1.0).contains(&found) {
            return Err(number(what, "0 to 1", found));
        }
    }
    if let Some(found) = rendering.depth_mm.into_iter().flatten().find(|mm| mm.is_nan()) {
        return Err(number("a limit of the depth", "a number of mm", found));
    }
    let course = Course {
        step_mm: ask.scene.step_mm(ask.volumes)?,
        depth_mm: rendering.depth_mm,
        clips: true,
        jitter: ask.scene.quality.jitter,
        skips: ask.scene.quality.skips_empty_space,
    };
    let shown = shown(ask)?;
    let layers = on_device(device, ask, &shown)?;
    let filter = filter_of(device, &layers);
    let mut rays = Rays::new(
        Sight::Camera(&rendering.camera),
        course,
        &layers[..shown.len()],
        ask.size,
    )?;
    if let Light::From(direction) = rendering.light {
        let unit = direction
            .normalized()
            .ok_or(Error::Singular("the direction of the light"))?;
        rays.view.light = [0, 1, 2].map(|axis| unit[axis] as f32);
    }
    rays.view.occlusion = rendering.occlusion as f32;
    rays.view.shadow = rendering.shadow as f32;
    for (body, shown) in rays.view.bodies.iter_mut().zip(&shown) {
        body.weight = shown.weight as f32;
    }
    let looks = Looks::new(device, ask, rendering, &shown, &layers)?;
    let mut layers = layers;
    looks.lend_distances(&mut layers);
    let Bound { group, mut traits } = bind_volumes(device, Along::Rays, &layers, filter);
    traits.may |= looks.may;
    traits.kinds = looks.kinds;
    // Label maps lie behind the layers.
    traits.layers = shown.len().max(1);
    let program = match layers.len() {
        0 | 1 => Program::Rendering,
        2 => Program::RenderingOfTwo,
        _ => Program::RenderingOfFour,
    };
    let samples = layers
        .iter()
        .take(shown.len())
        .map(|ready| across_mm(ready) / course.step_mm);
    let pass = Pass {
        pipeline: device
            .pipelines
            .compute(&device.device, program, ask.product, traits),
        view: uniform_buffer(device, &[rays.view]),
        more: rays.tables(device),
        volumes: group,
        colors: {
            let uniform = uniform_buffer(device, &looks.uniforms);
            let entries = storage_buffer(device, bytemuck::cast_slice(&looks.entries));
            bind(
                device,
                &device.pipelines.colors,
                &[entry(0, &uniform), entry(1, &entries)],
            )
        },
        cuts: Some(rays.cuts(device, &looks.lights)),
        layers: shown.len() as u32,
    };
    Ok(Work {
        passes: vec![pass],
        size: ask.size,
        background: ask.scene.background,
        // A sample with its gradient is seven; most of a ray is passed over or hidden.
        samples_per_pixel: 1.0 + 3.0 * samples.sum::<f64>(),
        is_real: false,
    })
}

/// The layers that are seen, with their materials and weights.
fn shown<'a>(ask: &Ask<'a>) -> Result<Vec<Shown<'a>>, Error> {
    let weights = ask.scene.weights()?;
    let mut shown = Vec::new();
    for (layer, weight) in ask.layers.iter().zip(weights) {
        let material = match &layer.material {
            Some(material) => material.clone(),
            None if layer.window.is_valid() => Material::glowing(layer.window, &layer.color_map),
            None => {
                return Err(Error::Window {
                    center: layer.window.center,
                    width: layer.window.width,
                });
            }
        };
        super::look::check(&material)?;
        ask.volumes.get(layer.volume)?;
        if weight > 0.0 {
            shown.push(Shown {
                layer,
                material,
                weight,
                tint: None,
            });
        }
    }
    let mut slot = shown.len();
    for shown in &mut shown {
        if let Classification::Tissue { tint: Some(_), .. } = &shown.material.classification {
            shown.tint = Some(slot);
            slot += 1;
        }
    }
    at_most("volumes of a rendering, label maps among them", LAYERS, slot)?;
    Ok(shown)
}

/// Brings the layers' volumes, and behind them the label maps of tints, onto the device.
fn on_device<'a>(device: &Device, ask: &Ask<'a>, shown: &[Shown<'a>]) -> Result<Vec<Ready<'a>>, Error> {
    let mut wanted: Vec<(&Layer, crate::render::VolumeId)> = shown
        .iter()
        .map(|shown| (shown.layer, shown.layer.volume))
        .collect();
    for shown in shown {
        if let Classification::Tissue { tint: Some(tint), .. } = &shown.material.classification {
            wanted.push((shown.layer, tint.labels));
        }
    }
    let mut ready = ready(device, Along::Rays, &wanted, ask.volumes, ask.cancel)?;
    for ready in &mut ready {
        ready.interpolation = Interpolation::Linear;
    }
    Ok(ready)
}
