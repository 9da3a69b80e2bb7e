//! Volumes of interest: masks on the grid of a volume, and what is measured inside them.
//!
//! A [`Mask`] is a set of voxels kept as runs; a [`PolygonStack`] holds contours in patient space and
//! becomes a mask on any grid; [`Statistics`], [`Histogram`]s and [`Peak`]s are measured in f64 on the
//! stored voxels, never on resampled ones, and [`measure`] does so on two modalities at once. How masks are
//! read from files is left to `dicom` and `nifti`.

mod at_least;
mod blurred_sphere;
mod boundary;
mod carry;
mod components;
mod cut;
mod grow;
mod histogram;
mod mask;
mod measurement;
mod neighbours;
mod peak;
#[cfg(test)]
mod phantom;
mod planes;
mod polygon;
mod ranks;
mod rasterise;
mod separate;
mod statistics;
mod threshold;
mod window;

pub use boundary::{Boundary, BoundaryError, Extent, boundary};
pub use components::Components;
pub use grow::{GrowError, Growing, Grown, grow};
pub use histogram::{Bins, Histogram, HistogramError};
pub use mask::{Mask, MaskError, Run};
pub use measurement::{Measurement, MeasurementWarning, measure, suv_kinds};
pub use neighbours::Neighbours;
pub use peak::{Peak, PeakError, PeakKind, Peaks, SPHERE_RADIUS_MM, peak};
pub use polygon::{ContourWarning, PolygonStack};
pub use separate::{Separation, separate};
pub use statistics::{Scale, Statistics, StatisticsError};
pub use threshold::{Measured, Reference, Threshold, ThresholdError};
