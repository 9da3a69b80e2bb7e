//! Volumes and masks from NIfTI bytes, and back: NIfTI-1 and NIfTI-2 in one file, plain or gzipped.
//!
//! Places are turned from the format's RAS to LPS. What the format cannot say, such as uneven slices or a
//! frame of reference, is refused or left open here; what the values mean is the caller's knowledge.

mod error;
mod header;
mod orientation;
mod read;
mod write;

pub use error::{Error, Warning};
pub use read::{MAX_DATA_BYTES, Selection, mask, read, read_frames};
pub use write::{Packing, write, write_mask};

/// Result of this module's functions.
pub type Result<T> = std::result::Result<T, Error>;
