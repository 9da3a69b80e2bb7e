//! Volumes of interest: masks on the grid of a volume, the shapes and contours that become masks, and what
//! is measured inside them or between points.
//!
//! A [`Mask`] is a set of voxels kept as runs; it grows, shrinks and is mended by distances in patient space
//! and comes apart into [`Components`]. Shapes ([`Solid`], [`Freehand`], [`Stroke`]) and contours
//! ([`PolygonStack`]) are kept in patient space and become masks on any grid. Lesions are bounded by
//! [`Threshold`] rules ([`boundary()`]), by [`grow()`]ing or from [`one_click()`], and parted where they touch
//! ([`separate()`]). [`Statistics`], [`Histogram`]s and [`Peak`]s are measured in f64 on the stored voxels,
//! never on resampled ones, and [`measure()`] does so on two modalities at once; a [`Caliper`] measures
//! lengths, angles and areas. How masks are read from files is left to `dicom` and `nifti`.
//! become masks on any grid. [`Statistics`] are measured in f64 on the stored voxels, never on resampled ones;
//! a [`Caliper`] measures lengths, angles and areas. How masks are read from files is left to `dicom` and
//! `nifti`.
//! [`Histogram`]s and [`Peak`]s are measured as statistics are, and [`measure`] does so on two modalities at once.

mod at_least;
mod background;
mod blurred_sphere;
mod boundary;
mod caliper;
mod carry;
mod components;
mod contour;
mod cut;
mod edge;
mod grow;
mod histogram;
mod hot_spot;
mod mask;
mod measurement;
mod morphology;
mod neighbours;
mod one_click;
mod peak;
#[cfg(test)]
mod phantom;
mod planes;
mod polygon;
mod random_walk;
mod ranks;
mod rasterise;
mod resize;
mod separate;
mod shape;
mod split;
mod statistics;
#[cfg(test)]
mod strategies;
mod threshold;
mod window;

pub use background::background_shell;
pub use boundary::{Boundary, BoundaryError, Extent, boundary};
pub use caliper::{
    Area, Bidirectional, Caliper, CaliperError, Cardiothoracic, Diameter, Ellipse, Length, LengthUnit,
};
pub use components::Components;
pub use grow::{GrowError, Growing, Grown, grow};
pub use histogram::{Bins, Histogram, HistogramError};
pub use mask::{Mask, MaskError, Run};
pub use measurement::{Measurement, MeasurementWarning, measure, suv_kinds};
pub use neighbours::Neighbours;
pub use one_click::{EdgeMethod, OneClick, OneClickError, Spot, one_click};
pub use peak::{Peak, PeakError, PeakKind, Peaks, SPHERE_RADIUS_MM, peak};
pub use polygon::{ContourWarning, PolygonStack};
pub use separate::{Separation, separate};
pub use shape::{Form, Frame, Freehand, ShapeError, ShapeWarning, Solid, Stroke, Tip};
pub use statistics::{Scale, Statistics, StatisticsError};
pub use threshold::{Measured, Reference, Threshold, ThresholdError};
