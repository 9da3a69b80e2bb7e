//! DICOM objects to series, volumes, masks and SUV attributes.
//!
//! Objects arrive as parsed data sets; each becomes an [`Instance`], which knows its [`Frame`]s. Frames of
//! one series are put into [`Stack`]s by geometry, never by instance number, and a stack loads as a
//! [`crate::volume::Volume`]. What was odd stays beside the result as warnings.

pub(crate) mod attributes;
mod collection;
mod date_time;
pub mod dicomdir;
mod dynamic;
mod emission;
mod frame;
mod instance;
mod load;
pub mod planar;
mod regions;
pub mod rtstruct;
pub mod seg;
mod source;
mod spacing;
mod stack;

pub use collection::{Series, Study, collect};
pub use dynamic::{View, dynamic};
pub use emission::{in_suv, suv_attributes, suv_conversion};
pub use frame::Frame;
pub use instance::Instance;
pub use load::{Progress, load, with_pixels};
pub use regions::{Regions, read_regions};
pub use source::{InMemory, Source};
pub use stack::{FrameRef, Sorted, Stack, sort};
