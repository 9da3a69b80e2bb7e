//! The rays of a view among the voxels of its layers: `shaders/shared/ray.wgsl` and `cut.wgsl`.

use bytemuck::{Pod, Zeroable};
use nalgebra::{Matrix3, RowVector3, Vector3};

use super::device::Device;
use super::fixed::split_vector;
use super::layers::{Ready, bind, entry, storage_buffer};
use super::pipelines::LAYERS;
use super::place::volume_from_scene;
use crate::geometry::{Affine, Patient, Voxel};
use crate::presentation::{Camera, CurvedPlane, Size};
use crate::render::check::{at_most, number};
use crate::render::{
    ClipPlane, Cut, CutMask, Error, MAX_CLIP_PLANES, MAX_CUTS, MAX_SAMPLES, Removes, jitter,
};

/// What pixels look along.
#[derive(Clone, Copy)]
pub(super) enum Sight<'a> {
    Camera(&'a Camera),
    Curved(&'a CurvedPlane),
}

/// Which samples of the rays count.
#[derive(Clone, Copy)]
pub(super) struct Course {
    pub step_mm: f64,
    pub depth_mm: Option<[f64; 2]>,
    /// Whether the layers' clips count.
    pub clips: bool,
    pub jitter: Option<u32>,
    pub skips: bool,
}

/// `Body` of `shaders/shared/ray.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
pub(super) struct BodyUniform {
    origin_whole: [i32; 3],
    first_column: u32,
    origin_part: [u32; 3],
    first_plane: u32,
    right_whole: [i32; 3],
    planes: u32,
    right_part: [u32; 3],
    first_cut: u32,
    down_whole: [i32; 3],
    cuts: u32,
    down_part: [u32; 3],
    nearest: f32,
    away: [f32; 3],
    farthest: f32,
    right: [f32; 3],
    pub margin: f32,
    down: [f32; 3],
    pub sign: f32,
    step: [f32; 3],
    pub fading: f32,
    low: [f32; 3],
    pub fading_from: f32,
    high: [f32; 3],
    pub is_real: u32,
    depth: [f32; 4],
    cells: [i32; 3],
    pub weight: f32,
    normal: [[f32; 4]; 3],
}

/// `View` of `shaders/shared/ray.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub(super) struct ViewUniform {
    pub bodies: [BodyUniform; LAYERS],
    planes: [[f32; 4]; LAYERS * MAX_CLIP_PLANES],
    from_foot: [f32; 3],
    eye_mm: f32,
    right_mm: [f32; 3],
    step_mm: f32,
    down_mm: [f32; 3],
    columns: u32,
    jitter: f32,
    first_rank: u32,
    pub kind: u32,
    pub skips: u32,
    pub light: [f32; 3],
    pub occlusion: f32,
    sight: [f32; 3],
    pub shadow: f32,
    eye_away: [f32; 3],
    unused: u32,
}

/// `Cut` of `shaders/shared/cut.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
struct CutUniform {
    column: [f32; 4],
    row: [f32; 4],
    depth: [f32; 4],
    eye: [f32; 4],
    limits: [f32; 4],
    mask: [u32; 4],
    cell: [f32; 4],
    skew: [f32; 4],
}

/// The rays of a view, made up for the device.
pub(super) struct Rays {
    pub view: ViewUniform,
    tables: Vec<[u32; 4]>,
    cuts: Vec<CutUniform>,
    coverage: Vec<u8>,
}

/// Beyond this many samples there is nothing.
const NEVER: f64 = 1e9;

impl Rays {
    /// # Errors
    ///
    /// [`Error`] for what of the view or the layers cannot be used.
    pub(super) fn new(
        sight: Sight<'_>,
        course: Course,
        layers: &[Ready<'_>],
        size: Size,
    ) -> Result<Self, Error> {
        let mut rays = Self {
            view: ViewUniform::zeroed(),
            tables: Vec::new(),
            cuts: Vec::new(),
            coverage: Vec::new(),
        };
        rays.view.step_mm = course.step_mm as f32;
        rays.view.skips = u32::from(course.skips);
        let middle = sight.middle(layers, course.step_mm)?;
        for (n, ready) in layers.iter().enumerate() {
            let voxel_from_scene = volume_from_scene(ready.layer, ready.volume)?;
            let mut body = BodyUniform::new(ready, &voxel_from_scene, course, middle)?;
            match sight {
                Sight::Camera(camera) => body.look(camera, ready, &voxel_from_scene, course.step_mm, middle),
                Sight::Curved(plane) => {
                    let columns = columns(plane, ready, &voxel_from_scene, course.step_mm, size.width);
                    body.first_column = rays.tables.len() as u32 / COLUMN;
                    rays.tables.extend(columns.flatten());
                    rays.view.columns = plane.columns().len().min(size.width as usize) as u32;
                }
            }
            if course.clips {
                rays.clip(ready, n, &mut body)?;
            }
            rays.view.bodies[n] = body;
        }
        if let Sight::Camera(camera) = sight {
            rays.view.look(camera);
        }
        rays.jitter(course.jitter);
        Ok(rays)
    }

    /// What the camera's tables hold.
    pub(super) fn tables(&self, device: &Device) -> wgpu::Buffer {
        let none = [[0; 4]];
        let tables = if self.tables.is_empty() {
            &none[..]
        } else {
            &self.tables
        };
        storage_buffer(device, bytemuck::cast_slice(tables))
    }

    /// What is cut away; with the light that reaches cells of the layers.
    pub(super) fn cuts(&self, device: &Device, lights: &[u8]) -> wgpu::BindGroup {
        let none = [CutUniform::default()];
        let cuts = if self.cuts.is_empty() {
            &none[..]
        } else {
            &self.cuts
        };
        let cuts = storage_buffer(device, bytemuck::cast_slice(cuts));
        let mut coverage = self.coverage.clone();
        coverage.resize(coverage.len().next_multiple_of(4).max(4), 0);
        let coverage = storage_buffer(device, &coverage);
        let mut lights = lights.to_vec();
        lights.resize(lights.len().next_multiple_of(4).max(4), 0);
        let lights = storage_buffer(device, &lights);
        let entries = [entry(0, &cuts), entry(1, &coverage), entry(2, &lights)];
        bind(device, &device.pipelines.cuts, &entries)
    }

    fn jitter(&mut self, number: Option<u32>) {
        self.view.jitter = -1.0;
        if let Some(number) = number {
            // What the offset of rank 0 is beyond its own half rank.
            let half = 0.5 / (jitter::SIDE * jitter::SIDE) as f64;
            let first = (0..64).flat_map(|y| (0..64).map(move |x| (x, y)));
            let lowest = first.into_iter().find(|(x, y)| jitter::rank(*x, *y) == 0);
            let (x, y) = lowest.unwrap_or_default();
            self.view.jitter = (jitter::offset(x, y, number) - half).rem_euclid(1.0) as f32;
            self.view.first_rank = self.tables.len() as u32;
            let ranks = (0..64 * 64u32).map(|n| u32::from(jitter::rank(n % 64, n / 64)));
            let ranks: Vec<u32> = ranks.collect();
            self.tables.extend(ranks.as_chunks::<4>().0);
        }
    }

    fn clip(&mut self, ready: &Ready<'_>, layer: usize, body: &mut BodyUniform) -> Result<(), Error> {
        let clip = &ready.layer.clip;
        at_most("clip planes of a layer", MAX_CLIP_PLANES, clip.planes.len())?;
        at_most("free cuts of a layer", MAX_CUTS, clip.cuts.len())?;
        let scene_from_voxel = ready.layer.scene_from_volume * *ready.volume.grid().patient_from_voxel();
        body.first_plane = (layer * MAX_CLIP_PLANES) as u32;
        body.planes = clip.planes.len() as u32;
        let slots = self.view.planes[layer * MAX_CLIP_PLANES..].iter_mut();
        for (slot, plane) in slots.zip(&clip.planes) {
            *slot = half_space(plane, &scene_from_voxel)?;
        }
        body.first_cut = self.cuts.len() as u32;
        body.cuts = clip.cuts.len() as u32;
        for cut in &clip.cuts {
            self.cut(cut, &scene_from_voxel)?;
        }
        Ok(())
    }

    fn cut(&mut self, cut: &Cut, scene_from_voxel: &Affine<Patient, Voxel>) -> Result<(), Error> {
        let patient_from_plane = &cut.camera.plane.patient_from_plane;
        let plane_from_patient = patient_from_plane
            .inverse()
            .map_err(|_| Error::Singular("the plane of a cut's camera"))?;
        let plane_from_voxel = plane_from_patient * *scene_from_voxel;
        let [column_mm, row_mm, depth_mm] = [0, 1, 2].map(|axis| patient_from_plane.axis(axis));
        let row = |axis: usize, scale: f64| {
            let linear: RowVector3<f64> = plane_from_voxel.linear.row(axis) * scale;
            [
                linear[0],
                linear[1],
                linear[2],
                plane_from_voxel.origin[axis] * scale,
            ]
            .map(|value| value as f32)
        };
        let mm = depth_mm.norm();
        let eye = cut.camera.eye.map(|eye| plane_from_patient * eye);
        let [near, far] = cut
            .depth_mm
            .unwrap_or([-3e38, 3e38])
            .map(|mm| mm.clamp(-3e38, 3e38) as f32);
        let mask = CutMask::new(&cut.outline);
        self.coverage.resize(self.coverage.len().next_multiple_of(4), 0);
        let first_word = self.coverage.len() as u32 / 4;
        self.coverage.extend_from_slice(&mask.coverage);
        self.cuts.push(CutUniform {
            column: row(0, 1.0),
            row: row(1, 1.0),
            depth: row(2, mm),
            eye: eye.map_or([0.0; 4], |eye| {
                [eye[0], eye[1], eye[2] * mm, 0.0].map(|value| value as f32)
            }),
            limits: [near, far, mask.first[0] as f32, mask.first[1] as f32],
            mask: [
                mask.size[0] as u32,
                mask.size[1] as u32,
                first_word,
                u32::from(cut.removes == Removes::Outside),
            ],
            cell: [mask.cell, column_mm.norm(), row_mm.norm(), 0.0].map(|value| value as f32),
            skew: [column_mm.dot(row_mm) as f32, 0.0, 0.0, 0.0],
        });
        Ok(())
    }
}

/// A clip plane in voxel coordinates.
fn half_space(plane: &ClipPlane, scene_from_voxel: &Affine<Patient, Voxel>) -> Result<[f32; 4], Error> {
    let numbers = plane.point.xyz.iter().chain(plane.normal.xyz.iter());
    if let Some(found) = numbers.copied().find(|value| !value.is_finite()) {
        return Err(number("a clip plane's point and normal", "finite", found));
    }
    let normal = plane
        .normal
        .normalized()
        .map_or(Vector3::zeros(), |normal| normal.xyz);
    let across = scene_from_voxel.linear.transpose() * normal;
    let height = normal.dot(&(scene_from_voxel.origin - plane.point.xyz));
    let scale = 1.0 / across.norm().max(1e-300);
    let height = if normal == Vector3::zeros() {
        0.0
    } else {
        height * scale
    };
    let across = across * scale;
    Ok([across[0], across[1], across[2], height].map(|value| value.clamp(-1e30, 1e30) as f32))
}

impl Sight<'_> {
    /// A sample number near the middle of the volumes: counted from there, coordinates are exact.
    fn middle(self, layers: &[Ready<'_>], step_mm: f64) -> Result<f64, Error> {
        let Sight::Camera(Camera { plane, eye: None }) = self else {
            return Ok(0.0);
        };
        let sight = Camera {
            plane: *plane,
            eye: None,
        }
        .sight()
        .ok_or(Error::Singular("a view's plane"))?;
        let centers = layers
            .iter()
            .map(|ready| ready.layer.scene_from_volume * ready.volume.grid().center());
        let sum = centers.fold(0.0, |sum, center| {
            sum + sight.dot(center - plane.patient_from_plane.origin())
        });
        let samples = sum / layers.len().max(1) as f64 / step_mm;
        Ok(samples.round().clamp(-NEVER, NEVER))
    }
}

fn single(vector: &Vector3<f64>) -> [f32; 3] {
    [0, 1, 2].map(|axis| vector[axis].clamp(-1e30, 1e30) as f32)
}

/// Voxels from a volume from which no pixel of an image comes near it.
const FAR: f64 = 1e9;

impl BodyUniform {
    /// What does not depend on the kind of sight.
    fn new(
        ready: &Ready<'_>,
        voxel_from_scene: &Affine<Voxel, Patient>,
        course: Course,
        middle: f64,
    ) -> Result<Self, Error> {
        let mut finite = voxel_from_scene
            .linear
            .iter()
            .chain(voxel_from_scene.origin.iter());
        if !finite.all(|value| value.abs() < 1e100) {
            return Err(Error::Singular("a layer's registration"));
        }
        let [near, far] = course.depth_mm.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        if let Some(found) = [near, far].into_iter().find(|limit| limit.is_nan()) {
            return Err(number("a limit of the depth", "a number of mm", found));
        }
        check_samples(ready, course.step_mm, far - near)?;
        let grid = ready.volume.grid();
        let mut ends = grid.size().map(|n| [-0.5, n as f64 - 0.5]);
        ends[2] = ends[2].map(|slice| grid.position_from_slice(slice));
        let samples = |mm: f64| (mm / course.step_mm - middle).clamp(-NEVER, NEVER) as f32;
        // Gradients in the scene are those over voxels times this.
        let normal = voxel_from_scene.linear.transpose();
        let rows = [0, 1, 2].map(|row| [normal[(row, 0)], normal[(row, 1)], normal[(row, 2)], 0.0]);
        let cells = ready.cells.as_ref().map_or([1; 3], |cells| cells.cells.size());
        Ok(Self {
            nearest: samples(near),
            farthest: samples(far),
            low: ends.map(|[low, _]| low as f32),
            high: ends.map(|[_, high]| high as f32),
            cells: cells.map(|side| side as i32),
            sign: 1.0,
            weight: 1.0,
            normal: rows.map(|row| row.map(|value| value as f32)),
            ..Self::default()
        })
    }

    /// The rays of a camera.
    fn look(
        &mut self,
        camera: &Camera,
        ready: &Ready<'_>,
        voxel_from_scene: &Affine<Voxel, Patient>,
        step_mm: f64,
        middle: f64,
    ) {
        let linear: &Matrix3<f64> = &voxel_from_scene.linear;
        let plane = &camera.plane.patient_from_plane;
        let [right_mm, down_mm] = [0, 1].map(|axis| plane.axis(axis).xyz);
        let sight = camera.sight().map_or(Vector3::zeros(), |sight| sight.xyz);
        let first = plane.origin + sight * (middle * step_mm);
        let [right, down] = [linear * right_mm, linear * down_mm];
        let origin = linear * first + voxel_from_scene.origin;
        (self.origin_whole, self.origin_part) = split_vector(&origin);
        if !origin.iter().all(|voxel| voxel.abs() < FAR) {
            // Fixed point turns over beyond 2^31: there is nothing to be seen from there.
            (self.nearest, self.farthest) = (1.0, 0.0);
        }
        (self.right_whole, self.right_part) = split_vector(&right);
        (self.down_whole, self.down_part) = split_vector(&down);
        (self.right, self.down) = (single(&right), single(&down));
        self.step = single(&(linear * sight * step_mm));
        let mut per_sample_mm = step_mm;
        if let Some(eye) = camera.eye {
            let away = plane.origin - eye.xyz;
            self.away = single(&(linear * away));
            per_sample_mm *=
                sight.dot(&right_mm.cross(&down_mm).normalize()).abs() * sight.dot(&away).signum();
        }
        let [nearest_mm, across_mm] = depths(ready, &sight);
        let part = |mm: f64| (mm / across_mm) as f32;
        self.depth = [
            part(sight.dot(&first) - nearest_mm),
            part(sight.dot(&right_mm)),
            part(sight.dot(&down_mm)),
            part(per_sample_mm),
        ];
    }
}

/// Depth of the nearest corner of a volume along a direction, and from there to the farthest; mm.
fn depths(ready: &Ready<'_>, sight: &Vector3<f64>) -> [f64; 2] {
    let corners = ready
        .volume
        .grid()
        .corners()
        .map(|corner| ready.layer.scene_from_volume * corner);
    let depths = corners.map(|corner| sight.dot(&corner.xyz));
    let nearest = depths.into_iter().fold(f64::INFINITY, f64::min);
    let farthest = depths.into_iter().fold(f64::NEG_INFINITY, f64::max);
    [nearest, (farthest - nearest).max(1e-30)]
}

fn check_samples(ready: &Ready<'_>, step_mm: f64, depth_mm: f64) -> Result<(), Error> {
    let across_mm = across_mm(ready);
    let fits = across_mm.min(depth_mm) / step_mm <= f64::from(MAX_SAMPLES);
    fits.then_some(()).ok_or(Error::Step(step_mm))
}

/// The longest way through a volume, mm.
pub(super) fn across_mm(ready: &Ready<'_>) -> f64 {
    let corners = ready
        .volume
        .grid()
        .corners()
        .map(|corner| ready.layer.scene_from_volume * corner);
    let from =
        |a: &crate::geometry::Point<Patient>| corners.iter().map(|b| a.distance(*b)).fold(0.0, f64::max);
    corners.iter().map(from).fold(0.0, f64::max)
}

/// Entries of `tables` that a column takes.
const COLUMN: u32 = 6;

/// The columns of a curved plane that an image shows: place of the top, step down, sample's step, depth.
fn columns<'a>(
    plane: &'a CurvedPlane,
    ready: &'a Ready<'_>,
    voxel_from_scene: &'a Affine<Voxel, Patient>,
    step_mm: f64,
    width: u32,
) -> impl Iterator<Item = [[u32; 4]; COLUMN as usize]> + 'a {
    plane.columns().iter().take(width as usize).map(move |straight| {
        let (top_whole, top_part) = split_vector(&(*voxel_from_scene * straight.top).xyz);
        let (down_whole, down_part) = split_vector(&(*voxel_from_scene * straight.down).xyz);
        let step = single(&(voxel_from_scene.linear * straight.away.xyz * step_mm));
        let [nearest_mm, across_mm] = depths(ready, &straight.away.xyz);
        let top_mm = straight.away.xyz.dot(&straight.top.xyz) - nearest_mm;
        let depth = [top_mm, straight.away.dot(straight.down), step_mm].map(|mm| (mm / across_mm) as f32);
        let words = |vector: [u32; 3]| [vector[0], vector[1], vector[2], 0];
        let signed = |vector: [i32; 3]| words(vector.map(|value| value as u32));
        let bits = |vector: [f32; 3]| words(vector.map(f32::to_bits));
        [
            signed(top_whole),
            words(top_part),
            signed(down_whole),
            words(down_part),
            bits(step),
            bits(depth),
        ]
    })
}

impl ViewUniform {
    /// The rays of a camera in millimetres.
    fn look(&mut self, camera: &Camera) {
        let plane = &camera.plane.patient_from_plane;
        let [right_mm, down_mm] = [0, 1].map(|axis| plane.axis(axis).xyz);
        self.right_mm = single(&right_mm);
        self.down_mm = single(&down_mm);
        self.sight = camera.sight().map_or([0.0; 3], |sight| single(&sight.xyz));
        if let Some(eye) = camera.eye {
            let normal = right_mm.cross(&down_mm).normalize();
            let away = plane.origin - eye.xyz;
            let height = normal.dot(&away);
            self.eye_away = single(&away);
            self.from_foot = single(&(away - normal * height));
            // Never 0, which stands for parallel rays.
            self.eye_mm = height.abs().max(1e-6) as f32;
        }
    }
}
