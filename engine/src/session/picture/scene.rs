//! What a view shows as layers and scenes for a renderer.

use crate::colormap::{ColorMap, Window};
use crate::fusion::{overlay_color_map, single_color_map, window_for};
use crate::geometry::{Affine, Grid, Point};
use crate::presentation::{Camera, ImagePlane};
use crate::render::{
    Comparison, DrawnAs, Layer, Projection, Rendering, Scene, Sharpening, Slab, View, VolumeId, preset,
};
use crate::session::Session;
use crate::session::error::Refusal;
use crate::session::state::{Comparing, Kind, Shown, ViewLayer};
use crate::volume::{Interpolation, Rescale, Unit, Volume, Voxels};

pub(in crate::session) fn layer(
    view_layer: &ViewLayer,
    n: usize,
    id: VolumeId,
    volume: &Volume,
    stated: Option<Window>,
) -> Result<Layer, Refusal> {
    let mut layer = if n == 0 {
        Layer::single(id, volume)
    } else {
        Layer::overlay(id, volume, view_layer.ratio)
    };
    layer.window = view_layer
        .window_in(volume)
        .or(stated)
        .unwrap_or_else(|| window_for(volume));
    let usual = if n == 0 {
        single_color_map(volume.unit())
    } else {
        overlay_color_map()
    };
    let colors = match &view_layer.palette {
        None => usual,
        Some(name) => ColorMap::named(name).map_err(|_| Refusal::Unknown {
            what: "palette",
            found: name.clone(),
        })?,
    };
    layer.color_map = if view_layer.is_inverted {
        colors.inverted()
    } else {
        colors
    };
    layer.interpolation = if view_layer.is_interpolated {
        Interpolation::Linear
    } else {
        Interpolation::Nearest
    };
    Ok(layer)
}

/// The material of a preset where it is made for the values of the volume.
pub(in crate::session) fn material(
    name: &str,
    volume: &Volume,
    window: Window,
) -> Option<crate::render::Material> {
    use crate::render::Scale;
    let preset = preset(name)?;
    let suits = match preset.scale {
        Scale::Hounsfield => *volume.unit() == Unit::Hounsfield,
        Scale::Suv => *volume.unit() == Unit::SuvBw,
        _ => true,
    };
    suits.then(|| preset.material(window).ok()).flatten()
}

pub(in crate::session) fn scene(shown: &Shown, plane: ImagePlane, mut layers: Vec<Layer>) -> Scene {
    let view = match &shown.kind {
        Kind::Stack | Kind::Tiles { .. } | Kind::Interleaved | Kind::Curved { .. } | Kind::Plane => {
            match shown.slab {
                None => View::Plane(plane),
                Some(slab) => View::Projection(Projection::slab(
                    plane,
                    Slab {
                        thickness_mm: slab.thickness_mm,
                        kind: slab.kind.kind(),
                    },
                )),
            }
        }
        Kind::Projection { of } => View::Projection(Projection::new(Camera { plane, eye: None }, of.kind())),
        Kind::Rendering { .. } => View::Rendering(Rendering::new(Camera { plane, eye: None })),
    };
    if !matches!(view, View::Plane(_)) {
        layers.retain(|layer| matches!(layer.drawn_as, DrawnAs::Colors));
    }
    // Around the images there is nothing, which looks as nothing does in them: white where uptake is dark on white.
    let nothing = layers
        .first()
        .map_or([0; 3], |lowest| lowest.color_map.color(0.0));
    let is_rendering = matches!(view, View::Rendering(_));
    let mut scene = Scene::new(view, layers);
    if !is_rendering {
        scene.background = nothing;
    }
    let sharpens = shown.sharpening > 0.0 && shown.kind.is_plane();
    scene.sharpening = sharpens.then_some(Sharpening {
        amount: shown.sharpening,
        radius_pixels: 1,
    });
    scene
}

pub(super) fn comparison(shown: &Shown) -> Option<Comparison> {
    Some(match shown.comparing? {
        Comparing::Checkerboard { cell_mm } => Comparison::Checkerboard {
            cell_mm,
            shift: [0.0; 2],
        },
        Comparing::Swipe { place, towards_rad } => Comparison::Swipe { place, towards_rad },
    })
}

/// Width of the outline of the chosen volume of interest.
const CHOSEN_PIXELS: f64 = 3.5;

impl Session {
    /// Draws the outline of the chosen volume of interest stronger; what is taken for a film is not being edited.
    pub(super) fn stress(&self, scenes: &mut [Scene], viewport: Option<u32>) {
        let chosen = self.state.selected_voi.filter(|_| viewport.is_some());
        let Some((_, id, _)) = chosen.and_then(|n| self.drawn.outlines.get(&n)) else {
            return;
        };
        for layer in scenes.iter_mut().flat_map(|scene| &mut scene.layers) {
            if let (true, DrawnAs::Contours(contours)) = (layer.volume == *id, &mut layer.drawn_as) {
                contours.width_pixels = CHOSEN_PIXELS;
            }
        }
    }
}

/// A mask as 0 and 1 on its box and a voxel around it.
pub(super) fn solid(mask: &crate::voi::Mask) -> Option<Volume> {
    let found = mask.bounding_box()?;
    let size = mask.grid().size();
    let low: [usize; 3] = std::array::from_fn(|axis| found[axis].start.saturating_sub(1));
    let high: [usize; 3] = std::array::from_fn(|axis| (found[axis].end + 1).min(size[axis]));
    let sides: [usize; 3] = std::array::from_fn(|axis| high[axis] - low[axis]);
    let mut inside = vec![0_u8; sides.iter().product()];
    for run in mask.runs() {
        for index in run.start..run.end {
            let at = [
                index % size[0],
                index / size[0] % size[1],
                index / (size[0] * size[1]),
            ];
            let [i, j, k] = std::array::from_fn(|axis| at[axis] - low[axis]);
            inside[(k * sides[1] + j) * sides[0] + i] = 1;
        }
    }
    let grid = cropped(mask.grid(), low, sides)?;
    Volume::new(
        grid,
        Voxels::U8(inside.into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .ok()
}

fn cropped(grid: &Grid, low: [usize; 3], sides: [usize; 3]) -> Option<Grid> {
    let axes = [0, 1, 2].map(|axis| grid.patient_from_voxel().axis(axis));
    let origin = grid.patient(Point::from(low.map(|n| n as f64)));
    if let Some(positions) = grid.slice_positions() {
        // Uneven slices: the first of the box is the new zero.
        let first = *positions.get(low[2])?;
        let part = positions.get(low[2]..low[2] + sides[2])?;
        let part: Vec<f64> = part.iter().map(|position| position - first).collect();
        return Grid::with_slice_positions(sides, Affine::from_axes(axes, origin), part).ok();
    }
    Grid::new(sides, Affine::from_axes(axes, origin)).ok()
}
