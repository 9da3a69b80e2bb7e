//! The layers of a scene file.

use anyhow::bail;
use engine::colormap::{ColorMap, TransferFunction, Window};
use engine::geometry::{Affine, Grid};
use engine::presentation::Size;
use engine::render::{
    Classification, Clip, ClipPlane, Contours, Cut, DrawnAs, LabelStyle, Labels, Layer, Material, Removes,
    Shading, ShownIn, Surface, Tint,
};
use engine::volume::Interpolation;
use nalgebra::{Matrix3, Vector3};

use super::format::{
    ClipEntry, InterpolationEntry, LayerEntry, MaterialEntry, RemovesEntry, ShadingEntry, ShownInEntry,
    StyleEntry, TransferEntry,
};
use super::{Named, camera};
use crate::cli::render::parse;

/// The layer of an entry, in an image of `size`.
pub fn layer(entry: &LayerEntry, named: &Named, size: Size) -> anyhow::Result<Layer> {
    let id = named.id(&entry.volume)?;
    let volume = named.volumes.get(id)?;
    let mut layer = Layer::single(id, volume);
    layer.window = match (entry.window, entry.range) {
        (Some([width, level]), None) => Window::linear(level, width),
        (None, Some([low, high])) => Window::between(low, high),
        (None, None) => layer.window,
        (Some(_), Some(_)) => bail!("expected a window or a range of a layer, found both"),
    };
    if let Some(name) = &entry.palette {
        layer.color_map = ColorMap::named(name)?;
    }
    layer.interpolation = match entry.interpolation {
        InterpolationEntry::Nearest => Interpolation::Nearest,
        InterpolationEntry::Linear => Interpolation::Linear,
        InterpolationEntry::Cubic => Interpolation::Cubic,
    };
    layer.opacity = entry.opacity.unwrap_or(layer.opacity);
    if let Some([a, b, c]) = entry.scene_from_volume {
        let linear = Matrix3::new(a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2]);
        layer.scene_from_volume = Affine::new(linear, Vector3::new(a[3], b[3], c[3]));
    }
    if let Some(entry) = &entry.material {
        layer.material = material(entry, &layer, named)?;
    }
    layer.clip = clip(&entry.clip, volume.grid(), size)?;
    layer.shown_in = match entry.shown_in {
        None => ShownIn::Everywhere,
        Some(ShownInEntry::Checkerboard { cell, corner }) => ShownIn::Checkerboard { cell, corner },
        Some(ShownInEntry::HalfPlane { point, towards }) => ShownIn::HalfPlane { point, towards },
    };
    if let Some(entry) = &entry.contours {
        layer.drawn_as = DrawnAs::Contours(Contours {
            levels: entry.levels.clone(),
            color: entry.color,
            width_pixels: entry.width_pixels,
        });
    }
    Ok(layer)
}

fn material(entry: &MaterialEntry, layer: &Layer, named: &Named) -> anyhow::Result<Option<Material>> {
    let MaterialEntry {
        preset,
        transfer: curves,
        surfaces,
        labels,
        ..
    } = entry;
    let mut material = match (preset, curves, surfaces, labels) {
        (Some(name), None, None, None) => {
            let preset = parse::preset(name).map_err(anyhow::Error::msg)?;
            Some(preset.material(layer.window)?)
        }
        (None, Some(curves), None, None) => Some(Material {
            classification: Classification::Tissue {
                transfer: transfer(curves)?,
                tint: None,
            },
            shading: None,
        }),
        (None, None, Some(surfaces), None) => {
            let surface = |entry: &super::format::SurfaceEntry| Surface {
                threshold: entry.threshold,
                color: entry.color,
                opacity: entry.opacity,
            };
            Some(Material {
                classification: Classification::Surfaces(surfaces.iter().map(surface).collect()),
                shading: Some(Shading::default()),
            })
        }
        (None, None, None, Some(styles)) => Some(Material {
            classification: Classification::Labels(Labels {
                styles: styles
                    .iter()
                    .map(|(label, entry)| (*label, style(entry)))
                    .collect(),
            }),
            shading: Some(Shading::default()),
        }),
        _ => bail!("expected one of preset, transfer, surfaces and labels in a material"),
    };
    if let Some(material) = &mut material {
        if let Some(entry) = &entry.shading {
            material.shading = Some(shading(entry));
        }
        if let Some(entry) = &entry.tint {
            let Classification::Tissue { tint, .. } = &mut material.classification else {
                bail!("expected a tint on a preset or a transfer function only");
            };
            *tint = Some(Tint {
                labels: named.id(&entry.labels)?,
                styles: entry
                    .styles
                    .iter()
                    .map(|(label, entry)| (*label, style(entry)))
                    .collect(),
                others: entry.others,
            });
        }
    }
    Ok(material)
}

fn transfer(entry: &TransferEntry) -> anyhow::Result<TransferFunction> {
    let transfer = TransferFunction::new(entry.opacity.clone(), entry.color.clone(), entry.unit_mm)?;
    Ok(match &entry.gradient_opacity {
        Some(factor) => transfer.with_gradient_opacity(factor.clone())?,
        None => transfer,
    })
}

fn style(entry: &StyleEntry) -> LabelStyle {
    LabelStyle {
        color: entry.color,
        opacity: entry.opacity,
    }
}

fn shading(entry: &ShadingEntry) -> Shading {
    Shading {
        ambient: entry.ambient,
        diffuse: entry.diffuse,
        specular: entry.specular,
        shininess: entry.shininess,
        even_below: entry.even_below,
    }
}

fn clip(entry: &ClipEntry, grid: &Grid, size: Size) -> anyhow::Result<Clip> {
    let mut clip = Clip::default();
    clip.planes.extend(entry.planes.iter().map(|plane| ClipPlane {
        point: plane.point.into(),
        normal: plane.normal.into(),
    }));
    if let Some(crop) = &entry.crop {
        clip.planes
            .extend(ClipPlane::around(crop.low.into(), crop.high.into()));
    }
    for entry in &entry.cuts {
        clip.cuts.push(Cut {
            camera: camera(&entry.camera, grid, size)?,
            outline: entry.outline.clone(),
            removes: match entry.removes {
                RemovesEntry::Inside => Removes::Inside,
                RemovesEntry::Outside => Removes::Outside,
            },
            depth_mm: entry.depth_mm,
        });
    }
    Ok(clip)
}
