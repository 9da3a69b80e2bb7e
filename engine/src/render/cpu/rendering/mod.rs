//! Volume rendering on the processor.
//!
//! A picture is cut into tiles of rays, which run in parallel. A ray goes from one place that may show
//! something to the next ([`space`]), looks at a handful of samples at once ([`optics`]), mixes them front to
//! back ([`march`]) and puts the places that are seen to those that wait for light ([`lighting`]).

mod labels;
mod lighting;
mod march;
mod optics;
mod part;
mod places;
mod prepare;
mod space;
mod surfaces;
mod track;

use crate::presentation::Ray;
use crate::render::check::part_of_one;
use crate::render::cpu::kernel::Lanes;
use crate::render::cpu::views::Work;
use crate::render::cpu::watch::Tally;
use crate::render::cpu::{filled, for_each_band};
use crate::render::{Error, Image, Light, MAX_LAYERS, MAX_SAMPLES, Rendering, Scene, Volumes, jitter};
use lighting::{Gloss, Lamp};
use march::{Journey, SIDE, Tile};
pub(super) use prepare::Kept;

/// Makes the picture of a rendering.
///
/// # Errors
///
/// [`Error`] for what of the scene cannot be used.
pub(super) fn render(
    work: &mut Work<'_>,
    rendering: &Rendering,
    scene: &Scene,
    volumes: &Volumes,
) -> Result<Image, Error> {
    let (lanes, size, counter) = (work.lanes, work.size, work.counter);
    let journey = journey(work, rendering, scene, volumes)?;
    work.stages.end("classification");
    let width = size.width as usize;
    let [red, green, blue] = scene.background;
    let mut pixels = filled([red, green, blue, u8::MAX], size, work.cancel);
    for_each_band(&mut pixels, size, SIDE, |first, band| {
        counter.add(match lanes {
            Lanes::Baseline => draw_baseline(&journey, scene, width, first, band),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it.
            Lanes::Avx2 => unsafe { draw_avx2(&journey, scene, width, first, band) },
        });
    });
    work.stages.end("picture");
    work.extra_bytes = work.cells.bytes() + work.renderings.bytes();
    Ok(Image {
        width: size.width,
        height: size.height,
        rgba: pixels.into_flattened(),
    })
}

/// Makes all ready that the rays need.
fn journey<'a, 'w: 'a>(
    work: &mut Work<'w>,
    rendering: &Rendering,
    scene: &Scene,
    volumes: &'a Volumes,
) -> Result<Journey<'a>, Error> {
    if scene.layers.len() > MAX_LAYERS {
        return Err(Error::TooMany {
            what: "layers of a rendering",
            most: MAX_LAYERS,
            found: scene.layers.len(),
        });
    }
    let plane = rendering.camera.plane.patient_from_plane;
    let eye_is_finite = rendering.camera.eye.is_none_or(|eye| eye.xyz.norm() < 1e100);
    if plane.inverse().is_err() || plane.linear.norm() > 1e100 || !eye_is_finite {
        return Err(Error::Singular("a view's plane"));
    }
    part_of_one("the occlusion", rendering.occlusion)?;
    part_of_one("the shadow", rendering.shadow)?;
    check_depth(rendering.depth_mm)?;
    let lamp = lamp(rendering)?;
    let weights = scene.weights()?;
    let mut parts = Vec::with_capacity(scene.layers.len());
    for (layer, weight) in scene.layers.iter().zip(weights) {
        let part = prepare::part(work, scene, rendering, layer, weight, volumes)?;
        parts.extend(part);
        if work.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
    }
    let step_mm = scene.step_mm(volumes)?;
    check_step(step_mm, scene, rendering, volumes)?;
    let shininess = |part: &part::Part<'_>| part.shading.map_or(1.0, |shading| shading.shininess);
    Ok(Journey {
        gloss: parts.iter().map(|part| Gloss::new(shininess(part))).collect(),
        parts,
        lamp,
        rendering: *rendering,
        step_mm,
        cancel: work.cancel,
    })
}

fn check_depth(depth_mm: Option<[f64; 2]>) -> Result<(), Error> {
    let number = depth_mm.into_iter().flatten().find(|depth| depth.is_nan());
    number.map_or(Ok(()), |found| {
        Err(Error::Number {
            what: "a depth",
            expected: "a number",
            found,
        })
    })
}

/// Refuses a step that puts too many samples on a ray through all volumes.
fn check_step(step_mm: f64, scene: &Scene, rendering: &Rendering, volumes: &Volumes) -> Result<(), Error> {
    let mut corners = Vec::new();
    for layer in &scene.layers {
        let grid = volumes.get(layer.volume)?.grid();
        corners.extend(grid.corners().map(|corner| layer.scene_from_volume * corner));
    }
    let mut longest_mm: f64 = 0.0;
    for a in &corners {
        for b in &corners {
            longest_mm = longest_mm.max(a.distance(*b));
        }
    }
    if let Some([near, far]) = rendering.depth_mm {
        longest_mm = longest_mm.min(far - near);
    }
    let fits = longest_mm / step_mm <= f64::from(MAX_SAMPLES - 2);
    fits.then_some(()).ok_or(Error::Step(step_mm))
}

fn lamp(rendering: &Rendering) -> Result<Lamp, Error> {
    let from = match rendering.light {
        Light::Head => None,
        Light::From(direction) => {
            let unit = direction.normalized();
            let unit = unit.ok_or(Error::Singular("the direction of the light"))?;
            Some([unit[0] as f32, unit[1] as f32, unit[2] as f32])
        }
    };
    Ok(Lamp {
        from,
        occlusion: rendering.occlusion as f32,
        shadow: if from.is_some() {
            rendering.shadow as f32
        } else {
            0.0
        },
    })
}

// Apart, so that its room on the stack is not set up for the other.
#[inline(never)]
fn draw_baseline(
    journey: &Journey<'_>,
    scene: &Scene,
    width: usize,
    first: u32,
    band: &mut [[u8; 4]],
) -> Tally {
    draw_here(journey, scene, width, first, band)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn draw_avx2(journey: &Journey<'_>, scene: &Scene, width: usize, first: u32, band: &mut [[u8; 4]]) -> Tally {
    draw_here(journey, scene, width, first, band)
}

/// Draws a band of tiles.
#[inline(always)]
fn draw_here(journey: &Journey<'_>, scene: &Scene, width: usize, first: u32, band: &mut [[u8; 4]]) -> Tally {
    let mut tile = Tile::new(journey);
    let rows = band.len() / width;
    for left in (0..width).step_by(SIDE) {
        if journey.cancel.is_cancelled() {
            break;
        }
        let columns = SIDE.min(width - left);
        let Some(empty_to) = empty_to(journey, [left as u32, first], [columns, rows]) else {
            continue;
        };
        for slot in 0..SIDE * SIDE {
            let (x, y) = (slot % SIDE, slot / SIDE);
            if x < columns && y < rows {
                let ray = ray(journey, (left + x) as f64, f64::from(first) + y as f64);
                if let Some(ray) = ray {
                    let (x, y) = ((left + x) as u32, first + y as u32);
                    let moved = scene.quality.jitter.map_or(0.0, |n| jitter::offset(x, y, n));
                    tile.march(slot, &ray, moved, &empty_to);
                    tile.flush(false);
                }
            }
        }
        tile.flush(true);
        for y in 0..rows {
            for x in 0..columns {
                let slot = y * SIDE + x;
                band[y * width + left + x] = over(tile.rgb[slot], tile.through[slot], scene.background);
            }
        }
        tile.clear();
    }
    tile.counts
}

/// Up to where the rays of a tile see nothing of each part; `None` where they see nothing of any.
#[inline(always)]
fn empty_to(
    journey: &Journey<'_>,
    [left, top]: [u32; 2],
    [columns, rows]: [usize; 2],
) -> Option<[f64; MAX_LAYERS]> {
    let mut to = [f64::NEG_INFINITY; MAX_LAYERS];
    let [right, down] = [columns as f64 - 1.0, rows as f64 - 1.0];
    let (x, y) = (f64::from(left), f64::from(top));
    let middle = ray(journey, x + right / 2.0, y + down / 2.0);
    let corner = |n: usize| ray(journey, x + right * (n & 1) as f64, y + down * (n >> 1) as f64);
    let (Some(middle), [Some(a), Some(b), Some(c), Some(d)]) = (middle, [0, 1, 2, 3].map(corner)) else {
        return Some(to);
    };
    let corners = [a, b, c, d];
    let parts = &journey.parts;
    for (to, part) in to.iter_mut().zip(parts) {
        *to = track::beam_empty_to(part, &middle, &corners, journey.step_mm);
    }
    let any = to[..parts.len()].iter().any(|to| *to < f64::INFINITY);
    any.then_some(to)
}

#[inline(always)]
fn ray(journey: &Journey<'_>, x: f64, y: f64) -> Option<Ray> {
    journey.rendering.camera.ray(x, y)
}

/// What was gathered before the background, as a pixel.
#[inline(always)]
fn over(rgb: [f32; 3], through: f32, background: [u8; 3]) -> [u8; 4] {
    let [red, green, blue] = std::array::from_fn(|n| {
        let light = 255.0 * rgb[n] + through * f32::from(background[n]);
        (light + 0.5) as u8
    });
    [red, green, blue, u8::MAX]
}

#[cfg(test)]
mod tests;
