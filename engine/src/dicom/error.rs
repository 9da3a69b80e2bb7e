//! Why DICOM objects cannot become what was asked for.

use crate::geometry::GridError;
use crate::scintigraphy;
use crate::volume::VolumeError;

/// Why an object, series or stack cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes or pixels are no good.
    #[error(transparent)]
    Codec(#[from] codec::Error),
    /// An attribute that the purpose needs is absent.
    #[error("no {attribute} in the images; cannot {purpose}")]
    Missing {
        /// The attribute's name.
        attribute: &'static str,
        /// What it is needed for.
        purpose: &'static str,
    },
    /// An attribute has a value that cannot be.
    #[error("{attribute}: expected {expected}, found {found}")]
    Invalid {
        /// The attribute's name.
        attribute: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The frames make no volume.
    #[error("frames make no volume: {0}")]
    NoVolume(String),
    /// The voxel positions make no grid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The values make no volume.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The frames make no dynamic study.
    #[error(transparent)]
    Dynamic(#[from] scintigraphy::Error),
    /// The bytes of an instance could not be had again.
    #[error("instance {key}: {reason}")]
    Source {
        /// The key that the source was asked for.
        key: usize,
        /// Why not.
        reason: String,
    },
}
