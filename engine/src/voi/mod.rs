//! Volumes of interest: masks on the grid of a volume, the shapes and contours that become masks, and what
//! is measured inside them or between points.
//!
//! A [`Mask`] is a set of voxels kept as runs; it grows, shrinks and is mended by distances in patient space.
//! Shapes ([`Solid`], [`Freehand`], [`Stroke`]) and contours ([`PolygonStack`]) are kept in patient space and
//! become masks on any grid. [`Statistics`] are measured in f64 on the stored voxels, never on resampled ones;
//! a [`Caliper`] measures lengths, angles and areas. How masks are read from files is left to `dicom` and
//! `nifti`.

mod caliper;
mod carry;
mod contour;
mod mask;
mod median;
mod morphology;
mod planes;
mod polygon;
mod rasterise;
mod resize;
mod shape;
mod split;
mod statistics;
#[cfg(test)]
mod strategies;

pub use caliper::{
    Area, Bidirectional, Caliper, CaliperError, Cardiothoracic, Diameter, Ellipse, Length, LengthUnit,
};
pub use mask::{Mask, MaskError, Run};
pub use polygon::{ContourWarning, PolygonStack};
pub use shape::{Form, Frame, Freehand, ShapeError, ShapeWarning, Solid, Stroke, Tip};
pub use statistics::{Scale, Statistics, StatisticsError};
