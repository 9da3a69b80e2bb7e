//! Light on tissue, for a handful of places at once.
//!
//! Places are gathered from the rays of a tile and lit when there are enough for all lanes: gradients are
//! only taken where something is seen, and no lane goes idle.

#![expect(
    clippy::needless_range_loop,
    reason = "a lane is an index into many arrays at once; zips of six hide that"
)]

use crate::render::Labels;
use crate::render::cpu::rendering::part::{Look, Part};
use crate::render::cpu::rendering::places::{LANES, Places, differences};
use crate::render::illumination::Illumination;

/// Entries of the gloss's table.
const GLOSS: usize = 2048;

/// Where the light comes from, and how far surroundings darken.
pub(super) struct Lamp {
    /// Towards it, of length 1; `None` for the viewer's own.
    pub from: Option<[f32; 3]>,
    pub occlusion: f32,
    pub shadow: f32,
}

/// `cosine^shininess` by the cosine.
pub(super) struct Gloss(Vec<f32>);

impl Gloss {
    pub(super) fn new(shininess: f64) -> Self {
        let entry = |n: usize| (n as f64 / GLOSS as f64).powf(shininess) as f32;
        Self((0..=GLOSS).map(entry).chain([1.0]).collect())
    }

    #[inline(always)]
    fn at(&self, cosine: f32) -> f32 {
        let place = cosine.clamp(0.0, 1.0) * GLOSS as f32;
        let entry = (place as usize).min(GLOSS);
        self.0[entry] + (place - entry as f32) * (self.0[entry + 1] - self.0[entry])
    }
}

/// A place that is to be lit.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The ray within its tile.
    pub slot: usize,
    /// Part of the light that reaches the viewer from here, and the colour times that.
    pub weight: f32,
    pub glow: [f32; 3],
    pub voxel: [f32; 3],
    /// Of label maps.
    pub gradient: [f32; 3],
}

/// Places of one layer that wait for light.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Vec<Place>,
}

/// What the rays of a tile have gathered.
pub(super) struct Lit<'a> {
    pub part: &'a Part<'a>,
    pub gloss: &'a Gloss,
    pub lamp: &'a Lamp,
    /// Direction of each ray.
    pub sight: &'a [[f32; 3]],
    pub rgb: &'a mut [[f32; 3]],
}

impl Queue {
    /// Takes a place.
    #[inline(always)]
    pub(super) fn push(&mut self, place: Place) {
        self.waiting.push(place);
    }

    /// Lights the places that wait while they fill all lanes; with `all`, the rest too.
    #[inline(always)]
    pub(super) fn flush(&mut self, lit: &mut Lit<'_>, all: bool) {
        let mut done = 0;
        while self.waiting.len() - done >= if all { 1 } else { LANES } {
            let end = (done + LANES).min(self.waiting.len());
            light(&self.waiting[done..end], lit);
            done = end;
        }
        self.waiting.drain(..done);
    }
}

/// Lights up to [`LANES`] places.
#[inline(always)]
fn light(places: &[Place], lit: &mut Lit<'_>) {
    let Some(shading) = lit.part.shading else {
        return;
    };
    let gradients = gradients(places, lit.part);
    let even_below = match &*lit.part.look {
        Look::Labels(_) => Labels::EVEN_PER_MM as f32,
        _ => shading.even_below as f32,
    };
    for (place, gradient) in places.iter().zip(&gradients) {
        let magnitude = dot(*gradient, *gradient).sqrt();
        let has_normal = magnitude > 0.0 && magnitude.is_finite();
        let normal = if has_normal {
            gradient.map(|part| part / magnitude)
        } else {
            [0.0; 3]
        };
        let sight = lit.sight[place.slot];
        let (cosine, glossy) = lit.lamp.cosines(normal, sight);
        let strength = if !has_normal {
            0.0
        } else if magnitude < even_below {
            magnitude / even_below
        } else {
            1.0
        };
        let [open, light] = lit.surroundings(place.voxel, normal, sight);
        let diffuse = shading.diffuse as f32 * (1.0 + strength * (cosine - 1.0));
        let own = open * (shading.ambient as f32 + light * diffuse);
        let gloss = light * shading.specular as f32 * strength * lit.gloss.at(glossy);
        for color in 0..3 {
            lit.rgb[place.slot][color] += own * place.glow[color] + gloss * place.weight;
        }
    }
}

/// Gradients at places, in the scene.
#[inline(always)]
fn gradients(places: &[Place], part: &Part<'_>) -> [[f32; 3]; LANES] {
    let mut found = [[0.0; 3]; LANES];
    if matches!(*part.look, Look::Labels(_)) {
        for (gradient, place) in found.iter_mut().zip(places) {
            *gradient = place.gradient;
        }
        return found;
    }
    let mut voxel = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        // Idle lanes stand where the first does.
        let place = places.get(lane).unwrap_or(&places[0]);
        for axis in 0..3 {
            voxel[axis][lane] = place.voxel[axis];
        }
    }
    let [across, down, away] = differences(
        part.lanes,
        part.volume,
        &Places::at(part.volume.grid().size(), &voxel),
    );
    for lane in 0..LANES {
        found[lane] = part.gradient([across[lane], down[lane], away[lane]], voxel[2][lane]);
    }
    found
}

#[inline(always)]
fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Lit<'_> {
    /// How much ambient light comes in at a place, and how much of the lamp's.
    #[inline(always)]
    fn surroundings(&self, voxel: [f32; 3], normal: [f32; 3], sight: [f32; 3]) -> [f32; 2] {
        match &self.part.illumination {
            None => [1.0; 2],
            Some(illumination) => self.asked(illumination, voxel, normal, sight),
        }
    }

    /// A little off the place, on the side that is seen.
    #[cold]
    #[inline(never)]
    fn asked(
        &self,
        illumination: &Illumination,
        voxel: [f32; 3],
        normal: [f32; 3],
        sight: [f32; 3],
    ) -> [f32; 2] {
        let outward = if dot(normal, sight) > 0.0 {
            normal.map(|part| -part)
        } else if normal == [0.0; 3] {
            sight.map(|part| -part)
        } else {
            normal
        };
        let linear = &self.part.position_from_scene.linear;
        let off_mm = illumination.off_mm();
        let place = std::array::from_fn(|axis| {
            let along: f32 = (0..3).map(|n| linear[(axis, n)] as f32 * outward[n]).sum();
            voxel[axis] + off_mm * along
        });
        let [open, light] = illumination.at(place);
        [
            1.0 - self.lamp.occlusion * (1.0 - open),
            1.0 - self.lamp.shadow * (1.0 - light),
        ]
    }
}

impl Lamp {
    /// Cosines of a normal with the direction to the light, and with what lies half-way to the viewer.
    #[inline(always)]
    fn cosines(&self, normal: [f32; 3], sight: [f32; 3]) -> (f32, f32) {
        let Some(light) = self.from else {
            let cosine = dot(normal, sight).abs();
            return (cosine, cosine);
        };
        let half: [f32; 3] = std::array::from_fn(|axis| light[axis] - sight[axis]);
        let length = dot(half, half).sqrt();
        let glossy = if length > 0.0 {
            dot(normal, half).abs() / length
        } else {
            0.0
        };
        (dot(normal, light).abs(), glossy)
    }
}
