//! Volumes of interest: masks on the grid of a volume, and what is measured inside them.
//!
//! A [`Mask`] is a set of voxels kept as runs; a [`PolygonStack`] holds contours in patient space and
//! becomes a mask on any grid; masks grow, shrink and are mended by distances in patient space; [`Statistics`] are measured in f64 on the stored voxels, never on
//! resampled ones. How masks are read from files is left to `dicom` and `nifti`.

mod carry;
mod contour;
mod mask;
mod median;
mod morphology;
mod planes;
mod polygon;
mod rasterise;
mod statistics;
#[cfg(test)]
mod strategies;

pub use mask::{Mask, MaskError, Run};
pub use polygon::{ContourWarning, PolygonStack};
pub use statistics::{Scale, Statistics, StatisticsError};
