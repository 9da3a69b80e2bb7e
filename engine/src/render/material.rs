//! What a layer looks like in a volume rendering.

use std::collections::BTreeMap;

use crate::colormap::{ColorMap, TransferFunction, Window};
use crate::render::VolumeId;

/// What a layer looks like in a volume rendering.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Which values are seen, and how.
    pub classification: Classification,
    /// How it answers light; `None` for tissue that glows by itself, as uptake does.
    pub shading: Option<Shading>,
}

/// Which values are seen, and how.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Classification {
    /// Fog of colour and opacity over the value.
    Tissue {
        /// Colour and opacity.
        transfer: TransferFunction,
        /// Colours and opacities of the parts that a label map names.
        tint: Option<Tint>,
    },
    /// Where values cross thresholds.
    Surfaces(Vec<Surface>),
    /// The layer's volume is a label map (unsigned 8 or 16 bit; the stored value is the label).
    Labels(Labels),
}

/// A surface where values cross a threshold, in either direction.
///
/// The place of the crossing is taken on the straight line between the values of neighbouring samples.
/// Where the volume's border or a clip opens a body whose values reach the threshold, the cut face shows
/// the surface's colour, lit evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// Real value (HU, SUV).
    pub threshold: f64,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Part of the light that it holds back, 0 to 1.
    pub opacity: f64,
}

/// What one label looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelStyle {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// As a body of its own: the part of the light that a millimetre holds back. As a tint: the factor of
    /// the tissue's extinction. 0 to 1; 0 is not seen.
    pub opacity: f64,
}

/// Labels as bodies with smooth edges.
///
/// A label map is smoothed where it is shown: with `B` the cubic B-spline weights of the 64 voxels around a
/// place, the body is there to the part `m = sum of B over the voxels of visible labels`, its colour and
/// opacity are the means over them by `B`, and the extinction is the opacity's times
/// [`Labels::edge`]`(m)`: an edge half-way, without the steps of the voxels. Its normal is the gradient of `m`;
/// below [`Labels::EVEN_PER_MM`] it is lit as even tissue.
/// Voxels beyond the map count as its outermost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Labels {
    /// The labels that are seen; all others are not.
    pub styles: BTreeMap<u16, LabelStyle>,
}

impl Labels {
    /// Gradient of `m`, per mm, below which a body is even: what [`Shading::even_below`] is for tissue.
    pub const EVEN_PER_MM: f64 = 0.01;

    /// How much of a body is seen where it is there to the part `m`: 0 up to 0.4, 1 from 0.6, smooth between.
    #[must_use]
    pub fn edge(m: f64) -> f64 {
        let t = ((m - 0.4) / 0.2).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }

    /// Whether a label is seen.
    #[must_use]
    pub fn shows(&self, label: u16) -> bool {
        self.styles.get(&label).is_some_and(|style| style.opacity > 0.0)
    }
}

/// Label colours on tissue: what a labelled voxel's tissue looks like.
///
/// The label map lies in the patient space of the layer's volume, on any grid. Weights are those of
/// [`Labels`], over all voxels around a place: labelled ones give their style's colour and factor, the others
/// the tissue's own colour and `others`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tint {
    /// The label map.
    pub labels: VolumeId,
    /// Colour and factor of labels.
    pub styles: BTreeMap<u16, LabelStyle>,
    /// Factor of the extinction of tissue without a label in `styles`, 0 to 1.
    pub others: f64,
}

/// How tissue answers light (Blinn 1977): `color (ambient + diffuse |n.l|) + specular |n.h|^shininess`.
///
/// The normal is the gradient of the values, by differences of one voxel to either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shading {
    /// Part of its colour that it shows without light.
    pub ambient: f64,
    /// Part that it shows when lit at right angles.
    pub diffuse: f64,
    /// Brightness of the gloss.
    pub specular: f64,
    /// Exponent of the gloss, 1 to 128.
    pub shininess: f64,
    /// Gradient, real values per mm, below which tissue is even and has no surface: lighting fades there
    /// to what a surface at right angles to the light would get, without gloss. 0 for none; where there is no
    /// gradient at all, tissue is even always.
    pub even_below: f64,
}

impl Default for Shading {
    fn default() -> Self {
        Self {
            ambient: 0.2,
            diffuse: 0.8,
            specular: 0.25,
            shininess: 20.0,
            even_below: 0.0,
        }
    }
}

/// Opacity of a millimetre at the upper end of a window that is rendered without a transfer function.
const GLOW: f64 = 0.15;

impl Material {
    /// Tissue that answers light.
    #[must_use]
    pub fn shaded(transfer: TransferFunction, shading: Shading) -> Self {
        Self {
            classification: Classification::Tissue { transfer, tint: None },
            shading: Some(shading),
        }
    }

    /// Tissue that glows: the colours of a window, the denser the higher the value. What is rendered of a
    /// layer without a material.
    #[must_use]
    pub fn glowing(window: Window, color_map: &ColorMap) -> Self {
        const STEPS: usize = 64;
        let (low, high) = window.limits();
        let high = if high > low {
            high
        } else {
            low + 1e-6 * low.abs().max(1.0)
        };
        let color = (0..=STEPS)
            .map(|n| n as f64 / STEPS as f64)
            .map(|part| (low + part * (high - low), color_map.color(part)))
            .collect();
        let opacity = vec![(low, 0.0), (high, GLOW)];
        let transfer = TransferFunction::new(opacity, color, 1.0).expect("a valid window rises");
        Self {
            classification: Classification::Tissue { transfer, tint: None },
            shading: None,
        }
    }
}
