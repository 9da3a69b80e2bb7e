//! Colour of decoded frames: YBR and palettes to RGB.
//!
//! What a monitor makes of RGB (profiles, windows) is left to others.

mod palette;
mod segments;
mod ybr;

pub use palette::Palette;
pub use ybr::{Rounding, rgb_from_ybr};
