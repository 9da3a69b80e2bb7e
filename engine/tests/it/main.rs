//! The engine's parts together, held to plain definitions and to real data.

mod planar;
mod render;
