//! Patient space (LPS, millimetres), voxel space, and the transforms between named spaces.
//!
//! A point, a direction and an [`Affine`] carry the space they live in as a type, so that a product of
//! transforms compiles only when neighbours match. Where the voxels of a volume lie is a [`Grid`]; a map between two
//! patient spaces, affine or bending, is a [`Transform`].

mod affine;
mod field;
mod grid;
mod orientation;
mod route;
mod space;
mod transform;

pub use affine::{Affine, SingularError};
pub use field::{DisplacementField, FieldError};
pub use grid::{Grid, GridError};
pub use orientation::{Direction, dominant_letter, letters};
pub use route::Route;
pub(crate) use route::Walk;
pub use space::{Patient, Plane, Point, Space, Vector, Voxel};
pub use transform::{Deformation, Transform};
