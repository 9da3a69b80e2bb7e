//! Voxels on a grid: stored integers with their rescale, never a second copy as floats.
//!
//! Reading between voxels, resampling and smoothing are here in plain f64 (what numbers are made of); the fast
//! kernels for pictures are the renderers'.

mod harmonise;
mod resample;
mod sample;
mod smooth;
mod voxels;
mod warp;

pub use harmonise::{Harmonisation, Standard};
pub use resample::resample;
pub use sample::{Interpolation, sample};
pub use smooth::{SmoothError, smoothed};
pub use voxels::{Rescale, Stored, Unit, Volume, VolumeError, Voxels};
pub use warp::warped;
