//! Shapes in patient space that become masks on any grid.
//!
//! A shape is plain data in millimetres; its length, width and height can be set as numbers. Which voxels it
//! holds is decided for each row of a grid at once, from where the row enters and leaves the shape.

mod brush;
mod frame;
mod freehand;
mod rows;
mod solid;

pub use brush::{Stroke, Tip};
pub use frame::Frame;
pub use freehand::Freehand;
pub use solid::{Form, Solid};

use crate::voi::Mask;
use rows::{Body, Lies, lies};

/// Why a shape cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A size is zero, negative or no number.
    #[error("{what} must be a positive number of mm, found {found}")]
    NotPositive {
        /// Which size.
        what: &'static str,
        /// What was given.
        found: f64,
    },
    /// A coordinate is no number.
    #[error("{0} must have finite coordinates")]
    NotFinite(&'static str),
    /// A vector has no direction.
    #[error("{0} must have a direction of its own")]
    NoDirection(&'static str),
    /// An outline or a path has too few places.
    #[error("expected at least {expected} points, found {found}")]
    TooFewPoints {
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The map scales or shears: the shape would be another one. A mask or contours can be carried through it.
    #[error("a shape is carried through rigid maps only, found axes off by {0}")]
    NotRigid(f64),
    /// At that size no voxel's centre would lie inside.
    #[error("no voxel of the grid would lie inside")]
    NoVoxel,
}

/// What a mask lacks of its shape.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeWarning {
    /// The shape lies outside the volume; the mask is empty.
    #[error("the shape lies outside the volume; its mask is empty")]
    Outside,
    /// The shape reaches beyond the outer faces of the volume; the mask lacks that part.
    #[error("the shape reaches outside the volume; its mask has {inside_ml} ml of {whole_ml} ml")]
    PartlyOutside {
        /// Volume of the mask, mL.
        inside_ml: f64,
        /// Volume of the shape, mL.
        whole_ml: f64,
    },
    /// The shape lies between the centres of the voxels; the mask is empty.
    #[error("the shape of {whole_ml} ml holds no voxel's centre; its mask is empty")]
    NoVoxel {
        /// Volume of the shape, mL.
        whole_ml: f64,
    },
}

fn warn(body: &impl Body, mask: &Mask, whole_ml: f64) -> Option<ShapeWarning> {
    match lies(body, mask.grid()) {
        Lies::Beyond => Some(ShapeWarning::Outside),
        _ if mask.is_empty() => Some(ShapeWarning::NoVoxel { whole_ml }),
        Lies::PartlyBeyond => Some(ShapeWarning::PartlyOutside {
            inside_ml: mask.volume_ml(),
            whole_ml,
        }),
        Lies::Within => None,
    }
}

#[cfg(test)]
mod tests;
