//! Organ and lesion segmentation by a network that the site brings: an ONNX file and a card that says
//! what its numbers mean.
//!
//! The engine ships no network and needs none. A [`ModelCard`] states the voxels, the axes and the
//! channels that a network was trained on; [`Network::segment`] lays that lattice over the volumes, lets the
//! network look at it window by window, adds its answers up, and gives a volume of labels. Feature `onnx`.

mod card;
mod lattice;
mod runner;
mod windows;

pub use card::{Axes, CardError, Channel, ModelCard};
pub use runner::{Network, NetworkError, Stopped};
