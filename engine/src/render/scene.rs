//! What to show, as plain data.

use std::collections::BTreeMap;

use crate::colormap::{ColorMap, Window};
use crate::fusion::{Weight, overlay_color_map, single_color_map, window_for};
use crate::geometry::{Affine, Patient};
use crate::presentation::ImagePlane;
use crate::render::Error;
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

/// How the volumes are looked at.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum View {
    /// Cut by a plane (multiplanar reconstruction).
    Plane(ImagePlane),
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
}

impl Scene {
    /// Layers cut by a plane, on black.
    #[must_use]
    pub fn of_plane(plane: ImagePlane, layers: Vec<Layer>) -> Self {
        Self {
            view: View::Plane(plane),
            layers,
            background: [0; 3],
        }
    }
}
