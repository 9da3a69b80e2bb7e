//! The engine's parts together: held to plain definitions, to reference values and to real series.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "tests read files, and a test that cannot go on must fail"
)]

mod architecture;
mod by_hand;
mod comparison;
mod definition;
mod detection;
mod film;
#[cfg(feature = "gpu")]
mod gpu;
mod masks;
#[cfg(feature = "onnx")]
mod network;
mod objects;
mod orientations;
mod planar;
mod projection;
mod registration;
mod render;
mod rendering;
mod response_reference;
mod scenes;
mod series;
mod stacks;
mod suv_reference;
