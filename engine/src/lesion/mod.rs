//! Lesions.
#[cfg(feature = "onnx")]
pub mod network;
