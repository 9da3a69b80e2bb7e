//! DICOM objects to series, volumes, masks and SUV attributes.
//!
//! Objects arrive as parsed data sets; each becomes an [`Instance`], which knows its [`Frame`]s. Frames of
//! one series are put into [`Stack`]s by geometry, never by instance number, and a stack loads as a
//! [`crate::volume::Volume`]. What was odd stays beside the result as warnings.

pub(crate) mod attributes;
mod collection;
mod content;
mod date_time;
pub mod dicomdir;
mod dynamic;
mod emission;
mod filling;
mod frame;
mod instance;
mod key_objects;
mod load;
mod measurement_report;
mod parametric_map;
mod pixel_value;
pub mod planar;
mod presentation_state;
mod real_world_value;
mod references;
mod regions;
mod registration;
pub mod rtstruct;
pub mod seg;
mod source;
mod spacing;
mod stack;
mod texts;

pub(crate) use date_time::{date_and_time, date_of};

pub use collection::{Series, Study, collect};
pub use dynamic::{View, dynamic};
pub use emission::{in_suv, suv_attributes, suv_conversion};
pub use filling::{Coded, Filling};
pub use frame::Frame;
pub use instance::Instance;
pub use key_objects::{key_objects, read_key_objects};
pub use load::{Progress, load};
pub use measurement_report::{measurement_report, read_measurement_report};
pub use parametric_map::{ParametricMap, load_parametric_map};
pub use pixel_value::{LastRead, with_pixels};
pub use presentation_state::{
    MAX_OBJECTS, blending_state, colour_state, display_shutter, presentation_state, read_blending_state,
    read_colour_state, read_presentation_state,
};
pub use real_world_value::{read_real_world_value_map, real_world_value_map};
pub use regions::{Regions, read_regions};
pub use registration::{
    Placement, Registered, Registration, Unregistered, is_registration, read_registration, registration,
};
pub use source::{InMemory, Source};
pub use stack::{FrameRef, Sorted, Stack, sort};
pub use texts::{hanging_facts, planar_hanging_facts, texts};
