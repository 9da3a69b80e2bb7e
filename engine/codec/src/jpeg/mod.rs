//! JPEG (ISO 10918-1) in the processes that DICOM names: baseline, extended, progressive, lossless.

pub(crate) mod samples;
pub(crate) mod segment;
