//! Volume renderings by their definition: every segment of every ray, in f64, by `volume::sample`, with the
//! transfer functions' integrals computed for each segment. No tables, nothing passed over.

use engine::colormap::extinction_per_mm;
use engine::geometry::{Affine, Grid, Patient, Point, Vector, Voxel};
use engine::presentation::{Ray, Size};
use engine::render::illumination::Illumination;
use engine::render::jitter::offset;
use engine::render::{
    Cancel, Classification, DARK, Labels, Layer, Light, Material, ReadyCut, Rendering, Scene, Shading,
    Surface, Tint, View, Volumes,
};
use engine::volume::{Interpolation, Volume, sample};

mod labels;
mod tissue;

use labels::around;
use tissue::mean;

/// The picture, red, green, blue from 0 to 255, not rounded.
pub fn picture(scene: &Scene, volumes: &Volumes, size: Size) -> Vec<[f64; 3]> {
    let View::Rendering(rendering) = &scene.view else {
        panic!("a rendering");
    };
    let bodies = bodies(scene, rendering, volumes);
    let step_mm = scene.step_mm(volumes).unwrap();
    let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| {
            let ray = rendering.camera.ray(f64::from(x), f64::from(y));
            let moved = jitter(scene, x, y);
            let light = ray.map_or(Light3::default(), |ray| march(&bodies, &ray, step_mm, moved));
            std::array::from_fn(|n| {
                (255.0 * light.rgb[n] + light.through * f64::from(scene.background[n])).min(255.0)
            })
        })
        .collect()
}

/// How far the samples of a pixel's ray are moved, parts of a step.
fn jitter(scene: &Scene, x: u32, y: u32) -> f64 {
    scene.quality.jitter.map_or(0.0, |number| offset(x, y, number))
}

/// What has been gathered along a ray.
struct Light3 {
    rgb: [f64; 3],
    through: f64,
}

impl Default for Light3 {
    fn default() -> Self {
        Self {
            rgb: [0.0; 3],
            through: 1.0,
        }
    }
}

/// A layer.
struct Body<'a> {
    volume: &'a Volume,
    layer: &'a Layer,
    material: Material,
    tint: Option<(&'a Tint, &'a Volume)>,
    volume_from_scene: Affine<Patient, Patient>,
    cuts: Vec<ReadyCut>,
    weight: f64,
    depth_mm: [f64; 2],
    light: Light,
    illumination: Option<Illumination>,
    occlusion: f64,
    shadow: f64,
}

fn bodies<'a>(scene: &'a Scene, rendering: &Rendering, volumes: &'a Volumes) -> Vec<Body<'a>> {
    let weights = scene.weights().unwrap();
    let layers = scene
        .layers
        .iter()
        .zip(weights)
        .filter(|(_, weight)| *weight > 0.0);
    layers
        .map(|(layer, weight)| {
            let glowing = || Material::glowing(layer.window, &layer.color_map);
            let tint = match layer.material.as_ref().map(|material| &material.classification) {
                Some(Classification::Tissue { tint: Some(tint), .. }) => {
                    Some((tint, volumes.get(tint.labels).unwrap()))
                }
                _ => None,
            };
            let volume = volumes.get(layer.volume).unwrap();
            let volume_from_scene = layer.scene_from_volume.inverse().unwrap();
            let material = layer.material.clone().unwrap_or_else(glowing);
            let lamp = match rendering.light {
                Light::From(direction) => Some(volume_from_scene * direction),
                _ => None,
            };
            let darkened = rendering.occlusion > 0.0 || rendering.shadow > 0.0;
            let illumination = darkened
                .then(|| Illumination::of(volume, &material.classification, lamp, &Cancel::new()).unwrap());
            Body {
                volume,
                layer,
                material,
                tint,
                volume_from_scene,
                illumination,
                occlusion: rendering.occlusion,
                shadow: if lamp.is_some() { rendering.shadow } else { 0.0 },
                cuts: layer
                    .clip
                    .cuts
                    .iter()
                    .map(|cut| ReadyCut::new(cut).unwrap())
                    .collect(),
                weight,
                depth_mm: rendering.depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]),
                light: rendering.light,
            }
        })
        .collect()
}

/// What one layer does within a segment of the ray, or at a place of it.
#[derive(Clone, Copy)]
struct Event {
    /// From where to where in the segment, 0 to 1; equal for a surface.
    from: f64,
    to: f64,
    depth: f64,
    color: [f64; 3],
}

fn march(bodies: &[Body<'_>], ray: &Ray, step_mm: f64, moved: f64) -> Light3 {
    let mut light = Light3::default();
    let stretches: Vec<Option<[f64; 2]>> = bodies.iter().map(|body| body.stretch(ray)).collect();
    let ends = |pick: fn(&[f64; 2]) -> f64| stretches.iter().flatten().map(pick);
    let start = ends(|stretch| stretch[0]).fold(f64::INFINITY, f64::min);
    let end = ends(|stretch| stretch[1]).fold(f64::NEG_INFINITY, f64::max);
    if start >= end {
        return light;
    }
    let first = (start / step_mm - moved).floor();
    let last = (end / step_mm - moved).ceil();
    let mut k = first;
    while k < last && light.through >= DARK {
        let t = [(k + moved) * step_mm, (k + 1.0 + moved) * step_mm];
        let mut events = Vec::new();
        for (body, stretch) in bodies.iter().zip(&stretches) {
            if let Some(stretch) = stretch {
                body.segment(ray, t, *stretch, &mut events);
            }
        }
        mix(&mut light, &events);
        k += 1.0;
    }
    light
}

/// Mixes what happens within a segment from its front to its back: fog between the surfaces.
fn mix(light: &mut Light3, events: &[Event]) {
    let mut surfaces: Vec<Event> = events
        .iter()
        .filter(|event| event.from == event.to)
        .copied()
        .collect();
    surfaces.sort_by(|a, b| a.from.total_cmp(&b.from));
    let fog: Vec<Event> = events
        .iter()
        .filter(|event| event.from < event.to)
        .copied()
        .collect();
    let mut from = 0.0;
    for surface in &surfaces {
        take(light, &fog, surface.from - from);
        take(light, &[*surface], 1.0);
        from = surface.from;
    }
    take(light, &fog, 1.0 - from);
}

fn take(light: &mut Light3, events: &[Event], part: f64) {
    let depth: f64 = events.iter().map(|event| event.depth * part).sum();
    if depth <= 0.0 {
        return;
    }
    let held = light.through * (1.0 - (-depth).exp());
    for event in events {
        for n in 0..3 {
            light.rgb[n] += held * event.depth * part / depth * event.color[n];
        }
    }
    light.through *= (-depth).exp();
}

impl Body<'_> {
    fn voxel(&self, place: Point<Patient>) -> Point<Voxel> {
        self.volume.grid().voxel(self.volume_from_scene * place)
    }

    /// Where the ray lies in the volume's box, the depth and the clip's planes.
    fn stretch(&self, ray: &Ray) -> Option<[f64; 2]> {
        let grid = self.volume.grid();
        let map = *grid.voxel_from_patient() * self.volume_from_scene;
        let (origin, direction) = (map * ray.origin, map * ray.direction);
        let [mut enter, mut leave] = self.depth_mm;
        enter = enter.max(ray.start_mm);
        let mut side = |ahead: f64, slope: f64| {
            if slope > 0.0 {
                enter = enter.max(ahead / slope);
            } else if slope < 0.0 {
                leave = leave.min(ahead / slope);
            } else if ahead > 0.0 {
                leave = f64::NEG_INFINITY;
            }
        };
        for axis in 0..3 {
            let mut limits = [-0.5, grid.size()[axis] as f64 - 0.5];
            if axis == 2 {
                limits = limits.map(|slice| grid.position_from_slice(slice));
            }
            side(limits[0] - origin[axis], direction[axis]);
            side(origin[axis] - limits[1], -direction[axis]);
        }
        for plane in &self.layer.clip.planes {
            let normal = plane.normal.normalized().unwrap();
            side(normal.dot(plane.point - ray.origin), normal.dot(ray.direction));
        }
        (enter < leave).then_some([enter, leave])
    }

    fn segment(&self, ray: &Ray, t: [f64; 2], stretch: [f64; 2], events: &mut Vec<Event>) {
        let [a, b] = t.map(|t| t.clamp(stretch[0], stretch[1]));
        if a >= b {
            return;
        }
        let places = [a, b].map(|t| ray.at(t));
        let left = places.map(|place| self.cuts.iter().map(|cut| cut.leaves(place)).product::<f64>());
        match &self.material.classification {
            Classification::Surfaces(surfaces) => {
                let ends = [t[0] <= stretch[0], t[1] >= stretch[1]];
                for face in self.faces(surfaces, places, left, ends) {
                    let place = a + face.at * (b - a);
                    let at = ((place - t[0]) / (t[1] - t[0])).clamp(0.0, 1.0);
                    let color = face.surface.color.map(|part| f64::from(part) / 255.0);
                    let color = if face.is_cut {
                        self.evenly_lit(color)
                    } else {
                        self.lit(color, self.gradient(ray.at(place)), ray.at(place), ray)
                    };
                    events.push(Event {
                        from: at,
                        to: at,
                        depth: self.weight * face.left * extinction_per_mm(face.surface.opacity, 1.0),
                        color,
                    });
                }
            }
            _ => {
                let (depth, color, gradient) = self.fog(places, b - a);
                let depth = self.weight * depth * (left[0] + left[1]) / 2.0;
                if depth > 0.0 {
                    let color = self.lit(color, gradient, places[1], ray);
                    events.push(Event {
                        from: 0.0,
                        to: 1.0,
                        depth,
                        color,
                    });
                }
            }
        }
    }

    /// Depth, colour without light, and gradient of a segment.
    fn fog(&self, places: [Point<Patient>; 2], length_mm: f64) -> (f64, [f64; 3], Vector<Patient>) {
        let nothing = (0.0, [0.0; 3], Vector::new(0.0, 0.0, 0.0));
        match &self.material.classification {
            Classification::Tissue { transfer, .. } => {
                let [a, b] = places.map(|place| self.value(place));
                if a.is_nan() || b.is_nan() {
                    return nothing;
                }
                let [per_mm, glow @ ..] = mean(transfer, a, b);
                let mut depth = per_mm * length_mm;
                if depth <= 0.0 {
                    return nothing;
                }
                let mut color = glow.map(|part| part / per_mm);
                let gradient = self.gradient(places[1]);
                if let Some(curve) = transfer.gradient_opacity() {
                    depth *= curve.at(gradient.norm());
                }
                if let Some((tint, labels)) = self.tint {
                    let at = labels.grid().voxel(self.volume_from_scene * places[1]);
                    let around = around(labels, &tint.styles, at);
                    let others = 1.0 - around.part;
                    for (color, of_labels) in color.iter_mut().zip(around.color) {
                        *color = of_labels + others * *color;
                    }
                    depth *= around.opacity + others * tint.others;
                }
                (depth, color, gradient)
            }
            Classification::Labels(labels) => {
                let ends = places.map(|place| {
                    let shown = labels.styles.iter().filter(|(label, _)| labels.shows(**label));
                    let styles = shown.map(|(label, style)| (*label, *style)).collect();
                    around(self.volume, &styles, self.voxel(place))
                });
                let sends = ends.map(|end| {
                    if end.part <= 0.0 {
                        return (0.0, [0.0; 3]);
                    }
                    let per_mm = extinction_per_mm(end.opacity / end.part, 1.0) * Labels::edge(end.part);
                    (per_mm, end.color.map(|part| part / end.part))
                });
                let sum = sends[0].0 + sends[1].0;
                if sum <= 0.0 {
                    return nothing;
                }
                let color =
                    std::array::from_fn(|n| (sends[0].0 * sends[0].1[n] + sends[1].0 * sends[1].1[n]) / sum);
                let gradient = self.patient_gradient(ends[1].slope, self.voxel(places[1]));
                (sum / 2.0 * length_mm, color, gradient)
            }
            _ => panic!("a fog"),
        }
    }

    fn value(&self, place: Point<Patient>) -> f64 {
        let mut voxel = self.voxel(place);
        // A place on the border may lie beyond it by rounding.
        for axis in 0..3 {
            let last = self.volume.grid().size()[axis] as f64 - 0.5;
            voxel.xyz[axis] = voxel[axis].clamp(-0.5, last);
        }
        sample(self.volume, voxel, Interpolation::Linear).unwrap_or(f64::NAN)
    }

    /// Central differences one voxel to either side, held to the outermost centres, per mm of the scene.
    fn gradient(&self, place: Point<Patient>) -> Vector<Patient> {
        let size = self.volume.grid().size();
        let voxel = self.voxel(place);
        let held = |at: [f64; 3]| -> [f64; 3] {
            std::array::from_fn(|axis| at[axis].clamp(0.0, size[axis] as f64 - 1.0))
        };
        let here = held(voxel.xyz.into());
        let slope: [f64; 3] = std::array::from_fn(|axis| {
            let moved = |by: f64| {
                let mut at = here;
                at[axis] += by;
                sample(self.volume, Point::from(held(at)), Interpolation::Linear).unwrap()
            };
            let [after, before] = [moved(1.0), moved(-1.0)];
            let difference = after - before;
            // What is less than the rounding of the sums is nothing: its direction would be anything.
            let is_some = difference.abs() > 1e-12 * (after.abs() + before.abs());
            if is_some && difference.is_finite() {
                difference / 2.0
            } else {
                0.0
            }
        });
        self.patient_gradient(slope, voxel)
    }

    /// A slope along the axes of the voxels as a gradient in the scene, per mm.
    fn patient_gradient(&self, mut slope: [f64; 3], voxel: Point<Voxel>) -> Vector<Patient> {
        let grid: &Grid = self.volume.grid();
        let slice = voxel[2].clamp(0.0, grid.size()[2] as f64 - 1.0);
        slope[2] *= 2.0 / (grid.position_from_slice(slice + 1.0) - grid.position_from_slice(slice - 1.0));
        let linear = (*grid.voxel_from_patient() * self.volume_from_scene).linear;
        let component = |n: usize| (0..3).map(|axis| slope[axis] * linear[(axis, n)]).sum();
        Vector::new(component(0), component(1), component(2))
    }

    /// A colour lit at right angles, without gloss.
    fn evenly_lit(&self, color: [f64; 3]) -> [f64; 3] {
        let Some(Shading { ambient, diffuse, .. }) = self.material.shading else {
            return color;
        };
        color.map(|part| (ambient + diffuse) * part)
    }

    /// A colour in the light: evenly where there is no gradient.
    fn lit(&self, color: [f64; 3], gradient: Vector<Patient>, place: Point<Patient>, ray: &Ray) -> [f64; 3] {
        let Some(shading) = self.material.shading else {
            return color;
        };
        let to_viewer = ray.direction * -1.0;
        let to_light = match self.light {
            Light::From(direction) => direction.normalized().unwrap(),
            _ => to_viewer,
        };
        let even_below = match self.material.classification {
            Classification::Labels(_) => Labels::EVEN_PER_MM,
            _ => shading.even_below,
        };
        let normal = gradient.normalized();
        let strength = match normal {
            None => 0.0,
            Some(_) if even_below > 0.0 => (gradient.norm() / even_below).min(1.0),
            Some(_) => 1.0,
        };
        let half = (to_light + to_viewer).normalized().unwrap();
        let cosine = |towards: Vector<Patient>| normal.map_or(0.0, |normal| normal.dot(towards).abs());
        let [open, light] = self.surroundings(place, normal, to_viewer);
        let diffuse = shading.diffuse * (1.0 + strength * (cosine(to_light) - 1.0));
        let gloss = shading.specular * strength * cosine(half).min(1.0).powf(shading.shininess);
        color.map(|part| open * (shading.ambient + light * diffuse) * part + light * gloss)
    }

    /// What surroundings leave of the light around, and of the lamp's, a little off a place towards the viewer.
    fn surroundings(
        &self,
        place: Point<Patient>,
        normal: Option<Vector<Patient>>,
        to_viewer: Vector<Patient>,
    ) -> [f64; 2] {
        let Some(illumination) = &self.illumination else {
            return [1.0; 2];
        };
        let outward = match normal {
            None => to_viewer,
            Some(normal) if normal.dot(to_viewer) < 0.0 => normal * -1.0,
            Some(normal) => normal,
        };
        let linear = (*self.volume.grid().voxel_from_patient() * self.volume_from_scene).linear;
        let off = linear * outward.xyz * f64::from(illumination.off_mm());
        let voxel = self.voxel(place);
        let [open, light] = illumination.at(std::array::from_fn(|axis| (voxel[axis] + off[axis]) as f32));
        [
            1.0 - self.occlusion * (1.0 - f64::from(open)),
            1.0 - self.shadow * (1.0 - f64::from(light)),
        ]
    }

    /// Faces of surfaces in a segment.
    fn faces(
        &self,
        surfaces: &[Surface],
        places: [Point<Patient>; 2],
        left: [f64; 2],
        ends: [bool; 2],
    ) -> Vec<Face> {
        let [a, b] = places.map(|place| self.value(place));
        let mut faces = Vec::new();
        if a.is_nan() || b.is_nan() {
            return faces;
        }
        let mut cut = |at: f64, value: f64| {
            let reached = surfaces
                .iter()
                .filter(|surface| value >= surface.threshold && surface.opacity > 0.0);
            let innermost = reached.max_by(|x, y| x.threshold.total_cmp(&y.threshold));
            faces.extend(innermost.map(|surface| Face {
                at,
                left: 1.0,
                surface: *surface,
                is_cut: true,
            }));
        };
        if ends[0] && left[0] >= 0.5 {
            cut(0.0, a);
        }
        if (left[0] >= 0.5) != (left[1] >= 0.5) {
            let at = (0.5 - left[0]) / (left[1] - left[0]);
            cut(at, a + at * (b - a));
        }
        if ends[1] && left[1] >= 0.5 {
            cut(1.0, b);
        }
        for surface in surfaces {
            if (a >= surface.threshold) != (b >= surface.threshold) {
                faces.push(Face {
                    at: (surface.threshold - a) / (b - a),
                    left: (left[0] + left[1]) / 2.0,
                    surface: *surface,
                    is_cut: false,
                });
            }
        }
        faces
    }
}

struct Face {
    at: f64,
    left: f64,
    surface: Surface,
    is_cut: bool,
}
