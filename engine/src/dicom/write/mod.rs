//! DICOM Part 10 bytes from values: the modules that objects share, and one writer an object class.
//!
//! A writer such as [`ct_image`] takes a [`Study`], a [`Series`] and what is particular to one object, and
//! gives an [`Instance`]; [`Instance::encode`] turns that into the bytes of a file in a transfer syntax.
//! Pixels are compressed by the codec crate. UIDs, dates and times are given by the caller, never made up
//! here, so that the same values always give the same bytes.

mod content;
mod ct;
mod dataset;
mod date_time;
mod error;
mod evidence;
mod functional_groups;
mod instance;
mod key_objects;
mod keyhole;
mod masks;
mod measurement_report;
mod nuclear;
mod observer;
mod parametric_map;
mod pet;
mod picture;
mod pixels;
mod presentation_state;
mod real_world_value;
mod registration;
mod secondary_capture;
mod segmentation;
mod source_images;
mod structure_set;
mod study;
mod uid;

pub use crate::dicom::Code;
pub use ct::{CtImage, ct_image};
pub use dataset::{Dataset, decimal_string};
pub use date_time::DateTime;
pub use error::Error;
pub use instance::Instance;
pub use key_objects::{KeyObjectDocument, key_objects};
pub use masks::{Masks, segmentation_of_masks};
pub use measurement_report::{ReportDocument, measurement_report};
pub use nuclear::{Detector, EnergyWindow, Gating, NmFrame, NmImage, NmKind, Phase, Rotation, nm_image};
pub use parametric_map::{FloatValues, ParametricMap, parametric_map};
pub use pet::{DecayCorrection, GatedTiming, PetFrame, PetImage, PetSeries, Radiopharmaceutical, pet_image};
pub use picture::{BurnedIn, PictureDocument, PrintedPage, picture};
pub use pixels::Pixels;
pub use presentation_state::{blending_state, colour_state, presentation_state};
pub use real_world_value::{RealWorldValueMapDocument, real_world_value_map, suv_real_world_values};
pub use registration::{RegistrationDocument, registration};
pub use secondary_capture::{SecondaryCapture, secondary_capture};
pub use segmentation::{
    Algorithm, Segment, SegmentFrame, Segmentation, SegmentationType, SourceSeries, segmentation,
};
pub use source_images::{SourceImage, SourceImages};
pub use structure_set::{Contour, Roi, StructureSet, structure_set};
pub use study::{CharacterSet, Equipment, ImagePlane, Patient, Series, Sex, Study};
pub use uid::derived_uid;
