//! Patient space (LPS, millimetres), voxel space, and the transforms between named spaces.
//!
//! A point, a direction and an [`Affine`] carry the space they live in as a type, so that a product of
//! transforms compiles only when neighbours match. Where the voxels of a volume lie is a [`Grid`].

mod affine;
mod grid;
mod orientation;
mod space;

pub use affine::{Affine, SingularError};
pub use grid::{Grid, GridError};
pub use orientation::{Direction, dominant_letter, letters};
pub use space::{Patient, Plane, Point, Space, Vector, Voxel};
