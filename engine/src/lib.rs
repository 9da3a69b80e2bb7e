//! The image engine of Uptake: nuclear-medicine images and their numbers.
//!
//! Bytes and numbers come in, values and pictures go out. There is no window, no network and no clock
//! here, and files are opened in [`local`] only. Who may use whom is in ARCHITECTURE.md and is checked
//! by a test.

pub mod colormap;
pub mod dicom;
pub mod film;
pub mod fusion;
pub mod geometry;
pub mod lesion;
pub mod local;
pub mod nifti;
pub mod presentation;
pub mod registration;
pub mod render;
pub mod scintigraphy;
pub mod session;
pub mod suv;
pub mod voi;
pub mod volume;
