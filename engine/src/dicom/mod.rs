//! DICOM bytes to and from volumes, masks and SUV attributes.
//!
//! Tags stay in here: the rest of the engine knows geometry, values and units only. Pixels go through the
//! `codec` crate; where bytes come from is the caller's matter.

mod error;
pub mod read;
pub mod write;

pub use error::Error;

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
