//! A scene written down: volumes by path, view and layers, as JSON.

mod format;
mod layers;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use engine::dicom::read::Series;
use engine::geometry::{Grid, Point};
use engine::nifti;
use engine::presentation::{Camera, CurvedPlane, Direction, ImagePlane, Orientation, Side, Size};
use engine::render::{
    Comparison, Curved, Light, Projection, ProjectionKind, Rendering, Scene, Sharpening, Slab, View,
    VolumeId, Volumes,
};
use engine::volume::Volume;

use self::format::{
    CameraEntry, CompareEntry, CurveEntry, Mirror, OrientationEntry, PlaneEntry, ProjectEntry,
    ProjectionEntry, RenderingEntry, SceneFile, SlabEntry, Straight, ViewEntry, VolumeEntry,
};
use super::comparison::panel;
use super::parse::Project;
use super::{Picture, sources};
use crate::cli::open;

/// Largest scene file, bytes.
const MAX_BYTES: u64 = 1 << 24;

/// The volumes of a file by name.
struct Named {
    volumes: Volumes,
    ids: BTreeMap<String, VolumeId>,
}

impl Named {
    fn id(&self, name: &str) -> anyhow::Result<VolumeId> {
        self.ids
            .get(name)
            .copied()
            .with_context(|| format!("expected the name of one of the volumes, found {name:?}"))
    }

    fn volume(&self, name: &str) -> anyhow::Result<&Volume> {
        Ok(self.volumes.get(self.id(name)?)?)
    }
}

/// Reads a scene file; its paths are relative to its folder.
pub fn read(path: &Path) -> anyhow::Result<Picture> {
    let name = || path.display().to_string();
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(name)?;
    let bytes = file
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(name)?;
    if bytes as u64 > MAX_BYTES {
        bail!(
            "{}: expected a scene of at most {MAX_BYTES} bytes",
            path.display()
        );
    }
    let file: SceneFile = serde_json::from_str(&text).with_context(name)?;
    picture(&file, path.parent().unwrap_or(Path::new(""))).with_context(name)
}

fn picture(file: &SceneFile, folder: &Path) -> anyhow::Result<Picture> {
    let named = volumes(file, folder)?;
    let [width, height] = file.size;
    let whole = Size { width, height };
    let comparison = file.compare.as_ref().map(comparison);
    let size = panel(comparison.as_ref(), whole, file.layers.len());
    let mut layers = Vec::with_capacity(file.layers.len());
    for entry in &file.layers {
        layers.push(layers::layer(entry, &named, size)?);
    }
    let Some(first) = file.layers.first() else {
        bail!("expected at least one layer, found none")
    };
    let grid = named.volume(&first.volume)?.grid();
    let mut scene = Scene::new(view(&file.view, grid, size)?, layers);
    scene.background = file.background;
    scene.quality.step_mm = file.quality.step_mm;
    scene.quality.jitter = file.quality.jitter;
    scene.sharpening = file.sharpening.map(|entry| Sharpening {
        amount: entry.amount,
        radius_pixels: entry.radius_pixels,
    });
    Ok(Picture {
        scene,
        size: whole,
        passes: file.passes.clamp(1, 256),
        annotate: file.annotate.into(),
        place: None,
        is_marked: false,
        comparison,
        volumes: named.volumes,
    })
}

fn comparison(entry: &CompareEntry) -> Comparison {
    match *entry {
        CompareEntry::Checkerboard { cell_mm, shift } => Comparison::Checkerboard { cell_mm, shift },
        CompareEntry::Swipe {
            place,
            towards_degrees,
        } => Comparison::Swipe {
            place,
            towards_rad: f64::to_radians(towards_degrees),
        },
        CompareEntry::SideBySide => Comparison::SideBySide,
    }
}

fn volumes(file: &SceneFile, folder: &Path) -> anyhow::Result<Named> {
    let mut named = Named {
        volumes: Volumes::new(),
        ids: BTreeMap::new(),
    };
    for ((name, entry), n) in file.volumes.iter().zip(0..) {
        let volume = volume(entry, folder).with_context(|| format!("volume {name}"))?;
        named.volumes.insert(VolumeId(n), volume);
        named.ids.insert(name.clone(), VolumeId(n));
    }
    Ok(named)
}

fn volume(entry: &VolumeEntry, folder: &Path) -> anyhow::Result<Volume> {
    let path = folder.join(&entry.path);
    let lower = path.to_string_lossy().to_lowercase();
    if lower.ends_with(".nii") || lower.ends_with(".nii.gz") {
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let (volume, _) = nifti::read(&bytes)?;
        return Ok(volume);
    }
    let opened = open::studies(&[path])?;
    let wanted = entry.modality.as_deref();
    let suits = |series: &Series| wanted.is_none_or(|modality| series.modality == modality);
    let series = open::choose(&opened, entry.series.as_deref(), "series", suits)?;
    sources::displayed(&opened, series)
}

fn view(entry: &ViewEntry, grid: &Grid, size: Size) -> anyhow::Result<View> {
    Ok(match entry {
        ViewEntry::Plane(entry) => plane(entry, grid, size)?,
        ViewEntry::Curve(entry) => View::Curved(curve(entry, size)?),
        ViewEntry::Projection(entry) => View::Projection(projection(entry, grid, size)?),
        ViewEntry::Rendering(entry) => View::Rendering(rendering(entry, grid, size)?),
    })
}

fn plane(entry: &PlaneEntry, grid: &Grid, size: Size) -> anyhow::Result<View> {
    let orientation = match entry.orientation {
        OrientationEntry::Named(Straight::Axial) => Orientation::Axial,
        OrientationEntry::Named(Straight::Coronal) => Orientation::Coronal,
        OrientationEntry::Named(Straight::Sagittal) => Orientation::Sagittal,
        OrientationEntry::Normal(normal) => Orientation::Oblique(normal.into()),
    };
    let at = entry.at.map_or_else(|| grid.center(), Point::from);
    let mut plane = match entry.mm_per_pixel {
        Some(mm_per_pixel) => ImagePlane::centered(orientation, at, mm_per_pixel, size)?,
        None => ImagePlane::fitted(orientation, at, &[grid], size)?,
    };
    let [x, y] = [size.width, size.height].map(|pixels| (f64::from(pixels) - 1.0) / 2.0);
    plane = plane.turned(x, y, entry.turned_degrees.to_radians());
    for mirror in &entry.mirrored {
        plane = match mirror {
            Mirror::Horizontally => plane.mirrored_horizontally(x),
            Mirror::Vertically => plane.mirrored_vertically(y),
        };
    }
    let slab = entry.slab.map(slab);
    Ok(slab.map_or(View::Plane(plane), |slab| {
        View::Projection(Projection::slab(plane, slab))
    }))
}

fn slab(entry: SlabEntry) -> Slab {
    Slab {
        thickness_mm: entry.thickness_mm,
        kind: Project::from(entry.project).into(),
    }
}

fn curve(entry: &CurveEntry, size: Size) -> anyhow::Result<Curved> {
    let points: Vec<Point<_>> = entry.points.iter().map(|point| Point::from(*point)).collect();
    let side = match entry.straightened {
        true => Side::Straightened(entry.down.into()),
        false => Side::Fixed(entry.down.into()),
    };
    Ok(Curved {
        plane: CurvedPlane::along(&points, side, entry.mm_per_pixel, size.height)?,
        slab: entry.slab.map(slab),
    })
}

/// The camera of an entry: what is not said fits the volume.
fn camera(entry: &CameraEntry, grid: &Grid, size: Size) -> anyhow::Result<Camera> {
    let direction = Direction::from_degrees(entry.azimuth, entry.elevation);
    let fitted = Camera::fitted(direction, &[grid], size)?;
    let camera = if entry.at.is_none() && entry.mm_per_pixel.is_none() {
        fitted
    } else {
        let at = entry.at.map_or_else(|| grid.center(), Point::from);
        let mm_per_pixel = entry
            .mm_per_pixel
            .unwrap_or_else(|| fitted.plane.mm_per_pixel()[0]);
        Camera::centered(direction, at, mm_per_pixel, size)?
    };
    Ok(entry
        .eye_mm
        .map_or(camera, |distance_mm| camera.with_eye(distance_mm, size)))
}

fn projection(entry: &ProjectionEntry, grid: &Grid, size: Size) -> anyhow::Result<Projection> {
    let kind = match entry.project {
        ProjectEntry::Max => ProjectionKind::Maximum {
            depth_weight: entry.depth_weight,
        },
        other => Project::from(other).into(),
    };
    Ok(Projection {
        camera: camera(&entry.camera, grid, size)?,
        kind,
        depth_mm: entry.depth_mm,
    })
}

fn rendering(entry: &RenderingEntry, grid: &Grid, size: Size) -> anyhow::Result<Rendering> {
    let mut rendering = Rendering::new(camera(&entry.camera, grid, size)?);
    rendering.depth_mm = entry.depth_mm;
    rendering.light = entry.light.map_or(Light::Head, |from| Light::From(from.into()));
    rendering.occlusion = entry.occlusion;
    rendering.shadow = entry.shadow;
    Ok(rendering)
}
