//! The codec crate on real and hostile files.

// Clippy's leave for tests ends at `#[test]`; the helpers beside them are tests too.
#![allow(clippy::unwrap_used)]

mod dataset;
mod jpeg;
mod jpeg2000;
mod jpeg_files;
mod jpeg_golden;
mod jpeg_ls;
mod pixels;
