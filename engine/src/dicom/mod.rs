//! DICOM bytes to and from volumes, masks and SUV attributes.
//!
//! Tags stay in here: the rest of the engine knows geometry, values and units only. Pixels go through the
//! `codec` crate; where bytes come from is the caller's matter.

mod code;
pub mod concepts;
mod error;
pub mod key_objects;
pub mod measurement_report;
pub mod presentation_state;
pub mod read;
pub mod real_world_value;
mod reference;
pub mod registration;
pub mod write;

pub use code::Code;
pub use error::Error;
pub use reference::{ImageReference, ObjectReference};

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
