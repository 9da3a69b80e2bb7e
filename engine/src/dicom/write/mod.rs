//! DICOM Part 10 bytes from values: the modules that objects share, and one writer an object class.
//!
//! A writer such as [`ct_image`] takes a [`Study`], a [`Series`] and what is particular to one object, and
//! gives an [`Instance`]; [`Instance::encode`] turns that into the bytes of a file in a transfer syntax.
//! Pixels are compressed by the codec crate. UIDs, dates and times are given by the caller, never made up
//! here, so that the same values always give the same bytes.

mod ct;
mod dataset;
mod date_time;
mod error;
mod instance;
mod pet;
mod pixels;
mod study;
mod uid;

pub use ct::{CtImage, ct_image};
pub use dataset::{Code, Dataset, decimal_string};
pub use date_time::DateTime;
pub use error::Error;
pub use instance::Instance;
pub use pet::{DecayCorrection, GatedTiming, PetFrame, PetImage, PetSeries, Radiopharmaceutical, pet_image};
pub use pixels::Pixels;
pub use study::{CharacterSet, Equipment, ImagePlane, Patient, Series, Sex, Study};
pub use uid::derived_uid;
