//! The codec crate on real and hostile files.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read files, and a test that cannot go on must fail"
)]

mod dataset;
mod jpeg;
mod jpeg2000;
mod jpeg_files;
mod jpeg_golden;
mod jpeg_ls;
mod pixels;
