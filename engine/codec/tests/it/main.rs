//! The codec crate on real and hostile files.

mod dataset;
