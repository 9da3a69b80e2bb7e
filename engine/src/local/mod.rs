//! Files, folders, zips and discs as bytes; the one place that opens files.
//!
//! [`open`] walks what a person points at, reads every object's data set but not its pixels, and sorts the
//! good ones into studies; what could not be read is listed, with the reason. A zip can also be read from
//! bytes, for the browser.

pub mod archive;
#[cfg(not(target_arch = "wasm32"))]
#[allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the one place that opens files"
)]
mod files;

#[cfg(not(target_arch = "wasm32"))]
pub use files::{Files, Opened, Rejected, open};
