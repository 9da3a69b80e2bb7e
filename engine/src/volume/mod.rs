//! Voxels on a grid: stored integers with their rescale, never a second copy as floats.
//!
//! Reading between voxels and resampling are here in plain f64 (what numbers are made of); the fast
//! kernels for pictures are the renderers'.

mod resample;
mod sample;
mod voxels;

pub use resample::resample;
pub use sample::{Interpolation, sample};
pub use voxels::{Rescale, Stored, Unit, Volume, VolumeError, Voxels};
