//! What to show, as plain data.

use std::collections::BTreeMap;

use crate::colormap::{ColorMap, Window};
use crate::fusion::{Weight, overlay_color_map, single_color_map, window_for};
use crate::geometry::{Affine, Patient};
use crate::presentation::ImagePlane;
use crate::render::{Clip, DrawnAs, Error, Material, Quality, ShownIn, View};
use crate::volume::{Interpolation, Volume};

/// Names the voxels of a volume; a renderer may keep what it made of them under this name.
///
/// Other voxels get another id. The same voxels under another rescale (Bq/mL as SUV) may keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeId(pub u64);

/// The volumes that scenes refer to.
#[derive(Debug, Clone, Default)]
pub struct Volumes {
    by_id: BTreeMap<VolumeId, Volume>,
}

impl Volumes {
    /// No volumes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lends a volume under an id, in place of the one that had it.
    pub fn insert(&mut self, id: VolumeId, volume: Volume) -> Option<Volume> {
        self.by_id.insert(id, volume)
    }

    /// Takes a volume back.
    pub fn remove(&mut self, id: VolumeId) -> Option<Volume> {
        self.by_id.remove(&id)
    }

    /// The volume of an id.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownVolume`] when there is none.
    pub fn get(&self, id: VolumeId) -> Result<&Volume, Error> {
        self.by_id.get(&id).ok_or(Error::UnknownVolume(id))
    }
}

/// One volume of a scene and how it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Which volume.
    pub volume: VolumeId,
    /// Which real values are told apart.
    pub window: Window,
    /// In which colours.
    pub color_map: ColorMap,
    /// How values between voxels are made.
    pub interpolation: Interpolation,
    /// Part of this layer in the mix with what is below it, 0 to 1; taken in 256ths (see [`Weight`]).
    pub opacity: f64,
    /// Where the volume's own patient space lies in the scene's: the identity but for registered volumes.
    pub scene_from_volume: Affine<Patient, Patient>,
    /// What it looks like in a volume rendering; `None` for [`Material::glowing`] by window and colours.
    pub material: Option<Material>,
    /// What is cut away of it in projections and renderings.
    pub clip: Clip,
    /// In which part of the picture it is shown; in renderings everywhere.
    pub shown_in: ShownIn,
    /// Whether its colours are drawn or its contours; in renderings its body.
    pub drawn_as: DrawnAs,
}

impl Layer {
    /// A layer that shows a volume by itself, with the window and colours of its unit.
    #[must_use]
    pub fn single(id: VolumeId, volume: &Volume) -> Self {
        Self {
            volume: id,
            window: window_for(volume),
            color_map: single_color_map(volume.unit()),
            interpolation: Interpolation::Linear,
            opacity: 1.0,
            scene_from_volume: Affine::identity(),
            material: None,
            clip: Clip::default(),
            shown_in: ShownIn::default(),
            drawn_as: DrawnAs::default(),
        }
    }

    /// A layer laid over others: `ratio` 0 shows only what is below, 1 only this.
    #[must_use]
    pub fn overlay(id: VolumeId, volume: &Volume, ratio: f64) -> Self {
        Self {
            color_map: overlay_color_map(),
            opacity: ratio,
            ..Self::single(id, volume)
        }
    }

    /// The opacity as a weight.
    ///
    /// # Errors
    ///
    /// [`Error::Opacity`] unless it is 0 to 1.
    pub fn weight(&self) -> Result<Weight, Error> {
        Weight::from_ratio(self.opacity).ok_or(Error::Opacity(self.opacity))
    }
}

/// What a picture shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// From where.
    pub view: View,
    /// From the lowest to the uppermost. Outside its volume, and where the volume is not a number, a layer
    /// is transparent.
    pub layers: Vec<Layer>,
    /// Red, green, blue where no layer is.
    pub background: [u8; 3],
    /// How finely.
    pub quality: Quality,
    /// Sharpens the picture of planes; values stay as they are.
    pub sharpening: Option<Sharpening>,
}

/// An unsharp mask on the values of a plane's layers, before the window.
///
/// Each value `v` becomes `v + amount (v - b)`, where `b` is the mean of the 5 x 5 values around it at
/// distances of 0, 1 and 2 times `radius_pixels`, by the binomial weights 1 4 6 4 1 each way. Neighbours
/// outside the image or the volume do not count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sharpening {
    /// 0 (not) to 10.
    pub amount: f64,
    /// 1 to 16.
    pub radius_pixels: u32,
}

impl Scene {
    /// Layers cut by a plane, on black.
    #[must_use]
    pub fn of_plane(plane: ImagePlane, layers: Vec<Layer>) -> Self {
        Self::new(View::Plane(plane), layers)
    }

    /// Layers in a view, on black.
    #[must_use]
    pub fn new(view: View, layers: Vec<Layer>) -> Self {
        Self {
            view,
            layers,
            background: [0; 3],
            quality: Quality::default(),
            sharpening: None,
        }
    }

    /// How much each layer's extinction counts in a rendering, 0 to 1.
    ///
    /// They are the parts that the layers have in a mix of planes, relative to the largest: a ratio of 0.5
    /// shows both volumes in full, 0 or 1 one of them alone.
    ///
    /// # Errors
    ///
    /// [`Error::Opacity`] unless every opacity is 0 to 1.
    pub fn weights(&self) -> Result<Vec<f64>, Error> {
        let mut left = 1.0;
        let mut weights = vec![0.0; self.layers.len()];
        for (weight, layer) in weights.iter_mut().zip(&self.layers).rev() {
            layer.weight()?;
            *weight = left * layer.opacity;
            left *= 1.0 - layer.opacity;
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= largest);
        }
        Ok(weights)
    }

    /// Distance of the samples along a ray, mm: as [`Quality::step_mm`] says.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownVolume`]; [`Error::Step`] for a step that is not a positive number.
    pub fn step_mm(&self, volumes: &Volumes) -> Result<f64, Error> {
        let step_mm = match self.quality.step_mm {
            Some(step_mm) => step_mm,
            None => {
                let mut smallest_mm = f64::INFINITY;
                for layer in &self.layers {
                    let grid = volumes.get(layer.volume)?.grid();
                    let linear = layer.scene_from_volume.linear * grid.patient_from_voxel().linear;
                    let sides = linear.column_iter().map(|side| side.norm());
                    smallest_mm = sides.fold(smallest_mm, f64::min);
                }
                let part = if matches!(self.view, View::Rendering(_)) {
                    0.5
                } else {
                    1.0
                };
                if smallest_mm.is_finite() {
                    part * smallest_mm
                } else {
                    1.0
                }
            }
        };
        let usable = step_mm.is_finite() && step_mm > 0.0;
        usable.then_some(step_mm).ok_or(Error::Step(step_mm))
    }
}
