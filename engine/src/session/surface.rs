//! The place that is seen under a pointer: on planes that of the plane, of a maximum projection the maximum, of a volume
//! rendering the surface.
//!
//! A rendering's light is held back bit by bit; its surface is where half of it is. That is found from the same scene
//! that is drawn, with samples where the renderers have them, in f64 from the voxels.

use std::f64::consts::LN_2;
use std::sync::Arc;

use crate::colormap::TransferFunction;
use crate::geometry::{Affine, Patient, Point, Voxel};
use crate::presentation::{ImagePlane, Ray};
use crate::render::{
    self, Classification, Layer, MAX_SAMPLES, Material, ReadyCut, Rendering, Scene, View, VolumeId, Volumes,
};
use crate::session::command::Spot;
use crate::session::error::Refusal;
use crate::session::measure::maximum_along;
use crate::session::picture::{layer, material, scene};
use crate::session::sight::size_of;
use crate::session::stage::Stage;
use crate::session::state::{Joint, Kind, Shown, SlabKind};
use crate::volume::{Interpolation, Volume, sample};

/// Pieces that the stretch between two samples is looked at in.
const PIECES: u32 = 8;

impl Stage {
    /// The place that is seen under a spot, in the space of the lowest layer.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotShown`] in pictures of which a pixel is no place, and where nothing is seen; [`Refusal::Waiting`]
    /// until all voxels have come.
    pub(super) fn seen_at(
        &self,
        joints: &[Arc<Joint>],
        shown: &Shown,
        spot: Spot,
        what: &'static str,
    ) -> Result<Point<Patient>, Refusal> {
        let grid = &self.facts(&shown.layers[0].series)?.grid;
        let place = shown.place(grid, spot)?;
        let seen = match &shown.kind {
            Kind::Stack | Kind::Tiles { .. } | Kind::Interleaved | Kind::Plane => Some(place),
            Kind::Projection {
                of: SlabKind::Maximum,
            } => {
                let volume = self.whole(&shown.layers[0].series, shown.phase)?;
                maximum_along(&volume, place, shown.away(), None)
            }
            Kind::Rendering { .. } => {
                let (scene, volumes) = self.rendered(joints, shown, shown.plane(grid, size_of(spot)?)?)?;
                surface(&scene, &volumes, [spot.x, spot.y])?
            }
            other => {
                return Err(Refusal::NotShown {
                    what,
                    expected: "a plane, a maximum projection or a volume rendering",
                    found: other.title(),
                });
            }
        };
        seen.ok_or(Refusal::NotShown {
            what,
            expected: "something under the pointer",
            found: "nothing",
        })
    }

    /// A rendering as it is drawn once all its voxels have come, with the volumes it names.
    pub(super) fn rendered(
        &self,
        joints: &[Arc<Joint>],
        shown: &Shown,
        plane: ImagePlane,
    ) -> Result<(Scene, Volumes), Refusal> {
        let base = self.facts(&shown.layers[0].series)?.space();
        let (mut layers, mut volumes) = (Vec::new(), Volumes::new());
        for (n, view_layer) in shown.layers.iter().enumerate() {
            let facts = self.facts(&view_layer.series)?;
            let way = self.way(joints, &base, &facts.space());
            let way = way.filter(|way| n == 0 || !way.is_offset);
            let way = way.ok_or_else(|| Refusal::NotJoined(base.clone(), facts.space()))?;
            let volume = self.whole(&view_layer.series, shown.phase)?;
            let id = VolumeId(n as u64);
            let mut layer = layer(view_layer, n, id, &volume, facts.window)?;
            layer.scene_from_volume = way.fixed_from_moving;
            if let Kind::Rendering { preset: Some(name) } = &shown.kind {
                layer.material = material(name, &volume, layer.window);
            }
            volumes.insert(id, volume);
            layers.push(layer);
        }
        Ok((scene(shown, plane, layers), volumes))
    }
}

/// The first place along the ray through a pixel that half of the light, or less, comes back from; `None` where more of
/// it passes through.
///
/// # Errors
///
/// [`Refusal`] for a scene that cannot be drawn, or that shows labels or surfaces of one value.
pub(super) fn surface(
    scene: &Scene,
    volumes: &Volumes,
    [x, y]: [f64; 2],
) -> Result<Option<Point<Patient>>, Refusal> {
    let View::Rendering(rendering) = &scene.view else {
        return Ok(None);
    };
    let Some(ray) = rendering.camera.ray(x, y) else {
        return Ok(None);
    };
    let step_mm = scene.step_mm(volumes)?;
    let mut bodies = Vec::new();
    for (layer, weight) in scene.layers.iter().zip(scene.weights()?) {
        bodies.extend(Body::new(
            layer,
            weight,
            volumes.get(layer.volume)?,
            rendering,
            &ray,
        )?);
    }
    let enter = bodies.iter().map(|body| body.stretch_mm[0]);
    let leave = bodies.iter().map(|body| body.stretch_mm[1]);
    // Samples lie at whole steps from the camera's plane.
    let first = (enter.fold(f64::INFINITY, f64::min) / step_mm).floor();
    let last = (leave.fold(f64::NEG_INFINITY, f64::max) / step_mm).ceil();
    let count = (last - first).clamp(0.0, f64::from(MAX_SAMPLES)) as u32;
    let piece_mm = step_mm / f64::from(PIECES);
    let mut gathered = 0.0;
    for n in 0..count {
        let from_mm = (first + f64::from(n)) * step_mm;
        let ends = [from_mm, from_mm + step_mm];
        let segments: Vec<Segment<'_>> = bodies
            .iter()
            .filter_map(|body| body.segment(&ray, ends))
            .collect();
        for piece in 0..PIECES {
            let at_mm = from_mm + f64::from(piece) * piece_mm;
            let middle = at_mm + piece_mm / 2.0;
            let per_mm: f64 = segments.iter().map(|segment| segment.extinction(middle)).sum();
            let held = per_mm * piece_mm;
            if gathered + held >= LN_2 {
                return Ok(Some(ray.at(at_mm + piece_mm * (LN_2 - gathered) / held)));
            }
            gathered += held;
        }
    }
    Ok(None)
}

/// One layer along one ray.
struct Body<'a> {
    volume: &'a Volume,
    volume_from_scene: Affine<Patient, Patient>,
    transfer: TransferFunction,
    cuts: Vec<ReadyCut>,
    weight: f64,
    /// Where the ray enters what is left of it, and where it leaves.
    stretch_mm: [f64; 2],
}

/// A layer between two samples: its value runs straight from one to the other.
struct Segment<'a> {
    body: &'a Body<'a>,
    ends_mm: [f64; 2],
    values: [f64; 2],
    /// What cuts leave and gradients take.
    factor: f64,
}

impl<'a> Body<'a> {
    /// `None` for a layer that is not seen, or that the ray misses.
    fn new(
        layer: &Layer,
        weight: f64,
        volume: &'a Volume,
        rendering: &Rendering,
        ray: &Ray,
    ) -> Result<Option<Self>, Refusal> {
        let inverse = layer.scene_from_volume.inverse();
        let volume_from_scene = inverse.map_err(|_| render::Error::Singular("a layer's registration"))?;
        let stretch_mm = stretch(layer, volume, &volume_from_scene, rendering.depth_mm, ray);
        // What is not a number is a miss.
        let meets = stretch_mm[0] < stretch_mm[1];
        if !meets || weight <= 0.0 {
            return Ok(None);
        }
        let ready = |cut| ReadyCut::new(cut).ok_or(render::Error::Singular("the camera of a cut"));
        let cuts = layer.clip.cuts.iter().map(ready).collect::<Result<_, _>>()?;
        Ok(Some(Self {
            volume,
            volume_from_scene,
            transfer: transfer(layer)?,
            cuts,
            weight,
            stretch_mm,
        }))
    }

    fn segment(&'a self, ray: &Ray, ends_mm: [f64; 2]) -> Option<Segment<'a>> {
        let [enter, leave] = self.stretch_mm;
        let ends_mm = ends_mm.map(|end| end.clamp(enter, leave));
        if ends_mm[0] >= ends_mm[1] {
            return None;
        }
        let places = ends_mm.map(|end| ray.at(end));
        let [a, b] = places.map(|place| self.value(self.voxel(place)));
        let left = places.map(|place| self.cuts.iter().map(|cut| cut.leaves(place)).product::<f64>());
        let mut factor = self.weight * (left[0] + left[1]) / 2.0;
        if let Some(curve) = self.transfer.gradient_opacity() {
            factor *= curve.at(self.gradient_per_mm(self.voxel(places[1])));
        }
        Some(Segment {
            body: self,
            ends_mm,
            values: [a?, b?],
            factor,
        })
    }

    fn voxel(&self, place: Point<Patient>) -> Point<Voxel> {
        self.volume.grid().voxel(self.volume_from_scene * place)
    }

    /// The value at a voxel coordinate, beyond the volume that of its border.
    fn value(&self, at: Point<Voxel>) -> Option<f64> {
        let size = self.volume.grid().size();
        let inside: [f64; 3] = std::array::from_fn(|axis| at[axis].clamp(-0.5, size[axis] as f64 - 0.5));
        let value = sample(self.volume, Point::from(inside), Interpolation::Linear);
        value.filter(|value| value.is_finite())
    }

    /// How fast values change, by differences of one voxel to either side.
    fn gradient_per_mm(&self, at: Point<Voxel>) -> f64 {
        let grid = self.volume.grid();
        let per_position: [f64; 3] = std::array::from_fn(|axis| {
            let beside = |by: f64| {
                let mut place: [f64; 3] = at.xyz.into();
                place[axis] += by;
                place
            };
            let [before, behind] = [beside(-1.0), beside(1.0)];
            let apart = match axis {
                2 => grid.position_from_slice(behind[2]) - grid.position_from_slice(before[2]),
                _ => 2.0,
            };
            let values = [before, behind].map(|place| self.value(Point::from(place)));
            match values {
                [Some(before), Some(behind)] => (behind - before) / apart,
                _ => 0.0,
            }
        });
        let linear = &grid.voxel_from_patient().linear;
        let along = |axis: usize| (0..3).map(|n| per_position[n] * linear[(n, axis)]).sum::<f64>();
        (0..3).map(|axis| along(axis).powi(2)).sum::<f64>().sqrt()
    }
}

impl Segment<'_> {
    fn extinction(&self, at_mm: f64) -> f64 {
        let [from, to] = self.ends_mm;
        if !(from..=to).contains(&at_mm) {
            return 0.0;
        }
        let [a, b] = self.values;
        let value = a + (b - a) * (at_mm - from) / (to - from);
        self.factor * self.body.transfer.extinction_per_mm(value)
    }
}

fn transfer(layer: &Layer) -> Result<TransferFunction, Refusal> {
    let window = layer.window;
    let material = match &layer.material {
        Some(material) => material.clone(),
        None if window.is_valid() => Material::glowing(window, &layer.color_map),
        None => {
            let (center, width) = (window.center, window.width);
            return Err(render::Error::Window { center, width }.into());
        }
    };
    if let Classification::Tissue { transfer, tint: None } = material.classification {
        return Ok(transfer);
    }
    Err(Refusal::NotShown {
        what: "a place on a rendering",
        expected: "tissue by its values",
        found: "labels or surfaces",
    })
}

/// Where a ray runs through what is left of a layer: from its entrance to its exit, which lies before it on a miss.
fn stretch(
    layer: &Layer,
    volume: &Volume,
    volume_from_scene: &Affine<Patient, Patient>,
    depth_mm: Option<[f64; 2]>,
    ray: &Ray,
) -> [f64; 2] {
    let grid = volume.grid();
    let position_from_scene = *grid.voxel_from_patient() * *volume_from_scene;
    let (origin, along) = (
        position_from_scene * ray.origin,
        position_from_scene * ray.direction,
    );
    let [near, far] = depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    let mut stretch = [ray.start_mm.max(near), far];
    for axis in 0..3 {
        let mut faces = [-0.5, grid.size()[axis] as f64 - 0.5];
        if axis == 2 {
            faces = faces.map(|slice| grid.position_from_slice(slice));
        }
        narrow(&mut stretch, along[axis], faces[0] - origin[axis]);
        narrow(&mut stretch, -along[axis], origin[axis] - faces[1]);
    }
    for plane in &layer.clip.planes {
        let ahead = plane.normal.dot(plane.point - ray.origin);
        narrow(&mut stretch, plane.normal.dot(ray.direction), ahead);
    }
    stretch
}

/// Leaves of a stretch what has `slope * t >= least`.
fn narrow(stretch: &mut [f64; 2], slope: f64, least: f64) {
    if slope > 0.0 {
        stretch[0] = stretch[0].max(least / slope);
    } else if slope < 0.0 {
        stretch[1] = stretch[1].min(least / slope);
    } else if least > 0.0 {
        stretch[1] = f64::NEG_INFINITY;
    }
}
