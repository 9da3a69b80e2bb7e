//! From a scene's layers to parts that rays can be marched through.

use std::sync::Arc;

use nalgebra::Vector3;

use crate::colormap::{Window, extinction_per_mm};
use crate::geometry::{Affine, Patient, Vector, Voxel};
use crate::render::cells::CellsCache;
use crate::render::check::{self, part_of_one};
use crate::render::classify::{Integrals, LabelTable};
use crate::render::cpu::rendering::labels::is_label_map;
use crate::render::cpu::rendering::part::{Bounds, Look, Part, Skin, Tinted};
use crate::render::cpu::rendering::space::Space;
use crate::render::cpu::views::Work;
use crate::render::illumination::Illumination;
use crate::render::{
    Cancel, Classification, Clip, Error, Layer, Light, MAX_CLIP_PLANES, MAX_CUTS, Material, ReadyCut,
    Rendering, Scene, Surface, VolumeId, Volumes,
};
use crate::volume::{Rescale, Volume};
use crate::with_voxels;

/// What was made of the materials of late, by volume.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    looks: Vec<KeptLook>,
    lights: Vec<KeptLight>,
}

#[derive(Debug, Clone)]
struct KeptLight {
    volume: VolumeId,
    address: usize,
    rescale: Rescale,
    classification: Classification,
    light: Option<Vector<Patient>>,
    made: Arc<Illumination>,
}

#[derive(Debug, Clone)]
struct KeptLook {
    volume: VolumeId,
    address: usize,
    rescale: Rescale,
    classification: Classification,
    has_cuts: bool,
    look: Arc<Look>,
    space: Arc<Space>,
}

const SINGULAR: Error = Error::Singular("a layer's registration");

/// Looks that are kept: those of a few pictures.
const KEPT: usize = 8;

impl Kept {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        let spaces: usize = self.looks.iter().map(|kept| kept.space.bytes()).sum();
        let lights: usize = self.lights.iter().map(|kept| kept.made.bytes()).sum();
        spaces + lights
    }

    /// How much light reaches the places of a volume; made now when it is not there.
    fn light(
        &mut self,
        id: VolumeId,
        volume: &Volume,
        classification: &Classification,
        light: Option<Vector<Patient>>,
        cancel: &Cancel,
    ) -> Result<Arc<Illumination>, Error> {
        let address = address(volume);
        let found = self.lights.iter().position(|kept| {
            kept.volume == id
                && kept.address == address
                && kept.rescale == volume.rescale()
                && kept.light == light
                && kept.classification == *classification
        });
        let kept = match found {
            Some(at) => self.lights.remove(at),
            None => KeptLight {
                volume: id,
                address,
                rescale: volume.rescale(),
                classification: classification.clone(),
                light,
                made: Arc::new(Illumination::of(volume, classification, light, cancel)?),
            },
        };
        let made = Arc::clone(&kept.made);
        self.lights.push(kept);
        if self.lights.len() > KEPT {
            self.lights.remove(0);
        }
        Ok(made)
    }

    fn get(
        &mut self,
        id: VolumeId,
        volume: &Volume,
        classification: &Classification,
        has_cuts: bool,
        cells: &mut CellsCache,
        cancel: &Cancel,
    ) -> Result<(Arc<Look>, Arc<Space>), Error> {
        let address = address(volume);
        let found = self.looks.iter().position(|kept| {
            kept.volume == id
                && kept.address == address
                && kept.rescale == volume.rescale()
                && kept.has_cuts == has_cuts
                && kept.classification == *classification
        });
        let kept = match found {
            Some(at) => self.looks.remove(at),
            None => {
                let (look, space) = look(id, volume, classification, has_cuts, cells, cancel)?;
                KeptLook {
                    volume: id,
                    address,
                    rescale: volume.rescale(),
                    classification: classification.clone(),
                    has_cuts,
                    look: Arc::new(look),
                    space: Arc::new(space),
                }
            }
        };
        let both = (Arc::clone(&kept.look), Arc::clone(&kept.space));
        self.looks.push(kept);
        if self.looks.len() > KEPT {
            self.looks.remove(0);
        }
        Ok(both)
    }
}

/// Tells voxels from others that a host gave the same id.
fn address(volume: &Volume) -> usize {
    with_voxels!(volume.voxels(), voxels => voxels.as_ptr().addr())
}

/// Makes the tables of a look, and where it can be seen.
fn look(
    id: VolumeId,
    volume: &Volume,
    classification: &Classification,
    has_cuts: bool,
    cells: &mut CellsCache,
    cancel: &Cancel,
) -> Result<(Look, Space), Error> {
    let cells = cells.get(id, volume, cancel)?;
    let rescale = volume.rescale();
    Ok(match classification {
        Classification::Tissue { transfer, .. } => {
            let [a, b] = cells
                .range()
                .unwrap_or([0.0, 0.0])
                .map(|end| rescale.real(f64::from(end)));
            let integrals = Integrals::new(transfer, [a.min(b), a.max(b)]);
            let space = Space::new(
                &cells,
                rescale,
                false,
                |low, high| integrals.sees(low, high),
                cancel,
            )?;
            let factor = transfer.gradient_opacity().cloned();
            (Look::Tissue { integrals, factor }, space)
        }
        Classification::Surfaces(surfaces) => {
            let skins = skins(surfaces)?;
            // A free cut may open a body anywhere.
            let sees = |low: f64, high: f64| {
                let reached = |skin: &Skin| high >= f64::from(skin.threshold);
                let passed = |skin: &Skin| low < f64::from(skin.threshold);
                skins
                    .iter()
                    .any(|skin| reached(skin) && (has_cuts || passed(skin)))
            };
            let space = Space::new(&cells, rescale, false, sees, cancel)?;
            (Look::Surfaces(skins), space)
        }
        Classification::Labels(labels) => {
            if !is_label_map(volume) {
                return Err(Error::NotLabels(id));
            }
            let shown = |low: f64, high: f64| {
                let range = low.clamp(0.0, 65535.0) as u16..=high.clamp(0.0, 65535.0) as u16;
                labels.styles.range(range).any(|(label, _)| labels.shows(*label))
            };
            let space = Space::new(&cells, Rescale::IDENTITY, true, shown, cancel)?;
            (Look::Labels(LabelTable::new(labels)), space)
        }
    })
}

/// Surfaces by rising threshold, whatever their order.
fn skins(surfaces: &[Surface]) -> Result<Vec<Skin>, Error> {
    let mut sorted = surfaces.to_vec();
    for surface in &sorted {
        if !surface.threshold.is_finite() {
            return Err(Error::Number {
                what: "the threshold of a surface",
                expected: "finite",
                found: surface.threshold,
            });
        }
        part_of_one("the opacity of a surface", surface.opacity)?;
    }
    sorted.retain(|surface| surface.opacity > 0.0);
    sorted.sort_by(|a, b| {
        let by_threshold = a.threshold.total_cmp(&b.threshold);
        let by_opacity = a.opacity.total_cmp(&b.opacity);
        by_threshold.then(by_opacity).then(a.color.cmp(&b.color))
    });
    Ok(sorted
        .iter()
        .map(|surface| Skin {
            threshold: surface.threshold as f32,
            color: surface.color.map(|part| f32::from(part) / 255.0),
            depth: extinction_per_mm(surface.opacity, 1.0) as f32,
        })
        .collect())
}

/// Makes a layer ready; `None` when its weight is 0.
pub(super) fn part<'a>(
    work: &mut Work<'_>,
    scene: &Scene,
    rendering: &Rendering,
    layer: &Layer,
    weight: f64,
    volumes: &'a Volumes,
) -> Result<Option<Part<'a>>, Error> {
    let volume = volumes.get(layer.volume)?;
    let position_from_scene = position_from_scene(volume, layer)?;
    let bounds = bounds(volume, &position_from_scene, &layer.clip, rendering.depth_mm)?;
    let cuts = cuts(&layer.clip)?;
    let material = match &layer.material {
        Some(material) => material.clone(),
        None => glowing(layer)?,
    };
    check::shading(material.shading)?;
    let tint = tint(layer, &material, volumes)?;
    if weight <= 0.0 {
        return Ok(None);
    }
    let has_cuts = !cuts.is_empty();
    let (kept, cells, cancel) = (&mut *work.renderings, &mut *work.cells, work.cancel);
    let (look, space) = kept.get(
        layer.volume,
        volume,
        &material.classification,
        has_cuts,
        cells,
        cancel,
    )?;
    let darkened = rendering.occlusion > 0.0 || rendering.shadow > 0.0;
    let illumination = if darkened && material.shading.is_some() {
        let light = match rendering.light {
            Light::From(direction) if rendering.shadow > 0.0 => {
                Some(layer.scene_from_volume.inverse().map_err(|_| SINGULAR)? * direction)
            }
            _ => None,
        };
        Some(kept.light(layer.volume, volume, &material.classification, light, cancel)?)
    } else {
        None
    };
    let corners = volume
        .grid()
        .corners()
        .map(|corner| layer.scene_from_volume * corner);
    let middle = layer.scene_from_volume * volume.grid().center();
    Ok(Some(Part {
        lanes: work.lanes,
        volume,
        position_from_scene,
        bounds,
        middle,
        radius_mm: corners
            .iter()
            .map(|corner| corner.distance(middle))
            .fold(0.0, f64::max),
        cuts,
        weight: weight as f32,
        look,
        shading: material.shading,
        tint,
        space: scene.quality.skips_empty_space.then_some(space),
        illumination,
    }))
}

fn glowing(layer: &Layer) -> Result<Material, Error> {
    let Window { center, width, .. } = layer.window;
    if !layer.window.is_valid() {
        return Err(Error::Window { center, width });
    }
    Ok(Material::glowing(layer.window, &layer.color_map))
}

fn position_from_scene(volume: &Volume, layer: &Layer) -> Result<Affine<Voxel, Patient>, Error> {
    let volume_from_scene = layer.scene_from_volume.inverse().map_err(|_| SINGULAR)?;
    let map = *volume.grid().voxel_from_patient() * volume_from_scene;
    let finite = |values: &[f64]| values.iter().all(|value| value.abs() < 1e100);
    let usable = finite(map.linear.as_slice()) && finite(map.origin.as_slice());
    usable.then_some(map).ok_or(SINGULAR)
}

/// The volume's box, the clip's planes and the depth as half-spaces of positions.
fn bounds(
    volume: &Volume,
    position_from_scene: &Affine<Voxel, Patient>,
    clip: &Clip,
    depth_mm: Option<[f64; 2]>,
) -> Result<Bounds, Error> {
    let grid = volume.grid();
    let mut limits = grid.size().map(|n| [-0.5, n as f64 - 0.5]);
    limits[2] = limits[2].map(|slice| grid.position_from_slice(slice));
    let mut bounds = Bounds::new(limits, depth_mm);
    if clip.planes.len() > MAX_CLIP_PLANES {
        return Err(Error::TooMany {
            what: "clip planes of a layer",
            most: MAX_CLIP_PLANES,
            found: clip.planes.len(),
        });
    }
    let scene_from_position = position_from_scene.inverse().map_err(|_| SINGULAR)?;
    for plane in &clip.planes {
        let normal = plane.normal.normalized().map(|normal| normal.xyz);
        let normal = normal.ok_or(Error::Singular("the normal of a clip plane"))?;
        let inward: Vector3<f64> = scene_from_position.linear.transpose() * normal;
        let border = normal.dot(&(plane.point.xyz - scene_from_position.origin));
        if !border.is_finite() {
            return Err(Error::Singular("the place of a clip plane"));
        }
        bounds.cut(inward, border);
    }
    Ok(bounds)
}

fn cuts(clip: &Clip) -> Result<Vec<ReadyCut>, Error> {
    if clip.cuts.len() > MAX_CUTS {
        return Err(Error::TooMany {
            what: "free cuts of a layer",
            most: MAX_CUTS,
            found: clip.cuts.len(),
        });
    }
    let ready = |cut| ReadyCut::new(cut).ok_or(Error::Singular("the camera of a cut"));
    clip.cuts.iter().map(ready).collect()
}

fn tint<'a>(layer: &Layer, material: &Material, volumes: &'a Volumes) -> Result<Option<Tinted<'a>>, Error> {
    let Classification::Tissue { tint: Some(tint), .. } = &material.classification else {
        return Ok(None);
    };
    part_of_one("the factor of tissue without a label", tint.others)?;
    for style in tint.styles.values() {
        part_of_one("the factor of a label", style.opacity)?;
    }
    let labels = volumes.get(tint.labels)?;
    if !is_label_map(labels) {
        return Err(Error::NotLabels(tint.labels));
    }
    Ok(Some(Tinted {
        labels,
        table: Arc::new(LabelTable::tint(tint)),
        others: tint.others as f32,
        position_from_scene: position_from_scene(labels, layer)?,
    }))
}
