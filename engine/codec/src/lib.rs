//! DICOM transfer syntaxes: how bytes become data sets and frames, and frames bytes.
//!
//! [`dataset`] reads Part 10 files and bare data sets under limits, [`pixels`] finds and decodes the
//! frames of one object, [`frame`] describes a frame, and one module a compression holds its decoder
//! and, where we write it, its encoder, all behind the traits in [`compression`]. The crate knows
//! nothing of volumes, patients' geometry or files: bytes in, values out. All decoders are pure Rust,
//! so a browser, a server and a workstation show the same values.

pub mod colour;
pub mod compression;
pub mod dataset;
pub mod deflate;
pub mod encapsulation;
pub mod frame;
pub mod jpeg;
pub mod jpeg2000;
pub mod jpeg_ls;
pub mod pixels;
pub mod rle;
pub mod transfer_syntax;

mod error;
mod warning;

pub use compression::{Decoder, Encoder};
pub use error::Error;
pub use frame::{FrameDescription, Photometric};
pub use transfer_syntax::TransferSyntax;
pub use warning::Warning;

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
