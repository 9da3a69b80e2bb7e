//! Volumes of interest: masks on the grid of a volume, and what is measured inside them.
//!
//! A [`Mask`] is a set of voxels kept as runs; a [`PolygonStack`] holds contours in patient space and
//! becomes a mask on any grid; [`Statistics`] are measured in f64 on the stored voxels, never on
//! resampled ones. How masks are read from files is left to `dicom` and `nifti`.

mod at_least;
mod blurred_sphere;
mod boundary;
mod carry;
mod components;
mod cut;
mod edge;
mod grow;
mod hot_spot;
mod mask;
mod median;
mod neighbours;
mod one_click;
#[cfg(test)]
mod phantom;
mod planes;
mod polygon;
mod random_walk;
mod rasterise;
mod separate;
mod statistics;
mod threshold;
mod window;

pub use boundary::{Boundary, BoundaryError, Extent, boundary};
pub use components::Components;
pub use grow::{GrowError, Growing, Grown, grow};
pub use mask::{Mask, MaskError, Run};
pub use neighbours::Neighbours;
pub use one_click::{EdgeMethod, OneClick, OneClickError, Spot, one_click};
pub use polygon::{ContourWarning, PolygonStack};
pub use separate::{Separation, separate};
pub use statistics::{Scale, Statistics, StatisticsError};
pub use threshold::{Measured, Reference, Threshold, ThresholdError};
