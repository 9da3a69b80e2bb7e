//! What layers look like in a rendering, as tables for the device: `shaders/shared/look.wgsl`.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};

use super::ask::Ask;
use super::device::Device;
use super::layers::Ready;
use super::pipelines::LAYERS;
use super::place::volume_from_scene;
use super::textures::{CellsTexture, small};
use crate::colormap::extinction_per_mm;
use crate::render::cells::{Cells, DistanceMap};
use crate::render::check::{self, number, part_of_one};
use crate::render::classify::{Integrals, LabelTable};
use crate::render::{
    Classification, Error, Labels, Layer, Light, Material, Rendering, Shading, Surface, Tint,
};
use crate::volume::{Volume, Voxels};

/// A layer that is seen.
pub(super) struct Shown<'a> {
    pub layer: &'a Layer,
    pub material: Material,
    pub weight: f64,
    /// The slot of its tint's label map among the volumes.
    pub tint: Option<usize>,
}

/// `Look` of `shaders/shared/look.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
pub(super) struct LookUniform {
    places_per_stored: f32,
    place_of_zero: f32,
    first_integral: u32,
    unused_0: u32,
    first_factor: u32,
    factors: u32,
    first_style: u32,
    styles: u32,
    first_surface: u32,
    unused: u32,
    tint: u32,
    others: f32,
    ambient: f32,
    diffuse: f32,
    specular: f32,
    shininess: f32,
    even_below: f32,
    is_shaded: u32,
    first_light: u32,
    off_mm: f32,
    light_size: [i32; 3],
    has_light: u32,
    light_voxels: [f32; 3],
    entries: u32,
    tint_from_voxel: [[f32; 4]; 3],
}

const TISSUE: u32 = 0;
const SURFACES: u32 = 1;
const LABELS: u32 = 2;

const SOME_TISSUE: u32 = 128;
const SOME_SURFACES: u32 = 256;
const SOME_LABELS: u32 = 512;
const SOME_TINT: u32 = 1024;
const SOME_SHADED: u32 = 2048;
const SOME_FACTOR: u32 = 4096;
const SOME_LIGHT: u32 = 8192;
const SOME_CUT: u32 = 16_384;

/// The tables of all layers.
pub(super) struct Looks {
    pub uniforms: [LookUniform; LAYERS],
    pub entries: Vec<[f32; 4]>,
    pub lights: Vec<u8>,
    /// What some layer is: bits of `MAY`.
    pub may: u32,
    /// What each layer is made of: `KINDS`.
    pub kinds: u32,
    distances: Vec<Arc<CellsTexture>>,
}

impl Looks {
    pub(super) fn new(
        device: &Device,
        ask: &Ask<'_>,
        rendering: &Rendering,
        shown: &[Shown<'_>],
        layers: &[Ready<'_>],
    ) -> Result<Self, Error> {
        let mut looks = Self {
            uniforms: [LookUniform::default(); LAYERS],
            entries: Vec::new(),
            lights: Vec::new(),
            may: 0,
            kinds: 0,
            distances: Vec::new(),
        };
        for (n, (shown, ready)) in shown.iter().zip(layers).enumerate() {
            let mut look = LookUniform {
                tint: u32::MAX,
                ..Default::default()
            };
            look.shade(shown.material.shading);
            looks.may |= if look.is_shaded == 1 { SOME_SHADED } else { 0 };
            looks.may |= if shown.layer.clip.cuts.is_empty() {
                0
            } else {
                SOME_CUT
            };
            looks.kinds |= kind(&shown.material.classification) << (2 * n);
            looks.classify(device, &mut look, shown, ready)?;
            if let Some(slot) = shown.tint {
                looks.tint(&mut look, shown, ready, &layers[slot], slot)?;
            }
            looks.light(device, &mut look, ask, rendering, shown, ready)?;
            looks.uniforms[n] = look;
        }
        if looks.entries.is_empty() {
            looks.entries.push([0.0; 4]);
        }
        Ok(looks)
    }

    /// Puts distances to what can be seen where layers had the bounds of their cells.
    pub(super) fn lend_distances(&self, layers: &mut [Ready<'_>]) {
        for (ready, distances) in layers.iter_mut().zip(&self.distances) {
            ready.cells = Some(distances.clone());
        }
    }

    fn classify(
        &mut self,
        device: &Device,
        look: &mut LookUniform,
        shown: &Shown<'_>,
        ready: &Ready<'_>,
    ) -> Result<(), Error> {
        let cells = ready
            .cells
            .as_ref()
            .ok_or(Error::UnknownVolume(shown.layer.volume))?;
        let cells = &cells.cells;
        let rescale = ready.volume.rescale();
        let real = |cell: usize| {
            let [a, b] = [cells.low()[cell], cells.high()[cell]].map(|end| rescale.real(f64::from(end)));
            (cells.low()[cell] <= cells.high()[cell]).then(|| (a.min(b), a.max(b)))
        };
        let seen: Vec<bool> = match &shown.material.classification {
            Classification::Tissue { transfer, .. } => {
                let [a, b] = cells
                    .range()
                    .unwrap_or_default()
                    .map(|end| rescale.real(f64::from(end)));
                let integrals = Integrals::new(transfer, [a.min(b), a.max(b)]);
                self.tissue(look, &integrals, rescale);
                if let Some(curve) = transfer.gradient_opacity() {
                    look.first_factor = self.entries.len() as u32;
                    look.factors = curve.points().len() as u32;
                    let points = curve.points().iter();
                    self.entries
                        .extend(points.map(|(at, factor)| [*at as f32, *factor as f32, 0.0, 0.0]));
                    self.may |= SOME_FACTOR;
                }
                let sees = |cell| real(cell).is_some_and(|(low, high)| integrals.sees(low, high));
                (0..cells.count()).map(sees).collect()
            }
            Classification::Surfaces(surfaces) => {
                let surfaces = self.surfaces(look, surfaces)?;
                let has_cuts = !shown.layer.clip.cuts.is_empty();
                let passes = |low: f64, high: f64| {
                    let reached = |surface: &Surface| high >= surface.threshold;
                    let open = |surface: &Surface| has_cuts || low < surface.threshold;
                    surfaces.iter().any(|surface| reached(surface) && open(surface))
                };
                let sees = |cell| real(cell).is_some_and(|(low, high)| passes(low, high));
                (0..cells.count()).map(sees).collect()
            }
            Classification::Labels(labels) => {
                check_labels(shown.layer.volume, ready.volume)?;
                self.bodies(look, labels);
                let shown = |low: f32, high: f32| {
                    let range = low.clamp(0.0, 65_535.0) as u16..=high.clamp(0.0, 65_535.0) as u16;
                    low <= high && labels.styles.range(range).any(|(label, _)| labels.shows(*label))
                };
                (0..cells.count())
                    .map(|cell| shown(cells.low()[cell], cells.high()[cell]))
                    .collect()
            }
        };
        // Labels reach two voxels: into the cells beside theirs.
        let reach = u8::from(kind(&shown.material.classification) == LABELS);
        self.distances
            .push(Arc::new(distances(device, cells, seen, reach)?));
        Ok(())
    }

    fn tissue(&mut self, look: &mut LookUniform, integrals: &Integrals, rescale: crate::volume::Rescale) {
        let per_unit = integrals.steps_per_unit();
        look.places_per_stored = (rescale.slope * per_unit).clamp(-1e30, 1e30) as f32;
        look.place_of_zero = ((rescale.intercept - integrals.low()) * per_unit).clamp(-1e30, 1e30) as f32;
        look.first_integral = self.entries.len() as u32;
        look.entries = integrals.entries().len() as u32;
        self.entries.extend_from_slice(integrals.entries());
        self.may |= SOME_TISSUE;
    }

    /// Surfaces that are seen, by rising threshold.
    fn surfaces(&mut self, look: &mut LookUniform, surfaces: &[Surface]) -> Result<Vec<Surface>, Error> {
        let mut sorted = surfaces.to_vec();
        for surface in &sorted {
            if !surface.threshold.is_finite() {
                return Err(number("the threshold of a surface", "finite", surface.threshold));
            }
            part_of_one("the opacity of a surface", surface.opacity)?;
        }
        sorted.retain(|surface| surface.opacity > 0.0);
        sorted.sort_by(|a, b| {
            let by_opacity = a.opacity.total_cmp(&b.opacity);
            a.threshold
                .total_cmp(&b.threshold)
                .then(by_opacity)
                .then(a.color.cmp(&b.color))
        });
        look.first_surface = self.entries.len() as u32;
        self.entries.push([sorted.len() as f32, 0.0, 0.0, 0.0]);
        for surface in &sorted {
            let [red, green, blue] = surface.color.map(|part| f32::from(part) / 255.0);
            let depth = extinction_per_mm(surface.opacity, 1.0) as f32;
            self.entries.push([red, green, blue, depth]);
            self.entries.push([surface.threshold as f32, 0.0, 0.0, 0.0]);
        }
        self.may |= SOME_SURFACES;
        Ok(sorted)
    }

    fn bodies(&mut self, look: &mut LookUniform, labels: &Labels) {
        look.even_below = Labels::EVEN_PER_MM as f32;
        self.styles(look, &LabelTable::new(labels));
        self.may |= SOME_LABELS;
    }

    fn styles(&mut self, look: &mut LookUniform, table: &LabelTable) {
        look.first_style = self.entries.len() as u32;
        look.styles = table.styles().len() as u32;
        for (label, [red, green, blue, opacity]) in table.styles().iter().enumerate() {
            let is_known = u16::try_from(label).is_ok_and(|label| table.knows(label));
            self.entries
                .push([*red, *green, *blue, if is_known { *opacity } else { -1.0 }]);
        }
    }

    fn tint(
        &mut self,
        look: &mut LookUniform,
        shown: &Shown<'_>,
        ready: &Ready<'_>,
        labels: &Ready<'_>,
        slot: usize,
    ) -> Result<(), Error> {
        let Classification::Tissue { tint: Some(tint), .. } = &shown.material.classification else {
            return Ok(());
        };
        check_labels(tint.labels, labels.volume)?;
        self.styles(look, &LabelTable::tint(tint));
        look.tint = slot as u32;
        look.others = tint.others as f32;
        let voxel_from_scene = volume_from_scene(shown.layer, ready.volume)?;
        let scene_from_voxel = voxel_from_scene
            .inverse()
            .map_err(|_| Error::Singular("a layer's registration"))?;
        let map = volume_from_scene(shown.layer, labels.volume)? * scene_from_voxel;
        look.tint_from_voxel = [0, 1, 2].map(|row| {
            let linear = map.linear.row(row);
            [linear[0], linear[1], linear[2], map.origin[row]].map(|value| value as f32)
        });
        self.may |= SOME_TINT;
        Ok(())
    }

    /// How much light reaches the places of a volume, where surroundings count.
    fn light(
        &mut self,
        device: &Device,
        look: &mut LookUniform,
        ask: &Ask<'_>,
        rendering: &Rendering,
        shown: &Shown<'_>,
        ready: &Ready<'_>,
    ) -> Result<(), Error> {
        let is_darkened = rendering.occlusion > 0.0 || rendering.shadow > 0.0;
        if !is_darkened || look.is_shaded == 0 {
            return Ok(());
        }
        let lamp = match rendering.light {
            Light::From(direction) if rendering.shadow > 0.0 => {
                let volume_from_scene = shown.layer.scene_from_volume.inverse();
                Some(volume_from_scene.map_err(|_| Error::Singular("a layer's registration"))? * direction)
            }
            _ => None,
        };
        let classification = &shown.material.classification;
        let illumination =
            device
                .textures()
                .light(shown.layer.volume, ready.volume, classification, lamp, ask.cancel)?;
        look.has_light = 1;
        look.first_light = self.lights.len() as u32 / 2;
        look.off_mm = illumination.off_mm();
        look.light_size = illumination.size().map(|side| side as i32);
        look.light_voxels = illumination.voxels().map(|side| side as f32);
        let pairs = illumination.open().iter().zip(illumination.lit());
        self.lights.extend(pairs.flat_map(|(open, lit)| [*open, *lit]));
        self.may |= SOME_LIGHT;
        Ok(())
    }
}

const fn kind(classification: &Classification) -> u32 {
    match classification {
        Classification::Tissue { .. } => TISSUE,
        Classification::Surfaces(_) => SURFACES,
        Classification::Labels(_) => LABELS,
    }
}

impl LookUniform {
    fn shade(&mut self, shading: Option<Shading>) {
        let Some(shading) = shading else { return };
        self.is_shaded = 1;
        self.ambient = shading.ambient as f32;
        self.diffuse = shading.diffuse as f32;
        self.specular = shading.specular as f32;
        self.shininess = shading.shininess as f32;
        self.even_below = shading.even_below as f32;
    }
}

/// A texture of how far each cell is from the next in which something is seen; less `reach`.
fn distances(device: &Device, cells: &Arc<Cells>, seen: Vec<bool>, reach: u8) -> Result<CellsTexture, Error> {
    let map = DistanceMap::of(cells.size(), seen.into_iter());
    let distances: Vec<u8> = map
        .distances()
        .iter()
        .map(|distance| distance.saturating_sub(reach))
        .collect();
    let size = cells.size().map(|side| side as u32);
    let view = small(device, size, wgpu::TextureFormat::R8Unorm, &distances)?;
    Ok(CellsTexture {
        cells: cells.clone(),
        view,
    })
}

fn check_labels(id: crate::render::VolumeId, volume: &Volume) -> Result<(), Error> {
    let is_map = matches!(volume.voxels(), Voxels::U8(_) | Voxels::U16(_));
    is_map.then_some(()).ok_or(Error::NotLabels(id))
}

/// Checks the numbers of a material.
pub(super) fn check(material: &Material) -> Result<(), Error> {
    if let Classification::Tissue {
        tint: Some(Tint { styles, others, .. }),
        ..
    } = &material.classification
    {
        part_of_one("the factor of tissue without a label", *others)?;
        for style in styles.values() {
            part_of_one("the factor of a label", style.opacity)?;
        }
    }
    check::shading(material.shading)
}
