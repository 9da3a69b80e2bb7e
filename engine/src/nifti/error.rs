//! What can be wrong with a NIfTI file.

use crate::geometry::GridError;
use crate::volume::VolumeError;

/// Why bytes could not be read as a volume, or a volume not written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes begin with no NIfTI header.
    #[error("expected a NIfTI-1 or NIfTI-2 header, found {0}")]
    NotNifti(String),
    /// The header of a pair of files; its values are in another file.
    #[error("expected header and values in one file (.nii), found the header of a .hdr/.img pair")]
    Pair,
    /// The bytes end before what the header announces.
    #[error("expected {expected} bytes of NIfTI, found {found}")]
    Truncated {
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The header announces more than is accepted; nothing was allocated.
    #[error("at most {limit} bytes of NIfTI values are accepted, found {found}")]
    TooLarge {
        /// The limit in force.
        limit: u64,
        /// What the header announces.
        found: u64,
    },
    /// The values are of a type that is no plain number, or wider than any voxel type here.
    #[error("expected a NIfTI datatype of 8 to 64 bit integers or floats, found code {0}")]
    Datatype(i16),
    /// A field of the header makes no sense.
    #[error("NIfTI {field}: expected {expected}, found {found}")]
    Header {
        /// The field's name in the format.
        field: &'static str,
        /// What would be accepted.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Several volumes where one was asked for.
    #[error("expected one volume, found a NIfTI of {0}")]
    Frames(usize),
    /// The gzip stream is damaged.
    #[error("the gzipped NIfTI cannot be inflated: {0}")]
    Inflate(String),
    /// The voxels span no space.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The scaling cannot be inverted.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The volume has slices at uneven distances, which the format cannot say.
    #[error("NIfTI needs slices at even distances, found uneven ones")]
    Uneven,
    /// A side is longer than NIfTI-1 can say.
    #[error("NIfTI-1 sides are at most 32767 voxels, found {0:?}")]
    Side([usize; 3]),
}

/// What was doubtful in a file that could be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Neither qform nor sform: left and right are not known.
    #[error("the NIfTI file states no orientation; axes were taken as right, anterior, head")]
    OrientationUnknown,
    /// Both forms are set and lead to different places; the sform was taken.
    #[error("qform and sform of the NIfTI file differ by up to {0:.2} mm; the sform was taken")]
    FormsDiffer(f64),
}
